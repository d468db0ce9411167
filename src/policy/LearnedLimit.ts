/** Options for the limits that are learned from refusals: their form, checks and merging. */
import * as Duration from "effect/Duration"
import * as Capacity from "../capacity/Capacity.ts"
import * as Checks from "../util/Checks.ts"

/** Options for learning limits. Absent fields keep their value. */
export interface LearnedLimitOptions {
  /** The share (0.01 to 0.5) by which a refusal lowers a limit; a limit of concurrent attempts is lowered by at least 0.5. Default 0.05. */
  readonly decrease?: number | undefined
  /**
   * The most answers that it takes to raise a limit back to where it was before a refusal. It starts at 8 and doubles each time
   * that the limit is confirmed. With a longer period fewer attempts are refused, and a larger capacity is found later. Default 128.
   */
  readonly period?: number | undefined
  /** A limit that no request has reached for this long is forgotten. Default 10 min. */
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
  if (!Checks.isObject(value)) {
    yield "learnedLimit has to be true, false, or an object such as { decrease: 0.05 }"
    return
  }
  yield* Checks.fieldProblems<object>(value, checks, { known: Object.keys(checks), path: "learnedLimit." })
}

/** Merges options into settings. */
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
