/** The order in which a provider's keys are tried. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schema from "effect/Schema"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Strategy from "../../src/domain/Strategy.ts"
import * as Failover from "../../src/engine/Failover.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { throttle } from "../support/engine.ts"

const runtime = Effect.provide(Failover.layer())
const credentials = [
  Credential.make("one", { weight: 6 }),
  Credential.make("two", { weight: 3 }),
  Credential.make("three", { weight: 1 })
] as const
const names = credentials.map(({ name }) => name)

/** The first credential that each of these requests tries. */
const firsts = (strategy: Strategy.Strategy, requests: number) =>
  Effect.gen(function* () {
    const a = Scripted.make("a", (target) => [[target.credential.name]], { credentials, strategy })
    const chain = Chain.make(Model.make(a, "m"))
    const used: Array<string> = []
    for (let i = 0; i < requests; i++) used.push(yield* Failover.complete(chain, i))
    return used
  }).pipe(runtime, Random.withSeed("strategy"))

const share = (used: ReadonlyArray<string>, name: string) =>
  used.filter((other) => other === name).length / used.length

describe("sequential", () => {
  it.effect("always begins with the first key", () =>
    Effect.map(firsts("sequential", 5), (used) => assert.deepStrictEqual(used, Array(5).fill("one")))
  )
})

describe("roundRobin", () => {
  it.effect("begins one further with every request", () =>
    Effect.map(firsts("roundRobin", 7), (used) =>
      assert.deepStrictEqual(used, ["one", "two", "three", "one", "two", "three", "one"])
    )
  )

  it.effect("goes on from where it began when a key fails", () =>
    Effect.gen(function* () {
      const a = Scripted.make(
        "a",
        (target) => (target.credential.name === "two" ? [[throttle("1 hour")]] : [[target.credential.name]]),
        { credentials, strategy: "roundRobin" }
      )
      const chain = Chain.make(Model.make(a, "m"))
      const used: Array<string> = []
      for (let i = 0; i < 4; i++) used.push(yield* Failover.complete(chain, i))
      assert.deepStrictEqual(used, ["one", "three", "three", "one"])
    }).pipe(runtime)
  )

  it.effect("takes one turn a request, however many models of the provider it tries", () =>
    Effect.gen(function* () {
      const a = Scripted.make(
        "a",
        (target) => (target.model === "large" ? [[throttle()]] : [[target.credential.name]]),
        { credentials: [credentials[0], credentials[1]], strategy: "roundRobin" }
      )
      const impatient = { rules: { RateLimit: { rest: null, next: "model" } } } as const
      const chain = Chain.withPolicy(Chain.make(Model.make(a, "large"), Model.make(a, "small")), impatient)
      for (let i = 0; i < 4; i++) yield* Failover.complete(chain, i)
      assert.deepStrictEqual(
        a.calls.map(({ target }) => target),
        [
          ...["a/large#one", "a/small#one", "a/large#two", "a/small#two"],
          ...["a/large#one", "a/small#one", "a/large#two", "a/small#two"]
        ]
      )
    }).pipe(runtime)
  )
})

describe("random", () => {
  it.effect("gives every key its turn, and the same turns for the same seed", () =>
    Effect.gen(function* () {
      const used = yield* firsts("random", 3_000)
      for (const name of names) assert.approximately(share(used, name), 1 / 3, 0.05)
      assert.deepStrictEqual(yield* firsts("random", 3_000), used)
    })
  )
})

describe("weighted", () => {
  it.effect("begins with each key in proportion to its weight", () =>
    Effect.map(firsts("weighted", 3_000), (used) => {
      assert.approximately(share(used, "one"), 0.6, 0.05)
      assert.approximately(share(used, "two"), 0.3, 0.05)
      assert.approximately(share(used, "three"), 0.1, 0.05)
    })
  )

  it("puts keys without weight last", () => {
    for (const chance of [0, 0.3, 0.99]) {
      const order = Strategy.order(
        "weighted",
        ["none", "some", "negative"],
        (name) => (name === "some" ? 1 : name === "none" ? 0 : -5),
        0,
        () => chance
      )
      assert.strictEqual(order[0], "some")
      assert.strictEqual(order.length, 3)
    }
  })
})

describe("every strategy", () => {
  it.effect("skips keys that are benched or not enabled", () =>
    Effect.gen(function* () {
      for (const strategy of Strategy.strategies) {
        const a = Scripted.make("a", (target) => [[target.credential.name]], {
          credentials: [
            Credential.make("off", { enabled: false, weight: 99 }),
            Credential.make("resting", { weight: 99 }),
            Credential.make("free")
          ],
          strategy
        })
        yield* (yield* BenchRegistry).bench("a#resting")
        for (let i = 0; i < 5; i++) {
          assert.strictEqual(yield* Failover.complete(Chain.make(Model.make(a, "m")), i), "free", strategy)
        }
      }
    }).pipe(runtime)
  )

  const Chance = Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 0.999 }))
  it.prop(
    "tries every key exactly once",
    [
      Schema.Literals(Strategy.strategies),
      Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: -1, maximum: 5 }))),
      Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000 })),
      Chance
    ],
    ([strategy, weights, turn, chance]) => {
      const items = weights.map((weight, i) => ({ weight, i }))
      const order = Strategy.order(
        strategy,
        items,
        (item) => item.weight,
        turn,
        () => chance
      )
      assert.deepStrictEqual(
        order.map(({ i }) => i).sort((a, b) => a - b),
        items.map(({ i }) => i)
      )
    }
  )
})
