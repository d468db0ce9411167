import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
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

  it.effect("names what ends a probe under way, and what the next request would probe", () =>
    Effect.gen(function* () {
      const failover = yield* Failover.Failover
      const slow = Scripted.make("s", [
        [new Failure.AuthDead({ reason: "InvalidKey", message: "no" })],
        [{ wait: "10 seconds" }, "hello"]
      ])
      const chain = Chain.make(Model.make(slow, "m"))
      yield* Effect.exit(failover.complete(chain, ""))
      yield* TestClock.adjust("6 minutes")
      const clears = Effect.map(failover.explain(chain), ([first]) => [first?.state, first?.clears])
      assert.deepStrictEqual(yield* clears, ["probe", "the next request to it is a probe of s#default"])
      const probe = yield* Effect.forkChild(failover.complete(chain, ""), { startImmediately: true })
      assert.deepStrictEqual(yield* clears, ["probing", "the probe of s#default that is under way"])
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.join(probe)
      assert.deepStrictEqual(yield* clears, ["callable", undefined])
    }).pipe(Effect.provide(Failover.layer()))
  )

  it.effect("names the time at which a credential over its own limit may send again", () =>
    Effect.gen(function* () {
      const failover = yield* Failover.Failover
      const limited = Scripted.make("l", [["hello"]], { credentials: [Credential.make("k", { rpm: 1 })] })
      const chain = Chain.make(Model.make(limited, "m"))
      yield* failover.complete(chain, "")
      const [only] = yield* failover.explain(chain)
      assert.deepStrictEqual(
        [only?.state, only?.clears],
        ["limited", "time: the limit of l#k allows for the next request at 1970-01-01T00:01:00.000Z"]
      )
    }).pipe(Effect.provide(Failover.layer()))
  )

  it.effect("shows a learned limit and its use, also at a target that has room", () =>
    Effect.gen(function* () {
      const failover = yield* Failover.Failover
      const small = Scripted.make("s", [
        [{ wait: "10 seconds" }, "hello"],
        [new Failure.RateLimit({ message: "slow down" })],
        ["hello"]
      ])
      const chain = Chain.make(Model.make(small, "m"))
      const ask = Effect.forkChild(Effect.exit(failover.complete(chain, "")), { startImmediately: true })
      const asked = [yield* ask, yield* ask]
      const [full] = yield* failover.explain(chain)
      assert.deepStrictEqual(
        [full?.state, full?.clears, full?.learned?.limit],
        ["limited", "the end of an attempt at s/m#default, or time: it is at its learned limit", 1]
      )
      yield* TestClock.adjust("10 seconds")
      yield* Effect.forEach(asked, Fiber.join)
      const [open] = yield* failover.explain(chain)
      assert.deepStrictEqual([open?.state, open?.learned?.limit], ["callable", 1])
    }).pipe(Effect.provide(Failover.layer({ policy: { learnedLimit: true } })))
  )

  it.effect("names the strategy of a tier of several, and none if there is only one order", () =>
    Effect.gen(function* () {
      const failover = yield* Failover.Failover
      const random = (name: string, ...others: ReadonlyArray<string>) =>
        Scripted.make(name, [["hello"]], {
          credentials: [Credential.make("k"), ...others.map((other) => Credential.make(other))],
          strategy: "random"
        })
      const chain = Chain.make(Model.make(random("a", "l"), "m"), Model.make(random("b"), "m"))
      const strategies = (yield* failover.explain(chain)).map(({ strategy }) => strategy)
      assert.deepStrictEqual(strategies, ["random", "random", undefined])
    }).pipe(Effect.provide(Failover.layer()))
  )
})
