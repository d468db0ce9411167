/** The order of equals, with a key and without one. */
import { assert, describe, it } from "@effect/vitest"
import { Equals, type Request, type Way } from "../../src/choice/Equals.ts"
import * as Hash from "../../src/choice/Hash.ts"
import type { Kind } from "../../src/choice/Load.ts"
import type { Order } from "../../src/choice/Order.ts"
import { Rendezvous } from "../../src/choice/Rendezvous.ts"
import { Signals } from "../../src/choice/Signals.ts"

const names = ["a", "b", "c"]
const ring = new Rendezvous(names, [1, 1, 1])

/** The rank of a key among the keys that prefer the same item. The lowest leave it first. */
const placeOf = (key: number) => Hash.mix(key ^ 0x5bd1e995) / 2 ** 32

/** A key that prefers the items in this order. */
const keyFor = (order: string, fits: (key: number) => boolean = () => true): number => {
  for (let key = 1; ; key++) {
    const found = ring.order(key).map((index) => names[index])
    if (found.join("") === order && fits(key)) return key
  }
}

const groupOf = (times: ReadonlyArray<number> = [], kind: Kind = "stream", weights = [1, 1, 1]) => {
  const signals = names.map(() => new Signals())
  for (const [index, took] of times.entries()) if (took > 0) signals[index]!.load.took(kind, took, 0)
  return new Equals(names, names, weights, signals)
}

const request = (changes: Partial<Request<string>> = {}): Request<string> => ({
  now: () => 0,
  chance: () => 0.9,
  kind: "stream",
  turn: () => 4,
  someOut: () => false,
  isOut: () => {
    throw new Error("nobody is out")
  },
  ...changes
})
const without = (out: string) => request({ someOut: () => true, isOut: (item) => out.includes(item) })

const text = (order: Order<string>) => Array.from({ length: order.length }, (_, i) => order.at(i)).join("")
const abc = keyFor("abc")

describe("equals", () => {
  it("are the items that were given, with their signals", () => {
    const signals = names.map(() => new Signals())
    const group = new Equals(names, names, [1, 1, 1], signals)
    assert.deepStrictEqual([group.items, group.signals], [names, signals])
  })

  it.each([
    ["sequential", "abc"],
    ["roundRobin", "bca"],
    ["random", "cba"],
    ["leastLoaded", "cba"]
  ] as const)("without a key are ordered %s: %s", (way, expected) => {
    assert.strictEqual(text(groupOf().order(way, undefined, request())), expected)
  })

  it("without a key are drawn by weight or by load", () => {
    const weighted = groupOf([], "stream", [0, 5, 0])
    assert.strictEqual(weighted.order("weighted", undefined, request({ chance: () => 0 })).at(0), "b")
    const busy = groupOf()
    busy.signals[2]!.load.began()
    assert.strictEqual(busy.order("leastLoaded", undefined, request()).at(0), "b")
    const slow = groupOf([0, 10, 99], "effect")
    assert.strictEqual(slow.order("leastLoaded", undefined, request({ kind: "effect" })).at(0), "b")
  })

  it.each(["abc", "acb", "bac", "bca", "cab", "cba"])(
    "with a key are in its order of preference: %s",
    (order) => {
      for (const way of ["roundRobin", "random", "weighted", "leastLoaded"] as const) {
        const made = groupOf().order(way, keyFor(order), request())
        assert.deepStrictEqual([text(made), made.at(3), made.at(-1)], [order, undefined, undefined])
      }
    }
  )

  it("that are tried as listed ignore a key", () => {
    assert.strictEqual(text(groupOf().order("sequential", keyFor("cba"), request())), "abc")
  })
})

