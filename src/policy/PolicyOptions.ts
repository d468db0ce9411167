/** Options for a policy: partial, with durations as `Duration.Input` and short forms for whole groups of rows. */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import type { Failure, FailureClass } from "../failure/Failure.ts"
import type { RetryOptions } from "./Backoff.ts"
import type { Commit } from "./Commit.ts"
import type { HedgeOptions } from "./Hedging.ts"
import type { LearnedLimitOptions } from "./LearnedLimit.ts"
import type { Rule, Scope } from "./Rule.ts"

/** The timeouts of an attempt, in milliseconds; infinite for none. */
export interface Timeouts {
  /** Until the connection is established. Default 5 s. */
  readonly connect: number
  /** Streams: until the response headers. Default 30 s. */
  readonly headers: number
  /** Streams: from the start of the attempt until the first content. Chunks that are held back do not stop it. 30 s. */
  readonly firstContent: number
  /**
   * Streams: from the start of the attempt until the first content, if the server sends keep-alives (pings or comments). Each
   * keep-alive restarts the `firstContent` timeout, up to this limit. 2 min.
   */
  readonly queue: number
  /** Streams: between two chunks, after the commit point. Time that the consumer takes does not count. 30 s. */
  readonly idle: number
  /** Whole answers, whose headers come only when the model has finished. Default 5 min. */
  readonly answer: number
}

/**
 * What to do when no target can be called because all are benched:
 *
 * - `"tryAnyway"` (default): each request tries each target once, without retries, the soonest end of a cooldown first. Not
 *   targets that are benched by hand, and dead keys and models only if the request has tried nothing else
 * - `"wait"`: wait for the soonest end of a cooldown, if the deadline allows
 * - `"fail"`: fail at once with `AllBenched`
 *
 * **Gotchas**
 *
 * - `"tryAnyway"` gives each request a last chance; it does not protect the target. In an outage of the whole chain every
 *   request still calls each target once, so a chain of one target is called as often as if it were never benched.
 */
export type WhenAllBenched = "tryAnyway" | "wait" | "fail"

/** A malformed event inside a running stream: `"fail"` ends it (content may be lost), `"drop"` drops and counts it. */
export type MalformedEvents = "fail" | "drop"

/** The length of cooldowns. */
export interface Cooldown {
  /** The first cooldown, if the provider names no time. It doubles with each further bench in a row. Without `max`, a longer one also raises the longest. */
  readonly base?: Duration.Input | undefined
  /** The longest cooldown, if the provider names no time. Without `base`, a shorter one also lowers the first. */
  readonly max?: Duration.Input | undefined
}

/** A `rest` in options. Absent fields keep their value. */
export interface RestOptions extends Cooldown {
  /** What is benched. */
  readonly scope?: Scope | undefined
  /** Consecutive exhausted visits before it is benched. At least 1. */
  readonly threshold?: number | undefined
}

/** A row of the decision table in options. Absent fields keep their value. */
export interface RuleOptions {
  /** Whether the same target is tried again. */
  readonly retry?: Rule["retry"] | undefined
  /** What is benched and for how long; `null` for nothing. */
  readonly rest?: RestOptions | null | undefined
  /** Where the run goes then. */
  readonly next?: Rule["next"] | undefined
}

/** Options for ejection. Absent fields keep their value. */
export interface EjectionOptions {
  /** The length of the sliding window. Default 30 s. */
  readonly window?: Duration.Input | undefined
  /** With fewer attempts in the window nothing is ejected. Default 20. */
  readonly attempts?: number | undefined
  /** A target with a larger share of failed attempts (0 to 1) is ejected. Default 0.5. */
  readonly share?: number | undefined
  /** A target whose share exceeds the median of its equals by more than this (0 to 1) is ejected too. Default 0.2. */
  readonly above?: number | undefined
  /** The largest share of a tier that may be ejected at once (0 to 1), rounded down to whole targets. Default 0.5. */
  readonly mostOut?: number | undefined
}

