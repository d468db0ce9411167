/** When a request that takes long is sent to a second target as well, and how often. */
import { fromFile, type GatewayConfig } from "../../config/GatewayConfig.ts"
import type { HedgeOptions } from "../../policy/Policy.ts"
import * as Columns from "./Columns.ts"
import type { Experiment, Play, Value } from "./Experiment.ts"
import { factor } from "./Values.ts"
import { minute, second } from "./Worlds.ts"

/** Three equals that share the requests by load, as tiers do by default. */
export const equals: GatewayConfig = fromFile(
  {
    providers: { a: { protocol: "openai" }, b: { protocol: "openai" }, c: { protocol: "openai" } },
    models: { smart: [["a/large", "b/large", "c/large"]] }
  },
  []
)

const slow = (about: string, target: string): Play => ({
  about,
  config: equals,
  files: [
    {
      duration: 5 * minute,
      requests: { perSecond: 10 },
      faults: [{ target, fault: "slow", factor: 10, from: minute, until: 4 * minute }]
    }
  ],
  columns: [Columns.p99, Columns.calls]
})

const plays: ReadonlyArray<Play> = [
  {
    about: "three equals with the first word after 0.6 s, exponentially distributed",
    config: equals,
    files: [
      {
        duration: 5 * minute,
        requests: { perSecond: 10 },
        answers: { firstWord: 0.6 * second, whole: 3 * second, spread: "exponential" },
        faults: []
      }
    ],
    columns: [Columns.p95, Columns.p99, Columns.calls]
  },
  slow("one of three equals is ten times slower for three minutes", "first provider"),
  slow("all three are", "every target")
]

/** A percentile has no half: the share of the attempts that take longer is doubled and halved. */
const after = (percentile: NonNullable<HedgeOptions["after"]>, label: string): Value => ({
  label,
  policy: { hedge: { after: percentile } }
})

/** The experiments. */
export const experiments: ReadonlyArray<Experiment> = [
  {
    name: "hedge.after",
    values: [after("p90", "p90"), after("p95", "p95 (default)"), after("p97.5", "p97.5")],
    plays,
    reading:
      "Good: a longer wait makes fewer hedges, but if one of the equals is slow, the first word is late for 1 % of the requests; a shorter one spends the budget on attempts that are about to answer."
  },
  {
    name: "hedge.share",
    values: factor(0.05, [0.025, 0.05, 0.1], (share) => ({ hedge: { share } })),
    plays,
    reading:
      "Good: half of it hedges fewer of the slowest requests. Twice of it costs 9 %, and hides a slow target: a stopped attempt has no time that `leastLoaded` could compare. If all are slow, no value helps, and none costs more than its share."
  }
]
