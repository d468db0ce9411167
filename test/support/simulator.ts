import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { GatewayConfig } from "../../src/config/GatewayConfig.ts"
import * as Report from "../../src/simulator/report/Report.ts"
import type { Entry } from "../../src/simulator/report/Timeline.ts"
import * as Simulation from "../../src/simulator/Simulation.ts"
import * as BuiltIn from "../../src/simulator/scenario/BuiltIn.ts"
import * as Scenario from "../../src/simulator/scenario/Scenario.ts"
import type { ScenarioFile } from "../../src/simulator/scenario/ScenarioFile.ts"

/** Plays a scenario and returns its summary. */
export const report = (file: ScenarioFile, config: GatewayConfig = BuiltIn.config) =>
  Effect.map(Simulation.play(Result.getOrThrow(Scenario.resolve(file, config)), config), Report.of)

/** A built-in scenario on the built-in providers. */
export const builtIn = (name: string, changes: Partial<ScenarioFile> = {}) =>
  report({ ...BuiltIn.scenarios[name]!, ...changes })

/** The result of one target. */
export const targetOf = ({ targets }: Report.Report, name: string) => {
  const found = targets.find(({ target }) => target === name)
  if (found === undefined) throw new Error(`no target ${name}`)
  return found
}

/** The lines of one kind in the story, of one key if given. */
export const told = <W extends Entry["what"]>({ timeline }: Report.Report, what: W, key?: string) =>
  timeline.filter(
    (entry): entry is Extract<Entry, { readonly what: W }> =>
      entry.what === what && (key === undefined || ("key" in entry && entry.key === key))
  )

/** Milliseconds. */
export const second = 1_000
export const minute = 60_000
