/** Schedules for the retries at one target. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as Checks from "../util/Checks.ts"

/**
 * A schedule of `times` retries with full jitter: each waits a random time between zero and its delay, so that requests that
 * failed together do not retry together. The first delay is for the first retry, the second for the second, and the last one
 * for all further retries.
 *
 * @example
 * import { Backoff } from "effect-failover"
 *
 * // two retries, after at most half a second and at most two seconds
 * Backoff.fullJitter(["500 millis", "2 seconds"])
 */
export const fullJitter = (
  delays: readonly [Duration.Input, ...ReadonlyArray<Duration.Input>],
  times: number = delays?.length
): Schedule.Schedule<number> => {
  Checks.fields("Backoff.fullJitter", { delays: delays ?? null }, { delays: Checks.list })
  Checks.refuse("Backoff.fullJitter", [
    ...(delays.length === 0 ? ["delays is empty; at least one is needed"] : []),
    ...Checks.fieldProblems<object>(
      { ...delays },
      Object.fromEntries(delays.map((_, i) => [i, Checks.duration])),
      {
        path: "delay "
      }
    ),
    ...Checks.fieldProblems({ times }, { times: retries })
  ])
  const millis = delays.map((delay) => Duration.toMillis(delay))
  return Schedule.recurs(times).pipe(
    Schedule.modifyDelay(({ attempt }) => {
      const most = millis[Math.min(attempt, millis.length) - 1] ?? 0
      return Effect.map(Random.next, (chance) => chance * most)
    })
  )
}

const retries = Checks.number("a whole number, at least 0", {
  least: 0,
  most: Number.POSITIVE_INFINITY,
  whole: true
})

/**
 * Delays that double: `base` before the first retry, twice that before the second, and so on up to `max`, which is the
 * last one. `base` has to be longer than zero.
 *
 * @example
 * import { Backoff } from "effect-failover"
 *
 * Backoff.doubling("200 millis", "1 second") // => [200, 400, 800, 1000]
 */
export const doubling = (
  base: Duration.Input,
  max: Duration.Input
): readonly [number, ...ReadonlyArray<number>] => {
  Checks.fields("Backoff.doubling", { base, max }, { base: Checks.duration, max: Checks.duration })
  const [first, most] = [Math.max(1, Duration.toMillis(base)), Duration.toMillis(max)]
  const later: Array<number> = []
  for (let delay = first * 2; delay < most; delay *= 2) later.push(delay)
  return first < most ? [first, ...later, most] : [most]
}

/** Retries as numbers: how many, and after which delays (full jitter). */
export interface RetryOptions {
  /** Retries, not attempts: 2 retries are 3 attempts. Default 2. */
  readonly times?: number | undefined
  /**
   * The longest wait before the first retry, before the second, and so on; the last one is used for all further retries. The
   * wait is a random time up to that. Default 500 ms, then 2 s: long enough for a load balancer to drop a failing instance,
   * and short enough to wait for.
   */
  readonly backoff?: readonly [Duration.Input, ...ReadonlyArray<Duration.Input>] | undefined
}

/**
 * The default: two retries with full jitter, after at most half a second and at most two. The second retry never starts
 * within the first half second, so a fault that is shorter than that cannot take all attempts of a visit.
 */
const usual = (times: number): Schedule.Schedule<number> =>
  fullJitter(["500 millis", "2 seconds"], times).pipe(
    Schedule.modifyDelay(({ attempt, duration, elapsed }) =>
      Effect.succeed(attempt === 1 ? duration : Duration.max(duration, Duration.millis(500 - elapsed)))
    )
  )

/** The schedule for retries as numbers. */
export const fromNumbers = ({ backoff, times = 2 }: RetryOptions): Schedule.Schedule<number> =>
  backoff === undefined ? usual(times) : fullJitter(backoff, times)
