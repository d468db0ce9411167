/** Targets that fail some requests and answer others. */
import { assert, describe, it } from "@effect/vitest"
import { AnswersBetween } from "../../src/health/AnswersBetween.ts"
import { capacity, halfLife, longest, MixedResults } from "../../src/health/MixedResults.ts"
import { a, target } from "../support/bench.ts"

const world = () => {
  const answers = new AnswersBetween()
  const mixed = new MixedResults(answers)
  const answered = (count: number) => {
    for (let i = 0; i < count; i++) answers.answered(a)
  }
  const failed = (count: number, now = 0) => {
    for (let i = 0; i < count; i++) mixed.failed(a, now)
  }
  return { answered, answers, failed, least: (now = 0) => mixed.leastInRow(a, now), mixed }
}

describe("the row of failures after which a target counts as down", () => {
  it("is true for a target that has failed no request, or answered none since its first failure", () => {
    const { answered, failed, least } = world()
    answered(10)
    assert.strictEqual(least(), 1)
    failed(20)
    assert.strictEqual(least(), 1)
  })

  it("grows with the share of the requests that it fails", () => {
    const rows = [
      [1, 10_000, 1],
      [1, 100, 2],
      [1, 10, 3],
      [1, 1, 10],
      [2, 1, 18],
      [1_000, 1, longest]
    ] as const
    for (const [failures, answers, row] of rows) {
      const { answered, failed, least } = world()
      failed(failures)
      answered(answers)
      assert.strictEqual(least(), row, `${failures} failed, ${answers} answered`)
    }
  })

  it("is one again while a quarter of the answers came after a failed attempt at the same request", () => {
    const { answered, failed, least, mixed } = world()
    mixed.rescued(a, 0)
    failed(10)
    answered(8)
    assert.strictEqual(least(), 12)
    mixed.rescued(a, 0)
    assert.strictEqual(least(), 12)
    mixed.rescued(a, 0)
    assert.strictEqual(least(), 1)
    answered(1)
    assert.strictEqual(least(), 11)
  })

  it("forgets old failures", () => {
    const { answered, failed, least } = world()
    failed(10)
    answered(10)
    assert.strictEqual(least(), 10)
    answered(90)
    assert.strictEqual(least(20 * halfLife), 1)
  })

  it("counts answers once, also when their count begins again", () => {
    const { answered, answers, failed, least } = world()
    failed(1)
    answered(10)
    assert.deepStrictEqual([least(), least()], [3, 3])
    for (let i = 0; i < capacity; i++) answers.of(target(`m${i}`))
    assert.strictEqual(least(), 3)
    answered(90)
    assert.strictEqual(least(), 2)
  })
})
