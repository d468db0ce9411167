/** Targets that a run leaves: what that counts for, and when the run comes back. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type { FailoverEvent } from "../../src/events/FailoverEvent.ts"
import type { Failure } from "../../src/failure/Failure.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { chainOf, layer } from "../support/chains.ts"
import { benches, dead, fault, play, refusal, throttle } from "../support/engine.ts"

describe("a request that may call one target", () => {
  it.effect("ends when that fails, and names no next one", () =>
    Effect.gen(function* () {
      const events: Array<FailoverEvent> = []
      const { calls, chain } = chainOf([[dead()]], [["never"]])
      const { error } = yield* play(
        Failover.complete(chain, "q", { observer: (event) => void events.push(event) })
      )
      assert.strictEqual(error?._tag, "ChainExhausted")
      assert.deepStrictEqual(calls(), ["0 a/m"])
      const [failed] = events.filter((event) => event._tag === "AttemptFailed")
      assert.deepStrictEqual(failed?.action, { _tag: "Next" })
    }).pipe(layer({ targets: 1 }))
  )
})

describe("the attempts of a request", () => {
  it.effect("are no evidence against a target that has none left because others used them up", () =>
    Effect.gen(function* () {
      const { chain } = chainOf([[fault()]], [[fault()]])
      yield* play(Effect.exit(Failover.complete(chain, "q", { attempts: 2, whenAllBenched: "fail" })))
      assert.deepStrictEqual(
        (yield* benches).map((bench) => bench.split(" ")[0]),
        ["a/m"]
      )
      const report = yield* (yield* BenchRegistry).report
      assert.deepStrictEqual(
        report.map(({ attempts, failures }) => [attempts, failures]),
        [
          [2, 2],
          [1, 1]
        ]
      )
    }).pipe(layer({ retries: { times: 3, backoff: ["1 second"] } }))
  )

  it.effect("add to the retries that the process may make", () =>
    Effect.gen(function* () {
      const { chain } = chainOf([["fine"]])
      const { retriesLeft } = yield* Failover.Failover
      const before = yield* retriesLeft
      for (let i = 0; i < 100; i++) yield* Failover.complete(chain, "q")
      assert.isAtLeast((yield* retriesLeft) - before, 40)
    }).pipe(layer({}, 0.5))
  )
})

describe("a throttle that another target follows", () => {
  /** Two keys: the first is throttled at first, and the second is dead. */
  const scene = (...first: ReadonlyArray<Failure | string>) => {
    const a = Scripted.make(
      "a",
      ({ credential }) => (credential.name === "k1" ? first.map((step) => [step]) : [[dead()]]),
      { credentials: [Credential.make("k1"), Credential.make("k2")] }
    )
    return { times: () => a.calls.map(({ at }) => at), chain: Chain.make(Model.make(a, "m")) }
  }
  /** The bench does not delay the next call. */
  const resting = { rules: { RateLimit: { rest: null } } } as const

  it.effect("is waited for when that fails", () =>
    Effect.gen(function* () {
      const { chain, times } = scene(throttle("1 second"), "fine")
      const { value } = yield* play(Failover.complete(chain, "q"))
      assert.deepStrictEqual([value, times()], ["fine", [0, 0, 1_000]])
    }).pipe(layer(resting))
  )

  it.effect("is waited for as long as maxWait, and not longer", () =>
    Effect.gen(function* () {
      const { chain, times } = scene(throttle("3001 millis"), "fine")
      const { error, took } = yield* play(Failover.complete(chain, "q"))
      assert.deepStrictEqual([error?._tag, took, times()], ["ChainExhausted", 0, [0, 0]])
    }).pipe(layer({ ...resting, maxWait: "3 seconds" }))
  )

  it.effect("is another thing than an overload, which its own retries wait for", () =>
    Effect.gen(function* () {
      const { chain, times } = scene(fault("Overloaded", "1 second"), "fine")
      const { error, took } = yield* play(Failover.complete(chain, "q"))
      assert.deepStrictEqual([error?._tag, took, times()], ["ChainExhausted", 0, [0, 0]])
    }).pipe(layer({ retries: { times: 0 }, rules: { Overloaded: { rest: null, retry: "never" } } }))
  )

  it.effect("is waited for no longer than maxWait with `wait` either", () =>
    Effect.gen(function* () {
      for (const [wait, value, times] of [
        ["3 seconds", "fine", [0, 0, 3_000]],
        ["3001 millis", undefined, [0, 0]]
      ] as const) {
        const started = yield* Clock.currentTimeMillis
        const { chain, times: called } = scene(throttle(wait), "fine")
        const played = yield* play(Failover.complete(chain, "q"))
        assert.strictEqual(played.value, value)
        assert.deepStrictEqual(
          called().map((at) => at - started),
          [...times]
        )
        yield* (yield* BenchRegistry).unbench("a/m#k2")
      }
    }).pipe(
      layer({
        ...resting,
        maxWait: "3 seconds",
        whenAllBenched: "wait",
        rules: { ...resting.rules, InvalidKey: { rest: null } }
      })
    )
  )

  it.effect("leaves the waits for others as they are: the run comes back to each in its time", () =>
    Effect.gen(function* () {
      const scripts = {
        k1: [[throttle("1 second")], [dead()]],
        k2: [[throttle("2 seconds")], ["fine"]],
        k3: [[dead()]]
      }
      const a = Scripted.make("a", ({ credential }) => scripts[credential.name as "k1"], {
        credentials: [Credential.make("k1"), Credential.make("k2"), Credential.make("k3")]
      })
      const { value } = yield* play(Failover.complete(Chain.make(Model.make(a, "m")), "q"))
      assert.strictEqual(value, "fine")
      assert.deepStrictEqual(
        a.calls.map(({ at }) => at),
        [0, 0, 0, 1_000, 2_000]
      )
    }).pipe(layer())
  )

  it.effect("has the retries of its visit left when the run comes back and meets a fault", () =>
    Effect.gen(function* () {
      const { chain, times } = scene(throttle("500 millis"), fault(), "fine")
      const { value } = yield* play(Failover.complete(chain, "q"))
      assert.strictEqual(value, "fine")
      assert.deepStrictEqual(times(), [0, 0, 500, 1_000])
    }).pipe(layer({ retries: { times: 2, backoff: ["1 second"] } }))
  )

  it.effect("has one retry left when the request has one", () =>
    Effect.gen(function* () {
      const { chain } = scene(throttle("500 millis"), fault(), "fine")
      assert.strictEqual((yield* play(Failover.complete(chain, "q", { attempts: 3 }))).value, "fine")
    }).pipe(layer({ retries: { times: 2, backoff: ["1 second"] } }))
  )

  it.effect("has no retry left when the request has none", () =>
    Effect.gen(function* () {
      const { chain, times } = scene(throttle("500 millis"), fault(), "never")
      const { error } = yield* play(Failover.complete(chain, "q", { attempts: 2 }))
      assert.strictEqual(error?._tag, "ChainExhausted")
      assert.deepStrictEqual(times(), [0, 0, 500])
    }).pipe(layer({ retries: { times: 2, backoff: ["1 second"] } }))
  )
})

