/** When all targets of the chain are benched: try anyway, wait, or fail. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as TestClock from "effect/testing/TestClock"
import * as Backend from "../../src/domain/Backend.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type { FailoverEvent } from "../../src/events/FailoverEvent.ts"
import type * as Failure from "../../src/failure/Failure.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { calls, dead, fault, play, refusal, throttle } from "../support/engine.ts"

const runtime = Failover.layer()

/** Two providers; `a` is benched for a minute, `b` for half a minute. Neither has answered yet. */
const benched = Effect.fnUntraced(function* (
  a: Scripted.Call<string, Scripted.Part>,
  b: Scripted.Call<string, Scripted.Part>
) {
  const first = Scripted.make("a", [[throttle("60 seconds")], a])
  const second = Scripted.make("b", [[throttle("30 seconds")], b])
  const chain = Chain.make(Model.make(first, "m"), Model.make(second, "m"))
  yield* Effect.exit(Failover.complete(chain, "before"))
  return { chain, calls: () => calls(since(first), since(second)) }
})

/** A provider whose first call is left out of its record. */
const since = (provider: Scripted.Scripted): Scripted.Scripted => ({
  ...provider,
  calls: provider.calls.slice(1)
})

describe("with `wait`, a request to two targets that fail for 20 s", () => {
  for (const [reason, took] of [
    ["Timeout", 100],
    ["Timeout", 5_000],
    ["ServerError", 5_000]
  ] as const)
    for (const callers of [1, 20])
      it.effect(`is answered when they have recovered: ${callers} with ${reason} after ${took} ms`, () =>
        Effect.gen(function* () {
          const chain = Chain.make(Backend.make("a", {}).model("m"), Backend.make("b", {}).model("m"))
          const call = Effect.gen(function* () {
            if ((yield* Clock.currentTimeMillis) >= 20_000) return "fine"
            yield* Effect.sleep(took)
            return yield* Effect.fail(fault(reason))
          })
          const ask = Effect.exit(Failover.use(chain, () => call))
          const all = Effect.all(
            Array.from({ length: callers }, () => ask),
            { concurrency: "unbounded" }
          )
          const { value } = yield* play(all, { within: "2 minutes" })
          assert.isTrue(value?.every(Exit.isSuccess))
        }).pipe(
          Effect.provide(Failover.layer({ policy: { deadline: "100 seconds", whenAllBenched: "wait" } }))
        )
      )
})

