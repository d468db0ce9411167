/** Requests that wait while the runtime is replaced, as a reload of a config does. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import { makeRuntime } from "../../src/engine/Runtime.ts"
import { makeSharedState } from "../../src/engine/SharedState.ts"
import * as BenchRegistry from "../../src/health/BenchRegistry.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { throttle } from "../support/engine.ts"

const policy = { whenAllBenched: "wait", deadline: "5 minutes" } as const

/** An old and a new runtime over one bench, and a target that is throttled at its first call. */
const reloaded = Effect.gen(function* () {
  const registry = yield* BenchRegistry.makeMemory
  const kept = makeSharedState()
  const made = () => makeRuntime(registry, { policy }, {}, kept)
  const a = Scripted.make("a", [[throttle("10 seconds")], [{ wait: "100 millis" }, "fine"]])
  const chain = () => Chain.make(Model.make(a, "m"))
  return { a, old: made(), next: made(), chain }
})

describe("requests that wait while the runtime is replaced", () => {
  it.effect("are all answered, in the order in which they came, old and new ones alike", () =>
    Effect.gen(function* () {
      const { a, chain, next, old } = yield* reloaded
      const answered: Array<number> = []
      const [before, after] = [chain(), chain()]
      const callers = yield* Effect.forEach(Array.from({ length: 12 }), (_, i) =>
        Effect.forkChild(
          Effect.delay(i % 2 === 0 ? old.complete(before, i) : next.complete(after, i), i * 10).pipe(
            Effect.tap(() => Effect.sync(() => answered.push(i)))
          )
        )
      )
      const all = yield* Effect.forkChild(Fiber.joinAll(callers))
      yield* TestClock.adjust("12 seconds")
      assert.isDefined(all.pollUnsafe())
      assert.deepStrictEqual(
        answered,
        Array.from({ length: 12 }, (_, i) => i)
      )
      assert.strictEqual(a.calls.length, 13)
    })
  )

  it.effect("are admitted by an answer that a request of the new runtime got", () =>
    Effect.gen(function* () {
      const { chain, next, old } = yield* reloaded
      const waiting = yield* Effect.forkChild(old.complete(chain(), "first"))
      yield* TestClock.adjust("9 seconds")
      const others = yield* Effect.forEach(["a", "b", "c"], (name) =>
        Effect.forkChild(old.complete(chain(), name))
      )
      const probe = yield* Effect.forkChild(Effect.delay(next.complete(chain(), "probe"), "1 second"))
      yield* TestClock.adjust("1500 millis")
      for (const fiber of [waiting, probe, ...others]) assert.isDefined(fiber.pollUnsafe())
    })
  )
})
