/** Checks of policy options. */
import * as Duration from "effect/Duration"
import * as Schedule from "effect/Schedule"
import { failureClasses } from "../failure/Failure.ts"
import * as Checks from "../util/Checks.ts"
import type { Commit } from "./Commit.ts"
import * as Hedging from "./Hedging.ts"
import * as LearnedLimit from "./LearnedLimit.ts"
import type { Options } from "./PolicyOptions.ts"

const sound = new WeakSet<object>()

/** Throws `InvalidOptions` when options are invalid; `where` names them in the error. Each object is checked once. */
export const check = (where: string, options: Options | undefined): void => {
  if (options === undefined || sound.has(options)) return
  Checks.refuse(where, problemsOf(options))
  sound.add(options)
}

const timeouts = ["connect", "headers", "firstContent", "queue", "idle", "answer"]

const top = {
  maxWait: Checks.duration,
  deadline: (value: unknown) => some(value),
  attempts: Checks.count,
  targets: Checks.count,
  fallbackReserve: Checks.number("a share from 0 to 1", { least: 0, most: 1 }),
  whenAllBenched: Checks.oneOf(["tryAnyway", "wait", "fail"]),
  malformedEvents: Checks.oneOf(["fail", "drop"])
}

const share = Checks.number("a share from 0 to 1", { least: 0, most: 1 })

/** A window without length would hold no attempt, and an attempt without time would never be answered. */
const some: Checks.Check = (value) =>
  Checks.duration(value) ??
  (Duration.toMillis(Duration.fromInputUnsafe(value as Duration.Input)) > 0
    ? undefined
    : "has no length; it has to be longer than zero")

const ejectionChecks: Readonly<Record<string, Checks.Check>> = {
  window: some,
  attempts: Checks.count,
  share,
  above: share,
  mostOut: share
}

function* problemsOf(options: Options): Iterable<string> {
  const known = [
    ...Object.keys(top),
    "commit",
    "timeouts",
    "ejection",
    "hedge",
    "learnedLimit",
    "retries",
    "threshold",
    "cooldown",
    "rules"
  ]
  yield* Checks.fieldProblems<Options>(options, top, { known })
  if (Checks.object(options) !== undefined) return
  const { commit, cooldown, ejection, hedge, retries, rules, threshold, timeouts: times } = options
  if (ejection !== undefined && ejection !== false) {
    yield* Checks.fieldProblems<object>(ejection, ejectionChecks, {
      known: Object.keys(ejectionChecks),
      path: "ejection."
    })
  }
  if (hedge !== undefined && hedge !== false) yield* hedgeProblems(hedge, times?.firstContent)
  yield* LearnedLimit.problemsOf(options.learnedLimit)
  if (commit !== undefined && Checks.object(commit) !== undefined) yield `commit ${Checks.object(commit)}`
  else if (commit !== undefined) yield* commitProblems(commit, "commit.")
  if (times !== undefined && Checks.object(times) !== undefined) yield `timeouts ${Checks.object(times)}`
  else if (times !== undefined) {
    // Zero is allowed: then a request does not wait in a queue.
    const { queue, ...others } = times
    yield* all(others, timeouts, some, "timeouts.")
    yield* all({ queue }, timeouts, Checks.duration, "timeouts.")
  }
  if (threshold !== undefined) yield* all(threshold, ["transient", "unknown"], Checks.count, "threshold.")
  if (retries !== undefined && !Schedule.isSchedule(retries)) yield* retryProblems(retries)
  const groups = ["transient", "rateLimit", "authDead", "modelMissing"]
  yield* Checks.fieldProblems({ cooldown, rules }, { cooldown: Checks.object, rules: Checks.object })
  for (const [name, rest] of entriesOf(cooldown)) {
    if (!groups.includes(name)) yield `cooldown.${name} is unknown (known: ${groups.join(", ")})`
    else if (rest !== undefined) {
      yield* all(rest, ["base", "max"], Checks.duration, `cooldown.${name}.`)
      yield* cooldownProblems(rest, `cooldown.${name}.`)
    }
  }
  for (const [name, row] of entriesOf(rules)) {
    if (!failureClasses.some((known) => known === name)) {
      yield `rules.${name} is not a failure class (known: ${failureClasses.join(", ")})`
    } else if (row !== undefined) yield* rowProblems(row, `rules.${name}.`)
  }
}