describe("by default, when everything is benched,", () => {
  it.effect("the target with the soonest end is tried anyway", () =>
    Effect.gen(function* () {
      const { calls, chain } = yield* benched(["a"], ["b"])
      const { at, benches, value } = yield* play(Failover.complete(chain, "q"))
      assert.strictEqual(value, "b")
      assert.strictEqual(at, 0)
      assert.deepStrictEqual(calls(), ["0 b/m"])
      assert.deepStrictEqual(benches, ["a/m RateLimit 60000"], "its answer ends its rest")
    }).pipe(Effect.provide(runtime))
  )

  it.effect("the first in the chain is tried among those with the same end", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[throttle("30 seconds")], ["a"]])
      const b = Scripted.make("b", [[throttle("30 seconds")], ["b"]])
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      yield* Effect.exit(Failover.complete(chain, "before"))
      assert.strictEqual(yield* Failover.complete(chain, "q"), "a")
    }).pipe(Effect.provide(runtime))
  )

  it.effect(
    "the next one is tried when it fails: no request is lost to a cooldown that is no longer needed",
    () =>
      Effect.gen(function* () {
        const { calls, chain } = yield* benched(["a"], [fault()])
        const { value } = yield* play(Failover.complete(chain, "q"))
        assert.strictEqual(value, "a")
        assert.deepStrictEqual(calls(), ["0 a/m", "0 b/m"])
      }).pipe(Effect.provide(runtime))
  )

  it.effect("each is tried once only, and the failure of the last is the end", () =>
    Effect.gen(function* () {
      const { calls, chain } = yield* benched([fault()], [fault()])
      const { benches, error } = yield* play(Failover.complete(chain, "q"))
      assert(error?._tag === "ChainExhausted")
      assert.strictEqual(error.retryAt, 30_000)
      assert.deepStrictEqual(calls(), ["0 a/m", "0 b/m"])
      assert.deepStrictEqual(benches, ["a/m Overloaded 60000", "b/m Overloaded 30000"], "the later end stays")
    }).pipe(Effect.provide(runtime))
  )

  it.effect("its refusal of the request is returned to the caller", () =>
    Effect.gen(function* () {
      const refused = refusal()
      const { chain } = yield* benched(["a"], [refused])
      const { error } = yield* play(Failover.complete(chain, "q"))
      assert.strictEqual<unknown>(error, refused)
    }).pipe(Effect.provide(runtime))
  )

  it.effect("however many last attempts fail, the probe comes when the cooldown has ended", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[fault("ServerError")]])
      const policy = { rules: { ServerError: { retry: "never" } } } as const
      const chain = Chain.withPolicy(Chain.make(Model.make(a, "m")), policy)
      const probes: Array<number> = []
      const observer = (event: FailoverEvent) => {
        if (event._tag === "AttemptStarted" && event.probe) probes.push(event.at)
      }
      for (let i = 0; i < 40; i++) {
        yield* Effect.exit(Failover.complete(chain, "q", { observer }))
        yield* TestClock.adjust("1 second")
      }
      assert.deepStrictEqual(probes, [5_000, 15_000, 30_000], "after 5 s, 10 s and 15 s")
    }).pipe(Effect.provide(runtime))
  )

  it.effect("no target that is benched by hand is tried", () =>
    Effect.gen(function* () {
      const registry = yield* BenchRegistry
      const { calls, chain } = yield* benched(["a"], ["b"])
      yield* registry.bench("b/m", { for: "10 seconds", reason: "maintenance" })
      assert.strictEqual((yield* play(Failover.complete(chain, "q"), { within: 0 })).value, "a")
      yield* registry.bench("a")
      const { error } = yield* play(Failover.complete(chain, "q"), { within: 0 })
      assert.strictEqual(error?._tag, "AllBenched")
      assert.deepStrictEqual(calls(), ["0 a/m"])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("a bench by hand that ends within maxWait is awaited, for a crowd as well", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [["fine"]])
      const chain = Chain.make(Model.make(a, "m"))
      yield* (yield* BenchRegistry).bench("a/m", { for: "2 seconds" })
      const crowd = Effect.all(
        Array.from({ length: 20 }, () => Failover.complete(chain, "q")),
        { concurrency: "unbounded" }
      )
      const { error, value } = yield* play(crowd, { within: "4 seconds" })
      assert.isUndefined(error)
      assert.strictEqual(value?.length, 20)
      assert.isAtLeast(a.calls[0]!.at, 2_000)
    }).pipe(Effect.provide(runtime))
  )

  it.effect(
    "a bench by hand that lasts longer fails the request at once; one that is lifted admits the waiting requests",
    () =>
      Effect.gen(function* () {
        const a = Scripted.make("a", [["fine"]])
        const chain = Chain.make(Model.make(a, "m"))
        const registry = yield* BenchRegistry
        yield* registry.bench("a/m", { for: "2900 millis" })
        const waiting = Effect.all(
          [Failover.complete(chain, "q"), Effect.delay(registry.unbench("a/m"), "500 millis")],
          { concurrency: "unbounded" }
        )
        const { at, value } = yield* play(waiting, { within: "4 seconds" })
        assert.strictEqual(value?.[0], "fine")
        assert.isAtMost(at, 1_000)
        yield* registry.bench("a/m")
        const { error, took } = yield* play(Failover.complete(chain, "q"), { within: 0 })
        assert.strictEqual(error?._tag, "AllBenched")
        assert.strictEqual(took, 0)
      }).pipe(Effect.provide(runtime))
  )

  it.effect("a bench by hand is kept if another one lasts longer", () =>
    Effect.gen(function* () {
      const registry = yield* BenchRegistry
      const { calls, chain } = yield* benched(["a"], ["b"])
      yield* registry.bench("a", { for: "10 seconds" })
      yield* registry.bench("b", { for: "10 seconds" })
      const { error } = yield* play(Failover.complete(chain, "q"), { within: 0 })
      assert.strictEqual(error?._tag, "AllBenched")
      assert.deepStrictEqual(calls(), [])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("a free target is preferred, however late its place in the chain", () =>
    Effect.gen(function* () {
      const { calls, chain } = yield* benched(["a"], ["b"])
      const c = Scripted.make("c", [["free"]])
      const { value } = yield* play(Failover.complete(Chain.make(chain, Model.make(c, "m")), "q"))
      assert.strictEqual(value, "free")
      assert.deepStrictEqual(calls(), [])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("what was tried in this request already is not tried anyway", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[dead()]])
      const { error } = yield* play(Failover.complete(Chain.make(Model.make(a, "m")), "q"))
      assert.strictEqual(error?._tag, "ChainExhausted")
      assert.strictEqual(a.calls.length, 1)
    }).pipe(Effect.provide(runtime))
  )
})

