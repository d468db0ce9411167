/** Orders worked out by hand from given random numbers. */
import { assert, describe, it } from "@effect/vitest"
import { Alias } from "../../src/choice/Alias.ts"
import * as Draws from "../../src/choice/Draws.ts"
import { Load } from "../../src/choice/Load.ts"
import { itemAt, Left, type Order, placeAt, rotated } from "../../src/choice/Order.ts"

/** A source that gives these numbers one after the other. More numbers are an error. */
const script = (...numbers: ReadonlyArray<number>) => {
  let used = 0
  const chance = () => {
    const next = numbers[used++]
    if (next === undefined) throw new RangeError("no number is left")
    return next
  }
  return Object.assign(chance, { left: () => numbers.length - used })
}

const all = <A>(order: Order<A>) => Array.from({ length: order.length }, (_, i) => order.at(i))
const letters = (count: number) => [..."abcdefgh"].slice(0, count)
const groupOf = (...weights: ReadonlyArray<number>) => new Draws.Weighted(letters(weights.length), weights)

const loads = (...inFlight: ReadonlyArray<number>) =>
  inFlight.map((count) => {
    const load = new Load()
    for (let i = 0; i < count; i++) load.began()
    return load
  })

describe("a draw by weight", () => {
  it.each([
    { weights: [6, 3, 1], draws: [18, 9, 3] },
    { weights: [2, 0, 1, 1], draws: [20, 0, 10, 10] },
    { weights: [-3, 1, 0, 2], draws: [0, 20, 0, 40] },
    { weights: [0, 0], draws: [5, 5] },
    { weights: [0, -1, 0], draws: [3, 3, 3] },
    { weights: [7], draws: [3] },
    { weights: [0, 0.1, 0], draws: [0, 9, 0] },
    { weights: [1, 2, 3, 4, 5, 6], draws: [2, 4, 6, 8, 10, 12] }
  ])("over an even grid of numbers gives $weights exactly $draws", ({ draws, weights }) => {
    const alias = new Alias(weights)
    const size = draws.reduce((sum, count) => sum + count, 0)
    const counts = weights.map(() => 0)
    for (let i = 0; i < size; i++) counts[alias.draw((i + 0.5) / size)]!++
    assert.deepStrictEqual(counts, draws)
  })

  it("takes the other item of a slot from the edge of the first one on", () => {
    const alias = new Alias([1, 3])
    // The first slot is half full of the first item, and a slot is half of all numbers.
    assert.deepStrictEqual(
      [0, 0.24, 0.25, 0.49, 0.5, 0.99].map((chance) => alias.draw(chance)),
      [0, 0, 1, 1, 1, 1]
    )
  })

  it("has its place below the size, also for a number of 1", () => {
    assert.deepStrictEqual(
      [0, 0.3, 0.34, 0.99, 1].map((chance) => placeAt(chance, 3)),
      [0, 0, 1, 2, 2]
    )
  })
})

describe("what is left of a list", () => {
  it("has its last index at the place of the one that was taken", () => {
    const left = new Left(5)
    assert.strictEqual(left.take(1), 1)
    assert.deepStrictEqual(
      [0, 1, 2, 3].map((place) => left.at(place)),
      [0, 4, 2, 3]
    )
    assert.strictEqual(left.take(3), 3)
    assert.strictEqual(left.take(1), 4)
    assert.strictEqual(left.at(1), 2)
    assert.deepStrictEqual([left.take(0), left.take(0)], [0, 2])
    assert.strictEqual(left.size, 0)
  })
})

describe("a turned list", () => {
  it("begins at its turn and ends with those before it", () => {
    const items = letters(3)
    assert.strictEqual(rotated(items, 0), items)
    assert.strictEqual(rotated(items, 6), items)
    const turned = rotated(items, 4)
    assert.strictEqual(turned.length, 3)
    assert.deepStrictEqual(
      [items, turned].map((order) => [0, 2, 3].map((index) => itemAt(order, index))),
      [
        ["a", "c", undefined],
        ["b", "a", undefined]
      ]
    )
    assert.deepStrictEqual(
      [0, 1, 2, 3, 4].map((index) => turned.at(index)),
      ["b", "c", "a", undefined, undefined]
    )
  })
})

describe("a random order", () => {
  it("draws a place among the remaining items for each that is read, and no sooner", () => {
    const chance = script(0.3, 0, 0.9, 0.4)
    const order = Draws.random(letters(4), chance)
    assert.strictEqual(chance.left(), 3)
    assert.strictEqual(order.at(0), "b")
    assert.isUndefined(order.at(4))
    assert.isUndefined(order.at(5))
    assert.strictEqual(chance.left(), 3)
    assert.strictEqual(order.at(1), "a")
    assert.strictEqual(chance.left(), 2)
    // d moved to b's place, and then c to a's: [c, d].
    assert.deepStrictEqual(all(order), ["b", "a", "d", "c"])
    assert.deepStrictEqual(all(order), ["b", "a", "d", "c"])
    assert.strictEqual(chance.left(), 0)
  })

  it("of nothing needs no number", () => {
    const none = Draws.random<string>([], script())
    assert.deepStrictEqual([none.length, none.at(0), none.at(1)], [0, undefined, undefined])
  })
})