/** The fields of an object; none of another value. */
const entriesOf = <V extends object>(
  options: Readonly<Record<string, V | undefined>> | undefined
): ReadonlyArray<readonly [string, V | undefined]> =>
  Checks.object(options) === undefined ? Object.entries(options ?? {}) : []

/** Checks the commit point of a call. */
export const commit: Checks.Check = (value) => {
  if (!Checks.isObject(value)) return "has to be one such as Commit.firstContent"
  const [problem] = commitProblems(value as Commit, "")
  return problem && `is invalid: ${problem}`
}

function* commitProblems(commit: Commit, path: string): Iterable<string> {
  const tags = ["FirstContent", "Chunks", "Complete"]
  // An object without a tag is not a commit point either.
  const { _tag = "" } = commit as { readonly _tag?: string }
  yield* Checks.fieldProblems({ _tag }, { _tag: Checks.oneOf(tags) }, { path })
  if (commit._tag !== "Chunks") return
  yield* Checks.fieldProblems({ count: commit.count ?? Number.NaN }, { count: Checks.count }, { path })
}

/** The timeout is compared only when the same options set it; other layers may set another one. */
function* hedgeProblems(
  hedge: Hedging.HedgeOptions,
  firstContent: Duration.Input | undefined
): Iterable<string> {
  if (Checks.object(hedge) !== undefined) {
    yield 'hedge has to be an object such as { after: "p95" }, or false'
    return
  }
  const problems = [
    ...Checks.fieldProblems<Hedging.HedgeOptions>(hedge, Hedging.checks, {
      known: Object.keys(Hedging.checks),
      path: "hedge."
    })
  ]
  yield* problems
  if (problems.length > 0 || firstContent === undefined || Checks.duration(firstContent) !== undefined) return
  for (const field of Hedging.tooLate(hedge, Duration.toMillis(firstContent))) {
    yield `hedge.${field} is not below timeouts.firstContent, so no request would be hedged`
  }
}

/** Applies one check to all fields of an object. */
const all = (options: object, known: ReadonlyArray<string>, check: Checks.Check, path: string) =>
  Checks.fieldProblems<object>(options, Object.fromEntries(known.map((key) => [key, check])), { known, path })

const retryProblems = function* (retries: object): Iterable<string> {
  const times = Checks.number("a whole number, at least 0", {
    least: 0,
    most: Number.POSITIVE_INFINITY,
    whole: true
  })
  const backoff: Checks.Check = (list) =>
    !Array.isArray(list) || list.length === 0
      ? 'has to be a list of at least one length of time, such as ["500 millis"]'
      : list.map(Checks.duration).find((wrong) => wrong !== undefined)
  const path = "retries."
  yield* Checks.fieldProblems<object>(retries, { times, backoff } as object, {
    known: ["times", "backoff"],
    path
  })
}

const cooldownProblems = function* (
  rest: { readonly base?: unknown; readonly max?: unknown },
  path: string
): Iterable<string> {
  if (Checks.object(rest) !== undefined) return
  const { base, max } = rest
  if (base === undefined || max === undefined) return
  if (Checks.duration(base) !== undefined || Checks.duration(max) !== undefined) return
  if (millisOf(base) > millisOf(max)) yield `${path}base is longer than max`
}

const millisOf = (value: unknown): number =>
  Duration.toMillis(Duration.fromInputUnsafe(value as Duration.Input))

const rowProblems = function* (row: object, path: string): Iterable<string> {
  const words = ["never", "afterWait", "withoutOutputLimit"]
  const retry: Checks.Check = (value) => (Schedule.isSchedule(value) ? undefined : Checks.oneOf(words)(value))
  const next = Checks.oneOf(["credential", "endpoint", "model", "stop"])
  const known = ["retry", "rest", "next"]
  yield* Checks.fieldProblems<object>(row, { retry, next } as object, { known, path })
  if (Checks.object(row) !== undefined) return
  const { rest } = row as { readonly rest?: object | null }
  if (rest === undefined || rest === null) return
  const fields = {
    scope: Checks.oneOf(["target", "credential", "model", "provider"]),
    threshold: Checks.count,
    base: Checks.duration,
    max: Checks.duration
  }
  yield* Checks.fieldProblems<object>(rest, fields as object, {
    known: Object.keys(fields),
    path: `${path}rest.`
  })
  yield* cooldownProblems(rest, `${path}rest.`)
}
