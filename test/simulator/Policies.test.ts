/** One outage under several policies, as in `docs/simulate.md`. */
import { join, resolve } from "node:path"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Load from "../../src/config/Load.ts"
import type { Options } from "../../src/policy/Policy.ts"
import * as Report from "../../src/simulator/report/Report.ts"
import * as Simulation from "../../src/simulator/Simulation.ts"
import * as Scenario from "../../src/simulator/scenario/Scenario.ts"

const examples = resolve(import.meta.dirname, "../../examples")

const under = (policy: Options) =>
  Effect.gen(function* () {
    const file = yield* Load.load(join(examples, "gateway.jsonc"), { keyless: true })
    const config = { ...file, policy: { ...file.policy, ...policy } }
    const scenario = yield* Scenario.load(join(examples, "outages/scenario.jsonc"), config)
    return Report.of(yield* Simulation.play(scenario, config))
  }).pipe(Effect.provide(NodeServices.layer))

const lost = ({ requests }: Report.Report) => requests.asked - requests.answered

describe("the example outage", () => {
  it.live("loses nothing if requests wait, and they wait longer", () =>
    Effect.gen(function* () {
      const [asItIs, waiting, patient] = yield* Effect.all([
        under({}),
        under({ whenAllBenched: "wait" }),
        under({ threshold: { transient: 3 } })
      ])
      assert.strictEqual(lost(waiting), 0)
      assert.isAtLeast(lost(asItIs), lost(patient))
      assert.isAbove(waiting.times.rescued!.max, asItIs.times.rescued!.max)
    })
  )

  it.live("simulates the same world under each of them", () =>
    Effect.gen(function* () {
      const [one, other] = yield* Effect.all([under({}), under({ whenAllBenched: "fail" })])
      assert.deepStrictEqual(
        one.intervals.map(({ asked, from }) => [from, asked]),
        other.intervals.map(({ asked, from }) => [from, asked])
      )
      assert.deepStrictEqual(
        one.timeline.filter(({ what }) => what === "begins" || what === "over"),
        other.timeline.filter(({ what }) => what === "begins" || what === "over")
      )
    })
  )
})
