/** Virtual time that does not depend on the speed of the machine. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as MonotonicClock from "../../src/time/MonotonicClock.ts"

/**
 * By default the clock advances when a fiber that it resumed has run for a second of real time. That happens on a busy machine,
 * and then a test sees other times than on an idle one.
 */
export const patientClock = TestClock.layer({ warningDelay: "1 hour" })

/** The test's clock, with a wall clock that can be set by so many milliseconds. Its monotonic time and its sleeps go on as before. */
export const settable = Effect.map(Clock.Clock, (clock) => {
  let by = 0
  const wall = {
    millis: () => clock.currentTimeMillisUnsafe() + by,
    nanos: () => clock.currentTimeNanosUnsafe() + BigInt(by) * 1_000_000n
  }
  // TestClock reads its controls from the clock itself.
  const own: Clock.Clock = { ...clock, ...MonotonicClock.withWallTime(clock, wall) }
  return { clock: own, set: (millis: number) => void (by += millis) }
})