/** Options for a policy. Absent fields keep their value; the defaults are stated at each field. */
export interface Options {
  /** The longest wait for the same target when leaving it would change the model. Default 3 s. */
  readonly maxWait?: Duration.Input | undefined
  /** For the whole request, retries and fallbacks included. Default 10 min. */
  readonly deadline?: Duration.Input | undefined
  /**
   * The attempt budget: one more than the number of retries (waits for a throttle included) that a request may make, over all
   * its targets together. 8 allows 7 retries, 1 none. The first attempt at each further target is not counted, so no request
   * fails for this limit while a target is untried. Default 8.
   */
  readonly attempts?: number | undefined
  /** The most targets that a request calls. Default: all of its chain. */
  readonly targets?: number | undefined
  /** The share of the remaining time that is kept for targets not tried yet. 0 to 1, default 0.5. */
  readonly fallbackReserve?: number | undefined
  /** What a request does when all targets are benched. Default `"tryAnyway"`. */
  readonly whenAllBenched?: WhenAllBenched | undefined
  /** The commit point of streams. Default `Commit.firstContent`. */
  readonly commit?: Commit | undefined
  /** The timeouts of an attempt. `Timeouts` has the defaults. */
  readonly timeouts?: { readonly [K in keyof Timeouts]?: Duration.Input | undefined } | undefined
  /** Default `"fail"`. */
  readonly malformedEvents?: MalformedEvents | undefined
  /** When one of several equal targets is benched because too many of its attempts fail; `false` for never. */
  readonly ejection?: EjectionOptions | false | undefined
  /**
   * When a request without content is sent to the next target as well; the first content wins. `{}` for the defaults
   * of `HedgeOptions`, `false` for never. Default: never. The text models of `effect/ai` are never hedged.
   */
  readonly hedge?: HedgeOptions | false | undefined
  /**
   * Whether and how the limits of a target are learned from its refusals: how many attempts it takes at once or in a second.
   * `true` for the defaults of `LearnedLimitOptions`. Default: false.
   */
  readonly learnedLimit?: LearnedLimitOptions | boolean | undefined
  /** The retries of all `Transient` failures but `Timeout`. Default: two, after at most 0.5 s and at most 2 s. */
  readonly retries?: RetryOptions | Schedule.Schedule<unknown, Failure, never, never> | undefined
  /**
   * Consecutive exhausted visits before a target is benched: for faults (default 1), and for unknown errors and failures that a
   * single request may cause (`Truncated`, `Empty`, `Malformed`; default 3).
   */
  readonly threshold?:
    | { readonly transient?: number | undefined; readonly unknown?: number | undefined }
    | undefined
  /**
   * How long cooldowns last: after faults (5 s to 15 s), throttling (5 s to 5 min), dead keys (5 min to 6 h) and missing
   * models (1 h to 24 h).
   */
  readonly cooldown?:
    | {
        readonly transient?: Cooldown | undefined
        readonly rateLimit?: Cooldown | undefined
        readonly authDead?: Cooldown | undefined
        readonly modelMissing?: Cooldown | undefined
      }
    | undefined
  /** Single rows of the decision table. They override `retries`, `threshold` and `cooldown`. */
  readonly rules?: { readonly [C in FailureClass]?: RuleOptions | undefined } | undefined
}

/**
 * Merges two sets of options: for each field the second one wins. As in any options, single rows override `retries`,
 * `threshold` and `cooldown`.
 */
export const combine = (first: Options, second: Options): Options => ({
  ...first,
  ...said(second),
  ...(first.timeouts && second.timeouts && { timeouts: merge(first.timeouts, second.timeouts) }),
  ...(first.threshold && second.threshold && { threshold: merge(first.threshold, second.threshold) }),
  ...(first.retries && second.retries && { retries: mergeRetries(first.retries, second.retries) }),
  ...(first.ejection && second.ejection && { ejection: merge(first.ejection, second.ejection) }),
  ...(first.hedge && second.hedge && { hedge: merge(first.hedge, second.hedge) }),
  ...(isObject(first.learnedLimit) &&
    isObject(second.learnedLimit) && { learnedLimit: merge(first.learnedLimit, second.learnedLimit) }),
  ...(first.cooldown &&
    second.cooldown && { cooldown: mergeEach(first.cooldown, second.cooldown, mergeLengths) }),
  ...(first.rules && second.rules && { rules: mergeEach(first.rules, second.rules, mergeRows) })
})

/** The fields that are not `undefined`. */
const said = <A extends object>(options: A): A =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as A

const isObject = (option: LearnedLimitOptions | boolean | undefined): option is LearnedLimitOptions =>
  typeof option === "object"

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
  ...(first.rest && second.rest && { rest: mergeLengths(first.rest, second.rest) })
})

/** If the second sets only one of `base` and `max`, the other one follows, so that the first cooldown is not longer than the longest. */
const mergeLengths = <A extends Cooldown>(first: A, second: A): A => {
  const both = merge(first, second)
  if (!isLonger(both.base, both.max)) return both
  if (second.base === undefined) return { ...both, base: both.max }
  return second.max === undefined ? { ...both, max: both.base } : both
}

const isLonger = (one: Duration.Input | undefined, other: Duration.Input | undefined): boolean => {
  if (one === undefined || other === undefined) return false
  const [first, second] = [Duration.fromInput(one), Duration.fromInput(other)]
  return Option.isSome(first) && Option.isSome(second) && Duration.isGreaterThan(first.value, second.value)
}

/** Merges two values of `retries`. A schedule replaces numbers. */
export const mergeRetries = (first: Options["retries"], second: NonNullable<Options["retries"]>) =>
  first === undefined || isSchedule(first) || isSchedule(second) ? second : merge(first, second)

/** True when the retries are a schedule. */
export const isSchedule = (
  retries: NonNullable<Options["retries"]>
): retries is Schedule.Schedule<unknown, Failure, never, never> => Schedule.isSchedule(retries)
