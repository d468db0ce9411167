/** The scenario that a command names. */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Result from "effect/Result"
import { nearest } from "../../config/file/Nearest.ts"
import { ConfigError, formatPath } from "../../config/file/Problem.ts"
import type { GatewayConfig } from "../../config/GatewayConfig.ts"
import * as BuiltIn from "../../simulator/scenario/BuiltIn.ts"
import * as Scenario from "../../simulator/scenario/Scenario.ts"

/** A built-in scenario, unless the name is that of none; then it is a file. */
export const find = (
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

/** The built-in scenarios, for whoever names none. */
export const list = [
  "Built-in scenarios, for `effect-failover simulate NAME [--config FILE]`:",
  "",
  ...Object.entries(BuiltIn.scenarios).map(([name, { title }]) => `  ${name.padEnd(14)}  ${title}`),
  "",
  "Or a file of your own: docs/simulate.md says what can be in it."
].join("\n")
