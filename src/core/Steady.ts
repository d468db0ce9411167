/**
 * Moments that do not jump: the wall clock as it stood when a clock was first looked at, plus the time that has passed
 * since by its monotonic clock.
 *
 * All moments inside of a process (ends of rests, deadlines, buckets) are read from here, so a wall clock that is set
 * back an hour or ahead a day prolongs no rest, ends no stream, and fills or empties no bucket. They are milliseconds
 * since the epoch and fit the wall clock until somebody sets it. What comes from outside by the wall clock, or goes there
 * (a saved bench, a date that a person names), is set right by `ahead`.
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** By clock: the moment at which its monotonic time was zero. */
const origins = new WeakMap<Clock.Clock, number>()

/** Milliseconds since the epoch, by a clock that does not jump. */
export const millis = (clock: Clock.Clock): number => originOf(clock) + elapsed(clock)

/** The same for who reads a clock often: the moment at which its monotonic time was zero, looked up once. */
export const originOf = (clock: Clock.Clock): number => {
  const known = origins.get(clock)
  if (known !== undefined) return known
  const origin = clock.currentTimeMillisUnsafe() - elapsed(clock)
  origins.set(clock, origin)
  return origin
}

/** The monotonic time of a clock in whole milliseconds. */
export const elapsed = (clock: Clock.Clock): number =>
  Math.floor(Number(clock.monotonicTimeNanosUnsafe()) / 1e6)

/** Milliseconds since the epoch, by a clock that does not jump. */
export const currentTimeMillis: Effect.Effect<number> = Effect.clockWith((clock) =>
  Effect.sync(() => millis(clock))
)

/**
 * How far the wall clock has been set ahead since, in milliseconds; negative when it was set back. Less than a second is
 * nothing: that is the grain of two clocks that are read one after the other.
 */
export const ahead: Effect.Effect<number> = Effect.clockWith((clock) =>
  Effect.sync(() => {
    const millisAhead = clock.currentTimeMillisUnsafe() - millis(clock)
    return Math.abs(millisAhead) < 1_000 ? 0 : millisAhead
  })
)

/** A clock whose wall does not jump, for code that counts by the wall clock. */
export const clockOf = (clock: Clock.Clock): Clock.Clock => {
  const currentTimeMillisUnsafe = () => millis(clock)
  const currentTimeNanosUnsafe = () => BigInt(millis(clock)) * 1_000_000n
  return {
    currentTimeMillisUnsafe,
    currentTimeMillis: Effect.sync(currentTimeMillisUnsafe),
    currentTimeNanosUnsafe,
    currentTimeNanos: Effect.sync(currentTimeNanosUnsafe),
    monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: clock.monotonicTimeNanos,
    sleep: (duration) => clock.sleep(duration)
  }
}
