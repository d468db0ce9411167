/** Orders after their first item, worked out by hand: what remains is drawn by its own weight and compared by its own load. */
import { assert, describe, it } from "@effect/vitest"
import * as Draws from "../../src/choice/Draws.ts"
import { Equals, type Request, type Way } from "../../src/choice/Equals.ts"
import { Load } from "../../src/choice/Load.ts"
import type { Order } from "../../src/choice/Order.ts"
import { Rendezvous } from "../../src/choice/Rendezvous.ts"
import { Signals } from "../../src/choice/Signals.ts"

const script = (...numbers: ReadonlyArray<number>) => {
  let used = 0
  return () => numbers[used++]!
}
const text = (order: Order<string>) => Array.from({ length: order.length }, (_, i) => order.at(i)).join("")
const weighted = (weights: ReadonlyArray<number>) =>
  new Draws.Weighted([..."abcdefgh"].slice(0, weights.length), weights)
const busy = (...inFlight: ReadonlyArray<number>) =>
  inFlight.map((count) => Object.assign(new Load(), { inFlight: count }))

describe("what remains of an order", () => {
  it("by load is compared by its own load, wherever it has moved", () => {
    const order = (...chances: ReadonlyArray<number>) => {
      const source = { now: () => 0, chance: script(...chances) }
      return text(Draws.leastLoaded(weighted([1, 1, 1]), busy(0, 1, 9), "stream", source))
    }
    // After `a` the order is `c`, `b`.
    assert.strictEqual(order(0, 0, 0, 0, 0), "abc")
    assert.strictEqual(order(0, 0, 0.9, 0, 0), "abc")
  })

  it("by weight is drawn by its own weight, also after many draws of those already taken", () => {
    const chances = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0.99, 0.2]
    // Of b (1), c (3) and d (4), d has the last third of all numbers up to seven eighths, and then c.
    assert.strictEqual(
      text(Draws.weighted(weighted([1_000, 1, 3, 4]), script(...chances, 0, 0, 0, 0))),
      "acdb"
    )
  })

  it("without weight comes last, in the given order", () => {
    assert.strictEqual(text(Draws.weighted(weighted([1, 0, 0, 0]), () => 0.9)), "abcd")
    assert.strictEqual(text(Draws.weighted(weighted([0, 0, 1, 0]), () => 0.9)), "cabd")
  })
})

describe("equals of different weight", () => {
  const names = ["a", "b", "c"]
  const request = (changes: Partial<Request<string>> = {}): Request<string> => ({
    now: () => 0,
    chance: () => 0.4,
    kind: "stream",
    turn: () => 0,
    someOut: () => false,
    isOut: () => false,
    ...changes
  })
  const group = (weights: ReadonlyArray<number>, times: ReadonlyArray<number> = []) => {
    const signals = names.map(() => new Signals())
    for (const [index, took] of times.entries()) if (took > 0) signals[index]!.load.took("stream", took, 0)
    return new Equals(names, names, weights, signals)
  }

  it("are drawn without their weights by random, and without their loads by weight", () => {
    const uneven = group([1_000, 1, 1])
    for (const { load } of uneven.signals.slice(0, 1)) for (let i = 0; i < 9; i++) load.began()
    assert.strictEqual(uneven.order("random", undefined, request()).at(0), "b")
    assert.strictEqual(uneven.order("weighted", undefined, request({ chance: () => 0 })).at(0), "a")
    assert.notStrictEqual(uneven.order("leastLoaded", undefined, request()).at(0), "a")
  })

  it("are left for a fast one with leastLoaded alone, where the first one is benched", () => {
    const ring = new Rendezvous(names, [1, 1, 1])
    let key = 1
    while (
      ring
        .order(key)
        .map((index) => names[index])
        .join("") !== "abc"
    )
      key++
    const slow = group([1, 1, 1], [10, 60_000, 10])
    const first = (way: Way) =>
      slow.order(way, key, request({ someOut: () => true, isOut: (item) => item === "a" })).at(0)
    assert.deepStrictEqual([first("leastLoaded"), first("weighted"), first("roundRobin")], ["c", "b", "b"])
  })
})
