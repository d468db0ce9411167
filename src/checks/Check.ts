/** One health check: its interval, its timeout, and the meaning of its result. */
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

/** The interval and the timeout of checks. */
export interface Options {
  /** From the end of one check to the next. Default 30 s, at least 250 ms. Infinite disables the interval. */
  readonly interval?: Duration.Input | undefined
  /**
   * The share of the interval by which a wait is shortened or lengthened at random, so that many targets and
   * processes do not check at the same time. 0 to 1, default 0.2.
   */
  readonly jitter?: number | undefined
  /** A check that takes longer fails as `Transient/Timeout`. Default 10 s. */
  readonly timeout?: Duration.Input | undefined
}

/** The options with defaults. Times are milliseconds. */
export interface Timing {
  readonly interval: number
  readonly jitter: number
  readonly timeout: number
}

/** The result of one check; passed if there is no failure. Times are milliseconds. */
export interface Outcome {
  readonly at: number
  readonly duration: number
  readonly failure: Failure.Failure | undefined
}

/**
 * The shortest wait between two checks: an interval of zero must not become a busy loop.
 *
 * @internal
 */
export const shortestInterval = 250

/**
 * Fills in the defaults.
 *
 * @internal
 */
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

/**
 * Waits from one check to the next: the interval with its jitter.
 *
 * @internal
 */
export const pause = ({ interval, jitter }: Timing): Effect.Effect<void> =>
  Effect.flatMap(Random.next, (chance) => sleep(interval * (1 + jitter * (2 * chance - 1))))

/**
 * Waits before the first check: a random time within the jitter, so without jitter not at all.
 *
 * @internal
 */
export const firstPause = ({ interval, jitter }: Timing): Effect.Effect<void> =>
  interval === Number.POSITIVE_INFINITY
    ? Effect.never
    : Effect.flatMap(Random.next, (chance) => sleep(interval * jitter * chance))

const sleep = (millis: number): Effect.Effect<void> =>
  millis === Number.POSITIVE_INFINITY ? Effect.never : Effect.sleep(Math.round(Math.max(0, millis)))

/**
 * While an abandoned check that cannot be stopped still runs, no other is started.
 *
 * @internal
 */
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
 * Runs one check. `onEnd` is called synchronously when it ends or times out, so that nothing can happen between a
 * result and its record; `onInterrupt` is called if the caller is interrupted. A check that times out is interrupted
 * without waiting for it.
 *
 * @internal
 */
export const run = <A, R>(
  check: Effect.Effect<unknown, Failure.Failure, R>,
  options: {
    readonly timeout: number
    /** The target of a failure that names none. */
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
    message: "the check timed out",
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
      ? "the check died with a defect"
      : "the check interrupted itself",
    cause
  })
}
