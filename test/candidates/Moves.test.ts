/** Moves to targets that were not tried yet. The attempt budget does not limit them. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type * as Failure from "../../src/failure/Failure.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { layer } from "../support/chains.ts"
import { dead, fault, play } from "../support/engine.ts"

const asks = {
  complete: (chain: Chain.Chain<Scripted.Scripted>) => Failover.complete(chain, "q"),
  stream: (chain: Chain.Chain<Scripted.Scripted>) =>
    Stream.runFold(
      Failover.stream(chain, "q"),
      () => "",
      (all, part) => all + part.text
    )
}

/** This many models that always fail in this way, before one that answers. */
const behind = (count: number, failure: Failure.Failure) => {
  const failing = Array.from({ length: count }, (_, i) => Scripted.make(`dead${i}`, [[failure]]))
  const chain = Chain.fromLinks(
    [...failing, Scripted.make("alive", [["fine"]])].map((provider) => Model.make(provider, "m"))
  )
  return { chain, failing }
}

for (const [kind, ask] of Object.entries(asks)) {
  describe(`a request for a ${kind === "stream" ? "stream" : "whole answer"}`, () => {
    it.effect("reaches the ninth model although the eight before it are dead and are probed by it", () =>
      Effect.gen(function* () {
        const { chain, failing } = behind(8, fault())
        for (let i = 0; i < 50; i++) {
          const { value } = yield* play(ask(chain), { within: "40 seconds" })
          assert.strictEqual(value, "fine", `request ${i}`)
        }
        for (const { calls } of failing)
          assert.isAtMost(calls.length, 3 + 50, "three calls at most, then one probe each")
      }).pipe(layer({}, 0.2))
    )

    it.effect("reaches the fallback at once when ten keys belong to one unpaid account", () =>
      Effect.gen(function* () {
        const [first, ...rest] = Array.from({ length: 10 }, (_, i) => Credential.make(`key${i}`))
        const unpaid = Scripted.make("unpaid", [[dead("Balance")]], { credentials: [first!, ...rest] })
        const paid = Scripted.make("paid", [["fine"]])
        const { at, value } = yield* play(ask(Chain.make(Model.make(unpaid, "m"), Model.make(paid, "m"))))
        assert.strictEqual(value, "fine")
        assert.strictEqual(at, 0)
        assert.strictEqual(unpaid.calls.length, 10)
      }).pipe(layer())
    )

    it.effect(
      "reaches the fiftieth model with a single attempt allowed, without asking any of them twice",
      () =>
        Effect.gen(function* () {
          const { chain, failing } = behind(49, fault("ServerError"))
          const { value } = yield* play(ask(Chain.withPolicy(chain, { attempts: 1 })))
          assert.strictEqual(value, "fine")
          for (const { calls } of failing) assert.strictEqual(calls.length, 1)
        }).pipe(layer())
    )
  })
}

describe("the number of targets that a request may call", () => {
  it.effect("has no bound by default and may be given one", () =>
    Effect.gen(function* () {
      const { chain, failing } = behind(6, dead())
      const { error } = yield* play(Failover.complete(Chain.withPolicy(chain, { targets: 3 }), "q"))
      assert(error?._tag === "ChainExhausted")
      assert.deepStrictEqual(
        failing.map(({ calls }) => calls.length),
        [1, 1, 1, 0, 0, 0]
      )
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* play(Failover.complete(chain, "q"))).value, "fine")
    }).pipe(layer())
  )
})
