/** A timer that serves many waits, also in a process that stands still for a while. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { RunClock } from "../../src/time/RunClock.ts"
import { MovableTimer } from "../../src/util/MovableTimer.ts"

/** Keeps the event loop busy. */
const standStill = (millis: number) => {
  const until = performance.now() + millis
  while (performance.now() < until);
}

describe("a timer", () => {
  it.live("is moved by what arrived while the process stood still, although it was due before", () =>
    Effect.gen(function* () {
      const context = yield* Effect.context<never>()
      const clock = new RunClock(context)
      let fired = 0
      yield* Effect.callback<void>((resume) => {
        const timer = new MovableTimer(context, () => void fired++)
        timer.set(clock.millis() + 20)
        setTimeout(() => {
          timer.set(clock.millis() + 60_000)
          setTimeout(() => {
            timer.stop()
            resume(Effect.void)
          }, 20)
        }, 40)
        standStill(300)
      })
      assert.strictEqual(fired, 0)
    })
  )

  it.live("fires once after a standstill in which nothing arrived", () =>
    Effect.gen(function* () {
      const context = yield* Effect.context<never>()
      const clock = new RunClock(context)
      let fired = 0
      yield* Effect.callback<void>((resume) => {
        const timer = new MovableTimer(context, () => {
          fired++
          resume(Effect.void)
        })
        timer.set(clock.millis() + 20)
        standStill(300)
      })
      assert.strictEqual(fired, 1)
    })
  )

  it.live("fires in a process that is late in every turn, after one more turn", () =>
    Effect.gen(function* () {
      const context = yield* Effect.context<never>()
      const clock = new RunClock(context)
      let turns = 0
      let firedIn = 0
      yield* Effect.callback<void>((resume) => {
        const timer = new MovableTimer(context, () => {
          firedIn = turns
        })
        timer.set(clock.millis() + 20)
        const turn = () => {
          standStill(130)
          if (++turns < 8) setTimeout(turn, 0)
          else {
            timer.stop()
            resume(Effect.void)
          }
        }
        turn()
      })
      assert.isAbove(firedIn, 0)
      assert.isBelow(firedIn, 5)
    })
  )
})
