/** When one of several equals is ejected because too many of its attempts fail. */
import type { GatewayConfig } from "../../config/GatewayConfig.ts"
import type { EjectionOptions } from "../../policy/PolicyOptions.ts"
import * as Columns from "./Columns.ts"
import type { Experiment, Play } from "./Experiment.ts"
import { duration, factor } from "./Values.ts"
import { equals, minute, share } from "./Worlds.ts"

/** Failed visits in a row bench nothing, so that only the share of failures does. */
const alone: GatewayConfig = { ...equals, policy: { threshold: { transient: 1_000 } } }

const one: Play = {
  about:
    "one of three equals fails three calls in ten, and no visits in a row bench it (`threshold.transient`)",
  config: alone,
  files: [{ ...share("first provider", "serverError", 0.3, 10), duration: 5 * minute }],
  columns: [Columns.met, Columns.p99]
}

const all: Play = {
  about: "all three fail three in ten",
  config: alone,
  files: [{ ...share("every target", "serverError", 0.3, 10), duration: 5 * minute }],
  columns: [Columns.lost, Columns.calls, Columns.p99]
}

const ejection = (
  name: keyof EjectionOptions,
  values: Experiment["values"],
  reading: string
): Experiment => ({
  name: `ejection.${name}`,
  values,
  plays: [one, all],
  reading
})

/** The experiments. */
export const experiments: ReadonlyArray<Experiment> = [
  ejection(
    "window",
    duration("30 seconds", (window) => ({ ejection: { window } })),
    "Good enough: half of it changes nothing at this rate; with twice that fewer calls meet the fault, but a target is judged by what it did a minute ago."
  ),
  ejection(
    "attempts",
    factor(20, [10, 20, 40], (attempts) => ({ ejection: { attempts } })),
    "Good: with twice that half as many calls again meet the fault; with half of it a few unlucky calls count as a rate."
  ),
  ejection(
    "share",
    factor(0.5, [0.25, 0.5, 1], (share) => ({ ejection: { share } })),
    "Has little effect where equals can be compared, because `above` decides first; half of it ejects targets for a fault that all of them have, and loses requests."
  ),
  ejection(
    "above",
    factor(0.2, [0.1, 0.2, 0.4], (above) => ({ ejection: { above } })),
    "Good: with twice that a target that fails three in ten is not ejected, and half of it is reached by chance where all fail alike."
  ),
  ejection(
    "mostOut",
    factor(0.5, [0.25, 0.5, 1], (mostOut) => ({ ejection: { mostOut } })),
    "Good: a quarter of three targets is none, so no target would ever be ejected; with 1 all of them could be."
  )
]
