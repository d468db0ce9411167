/** One bench for a whole process: changed by hand, and by many concurrent requests. */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import { BenchRegistry, layerMemory } from "../../src/health/BenchRegistry.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { attempt } from "../support/bench.ts"
import { fault, play, throttle } from "../support/engine.ts"

describe("by hand", () => {
  it.effect("a key is benched until it is taken off", () =>
    Effect.gen(function* () {
      const registry = yield* BenchRegistry
      yield* registry.bench("a", { reason: "repairs", by: "ann" })
      yield* TestClock.adjust("1000 days")
      assert.isTrue(yield* registry.isBenched("a"))
      assert.strictEqual(yield* attempt(undefined), "benched")
      assert.isTrue(yield* registry.unbench("a"))
      assert.isFalse(yield* registry.isBenched("a"))
      assert.strictEqual(yield* attempt(undefined), "Go")
    }).pipe(Effect.provide(layerMemory))
  )

  it.effect("a key is benched for a time or until a moment", () =>
    Effect.gen(function* () {
      const registry = yield* BenchRegistry
      yield* TestClock.setTime(1_000)
      yield* registry.bench("a/m#k", { for: "5 seconds" })
      yield* registry.bench("a/other#k", { until: 3_000 })
      assert.deepStrictEqual(
        (yield* registry.list).map(({ key, since, status, until }) => [key, status, since, until] as const),
        [
          ["a/m#k", "manual", 1_000, 6_000],
          ["a/other#k", "manual", 1_000, 3_000]
        ]
      )
      yield* TestClock.setTime(3_000)
      assert.isFalse(yield* registry.isBenched("a/other#k"))
      assert.isTrue(yield* registry.isBenched("a/m#k"))
      yield* TestClock.setTime(6_000)
      assert.deepStrictEqual(yield* registry.list, [])
    }).pipe(Effect.provide(layerMemory))
  )

  it.effect("a key that is not benched cannot be cleared", () =>
    Effect.gen(function* () {
      const registry = yield* BenchRegistry
      assert.isFalse(yield* registry.unbench("a"))
      yield* registry.bench("a", { for: "1 second" })
      yield* TestClock.adjust("1 second")
      assert.isFalse(yield* registry.unbench("a"), "its end has come")
      yield* registry.bench("a")
      assert.isFalse(yield* registry.unbench("a/m"), "another key")
      assert.isTrue(yield* registry.isBenched("a"))
    }).pipe(Effect.provide(layerMemory))
  )

  it.effect("a target is taken off whatever benched it, with its history", () =>
    Effect.gen(function* () {
      const registry = yield* BenchRegistry
      yield* attempt(fault())
      yield* TestClock.adjust("5 seconds")
      yield* attempt(fault())
      assert.isTrue(yield* registry.unbench("a/m#k"))
      yield* attempt(fault())
      assert.strictEqual((yield* registry.list)[0]?.until, 10_000, "five seconds, as the first time")
    }).pipe(Effect.provide(layerMemory))
  )

  it.effect("a half-open key can be taken off as well: then no probe is needed", () =>
    Effect.gen(function* () {
      const registry = yield* BenchRegistry
      yield* attempt(throttle("1 second"))
      yield* TestClock.adjust("1 second")
      assert.isFalse(yield* registry.isBenched("a/m#k"))
      assert.isTrue(yield* registry.unbench("a/m#k"))
      assert.strictEqual(yield* attempt(undefined), "Go")
    }).pipe(Effect.provide(layerMemory))
  )

  it.effect("a benched provider is skipped, and its calls that are under way go on", () =>
    Effect.gen(function* () {
      const registry = yield* BenchRegistry
      const a = Scripted.make("a", [[{ wait: "10 seconds" }, "slow"]])
      const b = Scripted.make("b", [["other"]])
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      const running = yield* Effect.forkChild(Failover.complete(chain, "1"))
      yield* TestClock.adjust("1 second")
      yield* registry.bench("a")
      assert.strictEqual(yield* Failover.complete(chain, "2"), "other")
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* Fiber.join(running), "slow")
      assert.isTrue(yield* registry.isBenched("a"), "an answer does not take it off")
    }).pipe(Effect.provide(Failover.layer()))
  )
})

describe("one bench for all", () => {
  it.effect("what one chain learned spares the other", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[throttle("1 minute")]])
      const b = Scripted.make("b", [["other"]])
      const one = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      const two = Chain.make(Model.make(b, "n"), Model.make(a, "m"))
      yield* Failover.complete(one, "q")
      yield* Failover.complete(Chain.make(Model.make(a, "m"), two), "q")
      assert.strictEqual(a.calls.length, 1)
    }).pipe(Effect.provide(Failover.layer()))
  )

  it.effect("requests at once do not disturb each other: a hundred find the fallback of a dead primary", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[{ wait: "1 second" }, fault("Connection")]])
      const b = Scripted.make("b", [["other"]])
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      const all = Effect.forEach(
        Array.from({ length: 100 }, (_, i) => i),
        (i) => Effect.delay(Failover.complete(chain, i), Duration.millis(i * 37)),
        { concurrency: "unbounded" }
      )
      const { value } = yield* play(all)
      assert.deepStrictEqual(value, Array(100).fill("other"))
      assert.strictEqual(a.open + b.open, 0)
    }).pipe(Effect.provide(Failover.layer()))
  )

  it.effect("a hundred requests at the end of a cooldown send one probe, and all are answered", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[throttle("5 seconds")], [{ wait: "1 second" }, "back"]])
      const b = Scripted.make("b", [["other"]])
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      yield* Failover.complete(chain, "q")
      yield* TestClock.adjust("5 seconds")
      const all = Effect.forEach(Array(100).fill("q"), (q) => Failover.complete(chain, q), {
        concurrency: "unbounded"
      })
      const { value } = yield* play(all)
      assert.deepStrictEqual(value, ["back", ...Array(99).fill("other")])
      assert.strictEqual(a.calls.length, 2)
    }).pipe(Effect.provide(Failover.layer()))
  )
})
