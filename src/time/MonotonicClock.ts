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

/** What is known of a clock. */
export interface Known {
  readonly clock: Clock.Clock
  /** The moment at which its monotonic time was zero. */
  readonly origin: number
  /** The wall clock when the time was last worked out, and what it was. */
  wall: number
  last: number
}

const known = new WeakMap<Clock.Clock, Known>()

/** What is known of a clock, for who reads it often. */
export const of = (clock: Clock.Clock): Known => {
  const found = known.get(clock)
  if (found !== undefined) return found
  const wall = clock.currentTimeMillisUnsafe()
  const made = { clock, origin: wall - elapsed(clock), wall, last: wall }
  known.set(clock, made)
  return made
}

/**
 * The same as `millis`. The monotonic clock is looked at only when the wall clock has moved, which costs a third: as long
 * as that shows the same millisecond, so does this.
 */
export const read = (state: Known): number => {
  const wall = state.clock.currentTimeMillisUnsafe()
  if (wall !== state.wall) {
    state.wall = wall
    state.last = state.origin + elapsed(state.clock)
  }
  return state.last
}

/** Milliseconds since the epoch, by a clock that does not jump. */
export const millis = (clock: Clock.Clock): number => read(of(clock))

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
