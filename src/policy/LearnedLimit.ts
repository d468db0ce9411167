/** Options for the limits that are learnt from refusals: how they are written, checked and laid over each other. */
import * as Duration from "effect/Duration"
import * as Capacity from "../capacity/Capacity.ts"
import * as Checks from "../util/Checks.ts"

/** How limits are learnt, as people write it: what is left out stays as it was. */
export interface LearnedLimitOptions {
  /** The share (0.01 to 0.5) that a refusal takes off a limit; of a limit of attempts at once, half an attempt at least. Default 0.05. */
  readonly decrease?: number | undefined
  /**
   * The most answers that it takes to get back what a refusal took off. It begins with 8 and doubles with each time that the
   * limit is confirmed. A longer period has fewer attempts refused, and finds a larger capacity later. Default 128.
   */
  readonly period?: number | undefined
  /** A limit that no request reached for so long is forgotten. Default 10 min. */
  readonly memory?: Duration.Input | undefined
}

/** Checks of the fields. */
export const checks: Readonly<Record<keyof LearnedLimitOptions, Checks.Check>> = {
  decrease: Checks.number("a share from 0.01 to 0.5", { least: 0.01, most: 0.5 }),
  period: Checks.number("a whole number of answers, at least 8", {
    least: 8,
    most: Number.POSITIVE_INFINITY,
    whole: true
  }),
  memory: Checks.duration
}

/** The problems of a value for `learnedLimit`. */
export function* problemsOf(value: unknown): Iterable<string> {
  if (value === undefined || typeof value === "boolean") return
  if (typeof value !== "object" || value === null) {
    yield "learnedLimit has to be true, false, or an object such as { decrease: 0.05 }"
    return
  }
  yield* Checks.fieldProblems<object>(value, checks, { known: Object.keys(checks), path: "learnedLimit." })
}

/** Lays options over settings. */
export const extend = (
  settings: Capacity.Settings | undefined,
  options: LearnedLimitOptions | boolean | undefined
): Capacity.Settings | undefined => {
  if (options === undefined) return settings
  if (options === false) return undefined
  const from = settings ?? Capacity.defaults
  if (options === true) return from
  return {
    decrease: options.decrease ?? from.decrease,
    period: options.period ?? from.period,
    memory: options.memory === undefined ? from.memory : Duration.toMillis(options.memory)
  }
}
