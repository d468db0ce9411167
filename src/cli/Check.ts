/** `effect-failover check`: checks a config file and prints a summary. */

import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type * as Path from "effect/Path"
import * as Result from "effect/Result"
import * as Catalog from "../catalog/Catalog.ts"
import * as Links from "../catalog/Links.ts"
import type { GatewayConfig } from "../config/GatewayConfig.ts"
import * as Backend from "../domain/Backend.ts"
import * as Chain from "../domain/Chain.ts"
import * as UndiciTransport from "../providers/transport/UndiciTransport.ts"
import * as ConfigFlags from "./ConfigFlags.ts"
import * as Live from "./live/Live.ts"
import * as Report from "./live/Report.ts"
import * as Simulated from "./simulated/Simulated.ts"
import * as DurationFlag from "./support/DurationFlag.ts"
import { ExitWith } from "./support/Exit.ts"

/** Options of the command. */
export interface Options {
  readonly config: Option.Option<string>
  /** Also call every credential and model. */
  readonly live: boolean
  /** The timeout of each call. */
  readonly timeout: string
}

/**
 * Prints every problem and ends with code 2, or prints a summary; without a file, of the built-in config of
 * `serve`. With `live` it also calls every credential and model, and ends with code 1 if one of them fails.
 */
export const check = (options: Options): Effect.Effect<void, ExitWith, FileSystem.FileSystem | Path.Path> =>
  Effect.scoped(
    Effect.gen(function* () {
      const file = Option.getOrUndefined(options.config)
      const timeout = yield* DurationFlag.read("timeout", options.timeout)
      const config = yield* file === undefined ? Simulated.start : ConfigFlags.read(file)
      yield* ConfigFlags.override(config, { host: Option.none(), port: Option.none() }, file)
      yield* Console.log(summary(file, config))
      if (!options.live) {
        for (const note of unverified(config)) yield* Console.log(note)
        return
      }
      const counted = Live.count(config)
      yield* Console.log(`\n${announcement(counted, options.timeout)}`)
      if (counted.credentials === 0) return
      const results = yield* Effect.provide(Live.run(config, { timeout }), UndiciTransport.layer())
      yield* Console.log(`\n${Report.format(config, results)}`)
      if (!results.every(Report.isOk)) return yield* Effect.fail(new ExitWith(1))
    })
  )

/** The most models in a note; it counts the others. */
const mostNamed = 5

/** Notes the models that only a call can verify. */
const unverified = ({ fallbacks, models, providers }: GatewayConfig): ReadonlyArray<string> => {
  const linked = Links.namesIn([
    ...Object.values(models).flatMap(({ chain, onContentPolicy = [], onContextExceeded = [] }) => [
      ...chain,
      ...onContextExceeded,
      ...onContentPolicy
    ]),
    ...fallbacks
  ]).filter((link) => !Object.hasOwn(models, link))
  const own = providers.flatMap(({ fallbackModels, models: known, name }) =>
    [...fallbackModels, ...Object.keys(known)].map((model) => `${name}/${model}`)
  )
  const all = [...new Set([...linked, ...own])]
  if (all.length === 0) return []
  const named = all.slice(0, mostNamed).join(", ")
  const more = all.length > mostNamed ? ` and ${all.length - mostNamed} more` : ""
  return [`note: without --live it is not known whether the providers have these models: ${named}${more}`]
}

const announcement = (
  { credentials, moreModels }: ReturnType<typeof Live.count>,
  timeout: string
): string => {
  if (credentials === 0) return "There is no enabled credential to call."
  const many = (count: number, what: string) => `${count} ${what}${count === 1 ? "" : "s"}`
  const more = moreModels === 0 ? "" : ` and ${many(moreModels, "more model")}`
  return `calling ${many(credentials, "credential")}${more}, each for at most ${timeout} …`
}

/** The models that a chain gets from the `fallbackModels` of its providers. */
const fallbackModels = (
  providers: GatewayConfig["providers"],
  models: GatewayConfig["models"]
): ((name: string) => ReadonlyArray<string>) => {
  const catalog = Catalog.make({
    providers: providers.map(({ fallbackModels, name }) => ({
      backend: Backend.make(name, undefined),
      fallbackModels
    })),
    models
  })
  return (name) => {
    const specs = (configured: boolean): ReadonlyArray<string> => {
      const chain = Result.flatMap(catalog, ({ resolve }) => resolve(name, { configured }))
      return Result.isSuccess(chain) ? Chain.specs(chain.success) : []
    }
    return specs(true).slice(specs(false).length)
  }
}

const summary = (
  file: string | undefined,
  { fallbacks, models, notes, providers, server }: GatewayConfig
): string => {
  const fallbackModelsOf = fallbackModels(providers, models)
  const names = Object.keys(models)
  const width = Math.max(0, ...names.map((name) => name.length))
  return [
    file === undefined
      ? "No config file given: these are the simulated providers that `serve` uses then."
      : `${file} is valid.`,
    "",
    "providers",
    ...providers.map(({ credentials, name, protocol }) => {
      const keys = credentials.map((each) => (each.enabled ? each.name : `${each.name} (not enabled)`))
      return `  ${name} (${protocol}): ${keys.join(", ")}`
    }),
    ...(names.length === 0 ? [] : ["", "models"]),
    ...names.map(
      (name) =>
        `  ${name.padEnd(width)}  ${Catalog.format([...models[name]!.chain, ...fallbackModelsOf(name)])}`
    ),
    ...(fallbacks.length === 0 ? [] : ["", "fallbacks", `  ${Catalog.format(fallbacks)}`]),
    "",
    `It would listen on ${server.host}:${server.port}, ${
      server.tokens === "none" || server.tokens.length === 0
        ? "open to everyone who can reach it"
        : server.tokens.length === 1
          ? "with one token"
          : `with ${server.tokens.length} tokens`
    }.`,
    ...notes.map((note) => `note: ${note}`)
  ].join("\n")
}
