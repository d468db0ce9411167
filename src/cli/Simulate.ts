/** `effect-failover simulate`: simulates an outage in virtual time and reports how the config copes. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type * as Path from "effect/Path"
import * as Problem from "../config/file/Problem.ts"
import { load } from "../config/Load.ts"
import * as Report from "../simulator/report/Report.ts"
import * as Simulation from "../simulator/Simulation.ts"
import * as BuiltIn from "../simulator/scenario/BuiltIn.ts"
import * as PriceFile from "../simulator/scenario/PriceFile.ts"
import type { Overrides } from "../simulator/scenario/Scenario.ts"
import * as Compared from "./simulate/Compared.ts"
import * as Defaults from "./simulate/Defaults.ts"
import * as Find from "./simulate/Find.ts"
import * as Page from "./simulate/page/Page.ts"
import * as Text from "./simulate/Text.ts"
import { because, ExitWith } from "./support/Exit.ts"

/** Options of the command. */
export interface Options {
  /** The name of a built-in scenario, or a file. Without it the built-in ones are listed. */
  readonly scenario: Option.Option<string>
  readonly config: Option.Option<string>
  /** Another config, for a comparison. */
  readonly compare: Option.Option<string>
  /** The requested model, instead of the scenario's. */
  readonly model: Option.Option<string>
  /** A file of prices, instead of the scenario's. */
  readonly prices: Option.Option<string>
  /** A log of decisions, instead of a scenario. */
  readonly replay: Option.Option<string>
  /** Compare the defaults of the policy instead; the scenario is then the beginning of a default's name. */
  readonly defaults: boolean
  /** Print the report as JSON. */
  readonly json: boolean
  /** The file to write the report to as a page. */
  readonly html: Option.Option<string>
}

type Services = FileSystem.FileSystem | Path.Path

/**
 * Prints the report, and ends with code 1 if a request got no whole answer (of two configs, with the first). For an invalid
 * scenario or config it prints every problem, and ends with code 2.
 */
export const simulate = (options: Options): Effect.Effect<void, ExitWith, Services> =>
  Effect.gen(function* () {
    if (options.defaults) {
      const prefix = Option.getOrElse(options.scenario, () => "")
      if ((yield* Defaults.print(prefix)) > 0) return
      return yield* because(2, `--defaults: no default has a name that begins with ${prefix}`)
    }
    if (Option.isNone(options.scenario) && Option.isNone(options.replay)) return yield* Console.log(Find.list)
    if (Option.isSome(options.scenario) && Option.isSome(options.replay)) {
      return yield* because(2, "--replay replaces the scenario; use one of them")
    }
    const source = yield* Find.source(options.scenario, options.replay)
    const prices = yield* Effect.transposeOption(Option.map(options.prices, PriceFile.load))
    const overrides = {
      model: Option.getOrUndefined(options.model),
      prices: Option.getOrUndefined(prices)
    }
    // A path that cannot be written is an error before a long run, not after it.
    if (Option.isSome(options.html)) yield* write(options.html.value, "", "a")
    const one = yield* played(source, options.config, overrides)
    const other = Option.isNone(options.compare)
      ? undefined
      : yield* played(source, options.compare, { ...overrides, isOther: true })
    if (Option.isSome(options.html)) yield* write(options.html.value, Page.format(one, other))
    yield* Console.log(options.json ? json(one, other) : text(one, other))
    if (!Report.isLossless(one.report)) return yield* Effect.fail(new ExitWith(1))
  }).pipe(
    Effect.catchTag(["ConfigError", "InvalidCatalog", "UnknownModel"], ({ message }) => because(2, message))
  )

/** Runs a scenario with a config, or with built-in providers. */
const played = Effect.fnUntraced(function* (
  source: Find.Source,
  file: Option.Option<string>,
  { isOther = false, ...overrides }: Overrides & { readonly isOther?: boolean }
) {
  const config = yield* Option.match(file, {
    onNone: () => Effect.succeed(BuiltIn.configFor(typeof source === "string" ? source : "")),
    onSome: (file) => load(file, { keyless: true })
  })
  const name = Option.getOrElse(file, () => "the built-in providers")
  const found = Find.find(source, config, overrides)
  const scenario = yield* isOther ? Effect.mapError(found, Problem.within(`with ${name}`)) : found
  const report = Report.of(yield* Simulation.play(scenario, config))
  return { name, report }
})

const text = (one: Compared.Named, other: Compared.Named | undefined): string =>
  other === undefined ? Text.format(one.report) : Compared.format(one, other)

const json = (one: Compared.Named, other: Compared.Named | undefined): string => {
  const value = other === undefined ? one.report : { differsMost: Compared.sentence(one, other), one, other }
  return JSON.stringify(value, null, 2)
}

const write = (file: string, page: string, flag: "w" | "a" = "w") =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    Effect.catch(fs.writeFileString(file, page, { flag }), ({ message }) =>
      because(2, `--html: ${file} cannot be written: ${message}`)
    )
  )
