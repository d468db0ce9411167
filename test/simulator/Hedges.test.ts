/** The effect of hedges in a simulation in which one of three equals, or all of them, are ten times slower. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Page from "../../src/cli/simulate/page/Page.ts"
import * as Text from "../../src/cli/simulate/Text.ts"
import type { HedgeOptions } from "../../src/policy/Policy.ts"
import { equals } from "../../src/simulator/defaults/Hedges.ts"
import * as Report from "../../src/simulator/report/Report.ts"
import * as Simulation from "../../src/simulator/Simulation.ts"
import * as Scenario from "../../src/simulator/scenario/Scenario.ts"

const minute = 60_000

const slow = (target: string) =>
  ({ target, fault: "slow", factor: 10, from: minute, until: 4 * minute }) as const

const reported = (faults: ReadonlyArray<ReturnType<typeof slow>>, hedge: HedgeOptions | false) => {
  const config = { ...equals, policy: { hedge } }
  const file = { duration: 5 * minute, requests: { perSecond: 10 }, faults }
  const scenario = Result.getOrThrowWith(Scenario.resolve(file, config), (wrong) => new Error(String(wrong)))
  return Effect.map(Simulation.play(scenario, config), Report.of)
}

const play = (faults: ReadonlyArray<ReturnType<typeof slow>>, hedge: HedgeOptions | false) => {
  return Effect.map(reported(faults, hedge), ({ requests, times }) => {
    return {
      p99: times.all!.p99,
      calls: requests.calls / requests.asked,
      lost: requests.asked - requests.answered
    }
  })
}

describe("hedges", () => {
  it.live(
    "keep the p99 of the first content within 1.3 times the healthy one, for at most 5 % more calls",
    () =>
      Effect.gen(function* () {
        const healthy = yield* play([], false)
        const hedged = yield* play([slow("first provider")], {})
        assert.isAtMost(hedged.p99, 1.3 * healthy.p99)
        assert.isAtMost(hedged.calls, 1.05)
        assert.strictEqual(hedged.lost, 0)
      })
  )

  it.live("rescue nothing and fail nowhere: the report counts them by themselves", () =>
    Effect.gen(function* () {
      const report = yield* reported([slow("first provider")], { after: "1 second", share: 1 })
      const { answered, atOnce, calls, hedged, hedges, rescued } = report.requests
      assert.isAbove(hedged, 10)
      assert.strictEqual(rescued, 0)
      assert.strictEqual(atOnce + hedged, answered)
      assert.strictEqual(hedges, calls - answered)
      assert.strictEqual(hedges, hedged)
      const dropped = report.targets.reduce((sum, target) => sum + target.dropped, 0)
      assert.strictEqual(dropped, hedges)
      for (const { failures } of report.targets) assert.deepStrictEqual(failures, {})
      assert.deepStrictEqual(report.examples.rescued, [])
      const text = Text.format(report)
      assert.match(text, new RegExp(`answered with a hedge, no call failed +${hedged} `))
      assert.include(text, `0 retries, 0 failovers, ${hedges} hedges.`)
      assert.match(text, /target +calls +answered +probes +dropped +failures/)
      assert.notInclude(text, "rescued")
      const page = Page.format({ name: "one", report }, undefined)
      assert.match(page, new RegExp(`<b>${hedged}</b><span>answered with a hedge`))
      assert.include(page, ">dropped</th>")
      const plain = Text.format(yield* reported([], false))
      assert.notInclude(plain, "hedge")
      assert.notInclude(plain, "dropped")
    })
  )

  it.live("cost no more than their share if all targets are slow", () =>
    Effect.gen(function* () {
      for (const share of [0.05, 0.02]) {
        const { calls, lost } = yield* play([slow("every target")], { share })
        assert.isAtMost(calls, 1 + share)
        assert.strictEqual(lost, 0)
      }
    })
  )
})
