/**
 * `effect-failover classify`: classifies failed calls. It reads one JSON object per line, and writes one per
 * line in the same order.
 */
import * as NodeStream from "@effect/platform-node/NodeStream"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type { PlatformError } from "effect/PlatformError"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { classify } from "../classifier/Classifier.ts"
import { epochMillis } from "../classifier/signals/Signal.ts"
import * as Pipe from "../config/file/Pipe.ts"
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
    const name = Option.getOrElse(file, () => "standard input")
    const bytes = Option.match(file, {
      onNone: () => Stream.mapError(stdio.stdin, unreadable),
      onSome: (path) => contentOf(fs, path)
    })
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
        error._tag === "Unreadable"
          ? because(1, `${name} cannot be read: ${error.message}`)
          : isUnread(error)
            ? Effect.void
            : because(1, `standard output cannot be written: ${reasonOf(error)}`)
      )
    )
    if (isBad) return yield* Effect.fail(new ExitWith(1))
  })

/** The bytes of a file, or of a pipe that the process was started with. */
const contentOf = (fs: FileSystem.FileSystem, path: string): Stream.Stream<Uint8Array, Pipe.Unreadable> =>
  Stream.unwrap(
    Effect.map(Effect.mapError(fs.stat(path), unreadable), ({ type }) => {
      if (type !== "FIFO") return Stream.mapError(fs.stream(path), unreadable)
      return Pipe.isInherited(path)
        ? NodeStream.fromReadable<Uint8Array, Pipe.Unreadable>({
            evaluate: () => Pipe.open(path),
            onError: (error) => new Pipe.Unreadable({ message: String(error) })
          })
        : Stream.fail(new Pipe.Unreadable({ message: Pipe.isNamed }))
    })
  )

const unreadable = (error: PlatformError): Pipe.Unreadable =>
  new Pipe.Unreadable({ message: reasonOf(error) })

/** The reader of the output has closed it, as `| head -1` does. */
const isUnread = ({ reason }: PlatformError): boolean =>
  reason.cause instanceof Error && "code" in reason.cause && reason.cause.code === "EPIPE"

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
