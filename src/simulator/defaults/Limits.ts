/** Learned limits, for targets that do not name their own. */
import type { LearnedLimitOptions } from "../../policy/LearnedLimit.ts"
import type { ScenarioFile } from "../scenario/ScenarioFile.ts"
import * as Columns from "./Columns.ts"
import type { Experiment, Value } from "./Experiment.ts"
import { alone, minute, two } from "./Worlds.ts"

const value = (label: string, learnedLimit: LearnedLimitOptions | boolean): Value => ({
  label,
  policy: { learnedLimit }
})

const file = (perSecond: number, fault: ScenarioFile["faults"][number]): ScenarioFile => ({
  duration: 20 * minute,
  requests: { perSecond, arrivals: "random" },
  faults: [fault]
})

/** The experiment. */
export const experiments: ReadonlyArray<Experiment> = [
  {
    name: "learnedLimit",
    values: [value("off (default)", false), value("true", true), value("period: 32", { period: 32 })],
    plays: [
      {
        about:
          "the first of two takes four requests a second of eight and refuses the others without naming a wait",
        config: two,
        files: [file(8, { target: "first provider", fault: "capped", perMinute: 240 })],
        columns: [Columns.first, Columns.refused]
      },
      {
        about:
          "the first of two works on ten requests at once, of the 24 that come in that time, and refuses the others as overload",
        config: two,
        files: [file(8, { target: "first provider", fault: "crowded", slots: 10, queue: 0 })],
        columns: [Columns.first, Columns.refused]
      },
      {
        about: "the only provider throttles one call in twenty, whatever it has to do",
        config: alone,
        files: [file(5, { target: "every target", fault: "throttled", share: 0.05 })],
        columns: [Columns.lost]
      }
    ],
    reading:
      "Off is right unless the provider is known to have a cap. With a cap the target gives 73 % of what it could where requests come at random (one that finds it at its limit goes to the next target, and does not wait), 94 % of the places, and hardly a call is refused. Throttles at random are found out after some twenty of them; until then they count as a cap, so more requests are lost than without learned limits."
  }
]