describe("with whenAllBenched: wait", () => {
  it.effect("the request waits for the soonest end", () =>
    Effect.gen(function* () {
      const { calls, chain } = yield* benched(["a"], ["b"])
      const { at, value } = yield* play(Failover.complete(chain, "q", { whenAllBenched: "wait" }))
      assert.strictEqual(value, "b")
      assert.strictEqual(at, 30_000)
      assert.deepStrictEqual(calls(), ["30000 b/m"])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("it waits on when that target is still throttled, until the attempts are used up", () =>
    Effect.gen(function* () {
      const { calls, chain } = yield* benched([dead()], [throttle("20 seconds")])
      const { at, error } = yield* play(
        Failover.complete(chain, "q", { whenAllBenched: "wait", attempts: 2 })
      )
      assert.strictEqual(error?._tag, "ChainExhausted")
      assert.deepStrictEqual(calls(), ["30000 b/m", "50000 b/m", "60000 a/m"])
      assert.strictEqual(at, 60_000)
    }).pipe(Effect.provide(runtime))
  )

  it.effect("it waits for no end that comes after the deadline", () =>
    Effect.gen(function* () {
      const { calls, chain } = yield* benched(["a"], ["b"])
      const { at, error } = yield* play(
        Failover.complete(chain, "q", { whenAllBenched: "wait", deadline: "30 seconds" })
      )
      assert(error?._tag === "AllBenched")
      assert.strictEqual(at, 0)
      assert.strictEqual(error.retryAt, 30_000)
      assert.deepStrictEqual(calls(), [])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("it does not wait for a bench by hand without an end", () =>
    Effect.gen(function* () {
      const registry = yield* BenchRegistry
      yield* registry.bench("a")
      const a = Scripted.make("a", [["fine"]])
      const chain = Chain.make(Model.make(a, "m"))
      const { at, error } = yield* play(Failover.complete(chain, "q", { whenAllBenched: "wait" }))
      assert(error?._tag === "AllBenched")
      assert.isUndefined(error.retryAt)
      assert.strictEqual(at, 0)
    }).pipe(Effect.provide(runtime))
  )

  it.effect("it waits for the end that a person named", () =>
    Effect.gen(function* () {
      const registry = yield* BenchRegistry
      yield* registry.bench("a", { for: "1 minute" })
      const a = Scripted.make("a", [["fine"]])
      const chain = Chain.make(Model.make(a, "m"))
      const { at, value } = yield* play(Failover.complete(chain, "q", { whenAllBenched: "wait" }))
      assert.strictEqual(value, "fine")
      assert.strictEqual(at, 60_000)
    }).pipe(Effect.provide(runtime))
  )

  it.effect("it waits for both when a bench by hand is followed by the target's own cooldown", () =>
    Effect.gen(function* () {
      const registry = yield* BenchRegistry
      const { calls, chain } = yield* benched(["a"], ["b"])
      yield* registry.bench("a", { for: "70 seconds" })
      yield* registry.bench("b", { for: "10 seconds" })
      const { value } = yield* play(Failover.complete(chain, "q", { whenAllBenched: "wait" }))
      assert.strictEqual(value, "b")
      assert.deepStrictEqual(calls(), ["30000 b/m"])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("it waits while another request's probe is under way, and goes on soon after", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[throttle("5 seconds")], [{ wait: "3 seconds" }, "probe"], ["fine"]])
      const chain = Chain.withPolicy(Chain.make(Model.make(a, "m")), { maxWait: 0, whenAllBenched: "wait" })
      const both = Effect.all([Failover.complete(chain, "1"), Failover.complete(chain, "2")], {
        concurrency: 2
      })
      const { at, value } = yield* play(both)
      assert.deepStrictEqual(value, ["probe", "fine"])
      assert.isAtLeast(at, 8_000)
      assert.isAtMost(at, 8_250)
      assert.strictEqual(a.calls.length, 3)
    }).pipe(Effect.provide(runtime))
  )
})

describe("with whenAllBenched: fail", () => {
  it.effect("the request fails at once with each benched key, the reason and the end", () =>
    Effect.gen(function* () {
      const registry = yield* BenchRegistry
      const { calls, chain } = yield* benched(["a"], ["b"])
      yield* registry.bench("c", { reason: "maintenance" })
      const c = Scripted.make("c", [["never"]], {
        credentials: [Credential.make("one"), Credential.make("two")]
      })
      const { error } = yield* play(
        Failover.complete(Chain.make(chain, Model.make(c, "m")), "q", { whenAllBenched: "fail" })
      )
      assert(error?._tag === "AllBenched")
      assert.deepStrictEqual(
        error.benches.map(({ key, reason, until }) => [key, reason, until] as const),
        [
          ["a/m#default", "RateLimit", 60_000],
          ["b/m#default", "RateLimit", 30_000],
          ["c", "Manual", undefined]
        ]
      )
      assert.strictEqual(error.retryAt, 30_000)
      assert.deepStrictEqual(calls(), [])
      assert.deepStrictEqual(c.calls, [])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("a chain without one enabled key fails the same way", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [["never"]], {
        credentials: [Credential.make("one", { enabled: false })]
      })
      const { error } = yield* play(Failover.complete(Chain.make(Model.make(a, "m")), "q"))
      assert(error?._tag === "AllBenched")
      assert.deepStrictEqual(error.benches, [])
      assert.deepStrictEqual(a.calls, [])
    }).pipe(Effect.provide(runtime))
  )
})

describe("the soonest time at which trying again makes sense", () => {
  const retryAt = (script: ReadonlyArray<Failure.Failure>) =>
    Effect.gen(function* () {
      const models = script.map((failure, i) => Model.make(Scripted.make(`p${i}`, [[failure]]), "m"))
      const { error } = yield* play(Failover.complete(Chain.fromLinks(models), "q"))
      return error?._tag === "ChainExhausted" ? error.retryAt : "no"
    }).pipe(Effect.provide(runtime))

  it.effect("is the soonest end of all cooldowns", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* retryAt([throttle("50 seconds"), throttle("20 seconds"), dead()]), 20_000)
    })
  )

  it.effect("is absent when one of the targets is free", () =>
    Effect.gen(function* () {
      assert.isUndefined(yield* retryAt([throttle("50 seconds"), fault("Unknown")]))
    })
  )
})

describe("a request that waits for the end of a bench by hand and for room under a limit", () => {
  for (const whenAllBenched of ["wait", "tryAnyway"] as const) {
    it.effect(`goes on waiting for the bench when the other target fails meanwhile (${whenAllBenched})`, () =>
      Effect.gen(function* () {
        const keys = [Credential.make("key", { rpm: 60 })] as const
        const limited = Scripted.make("a", [["a"]], { credentials: keys })
        const other = Scripted.make("b", [["b"]])
        const chain = Chain.make(Model.make(limited, "m"), Model.make(other, "m"))
        for (let i = 0; i < 60; i++) yield* Failover.complete(chain, "before")
        const registry = yield* BenchRegistry
        yield* registry.bench("b", { for: "2 seconds" })
        yield* Effect.forkChild(Effect.delay(registry.bench("a", { for: "1 minute" }), 500))
        const { at, value } = yield* play(Failover.complete(chain, "q", { whenAllBenched }))
        assert.strictEqual(value, "b")
        assert.strictEqual(at, 2_000)
      }).pipe(Effect.provide(runtime))
    )
  }
})
