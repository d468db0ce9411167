/** A scenario, ready to run: a file with every name resolved in a config. */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Result from "effect/Result"
import { millisOf } from "../../config/file/Field.ts"
import * as JsonFile from "../../config/file/JsonFile.ts"
import { ConfigError, formatPath, type Problem } from "../../config/file/Problem.ts"
import * as Reference from "../../config/file/Reference.ts"
import { checkAs, type Misfit } from "../../config/file/Structure.ts"
import type { GatewayConfig } from "../../config/GatewayConfig.ts"
import * as ConfiguredNames from "../../gateway/reload/ConfiguredNames.ts"
import type { Replay } from "../replay/Replay.ts"
import type { Fault } from "./FaultOf.ts"
import * as FaultOf from "./FaultOf.ts"
import * as Places from "./Places.ts"
import { mostRequests, type Price, ScenarioFile } from "./ScenarioFile.ts"

export type { Fault } from "./FaultOf.ts"
export type { Price } from "./ScenarioFile.ts"

/** Conversations; each request is a turn of one. */
export interface Conversations {
  readonly turns: number
  /** The mean time between two turns. */
  readonly pause: number
  /** The tokens that each turn adds to the prompt. */
  readonly grows: number
}

/** The times of a healthy provider. */
export interface Answers {
  readonly firstWord: number
  readonly whole: number
  readonly spread: "even" | "exponential"
  /** The time that a thousand tokens outside the cache add. */
  readonly reading: number
  readonly cacheLasts: number
}

/** The requests and the faults. Times are milliseconds. */
export interface Scenario {
  readonly title: string | undefined
  readonly about: string | undefined
  readonly duration: number
  readonly seed: number
  readonly model: string
  readonly perSecond: number
  readonly requests: number
  readonly arrivals: "even" | "random"
  readonly stream: boolean
  /** `undefined` if requests are independent. */
  readonly conversations: Conversations | undefined
  readonly tokens: { readonly prompt: number; readonly answer: number }
  readonly answers: Answers
  /** By `provider/model`, or `*`. */
  readonly prices: Readonly<Record<string, Price>> | undefined
  /** The targets of the requests, in order. */
  readonly targets: ReadonlyArray<Places.Place>
  readonly faults: ReadonlyArray<Fault>
  /** The replayed log: its requests replace `perSecond`, and its targets replace `answers`. */
  readonly replay?: Replay | undefined
}

/** Settings that override a scenario. */
export interface Overrides {
  /** The requested model, instead of the scenario's. */
  readonly model?: string | undefined
  /** The prices, instead of the scenario's. */
  readonly prices?: Scenario["prices"]
}

/** Reads a scenario file: JSON with comments. Fails with every problem, in the order of the file. */
export const load = Effect.fnUntraced(function* (
  file: string,
  config: GatewayConfig,
  overrides: Overrides = {}
): Effect.fn.Return<Scenario, ConfigError, FileSystem.FileSystem> {
  const text = yield* Reference.textOf(file)
  return yield* Effect.fromResult(parse(text, file, config, overrides))
})

/** The same for a text. `file` is its name in messages. */
export const parse = (
  text: string,
  file: string,
  config: GatewayConfig,
  overrides: Overrides = {}
): Result.Result<Scenario, ConfigError> => {
  const fail = (problems: ReadonlyArray<Problem>) => Result.fail(new ConfigError({ file, problems }))
  const json = JsonFile.parse(text)
  if (Result.isFailure(json)) return fail(json.failure)
  const { lineOf, problems: twice, value } = json.success
  const made = Result.flatMap(check(value), (scenario) => resolve(scenario, config, overrides))
  if (Result.isSuccess(made) && twice.length === 0) return Result.succeed(made.success)
  const misfits = Result.isFailure(made) ? made.failure : []
  return fail(
    [
      ...twice,
      ...misfits.map(({ message, path }): Problem => {
        const line = lineOf(path)
        return { path: formatPath(path), message, ...(line !== undefined && { line }) }
      })
    ].sort((a, b) => (a.line ?? 0) - (b.line ?? 0))
  )
}

const check = checkAs(ScenarioFile)

/** Fills in defaults and resolves names. Fails with every problem. */
export const resolve = (
  file: ScenarioFile,
  config: GatewayConfig,
  overrides: Overrides = {}
): Result.Result<Scenario, ReadonlyArray<Misfit>> => {
  const duration = millisOf(file.duration ?? "5 minutes") ?? 0
  const perSecond = file.requests?.perSecond ?? 5
  const requests = Math.max(1, Math.round((duration / 1000) * perSecond))
  const firstWord = millisOf(file.answers?.firstWord ?? 600) ?? 0
  const whole = millisOf(file.answers?.whole ?? Math.max(3_000, firstWord)) ?? 0
  const model = overrides.model ?? file.requests?.model ?? firstName(config)
  const found = model === undefined ? Result.fail(unnamed) : Places.of(config, model)
  const targets = Result.getOrElse(found, (): ReadonlyArray<Places.Place> => [])
  const problems: Array<Misfit> = []
  if (Result.isFailure(found)) {
    problems.push(
      overrides.model === undefined
        ? { path: ["requests", "model"], message: found.failure }
        : { path: [], message: `--model: ${found.failure}` }
    )
  }
  if (requests > mostRequests) {
    const message = `that would be ${requests} requests, and ${mostRequests} are simulated at most: make duration shorter or perSecond less`
    problems.push({ path: ["duration"], message })
  }
  if (firstWord > whole) {
    problems.push({ path: ["answers", "firstWord"], message: "comes after the end of the answer (whole)" })
  }

  const faults = file.faults.map((given, index) => {
    const read = FaultOf.read(given, { duration, targets, isKnown: Result.isSuccess(found), model })
    problems.push(
      ...read.problems.map(({ message, path }) => ({ path: ["faults", index, ...path], message }))
    )
    return read.fault
  })

  if (problems.length > 0 || model === undefined) return Result.fail(problems)
  return Result.succeed({
    title: file.title,
    about: file.about,
    duration,
    seed: file.seed ?? 1,
    model,
    perSecond,
    requests,
    arrivals: file.requests?.arrivals ?? "even",
    stream: file.requests?.stream ?? true,
    conversations: conversationsOf(file),
    tokens: { prompt: file.requests?.tokens?.prompt ?? 2_000, answer: file.requests?.tokens?.answer ?? 300 },
    answers: {
      firstWord,
      whole,
      spread: file.answers?.spread ?? "even",
      reading: millisOf(file.answers?.reading ?? 0) ?? 0,
      cacheLasts: millisOf(file.answers?.cacheLasts ?? "5 minutes") ?? 0
    },
    prices: overrides.prices ?? file.prices,
    targets,
    faults
  })
}

const conversationsOf = ({ requests }: ScenarioFile): Conversations | undefined => {
  const given = requests?.conversations
  if (given === undefined) return undefined
  const { grows = 800, pause = "30 seconds", turns = 10 } = given
  return { turns, pause: millisOf(pause) ?? 0, grows }
}

const unnamed = "is missing: the config has no models, so set it to provider/model"

const firstName = (config: GatewayConfig): string | undefined =>
  Object.keys(config.models)[0] ?? [...ConfiguredNames.make(config).specs][0]
