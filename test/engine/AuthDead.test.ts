/** A dead key or model: its cooldowns grow, and single probes detect when it works again. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type * as Failure from "../../src/failure/Failure.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { benches, calls, dead, play } from "../support/engine.ts"

const runtime = Failover.layer()
const minute = 60_000
const hour = 60 * minute
const credentials = [Credential.make("one"), Credential.make("two")] as const

/** The cooldowns, in milliseconds, of a target that fails with this at each call. */
const ladder = (failure: Failure.Failure, steps: number) =>
  Effect.gen(function* () {
    const a = Scripted.make("a", [[failure]])
    const b = Scripted.make("b", [["other"]])
    const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
    const rests: Array<number> = []
    for (let step = 0; step < steps; step++) {
      const began = yield* Clock.currentTimeMillis
      yield* Failover.complete(chain, "q")
      const end = Number((yield* benches)[0]?.split(" ")[2])
      rests.push(end - began)
      yield* TestClock.adjust(end - began)
    }
    return rests
  }).pipe(Effect.provide(runtime))

describe("a dead key", () => {
  it.effect("keeps all its models from being called", () =>
    Effect.gen(function* () {
      const a = Scripted.make(
        "a",
        (target) => (target.credential.name === "one" ? [[dead("Balance")]] : [[target.model]]),
        { credentials }
      )
      const large = Chain.make(Model.make(a, "large"))
      const small = Chain.make(Model.make(a, "small"))
      assert.strictEqual(yield* Failover.complete(large, "q"), "large")
      assert.strictEqual(yield* Failover.complete(small, "q"), "small")
      assert.deepStrictEqual(calls(a), ["0 a/large#one", "0 a/large#two", "0 a/small#two"])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("is probed as without a date when the provider names one that is far away", () =>
    Effect.gen(function* () {
      const date = 30 * 24 * hour
      const rests = yield* ladder(dead("Balance", date), 4)
      assert.deepStrictEqual(rests, [5 * minute, 10 * minute, 20 * minute, 40 * minute])
    })
  )

  it.effect(
    "is back minutes after it was mended, whatever date the provider named, and the date is reported",
    () =>
      Effect.gen(function* () {
        const date = 30 * 24 * hour
        const a = Scripted.make("a", [[dead("Balance", date)], ["back"]])
        const b = Scripted.make("b", [["other"]])
        const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
        assert.strictEqual(yield* Failover.complete(chain, "q"), "other")
        const [info] = yield* (yield* BenchRegistry).list
        assert.deepStrictEqual([info?.until, info?.hint], [5 * minute, date])
        yield* TestClock.adjust(5 * minute - 1)
        assert.strictEqual(yield* Failover.complete(chain, "q"), "other")
        yield* TestClock.adjust(1)
        assert.strictEqual(yield* Failover.complete(chain, "q"), "back")
        assert.deepStrictEqual(yield* benches, [])
      }).pipe(Effect.provide(runtime))
  )

  it.effect(
    "is probed at the date that the provider names when that is sooner than the end of the cooldown",
    () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* ladder(dead("Balance", 2 * minute), 2), [2 * minute, 10 * minute])
      })
  )

  it.effect("is benched as without a date when the date has passed", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(10 * hour)
      const a = Scripted.make("a", [[dead("Balance", 9 * hour)]])
      const { benches } = yield* play(Failover.complete(Chain.make(Model.make(a, "m")), "q"))
      assert.deepStrictEqual(benches, [`a#default Balance ${10 * hour + 5 * minute}`])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("is benched for five minutes, doubling to six hours", () =>
    Effect.gen(function* () {
      const rests = yield* ladder(dead("InvalidKey"), 9)
      assert.deepStrictEqual(
        rests.map((rest) => rest / minute),
        [5, 10, 20, 40, 80, 160, 320, 360, 360]
      )
    })
  )

  it.effect("is called by a single request when its cooldown ends, whichever model that is for", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", (target) =>
        target.model === "large" ? [[dead()], ["large"]] : [[{ wait: "1 second" }, "small"]]
      )
      const b = Scripted.make("b", [["other"]])
      const large = Chain.make(Model.make(a, "large"), Model.make(b, "m"))
      const small = Chain.make(Model.make(a, "small"), Model.make(b, "m"))
      yield* Failover.complete(large, "q")
      yield* TestClock.adjust("5 minutes")
      const { value } = yield* play(
        Effect.all([Failover.complete(small, "1"), Failover.complete(large, "2")], { concurrency: 2 })
      )
      assert.deepStrictEqual(value, ["small", "other"])
      assert.strictEqual(yield* Failover.complete(large, "3"), "large")
    }).pipe(Effect.provide(runtime))
  )

  it.effect("serves all its models again once one of them has answered", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", (target) =>
        target.model === "large" ? [[dead()], ["large"]] : [["small"]]
      )
      const b = Scripted.make("b", [["other"]])
      const large = Chain.make(Model.make(a, "large"), Model.make(b, "m"))
      const small = Chain.make(Model.make(a, "small"), Model.make(b, "m"))
      yield* Failover.complete(large, "q")
      assert.strictEqual(yield* Failover.complete(small, "q"), "other")
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual(yield* Failover.complete(small, "q"), "small")
      assert.strictEqual(yield* Failover.complete(large, "q"), "large")
    }).pipe(Effect.provide(runtime))
  )
})

describe("a missing model", () => {
  it.effect("is benched for an hour, doubling to a day", () =>
    Effect.gen(function* () {
      const rests = yield* ladder(dead("ModelMissing"), 6)
      assert.deepStrictEqual(
        rests.map((rest) => rest / hour),
        [1, 2, 4, 8, 16, 24]
      )
    })
  )

  it.effect("leaves the key's other models and the model's other keys alone", () =>
    Effect.gen(function* () {
      const a = Scripted.make(
        "a",
        (target) =>
          target.model === "old" && target.credential.name === "one"
            ? [[dead("ModelMissing")]]
            : [[target.key]],
        { credentials }
      )
      const old = Chain.make(Model.make(a, "old"))
      assert.strictEqual(yield* Failover.complete(old, "q"), "a/old#two")
      assert.strictEqual(yield* Failover.complete(old, "q"), "a/old#two")
      assert.strictEqual(yield* Failover.complete(Chain.make(Model.make(a, "new")), "q"), "a/new#one")
      assert.strictEqual(a.calls.length, 4)
    }).pipe(Effect.provide(runtime))
  )
})