describe("an order by weight", () => {
  it("passes over what was taken, and makes a table of the rest when more than half of it is", () => {
    const chance = script(0.1, 0.1, 0.3, 0.6, 0.9)
    const order = Draws.weighted(groupOf(1, 1, 1, 1), chance)
    assert.strictEqual(order.at(0), "a")
    assert.strictEqual(chance.left(), 4)
    // 0.1 is a again.
    assert.strictEqual(order.at(1), "b")
    assert.strictEqual(order.at(2), "c")
    // Now the table has d alone: any number is d.
    assert.strictEqual(order.at(3), "d")
    assert.strictEqual(chance.left(), 0)
  })

  it("makes the table again after eight numbers of taken items", () => {
    const chance = script(0.1, ...Array(8).fill(0.3), 0.7)
    const order = Draws.weighted(groupOf(6, 1, 2, 1, 1, 1), chance)
    assert.deepStrictEqual([order.at(0), chance.left()], ["a", 9])
    // Of b to f with the weights 1, 2, 1, 1, 1.
    assert.deepStrictEqual([order.at(1), chance.left()], ["e", 0])
  })

  it("has what weighs nothing at its end, as listed", () => {
    const order = Draws.weighted(groupOf(0, 2, 0, 1, -1), script(...Array(60).fill(0.3)))
    assert.deepStrictEqual(all(order).slice(2), ["a", "c", "e"])
  })

  it("detects whether all weights are equal", () => {
    assert.deepStrictEqual(
      [groupOf(), groupOf(2, 2), groupOf(1, 2), groupOf(0, 0)].map(({ isEven }) => isEven),
      [true, true, false, true]
    )
    const group = groupOf(1, 2)
    assert.strictEqual(group.alias, group.alias)
  })
})

describe("the better of two", () => {
  const order = (
    weights: ReadonlyArray<number>,
    inFlight: ReadonlyArray<number>,
    ...chance: ReadonlyArray<number>
  ) => {
    const source = { now: () => 0, chance: script(...chance) }
    return {
      order: Draws.leastLoaded(groupOf(...weights), loads(...inFlight), "stream", source),
      left: source.chance.left
    }
  }

  it.each([
    // The second number draws among the others: an index below the first one's is used as it is, any other is increased by one.
    { inFlight: [0, 0, 0], numbers: [0.4, 0.1], first: "b" },
    { inFlight: [0, 1, 1], numbers: [0.4, 0.1], first: "a" },
    { inFlight: [0, 1, 0], numbers: [0.4, 0.6], first: "c" },
    { inFlight: [0, 1, 1], numbers: [0.4, 0.6], first: "b" },
    { inFlight: [1, 1, 0], numbers: [0.1, 0.1], first: "a" },
    { inFlight: [1, 0, 1], numbers: [0.1, 0.1], first: "b" },
    { inFlight: [2, 1, 0], numbers: [0.1, 0.9], first: "c" }
  ])("with $inFlight under way and $numbers is $first", ({ first, inFlight, numbers }) => {
    const { left, order: made } = order([1, 1, 1], inFlight, ...numbers)
    assert.deepStrictEqual([made.at(0), left()], [first, 0])
  })

  it("compares the remaining ones for the next place, and needs one number for the last", () => {
    const { left, order: made } = order([1, 1, 1, 1], [0, 3, 1, 2], 0.1, 0.1, 0.4, 0.9, 0.1, 0.9, 0.5)
    // a or b: a. Left are [d, b, c]; b or c: c. Left are [d, b]; d or b: d.
    assert.deepStrictEqual(all(made), ["a", "c", "d", "b"])
    assert.strictEqual(left(), 0)
  })

  it("is empty for no items, and the item for one item", () => {
    assert.deepStrictEqual(all(order([], []).order), [])
    assert.deepStrictEqual(all(order([1], [5], 0.9).order), ["a"])
  })

  it("by shares takes the second only with less than half of the first one's load", () => {
    // 3 + 1 against 1 + 1 is twice as much, 4 + 1 against 1 + 1 is more.
    assert.strictEqual(order([2, 1], [3, 1], 0.1, 0.7).order.at(0), "a")
    assert.strictEqual(order([2, 1], [4, 1], 0.1, 0.7).order.at(0), "b")
  })

  it("by shares draws again where the second is the first, and compares nothing where no other has weight", () => {
    const twice = order([2, 1], [9, 0], 0.1, 0.2, 0.1, 0.7)
    assert.deepStrictEqual([twice.order.at(0), twice.left()], ["b", 0])
    const alone = order([2, 0], [9, 0], ...Array(25).fill(0.1))
    assert.deepStrictEqual([alone.order.at(0), alone.left()], ["a", 16])
    assert.deepStrictEqual([alone.order.at(1), alone.left()], ["b", 0])
  })
})
