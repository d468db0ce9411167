/** What is kept for targets that cannot be called when a visit begins, and can be called before the deadline. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as TestClock from "effect/testing/TestClock"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { chainOf, hang, layer } from "../support/chains.ts"
import { calls, fault, play, throttle } from "../support/engine.ts"

const ten = { deadline: "10 seconds" } as const
const throttledFor = (wait: `${number} seconds`) => [[throttle(wait)], ["b"]] as const
const slow = (wait: `${number} seconds`) => [[{ wait }, "slow"]] as const

/** An earlier request is throttled by the fallback, which is longer than a request waits. */
const throttled = ({ models }: ReturnType<typeof chainOf>["chain"]) =>
  Effect.flip(Failover.answer(Chain.make(models[1]!), "q"))

describe("a target that hangs, before one that is benched", () => {
  for (const [wait, at] of [
    ["4 seconds", 5_000],
    ["6 seconds", 7_500],
    ["8 seconds", 8_000]
  ] as const) {
    it.effect(`is left when its time is over and the other can be called: after ${wait}`, () =>
      Effect.gen(function* () {
        const made = chainOf(hang, throttledFor(wait))
        yield* throttled(made.chain)
        const { value } = yield* play(Failover.complete(made.chain, "q", ten))
        assert.strictEqual(value, "b")
        assert.deepStrictEqual(made.calls(), ["0 a/m", "0 b/m", `${at} b/m`])
        assert.strictEqual(made.open(), 0)
      }).pipe(layer())
    )
  }

  it.effect("is left in the same way with a stream", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf(hang, throttledFor("6 seconds"))
      yield* throttled(chain)
      yield* play(Effect.scoped(Failover.open(chain, "q", ten)))
      assert.deepStrictEqual(calls(), ["0 a/m", "0 b/m", "7500 b/m"])
    }).pipe(layer())
  )

  it.effect("is left in the same way if it may be hedged", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf(hang, throttledFor("6 seconds"))
      yield* throttled(chain)
      const { value } = yield* play(Failover.complete(chain, "q", ten))
      assert.strictEqual(value, "b")
      assert.deepStrictEqual(calls(), ["0 a/m", "0 b/m", "7500 b/m"])
    }).pipe(layer({ hedge: { after: "1 second", share: 1 } }))
  )

  it.effect("keeps all the time if less than two seconds would be left to the other", () =>
    Effect.gen(function* () {
      for (const wait of ["8.1 seconds", "11 seconds"] as const) {
        const { chain } = chainOf(slow("9.5 seconds"), throttledFor(wait))
        yield* throttled(chain)
        const { value } = yield* play(Failover.complete(chain, "q", ten))
        assert.strictEqual(value, "slow")
      }
    }).pipe(layer())
  )

  it.effect("keeps the time until the other can be called", () =>
    Effect.gen(function* () {
      const { chain } = chainOf(slow("7.7 seconds"), throttledFor("7.6 seconds"))
      yield* throttled(chain)
      const { value } = yield* play(Failover.complete(chain, "q", ten))
      assert.strictEqual(value, "slow")
    }).pipe(layer())
  )

  it.effect("is left when an operator has cleared the other's bench", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf(hang, [["b"]])
      const registry = yield* BenchRegistry
      yield* registry.bench("b")
      yield* Effect.forkChild(Effect.delay(registry.unbench("b"), "6 seconds"), { startImmediately: true })
      const { value } = yield* play(Failover.complete(chain, "q", ten))
      assert.strictEqual(value, "b")
      const [, second] = calls()
      const at = Number(second?.split(" ")[0])
      assert.isAtLeast(at, 6_000)
      assert.isAtMost(at, 8_000)
    }).pipe(layer())
  )

  it.effect("is left when the other's limit of requests allows one", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", hang)
      const b = Scripted.make("b", [["b"]], { credentials: [Credential.make("k", { rpm: 1 })] })
      const [first, second] = [Model.make(a, "m"), Model.make(b, "m")]
      yield* Failover.complete(Chain.make(second), "q")
      yield* TestClock.adjust("54 seconds")
      const { value } = yield* play(Failover.complete(Chain.make(first, second), "q", ten))
      assert.strictEqual(value, "b")
      assert.deepStrictEqual(calls(a, b), ["0 b/m#k", "54000 a/m", "61500 b/m#k"])
    }).pipe(layer())
  )

  it.effect("is left when a probe of the other was answered", () =>
    Effect.gen(function* () {
      const made = chainOf(hang, [[throttle("4 seconds")], [{ wait: "6 seconds" }, "probed"], ["b"]])
      yield* throttled(made.chain)
      yield* TestClock.adjust("4 seconds")
      yield* Effect.forkChild(Failover.complete(Chain.make(made.chain.models[1]!), "q"), {
        startImmediately: true
      })
      const { value } = yield* play(Failover.complete(made.chain, "q", ten))
      assert.strictEqual(value, "b")
      const at = Number(made.calls().at(-1)?.split(" ")[0])
      assert.isAtLeast(at, 10_000)
      assert.isAtMost(at, 12_000)
    }).pipe(layer())
  )

  it.effect("keeps all the time beside a probe of the other if the request would not wait for it", () =>
    Effect.gen(function* () {
      const { chain } = chainOf(slow("9 seconds"), [[throttle("4 seconds")], [{ hang: true }]])
      yield* throttled(chain)
      yield* TestClock.adjust("4 seconds")
      yield* Effect.forkChild(Failover.complete(Chain.make(chain.models[1]!), "q"), {
        startImmediately: true
      })
      const { value } = yield* play(Failover.complete(chain, "q", ten))
      assert.strictEqual(value, "slow")
    }).pipe(layer({ whenAllBenched: "fail" }))
  )

  it.effect("is left for a target that was passed over before it", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf(throttledFor("6 seconds"), hang)
      yield* Effect.flip(Failover.answer(Chain.make(chain.models[0]!), "q"))
      const { value } = yield* play(Failover.complete(chain, "q", ten))
      assert.strictEqual(value, "b")
      assert.deepStrictEqual(calls(), ["0 a/m", "0 b/m", "7500 a/m"])
    }).pipe(layer())
  )

  it.effect("is left for an equal that was passed over before it", () =>
    Effect.gen(function* () {
      const made = chainOf(throttledFor("6 seconds"), hang)
      const [first, second] = made.chain.models
      yield* Effect.flip(Failover.answer(Chain.make(first!), "q"))
      const equals = Chain.make(Chain.equals(first!, second!))
      const { value } = yield* play(Failover.complete(equals, "q", ten))
      assert.strictEqual(value, "b")
      assert.deepStrictEqual(made.calls(), ["0 a/m", "0 b/m", "7500 a/m"])
    }).pipe(layer())
  )
})

