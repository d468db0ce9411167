/** `effect-failover check`: is the config file as it should be, and what does it amount to? */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type * as Path from "effect/Path"
import type { GatewayConfig } from "../config/GatewayConfig.ts"
import * as ConfigFlags from "./ConfigFlags.ts"
import type { ExitWith } from "./Exit.ts"

/** Tells every problem and ends with code 2, or tells what the file says. */
export const check = (file: string): Effect.Effect<void, ExitWith, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    const config = yield* ConfigFlags.read(file)
    yield* ConfigFlags.override(config, { host: Option.none(), port: Option.none() }, file)
    yield* Console.log(summary(file, config))
  })

const summary = (file: string, { fallbacks, models, notes, providers, server }: GatewayConfig): string => {
  const names = Object.keys(models)
  const width = Math.max(0, ...names.map((name) => name.length))
  return [
    `${file} is valid.`,
    "",
    "providers",
    ...providers.map(({ credentials, name, protocol }) => {
      const keys = credentials.map((each) => (each.enabled ? each.name : `${each.name} (not enabled)`))
      return `  ${name} (${protocol}): ${keys.join(", ")}`
    }),
    ...(names.length === 0 ? [] : ["", "models"]),
    ...names.map((name) => `  ${name.padEnd(width)}  ${models[name]!.chain.join(", ")}`),
    ...(fallbacks.length === 0 ? [] : ["", "fallbacks", `  ${fallbacks.join(", ")}`]),
    "",
    `It would listen on ${server.host}:${server.port}, ${
      server.tokens === "none" || server.tokens.length === 0
        ? "open to everybody who can reach it"
        : server.tokens.length === 1
          ? "with one token"
          : `with ${server.tokens.length} tokens`
    }.`,
    ...notes.map((note) => `note: ${note}`)
  ].join("\n")
}
