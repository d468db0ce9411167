/**
 * Reads a pipe without a thread that waits for it: a process with such a thread does not end, not even on SIGTERM. The
 * streams of `effect/FileSystem` read at a position, which a pipe does not have.
 */
import { constants, openSync } from "node:fs"
import { Socket } from "node:net"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"

/** The pipe cannot be read. */
export class Unreadable extends Data.TaggedError("Unreadable")<{ readonly message: string }> {}

/**
 * Whether a path names a pipe that the process was started with: standard input, or the `/dev/fd/63` that a shell writes
 * for `<(…)`. Another pipe may never get a writer.
 */
export const isInherited = (path: string): boolean =>
  /^(?:\/dev\/stdin|\/dev\/fd\/\d+|\/proc\/(?:self|\d+)\/fd\/\d+)$/.test(path)

/** Why another pipe is refused. */
export const isNamed = "it is a named pipe; name a file, /dev/stdin or <(…)"

/** Opens a pipe. Throws if that fails. */
export const open = (path: string): Socket =>
  new Socket({
    fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK),
    readable: true,
    writable: false
  })

/** The text up to the end of the pipe; `undefined` if it is longer than `most` bytes. */
export const read = (path: string, most: number): Effect.Effect<string | undefined, Unreadable> =>
  Effect.callback((resume) => {
    const parts: Array<Buffer> = []
    let size = 0
    const failed = (error: unknown): void =>
      resume(Effect.fail(new Unreadable({ message: error instanceof Error ? error.message : String(error) })))
    try {
      const stream = open(path)
      stream.on("data", (part: Buffer) => {
        parts.push(part)
        size += part.length
        if (size <= most) return
        stream.destroy()
        resume(Effect.succeed(undefined))
      })
      stream.once("end", () => resume(Effect.succeed(Buffer.concat(parts).toString())))
      stream.once("error", failed)
      return Effect.sync(() => stream.destroy())
    } catch (error) {
      failed(error)
      return Effect.void
    }
  })
