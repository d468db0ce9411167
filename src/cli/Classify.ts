/**
 * `effect-failover classify`: classifies failed calls. It reads one JSON object per line, and writes one per
 * line in the same order.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { classify } from "../classifier/Classifier.ts"
import { epochMillis } from "../classifier/signals/Signal.ts"
import { reasonOf } from "../config/file/Reference.ts"
import { waitMillis } from "../failure/Failure.ts"
import { because, ExitWith } from "./support/Exit.ts"

/** Reads the file, or standard input. A line that is not a JSON object gives an error line, and exit code 1. */
export const run = (
  file: Option.Option<string>
): Effect.Effect<void, ExitWith, FileSystem.FileSystem | Stdio.Stdio> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const stdio = yield* Stdio.Stdio
    let number = 0
    let isBad = false
    const bytes = Option.match(file, { onNone: () => stdio.stdin, onSome: (path) => fs.stream(path) })
    yield* bytes.pipe(
      Stream.decodeText(),
      Stream.splitLines,
      Stream.mapArray((lines) => {
        const results = lines.flatMap((line) => {
          number++
          if (line.trim() === "") return []
          const result = classifyLine(line, number)
          isBad ||= "error" in result
          return [JSON.stringify(result)]
        })
        return [results.length === 0 ? "" : `${results.join("\n")}\n`]
      }),
      Stream.run(stdio.stdout()),
      Effect.catch((error) =>
        because(1, `${Option.getOrElse(file, () => "standard input")} cannot be read: ${reasonOf(error)}`)
      )
    )
    if (isBad) return yield* Effect.fail(new ExitWith(1))
  })

/** Classifies one line. */
export const classifyLine = (line: string, number: number): Readonly<Record<string, unknown>> => {
  let signal: unknown
  try {
    signal = JSON.parse(line)
  } catch {
    return { error: `line ${number} is not JSON` }
  }
  if (typeof signal !== "object" || signal === null || Array.isArray(signal)) {
    return { error: `line ${number} is not a JSON object` }
  }
  const { id, now } = signal as { readonly id?: unknown; readonly now?: unknown }
  const failure = classify(signal)
  const wait = waitMillis(failure, epochMillis(now) ?? 0)
  return {
    id,
    kind: failure._tag,
    ...("reason" in failure && { reason: failure.reason }),
    ...(wait !== undefined && { retryAfterMs: Math.round(wait) }),
    evidence: failure.evidence ?? ""
  }
}
