/** Targets that a run leaves because it may not call them again, or may call no other one: what is benched, and where the run goes. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type { FailoverEvent } from "../../src/events/FailoverEvent.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { chainOf, layer } from "../support/chains.ts"
import { benches, dead, fault, play } from "../support/engine.ts"

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
  it.effect("do not count against a target that has none left because others used them up", () =>
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

describe("a retry for which there is no time", () => {
  const late = { retries: { times: 1, backoff: ["1 minute"] }, deadline: "20 seconds" } as const

  it.effect("is made after half of the remaining time if there is no other target", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf([[fault("ServerError")], ["fine"]])
      const { took, value } = yield* play(Failover.complete(chain, "q"))
      assert.deepStrictEqual([value, took, calls()], ["fine", 10_000, ["0 a/m", "10000 a/m"]])
    }).pipe(layer(late))
  )

  it.effect("is not made before the end of a wait that the provider named", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf([[fault("ServerError", 18_000)], ["fine"]])
      const { took, value } = yield* play(Failover.complete(chain, "q"))
      assert.deepStrictEqual([value, took, calls()], ["fine", 18_000, ["0 a/m", "18000 a/m"]])
    }).pipe(layer({ ...late, maxWait: "20 seconds" }))
  )

  it.effect("is not made at all if the provider named a wait beyond the deadline", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf([[fault("ServerError", 20_000)]])
      const { error, took } = yield* play(Failover.complete(chain, "q"))
      assert.deepStrictEqual([error?._tag, took, calls()], ["ChainExhausted", 0, ["0 a/m"]])
    }).pipe(layer({ ...late, maxWait: "20 seconds" }))
  )

  it.effect("ends it as well if the rule stops", () =>
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
