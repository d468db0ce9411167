/** How many retries a process may make. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { allowanceAtMost, RetryBudget, requestsRemembered } from "../../src/health/RetryBudget.ts"

/** The number of retries that are available now. */
const drain = (budget: RetryBudget, now: number) => {
  let retries = 0
  while (retries < 1_000 && budget.withdraw(now)) retries++
  return retries
}
const budgetAfter = (requests: number, share: number) => {
  const budget = new RetryBudget(share)
  for (let i = 0; i < requests; i++) budget.deposit()
  return budget
}

describe("a retry budget", () => {
  it("lets a quiet process retry: ten at once, and one a second after", () => {
    const budget = new RetryBudget(0.2)
    assert.strictEqual(drain(budget, 0), allowanceAtMost)
    assert.strictEqual(drain(budget, 999), 0)
    assert.strictEqual(drain(budget, 1_000), 1)
    assert.strictEqual(drain(budget, 4_500), 3)
    assert.strictEqual(drain(budget, 3_600_000), allowanceAtMost)
  })

  it.each([0.1, 0.2, 0.25, 0.5, 1, 2])("of %d gives that many retries a request", (share) => {
    assert.strictEqual(drain(budgetAfter(100, share), 0), allowanceAtMost + 100 * share)
  })

  it("does not save up more than five hundred requests", () => {
    assert.strictEqual(drain(budgetAfter(100_000, 0.2), 0), allowanceAtMost + requestsRemembered * 0.2)
  })

  it("saves up five hundred requests and not one more", () => {
    assert.strictEqual(drain(budgetAfter(100_000, 1), 0), allowanceAtMost + requestsRemembered)
  })

  it("gives the number of retries: the allowance by now, and those that were paid for", () => {
    const budget = budgetAfter(17, 0.25)
    assert.strictEqual(budget.left(0), allowanceAtMost + 4)
    for (let i = 0; i < 3; i++) budget.withdraw(0)
    assert.strictEqual(budget.left(0), allowanceAtMost - 3 + 4)
    assert.strictEqual(budget.left(1_999), allowanceAtMost - 2 + 4)
    assert.strictEqual(budget.left(60_000), allowanceAtMost + 4)
  })

  it("tells whether retries are disabled, which an empty budget does not mean", () => {
    const empty = budgetAfter(0, 0.2)
    drain(empty, 0)
    assert.isFalse(empty.isNone)
    assert.isTrue(new RetryBudget(0).isNone)
    empty.setShare(0)
    assert.isTrue(empty.isNone)
    assert.strictEqual(empty.left(60_000), 0)
  })

  it("of zero allows nothing, however long a request waits", () => {
    const budget = budgetAfter(1_000, 0)
    assert.strictEqual(drain(budget, 0), 0)
    assert.strictEqual(drain(budget, 3_600_000), 0)
  })

  it("without a bound gives all", () => {
    const budget = new RetryBudget(Number.POSITIVE_INFINITY)
    assert.strictEqual(drain(budget, 0), 1_000)
    assert.strictEqual(budget.left(0), Number.POSITIVE_INFINITY)
  })

  it("tolerates a clock that goes back", () => {
    const budget = new RetryBudget(0.2)
    assert.strictEqual(drain(budget, 60_000), allowanceAtMost)
    assert.strictEqual(drain(budget, 0), 0)
    assert.strictEqual(drain(budget, 1_000), 1)
  })

  const Steps = Schema.Array(
    Schema.Tuple([Schema.Boolean, Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 5_000 }))])
  )
  it.prop("gives the number in advance, and never more than share and time allow", [Steps], ([steps]) => {
    const budget = new RetryBudget(0.5)
    let now = 0
    let requests = 0
    let retries = 0
    for (const [isRequest, pause] of steps) {
      now += pause
      if (isRequest) {
        budget.deposit()
        requests++
        continue
      }
      const left = budget.left(now)
      const given = budget.withdraw(now)
      assert.strictEqual(given, left >= 1)
      if (given) retries++
    }
    assert.isAtMost(retries, allowanceAtMost + now / 1_000 + requests * 0.5)
  })
})
