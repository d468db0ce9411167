/** The effect of hedges in a simulation in which one of three equals, or all of them, are ten times slower. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { HedgeOptions } from "../../src/policy/Policy.ts"
import { equals } from "../../src/simulator/defaults/Hedges.ts"
import * as Report from "../../src/simulator/report/Report.ts"
import * as Simulation from "../../src/simulator/Simulation.ts"
import * as Scenario from "../../src/simulator/scenario/Scenario.ts"

const minute = 60_000

const slow = (target: string) =>
  ({ target, fault: "slow", factor: 10, from: minute, until: 4 * minute }) as const

const play = (faults: ReadonlyArray<ReturnType<typeof slow>>, hedge: HedgeOptions | false) => {
  const config = { ...equals, policy: { hedge } }
  const file = { duration: 5 * minute, requests: { perSecond: 10 }, faults }
  const scenario = Result.getOrThrowWith(Scenario.resolve(file, config), (wrong) => new Error(String(wrong)))
  return Effect.map(Simulation.play(scenario, config), (played) => {
    const { requests, times } = Report.of(played)
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
