/** A policy as people write it: partial, with durations as Effect reads them, and short forms for whole groups of rows. */
import type * as Duration from "effect/Duration"
import * as Schedule from "effect/Schedule"
import type { Failure, FailureClass } from "../failure/Failure.ts"
import type { RetryOptions } from "./Backoff.ts"
import type { Commit } from "./Commit.ts"
import type { HedgeOptions } from "./Hedging.ts"
import type { LearnedLimitOptions } from "./LearnedLimit.ts"
import type { Rule, Scope } from "./Rule.ts"

/** Every wait has a bound. All in milliseconds; infinite for none. */
export interface Timeouts {
  /** Until the connection stands. Default 5 s. */
  readonly connect: number
  /** Streams: until the response headers. Default 30 s. */
  readonly headers: number
  /** Streams: from the start of the attempt until the first content. Held-back chunks do not stop this clock. 30 s. */
  readonly firstContent: number
  /**
   * Streams: from the start of the attempt until the first content, of a server that shows in between that it is alive, by
   * pings or comments: each of them restarts the wait for the first content, up to this. 2 min.
   */
  readonly queue: number
  /** Streams: between two chunks, once committed. The consumer's own time does not count. 30 s. */
  readonly idle: number
  /** Whole answers, whose headers come only when the model has finished. Default 5 min. */
  readonly answer: number
}

/**
 * What to do when no target can be called because all are benched:
 *
 * - `"tryAnyway"` (default): each request tries each target once that was not put there by hand, without retries, the one
 *   whose rest ends soonest first; dead keys and models only if it has tried nothing else
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

/** How long a cooldown lasts: the first one, and at most. */
export interface Cooldown {
  /** The first cooldown, if the provider names no time; it doubles with every further one in a row. */
  readonly base?: Duration.Input | undefined
  /** The longest cooldown, if the provider names no time. */
  readonly max?: Duration.Input | undefined
}

/** A `rest` in options: absent fields stay as they were. */
export interface RestOptions extends Cooldown {
  /** What is benched. */
  readonly scope?: Scope | undefined
  /** Consecutive exhausted visits before it is benched. At least 1. */
  readonly threshold?: number | undefined
}

/** A row as people write it: what is left out stays as it was. */
export interface RuleOptions {
  /** Whether the same target is tried again. */
  readonly retry?: Rule["retry"] | undefined
  /** What is benched and for how long; `null` for nothing. */
  readonly rest?: RestOptions | null | undefined
  /** Where the run goes then. */
  readonly next?: Rule["next"] | undefined
}

/** When a target fails too often, as people write it: what is left out stays as it was. */
export interface EjectionOptions {
  /** The length of the sliding window. Default 30 s. */
  readonly window?: Duration.Input | undefined
  /** Fewer attempts in the window say nothing. Default 20. */
  readonly attempts?: number | undefined
  /** A larger share of failed attempts (0 to 1) is too much. Default 0.5. */
  readonly share?: number | undefined
  /** So is a share that is larger than the median of the others by more than this (0 to 1). Default 0.2. */
  readonly above?: number | undefined
  /** The largest share of a tier that may be out at once (0 to 1), rounded down to whole targets. Default 0.5. */
  readonly mostOut?: number | undefined
}

/** The partial form of a policy, as people write it. What is left out stays as it was; the defaults are these. */
export interface Options {
  /** The longest wait for the same target when leaving it would change the model. Default 3 s. */
  readonly maxWait?: Duration.Input | undefined
  /** For the whole request, retries and fallbacks included. Default 10 min. */
  readonly deadline?: Duration.Input | undefined
  /**
   * One more than the number of times a request may ask a target again (retries, waits for a throttle), over all its
   * targets together: 8 allow for 7 repetitions, 1 for none. The first attempt at each further target is not counted, so
   * no request is lost to this number while a target was not tried. Default 8.
   */
  readonly attempts?: number | undefined
  /** The most targets a request asks, for a bound on moves as well. Default: all of its chain. */
  readonly targets?: number | undefined
  /** The share of the time left that is kept for targets not yet tried. 0 to 1, default 0.5. */
  readonly fallbackReserve?: number | undefined
  /** What is done when nothing is callable because everything rests. Default `"tryAnyway"`. */
  readonly whenAllBenched?: WhenAllBenched | undefined
  /** When a stream belongs to its target. Default `Commit.firstContent`. */
  readonly commit?: Commit | undefined
  /** How long the parts of an attempt may take. The defaults stand at `Timeouts`. */
  readonly timeouts?: { readonly [K in keyof Timeouts]?: Duration.Input | undefined } | undefined
  /** Default `"fail"`. */
  readonly malformedEvents?: MalformedEvents | undefined
  /** When a target that has equals is benched because too many of its attempts fail; `false` for never. */
  readonly ejection?: EjectionOptions | false | undefined
  /**
   * When a request that gets no content is sent to the next target as well; the first content wins. `{}` for the defaults
   * of `HedgeOptions`, `false` for never. Default: never. The text models of `effect/ai` are never hedged.
   */
  readonly hedge?: HedgeOptions | false | undefined
  /**
   * Whether and how the limits of a target are learnt from its refusals: how many attempts it takes at once or in a time.
   * `true` for the defaults of `LearnedLimitOptions`. Default: false.
   */
  readonly learnedLimit?: LearnedLimitOptions | boolean | undefined
  /** The retries of all `Transient` failures but `Timeout`. Default: two, after at most 0.5 s and at most 2 s. */
  readonly retries?: RetryOptions | Schedule.Schedule<unknown, Failure, never, never> | undefined
  /**
   * Consecutive exhausted visits before a target is benched: for faults (default 1), and for unknown ones and those that a single
   * request may provoke (`Truncated`, `Empty`, `Malformed`; 3).
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
  /** Single rows of the decision table; these win over `retries`, `threshold` and `cooldown`. */
  readonly rules?: { readonly [C in FailureClass]?: RuleOptions | undefined } | undefined
}

/**
 * Two sets of options as one: the second one wins, field by field. As in any options, single rows win over
 * `retries`, `threshold` and `cooldown`.
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

/** Of several layers one may say the first cooldown, and another one the longest. */
const merged = new WeakSet<object>()

const mergeLengths = <A extends object>(first: A, second: A): A => {
  const both = merge(first, second)
  merged.add(both)
  return both
}

/** Whether several layers of options said this cooldown. */
export const isMerged = (cooldown: object): boolean => merged.has(cooldown)

/** Two ways to say the retries as one. A schedule is taken as it is. */
export const mergeRetries = (first: Options["retries"], second: NonNullable<Options["retries"]>) =>
  first === undefined || isSchedule(first) || isSchedule(second) ? second : merge(first, second)

/** True for retries that are a schedule rather than numbers. */
export const isSchedule = (
  retries: NonNullable<Options["retries"]>
): retries is Schedule.Schedule<unknown, Failure, never, never> => Schedule.isSchedule(retries)
