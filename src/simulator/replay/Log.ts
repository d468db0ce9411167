/**
 * Reads the decisions of a gateway: JSON lines as of `/admin/decisions?format=jsonl`, or the event stream of
 * `/admin/events` as it was written to a file.
 */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { ConfigError, type Problem } from "../../config/file/Problem.ts"
import * as Reference from "../../config/file/Reference.ts"
import { Moment } from "../../gateway/admin/Wire.ts"
import { AttemptRecord, Outcome } from "../../observe/Decision.ts"

const opt = Schema.optionalKey

/** One call of a request, as far as a replay needs it. */
const Attempt = Schema.Struct({
  target: Schema.String,
  at: Moment,
  duration: opt(Schema.Finite),
  outcome: AttemptRecord.fields.outcome,
  failure: opt(Schema.String),
  evidence: opt(Schema.String)
})

/** One request, as far as a replay needs it. Moments are milliseconds since the epoch. */
export const Line = Schema.Struct({
  id: Schema.Int,
  at: Moment,
  kind: Schema.Literals(["effect", "stream"]),
  model: opt(Schema.String),
  conversation: opt(Schema.String),
  outcome: Outcome,
  duration: opt(Schema.Finite),
  attempts: Schema.Array(Attempt)
})

/** One request, as far as a replay needs it. */
export type Line = typeof Line.Type

/** Reads a file; fails with the lines that are not decisions. */
export const load = Effect.fnUntraced(function* (
  file: string
): Effect.fn.Return<ReadonlyArray<Line>, ConfigError, FileSystem.FileSystem> {
  const read = parse(yield* Reference.textOf(file))
  return Result.isFailure(read) ? yield* new ConfigError({ file, problems: read.failure }) : read.success
})

/**
 * The requests in the order of their arrival. If a request occurs more than once (logs overlap, or it was logged while it
 * ran), the last line counts. Other lines of an event stream are skipped.
 */
export const parse = (text: string): Result.Result<ReadonlyArray<Line>, ReadonlyArray<Problem>> => {
  const requests = new Map<string, Line>()
  const problems: Array<Problem> = []
  for (const [index, whole] of text.split("\n").entries()) {
    const line = whole.replace(/^data: ?/, "").trim()
    const isEvents = whole.startsWith("data:")
    if (line === "" || /^(event|id|retry)?:/.test(whole)) continue
    const read = decode(line)
    if (Result.isSuccess(read)) requests.set(`${read.success.id} ${read.success.at}`, read.success)
    else if (!isEvents && problems.length < mostProblems) {
      problems.push(problemOf(read.failure.message, index + 1))
    }
  }
  if (problems.length === 0 && requests.size === 0)
    problems.push({ path: "", message: "there is no decision in it" })
  return problems.length > 0
    ? Result.fail(problems)
    : Result.succeed([...requests.values()].sort((a, b) => a.at - b.at || a.id - b.id))
}

/** The first mismatch of a line, and its place. */
const problemOf = (misfit: string, line: number): Problem => {
  const [expected = "", at = ""] = misfit.split("\n")
  const path = [...at.matchAll(/\["?([^"\]]+)"?\]/g)].map(([, name = ""]) => name).join(".")
  const why = path === "" ? "" : `${expected.charAt(0).toLowerCase()}${expected.slice(1)}; `
  return { path, message: `${why}this is not a decision of /admin/decisions?format=jsonl`, line }
}

const decode = Schema.decodeUnknownResult(Schema.fromJsonString(Line))

/** The most problems that are reported; in another kind of file every line is one. */
const mostProblems = 5
