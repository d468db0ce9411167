/** How many attempts at once a target seems to take. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { LearnedLimit, memory } from "../../src/choice/LearnedLimit.ts"

/** Rounds in which a crowd asks a target that takes `capacity` at once; each round begins when the last one has ended. */
const play = (limit: LearnedLimit, capacity: number, from: number, rounds: number) => {
  let served = 0
  let refused = 0
  for (let round = from; round < from + rounds; round++) {
    const now = round * 1_000
    let inFlight = 0
    while (inFlight < 1_000 && limit.allows(inFlight, now)) inFlight++
    const taken = Math.min(inFlight, capacity)
    for (let i = capacity; i < inFlight; i++) limit.refused(inFlight - 1, now, now + 10)
    for (let i = 0; i < taken; i++) limit.answered(inFlight - 1)
    served += taken
    refused += inFlight - taken
  }
  return { served, refused }
}

describe("a learned limit", () => {
  it("is none before the first refusal", () => {
    const limit = new LearnedLimit()
    limit.answered(500)
    assert.isTrue(limit.allows(1e6, 0))
  })

  it("is 5 % less than what was under way at a refusal, once for all of that time", () => {
    const limit = new LearnedLimit()
    limit.refused(99, 0, 10)
    assert.strictEqual(limit.value, 95)
    limit.refused(99, 5, 12)
    assert.strictEqual(limit.value, 95)
    limit.refused(94, 11, 20)
    assert.strictEqual(limit.value, 90.25)
  })

  it("is at least half an attempt less", () => {
    const limit = new LearnedLimit()
    limit.refused(1, 0, 10)
    assert.strictEqual(limit.value, 1.5)
    limit.refused(0, 11, 20)
    assert.strictEqual(limit.value, 1)
  })

  it("grows by one in a hundred answers where there is demand, not without, and faster beyond what was too many", () => {
    const limit = new LearnedLimit()
    limit.refused(9, 0, 10)
    assert.strictEqual(limit.value, 9.5)
    for (let i = 0; i < 100; i++) limit.answered(9)
    assert.approximately(limit.value, 10.5, 1e-9)
    for (let i = 0; i < 100; i++) limit.answered(3)
    assert.approximately(limit.value, 10.5, 1e-9)
    for (let i = 0; i < 60; i++) limit.answered(10)
    const before = limit.value
    limit.answered(10)
    assert.approximately(limit.value - before, 0.05, 1e-9)
  })

  it("is forgotten when no refusal has confirmed it for ten minutes", () => {
    const limit = new LearnedLimit()
    limit.refused(9, 0, 10)
    assert.isFalse(limit.allows(50, memory))
    assert.isTrue(limit.allows(50, memory + 11))
  })

  it.each([1, 2, 10, 20, 50, 100])(
    "of a capacity of %d serves 95 in 100, with at most 2 in 100 refused",
    (capacity) => {
      const limit = new LearnedLimit()
      play(limit, capacity, 0, 500)
      const steady = play(limit, capacity, 500, 1_000)
      assert.isAtLeast(steady.served, 0.95 * capacity * 1_000)
      assert.isAtMost(steady.refused / (steady.served + steady.refused), 0.02)
    }
  )

  it("finds a capacity that has grown tenfold within 120 full rounds", () => {
    const limit = new LearnedLimit()
    play(limit, 10, 0, 100)
    play(limit, 100, 100, 120)
    assert.isAbove(play(limit, 100, 220, 1).served, 90)
  })

  it.prop(
    "is never below one",
    [
      Schema.Array(
        Schema.Tuple([Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 9 })), Schema.Boolean])
      )
    ],
    ([steps]) => {
      const limit = new LearnedLimit()
      for (const [i, [inFlight, isRefused]] of steps.entries()) {
        if (isRefused) limit.refused(inFlight, i, i)
        else limit.answered(inFlight)
        assert.isAtLeast(limit.value, 1)
        assert.isTrue(limit.allows(0, i))
      }
    }
  )
})
