/** The share of the time that is kept for the targets after the current one. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { chainOf, hang, layer } from "../support/chains.ts"
import { fault, play, throttle, tooLong } from "../support/engine.ts"

describe("what is kept for the targets behind", () => {
  it.effect("half of the time: a slow target is cut off, which is not counted as its fault", () =>
    Effect.gen(function* () {
      const { calls, chain, open } = chainOf(hang, hang, [["third"]])
      const { benches, value } = yield* play(Failover.answer(chain, "q", { deadline: "8 seconds" }))
      assert.strictEqual(value?.value, "third")
      assert.deepStrictEqual(calls(), ["0 a/m", "4000 b/m", "6000 c/m"])
      assert.deepStrictEqual(benches, [])
      assert.strictEqual(value?.attempts, 3)
      assert.strictEqual(open(), 0)
    }).pipe(layer())
  )

  it.effect("half of the time of a stream as well", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf(hang, [["second"]])
      yield* play(Effect.scoped(Failover.open(chain, "q", { deadline: "8 seconds" })))
      assert.deepStrictEqual(calls(), ["0 a/m", "4000 b/m"])
    }).pipe(layer())
  )

  it.effect("the retry that would use up the fallback's time is not made", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf(
        [[{ wait: "3 seconds" }, fault("Overloaded", "2 seconds")]],
        [["other"]]
      )
      const { at, value } = yield* play(Failover.complete(chain, "q", { deadline: "8 seconds" }))
      assert.strictEqual(value, "other")
      assert.deepStrictEqual(calls(), ["0 a/m", "3000 b/m"])
      assert.strictEqual(at, 3_000)
    }).pipe(layer())
  )

  it.effect("the retry whose timer would end with the time of the visit is not made", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf([[fault()]], [["other"]])
      yield* play(Failover.complete(chain, "q"))
      // A visit of 500 ms, and a delay of 499.5 ms, for which a timer needs 500 ms.
      assert.deepStrictEqual(calls(), ["0 a/m", "0 b/m"])
    }).pipe(layer({ deadline: "1 second", retries: { times: 1, backoff: [999] } }))
  )

  it.effect("the retry whose timer is late, so that the time of the visit is over", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf([[fault()]], [["other"]])
      const clock = yield* Clock.Clock
      const late: Clock.Clock = {
        currentTimeMillis: clock.currentTimeMillis,
        currentTimeNanos: clock.currentTimeNanos,
        monotonicTimeNanos: clock.monotonicTimeNanos,
        currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe(),
        currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe(),
        monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
        sleep: (duration) => clock.sleep(Duration.millis(Duration.toMillis(duration) + 20))
      }
      const { value } = yield* play(Effect.provideService(Failover.complete(chain, "q"), Clock.Clock, late))
      assert.strictEqual(value, "other")
      // The retry was due after 490 ms of a visit of 500 ms.
      assert.deepStrictEqual(calls(), ["0 a/m", "510 b/m"])
    }).pipe(layer({ deadline: "1 second", retries: { times: 1, backoff: [980] } }))
  )

  it.effect("the wait that would use up the fallback's time is not made", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf([[throttle("2 seconds")]], [["other"]])
      yield* play(Failover.complete(chain, "q", { deadline: "4 seconds" }))
      assert.deepStrictEqual(calls(), ["0 a/m", "0 b/m"])
    }).pipe(layer())
  )

  it.effect("nothing, when the later targets are benched: then the target has all the time", () =>
    Effect.gen(function* () {
      const { chain } = chainOf([[{ wait: "7 seconds" }, "slow"]], [["never asked"]])
      yield* (yield* BenchRegistry).bench("b")
      const { value } = yield* play(Failover.complete(chain, "q", { deadline: "8 seconds" }))
      assert.strictEqual(value, "slow")
    }).pipe(layer())
  )

  it.effect("nothing, when the prompt is too long for what is behind", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", (target) =>
        target.model === "short" ? [[tooLong({ limit: 100 })]] : [[{ wait: "7 seconds" }, "slow"]]
      )
      const small = Model.make(a, "small", { contextWindow: 50 })
      const chain = Chain.make(Model.make(a, "short"), Model.make(a, "long"), small)
      const { value } = yield* play(Failover.complete(chain, "q", { deadline: "8 seconds" }))
      assert.strictEqual(value, "slow")
    }).pipe(layer())
  )

  it.effect("no attempts: with many retries the fallback still has its turn, as one more", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf([[fault()]], [["other"]])
      const { value } = yield* play(Failover.complete(chain, "q", { attempts: 4 }))
      assert.strictEqual(value, "other")
      assert.deepStrictEqual(
        calls().map((call) => call.slice(-3)),
        ["a/m", "a/m", "a/m", "a/m", "b/m"]
      )
    }).pipe(layer({ retries: { times: 50 } }))
  )

  it.effect("a move, when all attempts are used up and another target has not been tried", () =>
    Effect.gen(function* () {
      for (const attempts of [2, 3]) {
        const { chain } = chainOf([[fault()]], [["other"]])
        const { value } = yield* play(Failover.complete(chain, "q", { attempts }))
        assert.strictEqual(value, "other", `with ${attempts} attempts`)
      }
    }).pipe(layer())
  )

  it.effect("a move, after a wait for a throttle has used up the attempts", () =>
    Effect.gen(function* () {
      const { chain } = chainOf([[throttle("1 second")]], [["other"]])
      const { value } = yield* play(Failover.complete(chain, "q", { attempts: 2 }))
      assert.strictEqual(value, "other")
    }).pipe(layer())
  )

  it.effect("no time for keys at the same place, to which no silence leads", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[{ wait: "8 seconds" }, "slow"]], {
        credentials: [Credential.make("one"), Credential.make("two")]
      })
      const { value } = yield* play(
        Failover.complete(Chain.make(Model.make(a, "m")), "q", { deadline: "10 seconds" })
      )
      assert.strictEqual(value, "slow")
    }).pipe(layer())
  )

  it.effect("time for a key elsewhere, unless it is benched", () =>
    Effect.gen(function* () {
      const credentials = [
        Credential.make("one"),
        Credential.make("far", { baseUrl: "https://far" })
      ] as const
      const a = Scripted.make(
        "a",
        (target) => (target.credential.name === "one" ? [[{ wait: "8 seconds" }, "slow"]] : [["far"]]),
        { credentials }
      )
      const ask = Failover.complete(Chain.make(Model.make(a, "m")), "q", { deadline: "10 seconds" })
      const free = yield* play(ask, { within: "10 seconds" })
      assert.deepStrictEqual([free.value, free.took], ["far", 5_000])
      yield* (yield* BenchRegistry).bench("a#far")
      const alone = yield* play(ask, { within: "10 seconds" })
      assert.deepStrictEqual([alone.value, alone.took], ["slow", 8_000])
    }).pipe(layer())
  )

  it.effect("as much as the policy sets", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf(hang, [["other"]])
      yield* play(Failover.complete(chain, "q", { deadline: "10 seconds" }))
      assert.deepStrictEqual(calls(), ["0 a/m", "7500 b/m"])
    }).pipe(layer({ fallbackReserve: 0.25 }))
  )
})