describe("a crowd whose first target hangs", () => {
  for (const callers of [1, 20, 1_000]) {
    for (const wait of ["4 seconds", "6 seconds", "7.9 seconds"] as const) {
      it.effect(`is answered by a target that was throttled: ${callers} at once, after ${wait}`, () =>
        Effect.gen(function* () {
          const made = chainOf(hang, [[throttle(wait)], [{ wait: "300 millis" }, "b"]])
          yield* throttled(made.chain)
          const all = Effect.forEach(
            Array.from({ length: callers }),
            () => Effect.option(Failover.complete(made.chain, "q", ten)),
            { concurrency: "unbounded" }
          )
          const { value } = yield* play(all)
          assert.strictEqual(value?.filter(Option.isSome).length, callers)
          assert.isAtMost(made.calls().length, 2 * callers + 1)
        }).pipe(layer())
      )
    }
  }
})

describe("a visit keeps all the time", () => {
  it.effect("if the request may call no further target", () =>
    Effect.gen(function* () {
      const { chain } = chainOf(slow("7 seconds"), [["never asked"]])
      const { value } = yield* play(Failover.complete(chain, "q", ten))
      assert.strictEqual(value, "slow")
    }).pipe(layer({ targets: 1 }))
  )

  it.effect("if it waited for its only target", () =>
    Effect.gen(function* () {
      const { chain } = chainOf(slow("5 seconds"))
      yield* (yield* BenchRegistry).bench("a", { for: "3 seconds" })
      const { value } = yield* play(Failover.complete(chain, "q", ten))
      assert.strictEqual(value, "slow")
    }).pipe(layer({ whenAllBenched: "wait" }))
  )
})

describe("a retry whose wait would take the time", () => {
  it.effect("of a target that can be called by then is not waited for", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf(
        [[{ wait: "3 seconds" }, fault("Overloaded", "3 seconds")]],
        throttledFor("4 seconds")
      )
      yield* throttled(chain)
      const { value } = yield* play(Failover.complete(chain, "q", { deadline: "8 seconds" }))
      assert.strictEqual(value, "b")
      assert.deepStrictEqual(calls().slice(0, 3), ["0 a/m", "0 b/m", "4000 b/m"])
    }).pipe(layer())
  )
})
