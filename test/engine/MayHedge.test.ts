/** Whether a hedge is made: its limiter, the budget of hedges and the provider may forbid it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import { layerMemory } from "../../src/health/BenchRegistry.ts"
import type { Limiter } from "../../src/health/Limiter.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { chainOf, layer } from "../support/chains.ts"
import { calls, play } from "../support/engine.ts"

const hedge = { after: "1 second", share: 1, to: "chain" } as const
const slow = (text: string, seconds = 10) => [{ wait: `${seconds} seconds` }, text] as const

describe("a hedge whose limiter is slow", () => {
  const limited = (first: Scripted.Call<string, Scripted.Part>) => {
    const a = Scripted.make("a", [first])
    const b = Scripted.make("b", [["b"]], { credentials: [Credential.make("k", { rpm: 60 })] })
    return { a, b, chain: Chain.make(Model.make(a, "m"), Model.make(b, "m")) }
  }
  const slowly = (allowed: boolean): Limiter => ({
    take: () => Effect.delay(Effect.succeed({ allowed, wait: allowed ? 0 : 1_000 }), "500 millis")
  })
  const runtime = (limiter: Limiter, share = 1) =>
    Effect.provide(Failover.layer({ limiter, policy: { hedge: { ...hedge, share } } }))

  it.effect("is made when that permits it, if the first attempt still has no content", () =>
    Effect.gen(function* () {
      const { a, b, chain } = limited(slow("a"))
      assert.strictEqual((yield* play(Failover.complete(chain, "q"))).value, "b")
      assert.deepStrictEqual(calls(a, b), ["0 a/m", "1500 b/m#k"])
    }).pipe(runtime(slowly(true)))
  )

  it.effect("is not made when that refuses it, or when the first attempt has answered by then", () =>
    Effect.gen(function* () {
      for (const [allowed, seconds] of [
        [false, 10],
        [true, 1.2]
      ] as const) {
        const { b, chain } = limited(slow("a", seconds))
        const run = play(Failover.complete(chain, "q")).pipe(runtime(slowly(allowed)))
        assert.strictEqual((yield* run).value, "a")
        assert.lengthOf(b.calls, 0)
      }
    }).pipe(Effect.provide(layerMemory))
  )

  it.effect("takes nothing from the budget of hedges when it is not made", () =>
    Effect.gen(function* () {
      let isAllowed = false
      const limiter: Limiter = {
        take: () => Effect.sync(() => (isAllowed ? { allowed: true, wait: 0 } : { allowed: false, wait: 1 }))
      }
      const { b, chain } = limited(slow("a", 5))
      yield* Effect.gen(function* () {
        yield* play(Failover.complete(chain, "one"))
        yield* play(Failover.complete(chain, "two"))
        isAllowed = true
        yield* play(Failover.complete(chain, "three"))
      }).pipe(runtime(limiter, 0.5))
      assert.lengthOf(b.calls, 1)
    }).pipe(Effect.provide(layerMemory))
  )
})

describe("the budget of hedges", () => {
  it.effect("gets nothing from requests that may not be hedged", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf([slow("a", 5)], [["b"]])
      for (let i = 0; i < 10; i++) yield* play(Failover.complete(chain, "q", { hedge: false }))
      yield* play(Failover.complete(chain, "q"))
      assert.isTrue(calls().every((call) => call.endsWith("a/m")))
    }).pipe(layer({ hedge: { ...hedge, share: 0.5 } }))
  )
})

describe("a provider that cannot tell whether its requests may be hedged", () => {
  for (const [what, mayHedge, did] of [
    ["throws", () => assert.fail("a bug"), "threw AssertionError"],
    ["says neither", () => "perhaps", "returned neither true nor false"],
    ["is asynchronous", () => Promise.reject("a bug"), "returned neither true nor false"]
  ] as const) {
    it.effect(`because it ${what} forbids it, and is named once`, () =>
      Effect.gen(function* () {
        const warnings: Array<unknown> = []
        const logger = Logger.make(({ message }) => void warnings.push(message))
        const a = { ...Scripted.make("a", [slow("a", 5)]), mayHedge: mayHedge as () => boolean }
        const b = Scripted.make("b", [["b"]])
        const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
        const ask = Effect.provide(Failover.complete(chain, "q"), Logger.layer([logger]))
        assert.strictEqual((yield* play(ask)).value, "a")
        assert.strictEqual((yield* play(ask)).value, "a")
        assert.deepStrictEqual(warnings.flat(), [`mayHedge ${did}; the request is not hedged`])
      }).pipe(layer({ hedge }))
    )
  }
})
