/** A scenario, ready to be played: a file and the config it is played on, with every name looked up. */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Result from "effect/Result"
import { millisOf } from "../../config/file/Field.ts"
import * as JsonFile from "../../config/file/JsonFile.ts"
import { nearest } from "../../config/file/Nearest.ts"
import { ConfigError, formatPath, type Problem } from "../../config/file/Problem.ts"
import * as Reference from "../../config/file/Reference.ts"
import { checkAs, type Misfit } from "../../config/file/Structure.ts"
import type { GatewayConfig } from "../../config/GatewayConfig.ts"
import * as Named from "../../gateway/reload/Named.ts"
import { type Details, detailsOf, type FaultName } from "../faults/Faults.ts"
import * as Places from "./Places.ts"
import { mostRequests, places, ScenarioFile } from "./ScenarioFile.ts"

/** One fault. Times are milliseconds since the start. */
export interface Fault extends Details {
  readonly name: FaultName
  /** The key that breaks; `"*"` for every target. */
  readonly key: string
  readonly targets: ReadonlySet<string>
  readonly from: number
  readonly until: number
  readonly share: number
}

/** Who asks for what, and what breaks when. Times are milliseconds. */
export interface Scenario {
  readonly title: string | undefined
  readonly about: string | undefined
  readonly duration: number
  readonly seed: number
  readonly model: string
  readonly perSecond: number
  readonly requests: number
  readonly stream: boolean
  readonly firstWord: number
  readonly whole: number
  /** Where requests may go, in the order in which they would. */
  readonly targets: ReadonlyArray<Places.Place>
  readonly faults: ReadonlyArray<Fault>
}

/** What may be said over a scenario. */
export interface Overrides {
  /** Asked for instead of the scenario's own. */
  readonly model?: string | undefined
}

/** Reads a scenario file: JSON with comments. Fails with everything that is wrong with it, in the order of the file. */
export const load = Effect.fnUntraced(function* (
  file: string,
  config: GatewayConfig,
  overrides: Overrides = {}
): Effect.fn.Return<Scenario, ConfigError, FileSystem.FileSystem> {
  const text = yield* Reference.textOf(file)
  return yield* Effect.fromResult(parse(text, file, config, overrides))
})

/** The same for a text that is there already. `file` is what messages call it. */
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

/** Puts in the defaults and looks up what is named. Fails with everything that does not fit together. */
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
    problems.push({ path: ["answers", "firstWord"], message: "comes after the last word (whole)" })
  }

  const faults = file.faults.map((given, index): Fault => {
    const path = ["faults", index]
    const from = millisOf(given.from ?? 0) ?? 0
    const until = given.until === undefined ? duration : (millisOf(given.until) ?? 0)
    const key = Places.keyOf(given.target, targets)
    const covered = Places.covered(key, targets)
    if (from >= until) problems.push({ path: [...path, "until"], message: "is no later than from" })
    if (from >= duration) {
      problems.push({ path: [...path, "from"], message: "is no earlier than the end (duration)" })
    }
    if (covered.length === 0 && Result.isSuccess(found)) {
      problems.push({ path: [...path, "target"], message: nowhere(given.target, model, targets) })
    }
    for (const detail of Object.keys(detailsOf) as ReadonlyArray<keyof Details>) {
      if (given[detail] === undefined || detailsOf[detail].includes(given.fault)) continue
      const message = `says nothing of ${given.fault}; it goes with ${detailsOf[detail].join(" and ")}`
      problems.push({ path: [...path, detail], message })
    }
    return {
      name: given.fault,
      key,
      targets: new Set(covered),
      from,
      until,
      share: given.share ?? 1,
      retryAfter: given.retryAfter === undefined ? undefined : millisOf(given.retryAfter),
      factor: given.factor,
      afterWords: given.afterWords
    }
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
    stream: file.requests?.stream ?? true,
    firstWord,
    whole,
    targets,
    faults
  })
}

const unnamed = "is missing: the config has no name to ask for, so say which model (provider/model)"

const firstName = (config: GatewayConfig): string | undefined =>
  Object.keys(config.models)[0] ?? [...Named.make(config).specs][0]

const nowhere = (target: string, model: string | undefined, targets: ReadonlyArray<Places.Place>): string => {
  const known = [...new Set(targets.flatMap(({ keys }) => keys)), ...places]
  const meant = nearest(target, known)
  return meant === undefined
    ? `no request for ${model} goes there; they may go to ${targets.map((each) => each.target).join(", ")}`
    : `no request for ${model} goes there; did you mean ${meant}?`
}
