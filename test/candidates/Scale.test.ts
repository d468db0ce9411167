/** The cost of a request does not depend on the length of its chain. The tests count look-ups in the bench, not time. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { Candidates } from "../../src/candidates/Candidates.ts"
import * as Lookahead from "../../src/candidates/Lookahead.ts"
import { prepare } from "../../src/candidates/PreparedChain.ts"
import * as Backend from "../../src/domain/Backend.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Strategy from "../../src/domain/Strategy.ts"
import * as Failure from "../../src/failure/Failure.ts"
import { AllBenched, ChainExhausted, DeadlineExceeded, UnknownModel } from "../../src/failure/RunError.ts"
import { makeMemory } from "../../src/health/BenchRegistry.ts"
import { CredentialLimits } from "../../src/health/CredentialLimits.ts"
import * as EngineBench from "../../src/health/EngineBench.ts"
import { memory } from "../../src/health/Limiter.ts"
import { RunClock } from "../../src/time/RunClock.ts"

const backend = Backend.make("p", {})

/** Walks a chain of this many models, and counts the look-ups in the bench. */
const walked = Effect.fnUntraced(function* (models: number) {
  const registry = yield* makeMemory
  // The bench is not empty, so that every look-up is counted.
  yield* registry.bench("elsewhere")
  let looks = 0
  const bench = EngineBench.of(registry)
  const counting: EngineBench.EngineBench = {
    ...bench,
    stateUnsafe: () => {
      looks++
      return bench.stateUnsafe()
    }
  }
  const links = Array.from({ length: models }, (_, i) => Model.make(backend, `m${i}`))
  const context = Context.empty()
  const candidates = new Candidates(
    prepare(Chain.fromLinks(links), []),
    context,
    new RunClock(context),
    { registry: counting, limits: new CredentialLimits(memory()), turns: new Map() },
    undefined
  )
  const first = candidates.next()
  assert(first !== undefined)
  return { candidates, looks: () => looks, target: first.target }
})

describe("in a chain of 10,000 models with a free first one", () => {
  it.effect("only the next target is checked for what comes next", () =>
    Effect.gen(function* () {
      const { candidates, looks, target } = yield* walked(10_000)
      assert.strictEqual(Lookahead.count(candidates, target, "credential", 1), 1)
      assert.strictEqual(Lookahead.count(candidates, target, "endpoint", 4), 4)
      assert.strictEqual(Lookahead.following(candidates), "p/m1")
      assert.isFalse(Lookahead.hasSibling(candidates))
      assert.isAtMost(looks(), 20)
    })
  )
})

describe("the orders by chance", () => {
  for (const strategy of ["random", "weighted"] as const) {
    it(`${strategy} draws a few random numbers for each credential, however many there are`, () => {
      for (const count of [10, 1_000, 20_000]) {
        let asked = 0
        let seed = 42
        const chance = () => {
          asked++
          seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
          return seed / 2_147_483_648
        }
        const items = Array.from({ length: count }, (_, i) => i)
        const order = Strategy.order(strategy, items, (i) => 1 + (i % 7), 0, chance)
        assert.strictEqual(new Set(order).size, count)
        assert.isAtMost(asked, 8 * count + 64)
      }
    })
  }

  it("weighted draws the second in proportion to the weights that are left", () => {
    let seed = 7
    const chance = () => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
      return seed / 2_147_483_648
    }
    const weights = { five: 5, three: 3, two: 2 }
    const seen = new Map<string, number>()
    const rounds = 60_000
    for (let i = 0; i < rounds; i++) {
      const names = Object.keys(weights) as Array<keyof typeof weights>
      const order = Strategy.order("weighted", names, (name) => weights[name], 0, chance).join()
      seen.set(order, (seen.get(order) ?? 0) + 1)
    }
    const share = (order: string) => (seen.get(order) ?? 0) / rounds
    assert.approximately(share("five,three,two"), (5 / 10) * (3 / 5), 0.01)
    assert.approximately(share("three,two,five"), (3 / 10) * (2 / 7), 0.01)
    assert.approximately(share("two,five,three"), (2 / 10) * (5 / 8), 0.01)
  })
})

describe("an error about a chain of 10,000 targets", () => {
  const benches = Array.from({ length: 10_000 }, (_, i) => ({ key: `p/m${i}#default`, reason: "RateLimit" }))
  const attempts = benches.map(({ key }) => ({
    target: key,
    failure: new Failure.Transient({ reason: "Overloaded", message: "busy" })
  }))
  const errors = [
    new AllBenched({ benches, models: 10_000 }),
    new ChainExhausted({ attempts, benches }),
    new DeadlineExceeded({ deadline: 1_000, attempts }),
    new UnknownModel({ model: "x", known: benches.map(({ key }) => key) })
  ]
  for (const error of errors) {
    it(`${error._tag} names the first few and how many more there are`, () => {
      assert.isBelow(error.message.length, 1_000)
      assert.include(error.message, "m0")
      assert.match(error.message, /… \(9,?9\d\d more\)/)
    })
  }
})
