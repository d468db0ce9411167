/** Work that is split into turns of the event loop. */
import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Turns from "../../src/util/Turns.ts"

describe("work in turns", () => {
  it.live("takes one step in each turn", () =>
    Effect.gen(function* () {
      let turn = 0
      const count = () => {
        turn++
        ticking = setImmediate(count)
      }
      let ticking = setImmediate(count)
      const seen: Array<number> = []
      const result = yield* Turns.each(function* () {
        for (let step = 0; step < 3; step++, yield) seen.push(turn)
        return "done"
      })
      clearImmediate(ticking)
      assert.strictEqual(result, "done")
      assert.deepStrictEqual(seen, [1, 2, 3])
    })
  )

  it.live("stops when it is interrupted, and dies of what a step throws", () =>
    Effect.gen(function* () {
      let steps = 0
      const fiber = yield* Effect.forkChild(
        Turns.each(function* () {
          for (;;) {
            steps++
            yield
          }
        })
      )
      yield* Turns.next
      yield* Turns.next
      yield* Fiber.interrupt(fiber)
      const then = steps
      yield* Turns.next
      assert.strictEqual(steps, then)
      const exit = yield* Effect.exit(
        Turns.each(function* () {
          throw new Error("broken")
        })
      )
      assert.isTrue(Exit.isFailure(exit) && Cause.hasDies(exit.cause))
    })
  )
})
