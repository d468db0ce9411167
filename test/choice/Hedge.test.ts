/** When a request may be hedged, and how often. */
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { HedgeBudget, most } from "../../src/choice/HedgeBudget.ts"
import { fewest, RecentTimes, remembered } from "../../src/choice/RecentTimes.ts"

describe("a hedge budget", () => {
  it("of 5 % gives one hedge for twenty requests", () => {
    const budget = new HedgeBudget()
    for (let i = 0; i < 19; i++) budget.deposit(0.05)
    assert.isFalse(budget.withdraw())
    budget.deposit(0.05)
    assert.strictEqual(budget.left, 1)
    assert.isTrue(budget.withdraw())
    assert.isFalse(budget.withdraw())
  })

  it("saves up ten hedges and no more", () => {
    const budget = new HedgeBudget()
    for (let i = 0; i < 10_000; i++) budget.deposit(0.05)
    assert.strictEqual(budget.left, most)
    let made = 0
    while (budget.withdraw()) made++
    assert.strictEqual(made, 10)
  })

  it.prop(
    "never gives more than the share of the requests",
    [Schema.Array(Schema.Boolean), Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))],
    ([steps, share]) => {
      const budget = new HedgeBudget()
      let requests = 0
      let hedges = 0
      for (const isRequest of steps) {
        if (isRequest) {
          budget.deposit(share)
          requests++
        } else if (budget.withdraw()) hedges++
        assert.isAtMost(hedges, requests * share + 1e-6)
      }
    }
  )
})

describe("the latest times", () => {
  const timesOf = (...times: ReadonlyArray<number>) => {
    const recent = new RecentTimes()
    for (const time of times) recent.add(time)
    return recent
  }
  const upTo = (end: number) => Array.from({ length: end }, (_, i) => i + 1)

  it("have no percentile before there are twenty", () => {
    assert.isUndefined(timesOf(...upTo(fewest - 1)).percentile(0.5))
    assert.strictEqual(timesOf(...upTo(fewest)).percentile(0.5), 10)
  })

  it("give the time that a share of them does not exceed", () => {
    const recent = timesOf(...upTo(100))
    assert.strictEqual(recent.percentile(0.95), 95)
    assert.strictEqual(recent.percentile(0.5), 50)
    assert.strictEqual(recent.percentile(1), 100)
    assert.strictEqual(recent.percentile(0), 1)
  })

  it("drop the oldest", () => {
    const recent = timesOf(...Array(remembered).fill(1_000), ...Array(remembered).fill(5))
    assert.strictEqual(recent.percentile(1), 5)
  })

  it("are looked at again when there is a new one", () => {
    const recent = timesOf(...upTo(20))
    assert.strictEqual(recent.percentile(1), 20)
    recent.add(99)
    assert.strictEqual(recent.percentile(1), 99)
  })
})
