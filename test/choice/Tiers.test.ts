/** Equal models: how a run goes through tiers. */
import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import {
  Affinity,
  Backend,
  BenchRegistry,
  Chain,
  Credential,
  Failover,
  type FailoverEvent,
  Failure,
  Model,
  type Strategy
} from "../../src/index.ts"
import { Scripted } from "../../src/testing/index.ts"

const runtime = Effect.provide(Failover.layer())

/** A provider whose answers are its target's key. */
const provider = (name: string, credentials: ReadonlyArray<string> = ["default"]) => {
  const [first, ...rest] = credentials.map((credential) => Credential.make(credential))
  return Scripted.make(name, (target) => [[target.key]], { credentials: [first!, ...rest] })
}

const overloaded = new Failure.Transient({ reason: "Overloaded", message: "busy" })

const failing = (name: string, failure: Failure.Failure) => Scripted.make(name, [[failure]])

const model = (backend: ReturnType<typeof provider>, name = "m") => Model.make(backend, name)

const times = <A, E, R>(count: number, effect: (i: number) => Effect.Effect<A, E, R>) =>
  Effect.forEach(
    Array.from({ length: count }, (_, i) => i),
    effect
  )

describe("a chain", () => {
  const [a, b, c] = [model(provider("a")), model(provider("b")), model(provider("c"))]

  it("without equals has no tiers of its own", () => {
    assert.deepStrictEqual(Chain.make(a, b), { models: [a, b] })
    assert.deepStrictEqual(Chain.make(Chain.equals(a), b), { models: [a, b] })
    assert.lengthOf(Chain.tiersOf(Chain.make(a, b)), 2)
  })

  it("keeps tiers that are nested in it, and the first place of a model", () => {
    const chain = Chain.make(c, Chain.equals(a, b, c), a)
    assert.deepStrictEqual(Chain.tiersOf(chain), [{ models: [c] }, { models: [a, b] }])
    assert.deepStrictEqual(Chain.specs(chain), ["c/m", "a/m", "b/m"])
  })

  it("of equals takes nested chains as one tier", () => {
    assert.deepStrictEqual(Chain.tiersOf(Chain.equals(Chain.make(a, b), c)), [{ models: [a, b, c] }])
  })

  it("with a strategy has it in its tiers of several", () => {
    const chain = Chain.withStrategy(Chain.make(Chain.equals(a, b), c), "sequential")
    assert.deepStrictEqual(Chain.tiersOf(chain), [
      { models: [a, b], strategy: "sequential" },
      { models: [c] }
    ])
    assert.throws(() => Chain.withStrategy(chain, "fastest" as Strategy.Strategy), /the strategy is one of/)
  })

  it("refuses an invalid weight", () => {
    assert.throws(() => Model.withWeight(a, -1), /weight/)
    assert.throws(() => Model.withWeight(a, Number.NaN), /weight/)
  })
})