describe("the item that a key prefers", () => {
  it.each([
    ["", "abc"],
    ["a", "bac"],
    ["ab", "cab"],
    ["bc", "abc"],
    ["abc", "abc"]
  ])("when %j are out: %s", (out, expected) => {
    assert.strictEqual(text(groupOf().order("weighted", abc, without(out))), expected)
    assert.strictEqual(text(groupOf().order("leastLoaded", abc, without(out))), expected)
  })

  it.each([
    // More than five times as long, and a second longer.
    { times: [5_001, 1_000, 0], expected: "bac" },
    { times: [5_000, 1_000, 0], expected: "abc" },
    { times: [1_100, 100, 0], expected: "bac" },
    { times: [1_099, 100, 0], expected: "abc" },
    { times: [999, 1, 0], expected: "abc" },
    { times: [9_000, 0, 0], expected: "abc" },
    { times: [9_000, 0, 100], expected: "bac" },
    { times: [9_000, 9_000, 100], expected: "cab" },
    { times: [100, 9_000, 9_000], expected: "abc" }
  ])("took $times ms: $expected by load, and abc otherwise", ({ expected, times }) => {
    assert.strictEqual(text(groupOf(times).order("leastLoaded", abc, request())), expected)
    assert.strictEqual(text(groupOf(times).order("weighted", abc, request())), "abc")
  })

  it.each([
    // Only what can be called is a reason to leave.
    { times: [9_000, 100, 0], out: "b", expected: "abc" },
    { times: [9_000, 100, 200], out: "b", expected: "cab" },
    { times: [100, 9_000, 100], out: "a", expected: "cab" },
    { times: [100, 9_000, 9_000], out: "a", expected: "bac" },
    { times: [9_000, 8_000, 0], out: "c", expected: "abc" }
  ])("took $times ms, and $out is out: $expected", ({ expected, out, times }) => {
    assert.strictEqual(text(groupOf(times).order("leastLoaded", abc, without(out))), expected)
  })

  it("is compared by the time of the same kind", () => {
    const group = groupOf([9_000, 100, 0], "effect")
    assert.strictEqual(text(group.order("leastLoaded", abc, request())), "abc")
    assert.strictEqual(text(group.order("leastLoaded", abc, request({ kind: "effect" }))), "bac")
  })

  it("is slow no longer when its time has faded", () => {
    const later = request({ now: () => 60_000 })
    // 9,000 has faded to 448, but the other one has faded too, unless it is in use.
    const group = groupOf([9_000, 100, 0])
    group.signals[1]!.load.began()
    assert.strictEqual(text(group.order("leastLoaded", abc, later)), "abc")
  })
})

describe("many requests of one key", () => {
  /** The items that answer one after the other, each with how many times in a row. */
  const runs = (key: number, requests: number, weights = [1, 1, 1], way: Way = "weighted") => {
    const group = groupOf([], "stream", weights)
    const found: Array<string> = []
    let last = ""
    let length = 0
    for (let i = 0; i <= requests; i++) {
      const item = i === requests ? "" : group.order(way, key, request()).at(0)!
      if (item === last) length++
      else {
        if (last !== "") found.push(`${last}${length}`)
        last = item
        length = 1
      }
    }
    return found.join(" ")
  }

  it("go to the next item when the first one has had its share, and come back if their place is high", () => {
    // 64 are free; 65 are at most 1.25 times a third from the 156th request on.
    const stays = keyFor("abc", (key) => placeOf(key) > 0.9)
    assert.strictEqual(runs(stays, 156), "a64 b64 c27 a1")
  })

  it("stay away if their place is low, as long as too many prefer the item", () => {
    const leaves = keyFor("abc", (key) => placeOf(key) < 0.1)
    assert.strictEqual(runs(leaves, 156), "a64 b64 c27 b1")
  })

  it("have more room at an item with more weight", () => {
    const stays = keyFor("abc", (key) => placeOf(key) > 0.9)
    assert.strictEqual(runs(stays, 104, [2, 1, 1]), "a64 b39 a1")
    assert.strictEqual(runs(stays, 156, [0, 0, 0]), "a64 b64 c27 a1")
    assert.strictEqual(runs(stays, 78, [2, 1, -1]), "a64 b13 a1")
  })

  it("stay where they are when no target may have more", () => {
    const group = new Equals(["a"], ["a"], [1], [new Signals()])
    for (let i = 0; i < 100; i++) assert.strictEqual(group.order("weighted", abc, request()).at(0), "a")
  })
})

describe("the preference of a key", () => {
  it("for equals is the hash of both, and with weights -weight / ln(hash)", () => {
    const key = 12_345
    const hashes = names.map((name) => Hash.ofPair(key, Hash.ofText(name)))
    assert.deepStrictEqual(
      names.map((_, member) => ring.score(key, member)),
      hashes
    )
    const weighted = new Rendezvous(names, [1, 2, 0])
    const u = (member: number) => (hashes[member]! + 0.5) / 2 ** 32
    assert.deepStrictEqual(
      names.map((_, member) => weighted.score(key, member)),
      [-1 / Math.log(u(0)), -2 / Math.log(u(1)), hashes[2]! / 2 ** 32 - 1]
    )
  })

  it("is found alike where all weights are equal, and where they are all 0", () => {
    for (const weights of [
      [3, 3, 3],
      [0, 0, 0]
    ]) {
      const alike = new Rendezvous(names, weights)
      for (let key = 0; key < 50; key++) assert.deepStrictEqual(alike.order(key), ring.order(key))
    }
    assert.strictEqual(new Rendezvous(names, [3, 3, 3]).score(7, 0), ring.score(7, 0))
    assert.isBelow(new Rendezvous(names, [0, 0, 0]).score(7, 0), 0)
  })

  it("is the first of its order, the earlier of two that are alike, and -1 in an empty group", () => {
    for (let key = 0; key < 50; key++) assert.strictEqual(ring.first(key), ring.order(key)[0])
    assert.strictEqual(new Rendezvous(["a", "a"], [1, 1]).first(5), 0)
    assert.strictEqual(new Rendezvous([], []).first(5), -1)
  })
})
