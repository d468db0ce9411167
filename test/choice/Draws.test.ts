/** Random orders. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { Alias } from "../../src/choice/Alias.ts"
import * as Draws from "../../src/choice/Draws.ts"
import { Load } from "../../src/choice/Load.ts"
import { Left, type Order, rotated } from "../../src/choice/Order.ts"
import { make } from "../support/Random.ts"

const all = <A>(order: Order<A>) => Array.from({ length: order.length }, (_, i) => order.at(i)!)

const Weights = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: -1, maximum: 5 })))
const Seed = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 10_000 }))

const groupOf = (weights: ReadonlyArray<number>) =>
  new Draws.Weighted(
    weights.map((_, i) => i),
    weights
  )

const loadsOf = (...inFlight: ReadonlyArray<number>) => {
  return inFlight.map((count) => {
    const load = new Load()
    for (let i = 0; i < count; i++) load.began()
    return load
  })
}
const idle = loadsOf(...Array(200).fill(0))
const now = () => 0

describe("every order", () => {
  it.prop(
    "has every item once, and returns the same when it is read again",
    [Weights, Seed],
    ([weights, seed]) => {
      const group = groupOf(weights)
      const chance = make(seed).next
      const orders = [
        Draws.random(group.items, chance),
        Draws.weighted(group, chance),
        Draws.leastLoaded(group, idle, "stream", { now, chance }),
        ...(weights.length === 0 ? [] : [rotated(group.items, seed)])
      ]
      for (const order of orders) {
        const items = all(order)
        assert.deepStrictEqual(
          [...items].sort((a, b) => a - b),
          [...group.items]
        )
        assert.deepStrictEqual(all(order), items)
        assert.isUndefined(order.at(order.length))
      }
    }
  )

  it.prop("ends even if every random number is the same", [Weights], ([weights]) => {
    for (const value of [0, 0.5, 0.999999, 1]) {
      const group = groupOf(weights)
      assert.lengthOf(all(Draws.random(group.items, () => value)), weights.length)
      assert.lengthOf(new Set(all(Draws.weighted(group, () => value))), weights.length)
      const order = Draws.leastLoaded(group, idle, "stream", { now, chance: () => value })
      assert.lengthOf(new Set(all(order)), weights.length)
    }
  })
})

describe("what is left", () => {
  it.prop("is taken once each, in any order of places", [Schema.Array(Seed)], ([places]) => {
    const left = new Left(places.length)
    const taken = places.map((place) => left.take(place % left.size))
    assert.deepStrictEqual(
      taken.sort((a, b) => a - b),
      places.map((_, i) => i)
    )
  })
})

describe("a table of aliases", () => {
  it("draws each index by its weight", () => {
    const alias = new Alias([6, 3, 1, 0])
    const { next } = make(1)
    const counts = [0, 0, 0, 0]
    for (let i = 0; i < 50_000; i++) counts[alias.draw(next())]!++
    assert.approximately(counts[0]! / 50_000, 0.6, 0.01)
    assert.approximately(counts[1]! / 50_000, 0.3, 0.01)
    assert.approximately(counts[2]! / 50_000, 0.1, 0.01)
    assert.strictEqual(counts[3], 0)
  })

  it.prop(
    "never draws what weighs nothing, if anything weighs something",
    [Weights, Seed],
    ([weights, seed]) => {
      if (!weights.some((weight) => weight > 0)) return
      const alias = new Alias(weights)
      const { next } = make(seed)
      for (let i = 0; i < 20; i++) assert.isAbove(weights[alias.draw(next())]!, 0)
    }
  )
})

/** How often each index comes first. */
const firsts = (requests: number, order: () => Order<number>, size: number) => {
  const counts = new Array<number>(size).fill(0)
  for (let i = 0; i < requests; i++) counts[order().at(0)!]!++
  return counts.map((count) => count / requests)
}

describe("an order by weight", () => {
  it("draws the second among those that are left, by their weights", () => {
    const group = groupOf([6, 3, 1])
    const { next } = make(2)
    const seconds = [0, 0, 0]
    for (let i = 0; i < 50_000; i++) seconds[Draws.weighted(group, next).at(1)!]!++
    // The second is the first item when the first was another: 0.3 * 6/7 + 0.1 * 6/9 = 0.3238.
    assert.approximately(seconds[0]! / 50_000, 0.3238, 0.01)
    // 0.6 * 3/4 + 0.1 * 3/9 = 0.4833
    assert.approximately(seconds[1]! / 50_000, 0.4833, 0.01)
  })
})

describe("the better of two", () => {
  it("is the same for all equals that are alike", () => {
    const group = groupOf([1, 1, 1])
    const { next } = make(3)
    const shares = firsts(30_000, () => Draws.leastLoaded(group, idle, "stream", { now, chance: next }), 3)
    for (const share of shares) assert.approximately(share, 1 / 3, 0.01)
  })

  it("never takes the busiest of three first", () => {
    const group = groupOf([1, 1, 1])
    const { next } = make(4)
    const loads = loadsOf(5, 0, 1)
    const shares = firsts(10_000, () => Draws.leastLoaded(group, loads, "stream", { now, chance: next }), 3)
    // The idle target is in two of three pairs. The third pair goes to the target with a single attempt.
    assert.strictEqual(shares[0], 0)
    assert.approximately(shares[1]!, 2 / 3, 0.02)
  })

  it("keeps a canary's share as long as it is as good as the others, and less when it is not", () => {
    const group = groupOf([95, 5])
    const { next } = make(5)
    const alike = firsts(40_000, () => Draws.leastLoaded(group, idle, "stream", { now, chance: next }), 2)
    assert.approximately(alike[1]!, 0.05, 0.005)
    const worse = firsts(
      1_000,
      () => Draws.leastLoaded(group, loadsOf(0, 9), "stream", { now, chance: next }),
      2
    )
    assert.strictEqual(worse[1], 0)
  })

  it("draws nothing weightless while something with weight is left", () => {
    const group = groupOf([1, 0, 1, 0])
    const { next } = make(6)
    for (let i = 0; i < 100; i++) {
      const order = all(Draws.leastLoaded(group, loadsOf(9, 0, 9, 0), "stream", { now, chance: next }))
      assert.deepStrictEqual(order.slice(2), [1, 3])
    }
  })
})

describe("the cost of a pick", () => {
  it("does not grow with the number of items: what is looked at is counted", () => {
    for (const size of [10, 100_000]) {
      const even = groupOf(Array(size).fill(1))
      const uneven = groupOf(Array.from({ length: size }, (_, i) => 1 + (i % 3)))
      let drawn = 0
      const { next } = make(size)
      const chance = () => {
        drawn++
        return next()
      }
      let asked = 0
      const [load] = loadsOf(0)
      const loads = new Proxy<Array<Load>>([], {
        get: () => {
          asked++
          return load
        }
      })
      Draws.random(even.items, chance).at(0)
      Draws.leastLoaded(even, loads, "stream", { now, chance }).at(0)
      Draws.weighted(uneven, chance).at(0)
      Draws.leastLoaded(uneven, loads, "stream", { now, chance }).at(0)
      assert.isAtMost(drawn, 20)
      assert.isAtMost(asked, 4)
    }
  })
})
