/** Every default that can be shown in a simulation. */
import * as Cooldowns from "./Cooldowns.ts"
import * as Ejections from "./Ejections.ts"
import type { Experiment } from "./Experiment.ts"
import * as Hedges from "./Hedges.ts"
import * as Limits from "./Limits.ts"
import * as Retries from "./Retries.ts"
import * as Waits from "./Waits.ts"

/** The experiments, in the order of docs/defaults.md. */
export const experiments: ReadonlyArray<Experiment> = [
  ...Retries.experiments,
  ...Cooldowns.experiments,
  ...Waits.experiments,
  ...Ejections.experiments,
  ...Hedges.experiments,
  ...Limits.experiments
]
