/** Which member of a group a key prefers. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Hash from "../../src/choice/Hash.ts"
import { Rendezvous } from "../../src/choice/Rendezvous.ts"

const keys = Array.from({ length: 20_000 }, (_, i) => Hash.ofText(`conversation-${i}`))
const even = (names: ReadonlyArray<string>) =>
  new Rendezvous(
    names,
    names.map(() => 1)
  )
const share = (firsts: ReadonlyArray<number>, member: number) =>
  firsts.filter((first) => first === member).length / firsts.length

const Weights = Schema.Array(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 }))).check(
  Schema.isNonEmpty()
)
const Key = Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2 ** 32 - 1 }))
const namesOf = (weights: ReadonlyArray<number>) => weights.map((_, i) => `m${i}`)

describe("a hash", () => {
  it("is the same in every process: these were worked out once, and FNV-1a's part by hand", () => {
    // FNV-1a of "a": (0x811c9dc5 ^ 0x61) * 0x01000193 = 0xe40c292c, the published test vector.
    assert.strictEqual(Hash.ofText("a"), Hash.mix(0xe40c292c))
    assert.strictEqual(Hash.ofText(""), Hash.mix(0x811c9dc5))
    assert.strictEqual(Hash.ofTexts(["conver", "", "sation"]), Hash.ofText("conversation"))
    // MurmurHash3's last step keeps 0, and takes 1 to 0x514e28b7.
    assert.strictEqual(Hash.mix(0), 0)
    assert.strictEqual(Hash.mix(1), 0x514e28b7)
  })

  it("of a pair depends on the order", () => {
    assert.notStrictEqual(Hash.ofPair(1, 2), Hash.ofPair(2, 1))
  })
})

describe("rendezvous hashing", () => {
  it("gives equals the same share of the keys", () => {
    const group = even(["a/m#one", "b/m#one", "c/m#one"])
    const firsts = keys.map((key) => group.first(key))
    // 3 standard deviations of 20,000 draws at 1/3: 3 * sqrt(2/9 / 20,000) = 0.01
    for (const member of [0, 1, 2]) assert.approximately(share(firsts, member), 1 / 3, 0.01)
  })

  it("gives each its share of the weights", () => {
    const group = new Rendezvous(["stable", "canary", "off"], [95, 5, 0])
    const firsts = keys.map((key) => group.first(key))
    assert.approximately(share(firsts, 0), 0.95, 0.005)
    assert.approximately(share(firsts, 1), 0.05, 0.005)
    assert.strictEqual(share(firsts, 2), 0)
  })

  it("moves only the keys of a member that is removed, and spreads them over the others", () => {
    const names = ["a", "b", "c", "d"]
    const before = even(names)
    const after = even(names.slice(0, 3))
    const moved = keys.filter((key) => before.first(key) === 3)
    for (const key of keys) {
      if (before.first(key) !== 3) assert.strictEqual(after.first(key), before.first(key))
    }
    for (const member of [0, 1, 2]) {
      assert.approximately(
        share(
          moved.map((key) => after.first(key)),
          member
        ),
        1 / 3,
        0.03
      )
    }
  })

  it.prop(
    "orders every member once, the first one first, whatever the weights",
    [Weights, Key],
    ([weights, key]) => {
      const group = new Rendezvous(namesOf(weights), weights)
      const order = group.order(key)
      assert.deepStrictEqual(
        [...order].sort((a, b) => a - b),
        weights.map((_, i) => i)
      )
      assert.strictEqual(order[0], group.first(key))
      const weightless = order.map((member) => weights[member] === 0)
      assert.deepStrictEqual(
        weightless,
        [...weightless].sort((a, b) => Number(a) - Number(b))
      )
    }
  )

  it.prop("takes no other member's key when one gets more weight", [Weights, Key], ([weights, key]) => {
    const names = namesOf(weights)
    const before = new Rendezvous(names, weights).first(key)
    const more = weights.map((weight, i) => (i === 0 ? weight + 3 : weight))
    const after = new Rendezvous(names, more).first(key)
    if (weights.some((weight) => weight > 0)) assert.isTrue(after === before || after === 0)
  })

  it.prop(
    "finds the same order in whatever order the members are listed",
    [Weights, Key],
    ([weights, key]) => {
      const names = namesOf(weights)
      const order = new Rendezvous(names, weights).order(key).map((i) => names[i])
      const listed = new Rendezvous(names.toReversed(), weights.toReversed()).order(key)
      assert.deepStrictEqual(
        listed.map((i) => names.toReversed()[i]),
        order
      )
    }
  )
})
