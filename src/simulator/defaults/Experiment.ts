/** Compares a default of the policy with half of it and twice it. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { InvalidCatalog } from "../../catalog/Catalog.ts"
import type { GatewayConfig } from "../../config/GatewayConfig.ts"
import type { UnknownModel } from "../../failure/RunError.ts"
import type { Options } from "../../policy/Policy.ts"
import * as Report from "../report/Report.ts"
import * as Simulation from "../Simulation.ts"
import * as Scenario from "../scenario/Scenario.ts"
import type { ScenarioFile } from "../scenario/ScenarioFile.ts"

/** A number from the reports of an outage, formatted. */
export interface Column {
  readonly name: string
  readonly of: (reports: ReadonlyArray<Report.Report>) => string
}

/** An outage in which the default matters. */
export interface Play {
  /** What happens, in one sentence. */
  readonly about: string
  readonly config: GatewayConfig
  /** The scenarios, run one after another; several where one is too few to conclude from. */
  readonly files: ReadonlyArray<ScenarioFile>
  readonly columns: ReadonlyArray<Column>
}

/** One value of a default. */
export interface Value {
  readonly label: string
  readonly policy?: Options
  readonly retryBudget?: number
}

/** A default, and the outages that show whether it is good. */
export interface Experiment {
  /** As in the config file. */
  readonly name: string
  /** Half, one and double. */
  readonly values: readonly [Value, Value, Value]
  readonly plays: ReadonlyArray<Play>
  /** What follows from the numbers, in one sentence. */
  readonly reading: string
}

/** The result: for each value, the cells of all columns of all outages. */
export interface Outcome {
  readonly experiment: Experiment
  readonly rows: ReadonlyArray<{ readonly label: string; readonly cells: ReadonlyArray<string> }>
}

/** Runs an experiment. */
export const run = (experiment: Experiment): Effect.Effect<Outcome, InvalidCatalog | UnknownModel> =>
  Effect.gen(function* () {
    const rows: Array<Outcome["rows"][number]> = []
    for (const value of experiment.values) {
      const cells: Array<string> = []
      for (const { columns, config, files } of experiment.plays) {
        const changed = {
          ...config,
          policy: { ...config.policy, ...value.policy },
          retryBudget: value.retryBudget ?? config.retryBudget
        }
        const reports = yield* Effect.forEach(files, (file) => report(file, changed))
        cells.push(...columns.map(({ of }) => of(reports)))
      }
      rows.push({ label: value.label, cells })
    }
    return { experiment, rows }
  })

const report = (file: ScenarioFile, config: GatewayConfig) => {
  const scenario = Result.getOrThrowWith(
    Scenario.resolve(file, config),
    (misfits) => new Error(JSON.stringify(misfits))
  )
  return Effect.map(Simulation.play(scenario, config), Report.of)
}