describe("a tier", () => {
  it.effect("shares its requests among its targets, and leaves the next tier alone", () =>
    Effect.gen(function* () {
      const [a, b, c] = [provider("a", ["one", "two"]), provider("b"), provider("c")]
      const chain = Chain.make(Chain.equals(model(a), model(b)), model(c))
      yield* times(300, () => Failover.complete(chain, "q"))
      // b has one target of three, but half of the weight: the weight of a model is divided among its credentials.
      assert.approximately(b.calls.length, 150, 30)
      assert.approximately(a.calls.length, 150, 30)
      assert.lengthOf(c.calls, 0)
    }).pipe(Effect.provide(Failover.layer()), Random.withSeed("tier"))
  )

  it.effect("gives a canary its share", () =>
    Effect.gen(function* () {
      const [a, b] = [provider("a"), provider("b")]
      const chain = Chain.equals(Model.withWeight(model(a), 95), Model.withWeight(model(b), 5))
      yield* times(2_000, () => Failover.complete(chain, "q"))
      assert.approximately(b.calls.length / 2_000, 0.05, 0.015)
    }).pipe(runtime, Random.withSeed("canary"))
  )

  it.effect("is left for the next one when all of its targets have failed", () =>
    Effect.gen(function* () {
      const chain = Chain.make(
        Chain.equals(model(failing("a", overloaded)), model(failing("b", overloaded))),
        model(provider("c"))
      )
      const policy = { retries: { times: 0 } }
      const served = yield* Failover.answer(Chain.withPolicy(chain, policy), "q")
      assert.strictEqual(served.value, "c/m#default")
      assert.deepStrictEqual(served.failed.map(({ target }) => target).sort(), ["a/m#default", "b/m#default"])
    }).pipe(runtime)
  )

  it.effect("goes in order with the strategy sequential, and turns with roundRobin", () =>
    Effect.gen(function* () {
      const equals = Chain.equals(model(provider("a")), model(provider("b")), model(provider("c")))
      const ask = (strategy: Strategy.Strategy) =>
        times(4, () => Failover.complete(Chain.withStrategy(equals, strategy), "q"))
      assert.deepStrictEqual(yield* ask("sequential"), Array(4).fill("a/m#default"))
      const kept = Chain.withStrategy(equals, "roundRobin")
      assert.deepStrictEqual(yield* times(4, () => Failover.complete(kept, "q")), [
        ...["a/m#default", "b/m#default", "c/m#default", "a/m#default"]
      ])
    }).pipe(runtime)
  )

  it.effect(
    "keeps a named conversation at one target with roundRobin, and turns for a key that is only derived",
    () =>
      Effect.gen(function* () {
        const equals = Chain.equals(model(provider("a")), model(provider("b")), model(provider("c")))
        const chain = Chain.withStrategy(equals, "roundRobin")
        const ask = (affinity: string | (() => string)) =>
          times(6, () => Failover.complete(chain, "q", { affinity }))
        assert.lengthOf(new Set(yield* ask("a conversation")), 1)
        assert.lengthOf(new Set(yield* ask(() => "a conversation")), 3)
      }).pipe(runtime)
  )

  it.effect("skips the other credentials of a model that refuses the request, and not its equals", () =>
    Effect.gen(function* () {
      const unsupported = new Failure.BadRequest({ reason: "Unsupported", message: "no images" })
      const a = Scripted.make("a", [[unsupported]], {
        credentials: [Credential.make("one"), Credential.make("two")]
      })
      const b = provider("b")
      const chain = Chain.withStrategy(Chain.equals(model(a), model(b)), "sequential")
      assert.strictEqual(yield* Failover.complete(chain, "q"), "b/m#default")
      assert.lengthOf(a.calls, 1)
    }).pipe(runtime)
  )

  it.effect(
    "does not wait for a throttle while an equal is free: the answer would come from the same model",
    () =>
      Effect.gen(function* () {
        const throttle = new Failure.RateLimit({ message: "slow down", retryAfter: Duration.seconds(2) })
        const a = failing("a", throttle)
        const chain = Chain.withStrategy(Chain.equals(model(a), model(provider("b"))), "sequential")
        assert.strictEqual(yield* Failover.complete(chain, "q"), "b/m#default")
      }).pipe(runtime)
  )

  it.effect("reports the next model to an observer, and calls it", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const observer = (event: FailoverEvent.FailoverEvent) => {
        if (event._tag === "AttemptFailed" && event.action._tag === "Next")
          seen.push(event.action.model ?? "?")
        if (event._tag === "AttemptStarted") seen.push(`${event.target.provider}/${event.target.model}`)
      }
      const chain = Chain.withPolicy(
        Chain.make(
          model(failing("first", overloaded)),
          Chain.equals(model(failing("a", overloaded)), model(failing("b", overloaded))),
          model(provider("last"))
        ),
        { retries: { times: 0 } }
      )
      for (let i = 0; i < 10; i++) {
        seen.length = 0
        yield* Failover.complete(chain, "q", { observer })
        // Each target named by a failure is the target that is called next.
        for (let at = 1; at + 1 < seen.length; at += 2) assert.strictEqual(seen[at], seen[at + 1])
        assert.lengthOf(seen, 7)
        yield* TestClock.adjust("1 hour")
      }
    }).pipe(runtime)
  )

  it.effect("skips an equal with a known window that is too small for a prompt", () =>
    Effect.gen(function* () {
      const tooLong = new Failure.ContextExceeded({ message: "too long", limit: 1_000, actual: 5_000 })
      const a = failing("a", tooLong)
      const [small, large] = [provider("small"), provider("large")]
      const chain = Chain.withStrategy(
        Chain.equals(
          model(a),
          Model.make(small, "m", { contextWindow: 4_000 }),
          Model.make(large, "m", { contextWindow: 8_000 })
        ),
        "sequential"
      )
      assert.strictEqual(yield* Failover.complete(chain, "q"), "large/m#default")
      assert.lengthOf(small.calls, 0)
    }).pipe(runtime)
  )

  it.effect("is numbered in explain", () =>
    Effect.gen(function* () {
      const failover = yield* Failover.Failover
      const chain = Chain.make(
        Chain.equals(model(provider("a", ["one", "two"])), model(provider("b"))),
        model(provider("c"))
      )
      const explained = yield* failover.explain(chain)
      assert.deepStrictEqual(
        explained.map(({ target, tier }) => `${tier} ${target.key}`),
        ["1 a/m#one", "1 a/m#two", "1 b/m#default", "2 c/m#default"]
      )
    }).pipe(runtime)
  )

  it.effect("works for any service", () =>
    Effect.gen(function* () {
      const [oslo, bergen] = [Backend.make("oslo", "rain"), Backend.make("bergen", "more rain")]
      const chain = Chain.equals(Model.make(oslo, "today"), Model.make(bergen, "today"))
      const said = yield* times(20, () => Failover.use(chain, (backend) => Effect.succeed(backend.service)))
      assert.deepStrictEqual([...new Set(said)].sort(), ["more rain", "rain"])
    }).pipe(runtime)
  )
})

