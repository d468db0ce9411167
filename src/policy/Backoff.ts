/** The schedule between two attempts at the same target. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as Checks from "../util/Checks.ts"

/**
 * A schedule that recurs `times` times and waits a random time between zero and the given delay: the first delay
 * before the first retry, the second before the second, the last one for all further retries ("full jitter", so
 * that callers who failed together do not come back together).
 *
 * @example
 * import { Backoff } from "effect-failover"
 *
 * // two retries, after at most half a second and at most two seconds
 * Backoff.fullJitter(["500 millis", "2 seconds"])
 */
export const fullJitter = (
  delays: readonly [Duration.Input, ...ReadonlyArray<Duration.Input>],
  times: number = delays.length
): Schedule.Schedule<number> => {
  Checks.refuse("Backoff.fullJitter", [
    ...Checks.fieldProblems<object>(delays, Object.fromEntries(delays.map((_, i) => [i, Checks.duration])), {
      path: "delay "
    }),
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
 * last one. `base` has to be longer than nothing.
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

/** Retries in numbers: how many, and after which delays (full jitter). */
export interface RetryOptions {
  /** Retries, not attempts: 2 retries are 3 attempts. Default 2. */
  readonly times?: number | undefined
  /**
   * The longest wait before the first retry, before the second, and so on; the last one goes on. What is waited is a
   * random time up to that. Default 500 ms, then 2 s: long enough for a failing instance to leave its pool, short enough
   * to wait for.
   */
  readonly backoff?: readonly [Duration.Input, ...ReadonlyArray<Duration.Input>] | undefined
}

/**
 * The default: two retries with full jitter, after at most half a second and at most two. The second never comes before
 * the first half second is over, whatever chance says: a blip that is shorter does not take all attempts of a visit.
 */
const usual = (times: number): Schedule.Schedule<number> =>
  fullJitter(["500 millis", "2 seconds"], times).pipe(
    Schedule.modifyDelay(({ attempt, duration, elapsed }) =>
      Effect.succeed(attempt === 1 ? duration : Duration.max(duration, Duration.millis(500 - elapsed)))
    )
  )

/** The schedule of retries in numbers. */
export const fromNumbers = ({ backoff, times = 2 }: RetryOptions): Schedule.Schedule<number> =>
  backoff === undefined ? usual(times) : fullJitter(backoff, times)
