/** Finds the scenario for a command. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { ConfigError, formatPath } from "../../config/file/Problem.ts"
import type { Misfit } from "../../config/file/Structure.ts"
import type { GatewayConfig } from "../../config/GatewayConfig.ts"
import * as Log from "../../simulator/replay/Log.ts"
import * as BuiltIn from "../../simulator/scenario/BuiltIn.ts"
import * as OfLog from "../../simulator/scenario/OfLog.ts"
import * as Scenario from "../../simulator/scenario/Scenario.ts"
import { nearest } from "../../util/Nearest.ts"

/** The source of a scenario: its name, or a log of decisions. */
export type Source = string | { readonly file: string; readonly log: ReadonlyArray<Log.Line> }

/** Reads the source; a log is loaded. */
export const source = (
  name: Option.Option<string>,
  replay: Option.Option<string>
): Effect.Effect<Source, ConfigError, FileSystem.FileSystem> =>
  Option.match(replay, {
    onNone: () => Effect.succeed(Option.getOrElse(name, () => "")),
    onSome: (file) => Effect.map(Log.load(file), (log) => ({ file, log }))
  })

/** The scenario of a source for a config; every problem is reported with its place. */
export const find = (
  source: Source,
  config: GatewayConfig,
  overrides: Scenario.Overrides
): Effect.Effect<Scenario.Scenario, ConfigError, FileSystem.FileSystem> =>
  typeof source === "string"
    ? named(source, config, overrides)
    : Effect.fromResult(Result.mapError(OfLog.make(source.log, config, overrides), misfit(source.file)))

const misfit =
  (file: string) =>
  (misfits: ReadonlyArray<Misfit>): ConfigError =>
    new ConfigError({
      file,
      problems: misfits.map(({ message, path }) => ({ path: formatPath(path), message }))
    })

/** The built-in scenario of that name; otherwise a file. */
const named = (
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
  return Effect.fromResult(Result.mapError(Scenario.resolve(known, config, overrides), misfit(name)))
}

const isThere = (file: string) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orElseSucceed(fs.exists(file), () => false))

const neither = (name: string): string => {
  const names = Object.keys(BuiltIn.scenarios)
  const meant = nearest(name, names)
  return `there is neither a file nor a built-in scenario of that name; ${
    meant === undefined ? `these are built in: ${names.join(", ")}` : `did you mean ${meant}?`
  }`
}

/** The built-in scenarios, used when none is named. */
export const list = [
  "Built-in scenarios, for `effect-failover simulate NAME [--config FILE]`:",
  "",
  ...Object.entries(BuiltIn.scenarios).map(([name, { title }]) => `  ${name.padEnd(14)}  ${title}`),
  "",
  "Or your own file: docs/simulate.md describes it."
].join("\n")
