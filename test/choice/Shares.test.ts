/** How much of a group's requests affinity may send to one member. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { fewest, mostOfShare, Shares } from "../../src/choice/Shares.ts"
import { make } from "../support/Random.ts"

const still = { now: () => 0 }

/** Sends requests whose preferences are `preferred`, each to the first member that may have it. */
const send = (shares: Shares, weights: ReadonlyArray<number>, orders: Iterable<ReadonlyArray<number>>) => {
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const got = weights.map(() => 0)
  for (const order of orders) {
    const member = order.find((other) => shares.allows(other, weights[other]! / total)) ?? order[0]!
    shares.count(order[0]!, member, still)
    got[member]!++
  }
  return got
}

describe("bounded load", () => {
  it("of 300 requests with one key three equals get at most 125", () => {
    // 1.25 * 300 / 3 = 125
    const got = send(new Shares(3), [1, 1, 1], Array(300).fill([0, 1, 2]))
    assert.deepStrictEqual(
      got.map((count) => Math.min(count, 124)),
      [124, 124, 52]
    )
    for (const count of got) assert.isAtMost(count, 125)
  })

  it("does not bound a member that has got few", () => {
    assert.deepStrictEqual(send(new Shares(3), [1, 1, 1], Array(fewest).fill([0, 1, 2])), [fewest, 0, 0])
  })

  it("keeps a single conversation together at up to a request a second, for as long as it lasts", () => {
    const shares = new Shares(2)
    let now = 0
    for (let i = 0; i < 500; i++) {
      assert.isTrue(shares.allows(0, 0.5))
      assert.isFalse(shares.spills(0, 0.5, 0))
      shares.count(0, 0, { now: () => now })
      now += 1_000
    }
  })

  it("fades: yesterday's crowd does not keep today's conversations away", () => {
    const shares = new Shares(2)
    send(shares, [1, 1], Array(2_000).fill([0, 1]))
    send(shares, [1, 1], Array(4_000).fill([1, 0]))
    assert.isTrue(shares.allows(0, 0.5))
  })

  it("leaves conversations alone that are spread by chance", () => {
    const random = make(7)
    const shares = new Shares(3)
    let home = 0
    for (let i = 0; i < 20_000; i++) {
      const first = random.int(3)
      const [member] = [first, (first + 1) % 3].filter((other) => shares.allows(other, 1 / 3))
      if (member === first) home++
      shares.count(first, member!, still)
    }
    assert.isAbove(home / 20_000, 0.995)
  })

  it("moves whole conversations of a member that too many prefer, always the same ones", () => {
    const random = make(9)
    const shares = new Shares(3)
    // 30 conversations, of which 15 prefer the first member: half instead of a third.
    const conversations = Array.from({ length: 30 }, (_, i) => ({
      first: i < 15 ? 0 : 1 + (i % 2),
      place: i / 15
    }))
    const at = conversations.map(() => [0, 0, 0])
    const got = [0, 0, 0]
    for (let i = 0; i < 12_000; i++) {
      const number = random.int(30)
      const { first, place } = conversations[number]!
      const next = (first + 1 + (number % 2)) % 3
      const stays = !shares.spills(first, 1 / 3, place) && shares.allows(first, 1 / 3)
      const member = stays ? first : next
      shares.count(first, member, still)
      if (i >= 2_000) {
        at[number]![member]!++
        got[member]!++
      }
    }
    assert.isAtMost(got[0]! / 10_000, 1.25 / 3)
    const together = at.reduce((sum, counts) => sum + Math.max(...counts), 0)
    assert.isAbove(together / 10_000, 0.97)
  })

  const Share = Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 9 }))
  it.prop(
    "gives no member more than 1.25 times its share, few requests apart",
    [
      Schema.Array(Share).check(Schema.isMinLength(2), Schema.isMaxLength(6)),
      Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 2_000 }))
    ],
    ([weights, requests]) => {
      const order = weights.map((_, i) => i)
      const total = weights.reduce((sum, weight) => sum + weight, 0)
      const got = send(new Shares(weights.length), weights, Array(requests).fill(order))
      for (const [member, count] of got.entries()) {
        const bound = mostOfShare * (weights[member]! / total)
        // Old requests count half, so the bound is that of any window: twice the rounding of one.
        assert.isAtMost(count, Math.max(fewest, bound * requests) + fewest)
      }
    }
  )
})
