import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { TestClock } from "effect/testing"
import { BenchRegistry, Chain, Credential, Failover, Failure, Model } from "../../src/index.ts"
import { Scripted } from "../../src/testing/index.ts"

const seen = Effect.fnUntraced(function* (chain: ReturnType<typeof chainOf>) {
  const failover = yield* Failover.Failover
  return (yield* failover.explain(chain)).map(({ state, target }) => `${target.key} ${state}`)
})

const a = () =>
  Scripted.make("a", [[new Failure.RateLimit({ message: "slow down" })]], {
    credentials: [Credential.make("one"), Credential.make("two"), Credential.make("off", { enabled: false })]
  })
const chainOf = (provider: ReturnType<typeof a>) =>
  Chain.make(Model.make(provider, "m"), Model.make(Scripted.make("b", [["hello"]]), "m"))

describe("explaining a chain", () => {
  it.effect("names every enabled target in the order it would be tried", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* seen(chainOf(a())), [
        "a/m#one callable",
        "a/m#two callable",
        "b/m#default callable"
      ])
    }).pipe(Effect.provide(Failover.layer()))
  )

  it.effect("shows an end that is later than any date", () =>
    Effect.gen(function* () {
      const failover = yield* Failover.Failover
      const registry = yield* BenchRegistry.BenchRegistry
      yield* registry.bench("b", { for: "1000000000 days" })
      const [, , last] = yield* failover.explain(chainOf(a()))
      assert.strictEqual(last?.clears, "taking b off the bench by hand (+275760-09-13T00:00:00.000Z)")
    }).pipe(Effect.provide(Failover.layer()))
  )

  it.effect("shows what is benched and until when, and what would be probed", () =>
    Effect.gen(function* () {
      const failover = yield* Failover.Failover
      const registry = yield* BenchRegistry.BenchRegistry
      const chain = chainOf(a())
      yield* failover.complete(chain, "")
      yield* registry.bench("b", { reason: "maintenance" })
      assert.deepStrictEqual(yield* seen(chain), ["a/m#one resting", "a/m#two resting", "b/m#default manual"])
      const [first, , last] = yield* failover.explain(chain)
      assert.strictEqual(
        first?.clears,
        "a probe of a/m#one after 1970-01-01T00:00:05.000Z, or taking it off the bench by hand"
      )
      assert.strictEqual(last?.clears, "taking b off the bench by hand (no end of its own)")
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(yield* seen(chain), ["a/m#one probe", "a/m#two probe", "b/m#default manual"])
    }).pipe(Effect.provide(Failover.layer()))
  )
})
