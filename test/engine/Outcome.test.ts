/** Answers, and attempts that their hedge beat, as the observer and the next requests see them. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import * as Commit from "../../src/policy/Commit.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { chainOf, layer } from "../support/chains.ts"
import { benches, fault, play, throttle } from "../support/engine.ts"
import { observed, only } from "../support/observed.ts"

const complete = (chain: Chain.Chain<Scripted.Scripted>, options: Failover.CallOptions = {}) =>
  Failover.complete(chain, "q", options)

const drain = (chain: Chain.Chain<Scripted.Scripted>, options: Failover.CallOptions = {}) =>
  Stream.runDrain(Failover.stream(chain, "q", options))

describe("an answer", () => {
  const later = layer({ retries: { times: 2, backoff: ["30 seconds"] }, deadline: "20 seconds" })
  for (const [says, answers, benched] of [
    ["ends the row of visits that had no time for a retry: they bench nothing", true, 0],
    ["is what is missing where such a row benches the target", false, 1]
  ] as const) {
    it.effect(says, () =>
      Effect.gen(function* () {
        const { chain } = chainOf([[fault()], [fault()], [answers ? "fine" : fault()], [fault()]], [["b"]])
        for (let i = 0; i < 4; i++) {
          yield* play(complete(chain), { within: "1 second" })
        }
        assert.lengthOf(yield* benches, benched)
      }).pipe(later)
    )
  }

  it.effect(
    "of a stream that is complete without content is not made, and the rest of the stream is stopped",
    () =>
      Effect.gen(function* () {
        const { calls, chain, open } = chainOf(
          [[Scripted.held("role"), Scripted.complete(), { hang: true }]],
          [["fine"]]
        )
        yield* drain(chain)
        assert.deepStrictEqual(calls(), ["0 a/m", "0 b/m"])
        assert.strictEqual(open(), 0)
      }).pipe(layer({ retries: { times: 0 } }))
  )

  it.effect("is reported with its commit point if it is a stream", () =>
    Effect.gen(function* () {
      const { events, observer } = observed()
      const { chain } = chainOf([["fine"]])
      const commit = Commit.chunks(1)
      yield* complete(chain, { observer })
      yield* drain(chain, { observer, commit })
      assert.deepStrictEqual(
        only(events, "AttemptSucceeded").map((event) => event.commit),
        [undefined, commit]
      )
    }).pipe(layer())
  )

  it.effect("that breaks off after its first content counts as one failed attempt", () =>
    Effect.gen(function* () {
      const { chain } = chainOf([["hel", { wait: "1 second" }, fault()]])
      yield* play(Effect.exit(drain(chain)))
      const [health] = yield* (yield* BenchRegistry).report
      assert.deepStrictEqual([health?.attempts, health?.failures], [1, 1])
    }).pipe(layer())
  )
})

describe("an attempt that loses against its hedge", () => {
  const hedged = { hedge: { after: "1 second", share: 1, to: "chain" } } as const

  /** `a` is benched until 5 s, and hangs when it is probed. `b` answers. */
  const scene = Effect.gen(function* () {
    const a = Scripted.make("a", [[throttle("5 seconds")], [{ hang: true }], ["a"]])
    const b = Scripted.make("b", [["b"]])
    const both = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
    yield* Effect.exit(complete(both))
    return { a, both, alone: Chain.make(Model.make(a, "m")) }
  })

  it.effect("is reported as dropped, and gives the slot back if it was a probe", () =>
    Effect.gen(function* () {
      const { events, observer } = observed()
      const { both } = yield* scene
      yield* TestClock.adjust("5 seconds")
      yield* play(complete(both, { observer }), { within: "2 seconds" })
      assert.deepStrictEqual(
        only(events, "AttemptDropped").map(({ hedge, target }) => [target.provider, hedge]),
        [["a", false]]
      )
      assert.strictEqual(yield* complete(both), "a")
    }).pipe(layer(hedged))
  )

  it.effect("admits a request that waits for its target, at the same moment", () =>
    Effect.gen(function* () {
      const { a, alone, both } = yield* scene
      yield* TestClock.adjust("5 seconds")
      const first = yield* Effect.forkChild(complete(both), { startImmediately: true })
      const { value } = yield* play(complete(alone, { whenAllBenched: "wait" }))
      assert.strictEqual(value, "a")
      assert.strictEqual(yield* Fiber.join(first), "b")
      assert.deepStrictEqual(
        a.calls.map(({ at }) => at),
        [0, 5_000, 6_000]
      )
    }).pipe(layer(hedged))
  )
})
