/** A policy as people write it: partial, with durations as Effect reads them, and short forms for whole groups of rows. */
import type * as Duration from "effect/Duration"
import * as Schedule from "effect/Schedule"
import type { Commit } from "./Commit.ts"
import type { Failure, FailureClass } from "./Failure.ts"
import type { Rule, Scope } from "./Rule.ts"

/** Every wait has a bound. All in milliseconds; infinite for none. */
export interface Timeouts {
  /** Until the connection stands. Default 5 s. */
  readonly connect: number
  /** Streams: until the response headers. Default 30 s. */
  readonly headers: number
  /** Streams: from the start of the attempt until the first content. Held-back chunks do not stop this clock. 30 s. */
  readonly firstContent: number
  /** Streams: between two chunks, once committed. The consumer's own time does not count. 30 s. */
  readonly idle: number
  /** Whole answers, whose headers come only when the model has finished. Default 5 min. */
  readonly answer: number
}

/**
 * When nothing is callable because everything rests:
 *
 * - `"tryAnyway"` (default): each request tries once, without retries, what rests the shortest of all that was not put
 *   there by hand
 * - `"wait"`: until the soonest end, if the deadline allows
 * - `"fail"`: at once, with `AllBenched`
 *
 * **Gotchas**
 *
 * - `"tryAnyway"` is about the one request, which gets a last chance; it does not spare the target. In an outage of the
 *   whole chain every request still asks once, and a chain of one target is asked as often as if that never rested.
 */
export type WhenAllBenched = "tryAnyway" | "wait" | "fail"

/** A malformed event inside a running stream: `"fail"` ends it (content may be lost), `"drop"` drops and counts it. */
export type MalformedEvents = "fail" | "drop"

/** How long something rests: the first time, and at most. */
export interface Cooldown {
  readonly base?: Duration.Input | undefined
  readonly max?: Duration.Input | undefined
}

/** A rest as people write it. */
export interface RestOptions extends Cooldown {
  readonly scope?: Scope | undefined
  readonly threshold?: number | undefined
}

/** A row as people write it: what is left out stays as it was. */
export interface RuleOptions {
  readonly retry?: Rule["retry"] | undefined
  /** `null` for no rest at all. */
  readonly rest?: RestOptions | null | undefined
  readonly next?: Rule["next"] | undefined
}

/** The retries of faults: how many and after which delays (full jitter), or any schedule. */
export interface RetryOptions {
  /** Retries, not attempts: 2 retries are 3 attempts. */
  readonly times?: number | undefined
  readonly backoff?: readonly [Duration.Input, ...ReadonlyArray<Duration.Input>] | undefined
}

/** The partial form of a policy. Every field is optional; the meaning and the default of each stand at `Policy`. */
export interface Options {
  readonly patience?: Duration.Input | undefined
  readonly deadline?: Duration.Input | undefined
  readonly attempts?: number | undefined
  readonly reserve?: number | undefined
  readonly whenAllBenched?: WhenAllBenched | undefined
  readonly commit?: Commit | undefined
  readonly timeouts?: { readonly [K in keyof Timeouts]?: Duration.Input | undefined } | undefined
  readonly malformedEvents?: MalformedEvents | undefined
  /** The retries of all `Transient` failures but `Silent`. */
  readonly retries?: RetryOptions | Schedule.Schedule<unknown, Failure, never, never> | undefined
  /** Exhausted visits in a row before a target rests: for faults (default 1) and for unknown ones (3). */
  readonly threshold?:
    | { readonly transient?: number | undefined; readonly unknown?: number | undefined }
    | undefined
  readonly cooldown?:
    | {
        readonly transient?: Cooldown | undefined
        readonly rateLimit?: Cooldown | undefined
        readonly authDead?: Cooldown | undefined
        readonly modelMissing?: Cooldown | undefined
      }
    | undefined
  /** Single rows of the decision table; these win over `retries`, `threshold` and `cooldown`. */
  readonly rules?: { readonly [C in FailureClass]?: RuleOptions | undefined } | undefined
}

/**
 * Two sets of options as one: the second one's word wins, field by field. As in any options, single rows win over
 * `retries`, `threshold` and `cooldown`.
 */
export const combine = (first: Options, second: Options): Options => ({
  ...first,
  ...said(second),
  ...(first.timeouts && second.timeouts && { timeouts: merge(first.timeouts, second.timeouts) }),
  ...(first.threshold && second.threshold && { threshold: merge(first.threshold, second.threshold) }),
  ...(first.retries && second.retries && { retries: mergeRetries(first.retries, second.retries) }),
  ...(first.cooldown && second.cooldown && { cooldown: mergeEach(first.cooldown, second.cooldown, merge) }),
  ...(first.rules && second.rules && { rules: mergeEach(first.rules, second.rules, mergeRows) })
})

/** What is `undefined` has not been said. */
const said = <A extends object>(options: A): A =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as A

const merge = <A extends object>(first: A, second: A): A => ({ ...first, ...said(second) })

const mergeEach = <A extends object>(
  first: A,
  second: A,
  mergeOne: (first: NonNullable<A[keyof A]>, second: NonNullable<A[keyof A]>) => A[keyof A]
): A => {
  const merged = merge(first, second)
  for (const key of Object.keys(second) as Array<keyof A>) {
    const [one, two] = [first[key], second[key]]
    if (one !== undefined && one !== null && two !== undefined && two !== null)
      merged[key] = mergeOne(one, two)
  }
  return merged
}

const mergeRows = (first: RuleOptions, second: RuleOptions): RuleOptions => ({
  ...merge(first, second),
  ...(first.rest && second.rest && { rest: merge(first.rest, second.rest) })
})

/** Two ways to say the retries as one. A schedule is taken as it is. */
export const mergeRetries = (first: Options["retries"], second: NonNullable<Options["retries"]>) =>
  first === undefined || isSchedule(first) || isSchedule(second) ? second : merge(first, second)

/** True for retries that are a schedule rather than numbers. */
export const isSchedule = (
  retries: NonNullable<Options["retries"]>
): retries is Schedule.Schedule<unknown, Failure, never, never> => Schedule.isSchedule(retries)
