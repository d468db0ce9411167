/**
 * Times that do not jump: the wall clock when a clock was first read, plus the time that its monotonic clock has counted
 * since.
 *
 * All times inside a process (ends of cooldowns, deadlines, rate limits) come from here, so setting the wall clock changes
 * none of them. They are milliseconds since the epoch and equal the wall clock until that is set. Times that come from or
 * go to the outside by the wall clock (a saved bench, a date that a person enters) are corrected by `ahead`.
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** The state kept for a clock. */
export interface Known {
  readonly clock: Clock.Clock
  /** When its monotonic time was zero, in milliseconds since the epoch. */
  readonly origin: number
  /** The wall clock at the last reading, and the resulting time. */
  wall: number
  last: number
}

const known = new WeakMap<Clock.Clock, Known>()

/** The state of a clock, for callers that read it often. */
export const of = (clock: Clock.Clock): Known => {
  const found = known.get(clock)
  if (found !== undefined) return found
  const wall = clock.currentTimeMillisUnsafe()
  const made = { clock, origin: wall - elapsed(clock), wall, last: wall }
  known.set(clock, made)
  return made
}

/**
 * The same as `millis`. It reads the monotonic clock only when the wall clock shows another millisecond than at the last
 * reading, which costs a third of reading both: a call whose first target fails takes 1.34 instead of 1.43 µs.
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
 * How far the wall clock has been set ahead since, in milliseconds; negative when it was set back. Differences below one
 * second count as 0, since the two clocks are read one after the other.
 */
export const ahead: Effect.Effect<number> = Effect.clockWith((clock) =>
  Effect.sync(() => {
    const millisAhead = clock.currentTimeMillisUnsafe() - millis(clock)
    return Math.abs(millisAhead) < 1_000 ? 0 : millisAhead
  })
)

/** A clock whose wall time does not jump, for code that counts by the wall clock. */
export const clockOf = (clock: Clock.Clock): Clock.Clock =>
  withWallTime(clock, {
    millis: () => millis(clock),
    nanos: () => BigInt(millis(clock)) * 1_000_000n
  })

/** The clock with another wall time. Its monotonic time and its sleeps stay. */
export const withWallTime = (
  clock: Clock.Clock,
  wall: { readonly millis: () => number; readonly nanos: () => bigint }
): Clock.Clock => ({
  currentTimeMillisUnsafe: wall.millis,
  currentTimeMillis: Effect.sync(wall.millis),
  currentTimeNanosUnsafe: wall.nanos,
  currentTimeNanos: Effect.sync(wall.nanos),
  monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
  monotonicTimeNanos: clock.monotonicTimeNanos,
  sleep: (duration) => clock.sleep(duration)
})
