/** `effect-failover simulate`: an outage in virtual time, and what the config makes of it. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type * as Path from "effect/Path"
import * as Result from "effect/Result"
import { nearest } from "../config/file/Nearest.ts"
import { ConfigError, formatPath } from "../config/file/Problem.ts"
import type { GatewayConfig } from "../config/GatewayConfig.ts"
import { load } from "../config/Load.ts"
import * as Report from "../simulator/report/Report.ts"
import * as Simulation from "../simulator/Simulation.ts"
import * as BuiltIn from "../simulator/scenario/BuiltIn.ts"
import * as Scenario from "../simulator/scenario/Scenario.ts"
import * as Text from "./simulate/Text.ts"
import { because, ExitWith } from "./support/Exit.ts"

/** What the command can be told. */
export interface Options {
  /** The name of a built-in scenario, or a file. Without it the built-in ones are listed. */
  readonly scenario: Option.Option<string>
  readonly config: Option.Option<string>
  /** Asked for instead of the scenario's own. */
  readonly model: Option.Option<string>
  /** The report as JSON. */
  readonly json: boolean
}

type Services = FileSystem.FileSystem | Path.Path

/**
 * Reports what happened, and ends with code 1 when a request got no whole answer. Of a scenario or a config that cannot
 * be used it tells every problem, and ends with code 2.
 */
export const simulate = (options: Options): Effect.Effect<void, ExitWith, Services> =>
  Effect.gen(function* () {
    if (Option.isNone(options.scenario)) return yield* Console.log(list)
    const config = yield* Option.match(options.config, {
      onNone: () => Effect.succeed(BuiltIn.configFor(Option.getOrElse(options.scenario, () => ""))),
      onSome: (file) => load(file, { keyless: true })
    })
    const overrides = { model: Option.getOrUndefined(options.model) }
    const scenario = yield* find(options.scenario.value, config, overrides)
    const report = Report.of(yield* Simulation.play(scenario, config))
    yield* Console.log(options.json ? JSON.stringify(report, null, 2) : Text.format(report))
    if (!Report.isLossless(report)) yield* Effect.fail(new ExitWith(1))
  }).pipe(
    Effect.catchTag(["ConfigError", "InvalidCatalog", "UnknownModel"], ({ message }) => because(2, message))
  )

/** A built-in scenario, unless the name is that of none; then it is a file. */
const find = (
  name: string,
  config: GatewayConfig,
  overrides: Scenario.Overrides
): Effect.Effect<Scenario.Scenario, ConfigError, FileSystem.FileSystem> => {
  const known = Object.hasOwn(BuiltIn.scenarios, name) ? BuiltIn.scenarios[name] : undefined
  if (known === undefined) {
    return Effect.flatMap(isThere(name), (there) =>
      there || !/^[\w-]+$/.test(name)
        ? Scenario.load(name, config, overrides)
        : Effect.fail(new ConfigError({ file: name, problems: [{ path: "", message: neither(name) }] }))
    )
  }
  return Effect.fromResult(
    Result.mapError(
      Scenario.resolve(known, config, overrides),
      (misfits) =>
        new ConfigError({
          file: name,
          problems: misfits.map(({ message, path }) => ({ path: formatPath(path), message }))
        })
    )
  )
}

const isThere = (file: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orElseSucceed(fs.exists(file), () => false))

const neither = (name: string): string => {
  const names = Object.keys(BuiltIn.scenarios)
  const meant = nearest(name, names)
  return `it is no file, and no built-in scenario; ${
    meant === undefined ? `these are built in: ${names.join(", ")}` : `did you mean ${meant}?`
  }`
}

const list = [
  "Built-in scenarios, for `effect-failover simulate NAME [--config FILE]`:",
  "",
  ...Object.entries(BuiltIn.scenarios).map(([name, { title }]) => `  ${name.padEnd(14)}  ${title}`),
  "",
  "Or a file of your own: docs/simulate.md says what can be in it."
].join("\n")