describe("a retry that there is no time for", () => {
  const late = { retries: { times: 1, backoff: ["1 minute"] }, deadline: "20 seconds" } as const

  it.effect("ends the request at once where there is no other target", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf([[fault("ServerError")]])
      const { error, took } = yield* play(Failover.complete(chain, "q"))
      assert.deepStrictEqual([error?._tag, took, calls()], ["ChainExhausted", 0, ["0 a/m"]])
    }).pipe(layer(late))
  )

  it.effect("ends it as well where the rule says to stop", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf([[fault("ServerError")]], [["never"]])
      const { error } = yield* play(Failover.complete(chain, "q"))
      assert.deepStrictEqual([error?._tag, calls()], ["ChainExhausted", ["0 a/m"]])
    }).pipe(layer({ ...late, rules: { ServerError: { next: "stop" } } }))
  )
})

describe("a retry that the process may not make now", () => {
  it.effect("is made when another request was answered, if there is no other target", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf([[fault()], [fault()], ["fine"]])
      const both = Effect.all([Failover.complete(chain, "1"), Failover.complete(chain, "2")], {
        concurrency: "unbounded"
      })
      const { took, value } = yield* play(both)
      assert.deepStrictEqual(value, ["fine", "fine"])
      assert.isAtMost(took, 2_500)
      assert.lengthOf(calls(), 4)
    }).pipe(layer({ retries: { times: 1, backoff: ["1 second"] } }, 1e-9))
  )

  it.effect("is not waited for where another target answers", () =>
    Effect.gen(function* () {
      const { chain } = chainOf([[fault()]], [["b"]])
      const crowd = Effect.all(
        [1, 2, 3].map((q) => Failover.complete(chain, q)),
        { concurrency: "unbounded" }
      )
      const { value } = yield* play(crowd)
      assert.deepStrictEqual(value, ["b", "b", "b"])
    }).pipe(layer({ retries: { times: 1, backoff: ["1 second"] } }, 1e-9))
  )
})

