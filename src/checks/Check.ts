/** One health check: how often, how long at most, and what its end means. */
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Random from "effect/Random"
import * as Failure from "../failure/Failure.ts"
import * as MonotonicClock from "../time/MonotonicClock.ts"
import * as Checks from "../util/Checks.ts"
import * as Running from "../util/Running.ts"

/** When checks are made and how long they may take. */
export interface Options {
  /** From the end of one check to the next. Default 30 s, never less than 250 ms. Infinite for none by the clock. */
  readonly interval?: Duration.Input | undefined
  /**
   * The share of the interval by which a wait is shortened or lengthened at random, so that many targets and many
   * processes do not check at the same time. 0 to 1, default 0.2.
   */
  readonly jitter?: number | undefined
  /** After which a check that has not ended has failed, as `Transient/Timeout`. Default 10 s. */
  readonly timeout?: Duration.Input | undefined
}

/** The same with the defaults filled in. Times are milliseconds. */
export interface Timing {
  readonly interval: number
  readonly jitter: number
  readonly timeout: number
}

/** How one check ended. Without a failure it was passed. Times are milliseconds. */
export interface Outcome {
  readonly at: number
  readonly duration: number
  readonly failure: Failure.Failure | undefined
}

/** The shortest wait between two checks: an interval of nothing must not become a busy loop. */
export const shortestInterval = 250

/** Fills in the defaults. */
export const timing = (options: Options): Timing => {
  Checks.fields("the options of a check", options, {
    interval: Checks.duration,
    jitter: Checks.number("a share from 0 to 1", { least: 0, most: 1 }),
    timeout: Checks.duration
  })
  return filled(options)
}

const filled = (options: Options): Timing => ({
  interval: Math.max(shortestInterval, Duration.toMillis(options.interval ?? "30 seconds")),
  jitter: Math.min(1, Math.max(0, options.jitter ?? 0.2)),
  timeout: Duration.toMillis(options.timeout ?? "10 seconds")
})

/** Waits from one check to the next: the interval, give or take its jitter. */
export const pause = ({ interval, jitter }: Timing): Effect.Effect<void> =>
  Effect.flatMap(Random.next, (chance) => sleep(interval * (1 + jitter * (2 * chance - 1))))

/** Waits before the first check: somewhere within the jitter, so without jitter not at all. */
export const firstPause = ({ interval, jitter }: Timing): Effect.Effect<void> =>
  interval === Number.POSITIVE_INFINITY
    ? Effect.never
    : Effect.flatMap(Random.next, (chance) => sleep(interval * jitter * chance))

const sleep = (millis: number): Effect.Effect<void> =>
  millis === Number.POSITIVE_INFINITY ? Effect.never : Effect.sleep(Math.round(Math.max(0, millis)))

/** While a check that was given up still runs on, because it cannot be stopped, no other is begun beside it. */
export const alone = <A, E, R>(check: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> => {
  let busy = false
  return Effect.suspend(() => {
    if (busy) return Effect.never
    busy = true
    return Effect.ensuring(
      check,
      Effect.sync(() => void (busy = false))
    )
  })
}

/**
 * Makes one check. `onEnd` is called in the turn in which it ends or its time is up, so that nothing can come between
 * an outcome and its record; `onInterrupt` when the caller is interrupted instead. A check whose time is up is
 * stopped, without waiting for it.
 */
export const run = <A, R>(
  check: Effect.Effect<unknown, Failure.Failure, R>,
  options: {
    readonly timeout: number
    /** Whom a failure is about, where it does not say so itself. */
    readonly target?: string | undefined
    readonly onEnd: (outcome: Outcome) => A
    readonly onInterrupt: () => void
  }
): Effect.Effect<A, never, R> =>
  Effect.flatMap(Effect.context<R>(), (context) => {
    const clock = Context.get(context, Clock.Clock)
    const startedAt = MonotonicClock.millis(clock)
    const end = (ended: Running.Ended<unknown>): Effect.Effect<A> => {
      const at = MonotonicClock.millis(clock)
      const failure =
        ended === "timeout"
          ? silent(options.timeout, options.target)
          : Exit.isFailure(ended)
            ? failureOf(ended.cause, options.target)
            : undefined
      return Effect.succeed(options.onEnd({ at, duration: at - startedAt, failure }))
    }
    return Running.run(() => Running.start(check, context), {
      dueAt: startedAt + options.timeout,
      context,
      onEnd: end,
      onInterrupt: options.onInterrupt
    })
  })

const silent = (timeout: number, target: string | undefined): Failure.Failure =>
  new Failure.Transient({
    ...(target !== undefined && { target }),
    reason: "Timeout",
    message: "the check did not end in time",
    evidence: `timeout of ${timeout} ms`
  })

const failureOf = (cause: Cause.Cause<unknown>, target: string | undefined): Failure.Failure => {
  for (const reason of cause.reasons) {
    const error = reason._tag === "Fail" ? reason.error : reason._tag === "Die" ? reason.defect : undefined
    if (Failure.isFailure(error)) return error
  }
  return new Failure.Transient({
    ...(target !== undefined && { target }),
    reason: "Unknown",
    message: cause.reasons.some((reason) => reason._tag === "Die")
      ? "a defect of the check"
      : "the check was interrupted by itself",
    cause
  })
}
