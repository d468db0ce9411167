/** Attempts that take too long, and callers that leave meanwhile. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type { Failure } from "../../src/failure/Failure.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { chainOf, hang, layer } from "../support/chains.ts"
import { benches, fault, play, throttle } from "../support/engine.ts"
import { observed, only } from "../support/observed.ts"

type Options = Failover.CallOptions

const asks = {
  effect: (chain: Chain.Chain<Scripted.Scripted>, options: Options = {}) =>
    Failover.complete(chain, "q", options),
  stream: (chain: Chain.Chain<Scripted.Scripted>, options: Options = {}) =>
    Stream.runDrain(Failover.stream(chain, "q", options))
}

const saying = (failure: Failure | undefined) =>
  failure?._tag === "Transient" ? `${failure.reason}: ${failure.message} (${failure.evidence})` : undefined

for (const [kind, ask] of Object.entries(asks)) {
  const what = kind === "stream" ? "no content in time" : "no answer in time"

  describe(`an attempt that takes too long (${kind})`, () => {
    it.effect("names the limit and its scope: the target's timeout, or the time of the request", () =>
      Effect.gen(function* () {
        const { events, observer } = observed()
        const { chain } = chainOf(hang, hang)
        const { error } = yield* play(ask(chain, { observer, deadline: "5 seconds" }))
        assert(error !== undefined && error._tag === "DeadlineExceeded")
        assert.strictEqual(error.attempts.length, 2)
        const failed = only(events, "AttemptFailed")
        assert.deepStrictEqual(
          failed.map(({ action, at, cutOff, failure }) => [at, saying(failure), action, cutOff]),
          [
            [3_000, `Timeout: ${what} (timeout)`, { _tag: "Next", model: "b/m" }, undefined],
            [5_000, `Timeout: ${what} (the request's time)`, { _tag: "Stop" }, true]
          ]
        )
      }).pipe(
        layer({
          timeouts: { answer: "3 seconds", firstContent: "3 seconds" },
          fallbackReserve: 0
        })
      )
    )

    it.effect(
      "for its share of the request's time is over: the run goes on to the next target and does not come back",
      () =>
        Effect.gen(function* () {
          const { events, observer } = observed()
          const { calls, chain, open } = chainOf(hang, [[{ wait: "1 second" }, fault()]], [["fine"]])
          yield* play(ask(chain, { observer, deadline: "20 seconds" }))
          const [first] = only(events, "AttemptFailed")
          assert.strictEqual(saying(first?.failure), `Timeout: ${what} (the request's time)`)
          assert.deepStrictEqual(first?.action, { _tag: "Next", model: "b/m" })
          assert.deepStrictEqual(calls(), ["0 a/m", "10000 b/m", "11000 c/m"])
          assert.strictEqual(open(), 0)
        }).pipe(layer({ retries: { times: 0 } }))
    )

    it.effect("for its share of the time is not repeated with another key of the same place", () =>
      Effect.gen(function* () {
        const a = Scripted.make("a", hang, { credentials: [Credential.make("k1"), Credential.make("k2")] })
        const b = Scripted.make("b", [["fine"]])
        const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
        yield* play(ask(chain, { deadline: "20 seconds" }))
        assert.lengthOf(a.calls, 1)
        assert.lengthOf(b.calls, 1)
      }).pipe(layer())
    )

    it.effect("and is a probe gives the slot back: the next request probes in the same moment", () =>
      Effect.gen(function* () {
        const { calls, chain } = chainOf([[throttle("5 seconds")], [{ hang: true }], ["fine"]])
        yield* Effect.exit(ask(chain, { whenAllBenched: "fail" }))
        yield* TestClock.adjust("4 seconds")
        const short = yield* Effect.forkChild(Effect.exit(ask(chain, { deadline: "3 seconds" })))
        yield* Effect.yieldNow
        yield* play(ask(chain))
        yield* Fiber.join(short)
        assert.deepStrictEqual(calls(), ["0 a/m", "5000 a/m", "7000 a/m"])
      }).pipe(layer({ whenAllBenched: "wait" }))
    )

    it.effect("is reported as a failure of the target when callers keep giving it up", () =>
      Effect.gen(function* () {
        const { events, observer } = observed()
        const { chain } = chainOf(hang)
        for (let i = 0; i < 3; i++) {
          yield* play(Effect.exit(Effect.timeout(ask(chain, { observer }), "8 seconds")), {
            within: "8 seconds"
          })
        }
        const said = "Timeout: no answer before its callers gave up (several callers in a row)"
        assert.deepStrictEqual(
          only(events, "RunInterrupted").map(({ failure }) => saying(failure)),
          [undefined, undefined, said]
        )
        assert.lengthOf(yield* benches, 1)
      }).pipe(layer())
    )

    it.effect("is such a failure after half of its timeout where that is short", () =>
      Effect.gen(function* () {
        const { chain } = chainOf(hang)
        for (let i = 0; i < 3; i++) {
          yield* play(Effect.exit(Effect.timeout(ask(chain), "150 millis")), { within: "8 seconds" })
        }
        assert.lengthOf(yield* benches, 1)
      }).pipe(
        layer({
          timeouts: {
            answer: kind === "effect" ? "200 millis" : "1 minute",
            firstContent: kind === "stream" ? "200 millis" : "1 minute"
          }
        })
      )
    )
  })

  describe(`a caller that leaves (${kind})`, () => {
    it.effect("during its probe allows the next request to probe at the same moment", () =>
      Effect.gen(function* () {
        const { calls, chain } = chainOf([[throttle("5 seconds")], [{ hang: true }], ["fine"]])
        yield* Effect.exit(ask(chain, { whenAllBenched: "fail" }))
        const first = yield* Effect.forkChild(ask(chain))
        yield* Effect.yieldNow
        const second = yield* Effect.forkChild(ask(chain))
        yield* TestClock.adjust("5100 millis")
        yield* Fiber.interrupt(first)
        yield* TestClock.adjust(0)
        yield* Fiber.join(second)
        assert.deepStrictEqual(calls(), ["0 a/m", "5000 a/m", "5100 a/m"])
      }).pipe(layer({ whenAllBenched: "wait" }))
    )

    it.effect("while two attempts are under way stops both", () =>
      Effect.gen(function* () {
        const { events, observer } = observed()
        const { chain, open } = chainOf(hang, hang)
        yield* play(Effect.exit(Effect.timeout(ask(chain, { observer }), "2 seconds")))
        assert.strictEqual(open(), 0)
        assert.deepStrictEqual(
          only(events, "AttemptDropped").map(({ hedge, target }) => [target.provider, hedge]),
          [["b", true]]
        )
      }).pipe(layer({ hedge: { after: "1 second", share: 1, to: "chain" } }))
    )
  })
}