describe("a request that waits for several targets", () => {
  it.effect("calls the first in the chain when a later one lets it in, and both are free", () =>
    Effect.gen(function* () {
      const [a, b] = [Scripted.make("a", [["a"]]), Scripted.make("b", [["b"]])]
      const [first, second] = [Model.make(a, "m"), Model.make(b, "m")]
      const registry = yield* BenchRegistry
      yield* registry.bench("a", { for: "1 minute" })
      yield* registry.bench("b", { for: "1 minute" })
      // Its queue looks at the bench every second, from now on.
      const other = yield* Effect.forkChild(Failover.complete(Chain.make(second), "q"), {
        startImmediately: true
      })
      yield* TestClock.adjust("500 millis")
      const asking = yield* Effect.forkChild(Failover.complete(Chain.make(first, second), "q"), {
        startImmediately: true
      })
      yield* registry.unbench("a")
      yield* registry.unbench("b")
      yield* TestClock.adjust("500 millis")
      assert.deepStrictEqual([yield* Fiber.join(asking), yield* Fiber.join(other)], ["a", "b"])
    }).pipe(layer({ whenAllBenched: "wait" }))
  )
})

describe("a chain for refusals by a content filter", () => {
  it.effect("is for no other failure", () =>
    Effect.gen(function* () {
      const special = Scripted.make("special", [["never"]])
      const { chain } = chainOf([[fault("ServerError")]])
      const both = Chain.onContentPolicy(chain, Chain.make(Model.make(special, "m")))
      const { error } = yield* play(Failover.complete(both, "q"))
      assert.strictEqual(error?._tag, "ChainExhausted")
      assert.lengthOf(special.calls, 0)
    }).pipe(layer({ retries: { times: 0 } }))
  )
})

describe("a request that waits for another one's probe", () => {
  it.effect("ends with its deadline", () =>
    Effect.gen(function* () {
      const { chain } = chainOf([[throttle("5 seconds")], [{ hang: true }]])
      yield* Effect.exit(Failover.complete(chain, "q", { whenAllBenched: "fail" }))
      yield* TestClock.adjust("5 seconds")
      const probe = yield* Effect.forkChild(Effect.exit(Failover.complete(chain, "q")), {
        startImmediately: true
      })
      const { error, took } = yield* play(Failover.complete(chain, "q", { deadline: "10 seconds" }))
      assert.deepStrictEqual([error?._tag, took], ["DeadlineExceeded", 10_000])
      yield* Effect.sync(() => probe.interruptUnsafe())
    }).pipe(layer({ whenAllBenched: "wait" }))
  )
})

describe("a hedge whose request can be amended after its refusal", () => {
  it.effect("is made again, amended, when the first attempt fails", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[{ wait: "3 seconds" }, dead()]])
      const b = Scripted.make("b", (_, request) => [request === "q" ? [refusal("MaxTokens")] : ["b"]], {
        withoutTokenCap: <Asked>(request: Asked) => (request === "q" ? ("amended" as Asked) : undefined)
      })
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      const { took, value } = yield* play(Failover.complete(chain, "q"))
      assert.deepStrictEqual([value, took], ["b", 3_000])
    }).pipe(layer({ hedge: { after: "1 second", share: 1, to: "chain" } }))
  )
})
