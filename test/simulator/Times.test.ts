/** Counting times, lost requests and conversations in bounded memory. */
import { assert, describe, it } from "@effect/vitest"
import type { RequestRecord } from "../../src/simulator/report/Journal.ts"
import { Lost } from "../../src/simulator/report/Lost.ts"
import { Loyalty } from "../../src/simulator/report/Loyalty.ts"
import { Times } from "../../src/simulator/report/Times.ts"

const asked = (changes: Partial<RequestRecord>): RequestRecord => ({
  at: 0,
  conversation: 0,
  isLast: false,
  state: "answered",
  calls: [],
  by: undefined,
  took: undefined,
  lost: undefined,
  error: undefined,
  ...changes
})

describe("times", () => {
  it("are exact while there are few, by the nearest rank", () => {
    const times = new Times()
    assert.isUndefined(times.spread())
    for (let millis = 100; millis > 0; millis--) times.add(millis)
    assert.deepStrictEqual(times.spread(), { mean: 50.5, p50: 50, p95: 95, p99: 99, max: 100 })
  })

  it("are within 0.3 % when there are many, with an exact mean and maximum", () => {
    const times = new Times()
    for (let i = 1; i <= 100_000; i++) times.add(i / 10)
    const { max, mean, p50, p95, p99 } = times.spread()!
    assert.strictEqual(max, 10_000)
    assert.approximately(mean, 5_000.05, 0.001)
    for (const [found, exact] of [
      [p50, 5_000],
      [p95, 9_500],
      [p99, 9_900]
    ] as const) {
      assert.approximately(found, exact, 0.003 * exact)
    }
  })
})

describe("lost requests", () => {
  it("are grouped within ten seconds, in any order", () => {
    const moments = [0, 4, 8, 30, 39, 60].map((seconds) => seconds * 1000)
    const told = (order: ReadonlyArray<number>) => {
      const lost = new Lost()
      for (const at of order) lost.add(asked({ at, state: "failed", error: "ChainExhausted" }))
      return lost.all.map(({ at, last, requests }) => [at / 1000, last / 1000, requests])
    }
    const expected = [
      [0, 8, 3],
      [30, 39, 2],
      [60, 60, 1]
    ]
    assert.deepStrictEqual(told(moments), expected)
    assert.deepStrictEqual(told(moments.toReversed()), expected)
    assert.deepStrictEqual(told([8_000, 39_000, 0, 60_000, 30_000, 4_000]), expected)
  })
})

describe("a conversation", () => {
  it("counts the turns at the target that answers most of them", () => {
    const loyalty = new Loyalty()
    for (const [conversation, by] of [
      [1, "a"],
      [2, "b"],
      [1, "a"],
      [1, "b"],
      [2, "b"]
    ] as const) {
      loyalty.add(asked({ conversation, by }))
    }
    loyalty.add(asked({ conversation: 1, by: "a", isLast: true }))
    // Four turns of the first, three of them at one target; two of the second, which is not over.
    assert.deepStrictEqual(loyalty.stayed, { conversations: 2, turns: 6, atOneTarget: 5 / 6 })
  })
})