describe("affinity", () => {
  const equals = (...pools: ReadonlyArray<ReturnType<typeof provider>>) =>
    Chain.equalsOf(pools.map((backend) => model(backend)))
  const three = () => equals(provider("a"), provider("b"), provider("c"))
  const keys = Array.from({ length: 60 }, (_, i) => `conversation-${i}`)

  const homes = (chain: ReturnType<typeof three>) =>
    Effect.forEach(keys, (affinity) => Failover.complete(chain, "q", { affinity }))

  it.effect("sends the turns of a conversation to one target, and conversations to all", () =>
    Effect.gen(function* () {
      const chain = three()
      const first = yield* homes(chain)
      assert.deepStrictEqual(yield* homes(chain), first)
      assert.strictEqual(new Set(first).size, 3)
    }).pipe(runtime)
  )

  it("is the same in another process, in another order, and for streams", () =>
    Effect.gen(function* () {
      const read = (chain: ReturnType<typeof three>, affinity: string) =>
        Stream.runFold(
          Failover.stream(chain, "q", { affinity }),
          () => "",
          (all, part) => all + part.text
        )
      const one = yield* homes(three()).pipe(Effect.provide(Failover.layer()))
      const turned = equals(provider("c"), provider("a"), provider("b"))
      const other = yield* homes(turned).pipe(Effect.provide(Failover.layer()))
      const streamed = yield* Effect.forEach(keys, (key) => read(turned, key)).pipe(
        Effect.provide(Failover.layer())
      )
      assert.deepStrictEqual(other, one)
      assert.deepStrictEqual(streamed, one)
    }).pipe(Effect.runPromise))

  it.effect("moves the conversations of a benched target to others, each to one, and back afterwards", () =>
    Effect.gen(function* () {
      const chain = three()
      const registry = yield* BenchRegistry.BenchRegistry
      const before = yield* homes(chain)
      yield* registry.bench("a/m#default", { for: "1 minute" })
      const during = yield* homes(chain)
      assert.deepStrictEqual(yield* homes(chain), during)
      for (const [i, home] of before.entries()) {
        if (home === "a/m#default") assert.notStrictEqual(during[i], home)
        else assert.strictEqual(during[i], home)
      }
      const moved = during.filter((_, i) => before[i] === "a/m#default")
      assert.strictEqual(new Set(moved).size, 2)
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(yield* homes(chain), before)
    }).pipe(runtime)
  )

  it.effect("reads the key of the context, and that of the call first", () =>
    Effect.gen(function* () {
      const chain = three()
      const [one] = yield* homes(chain)
      const inContext = times(5, () => Failover.complete(chain, "q")).pipe(
        Effect.provideService(Affinity.Affinity, keys[0]!)
      )
      assert.deepStrictEqual(yield* inContext, Array(5).fill(one))
      const called = yield* homes(chain).pipe(Effect.provideService(Affinity.Affinity, keys[0]!))
      assert.deepStrictEqual(called, yield* homes(chain))
    }).pipe(runtime)
  )

  it.effect("leaves a sequential order as it is, and holds for the credentials of one model too", () =>
    Effect.gen(function* () {
      const chain = Chain.withStrategy(three(), "sequential")
      assert.deepStrictEqual([...new Set(yield* homes(chain))], ["a/m#default"])
      const backend = Scripted.make("p", (target) => [[target.key]], {
        credentials: [Credential.make("one"), Credential.make("two")],
        strategy: "roundRobin"
      })
      const one = yield* times(4, () => Failover.complete(Chain.make(model(backend)), "q", { affinity: "k" }))
      assert.strictEqual(new Set(one).size, 1)
    }).pipe(runtime)
  )

  it.effect("gives one key not more than 1.25 times the share of a target", () =>
    Effect.gen(function* () {
      const chain = three()
      const used = yield* times(600, () => Failover.complete(chain, "q", { affinity: "one" }))
      const most = Math.max(
        ...["a", "b", "c"].map((name) => used.filter((key) => key.startsWith(name)).length)
      )
      assert.isAtMost(most, 1.25 * 200)
    }).pipe(runtime)
  )

  it.effect("is refused when it is no text", () =>
    Effect.gen(function* () {
      const exit = yield* Effect.exit(Failover.complete(three(), "q", { affinity: 7 as never }))
      assert.match(String(exit), /affinity has to be a string or a function/)
    }).pipe(runtime)
  )
})
