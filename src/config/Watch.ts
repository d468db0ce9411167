/**
 * Watches a config file, and the files that it refers to, for changed contents.
 *
 * It watches folders, not files: an editor may replace the file, and a mounted volume may be swapped as a
 * whole (Kubernetes moves the link `..data` to another folder). It compares contents, so other files and a
 * mere touch do not count.
 */
import { hash } from "node:crypto"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as Queue from "effect/Queue"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as JsonFile from "./file/JsonFile.ts"
import * as Reference from "./file/Reference.ts"

/** The quiet time after which a write counts as complete. Writers take several steps to replace a file. */
const quietTime = "100 millis"

/**
 * The interval of polling. Some file systems report no changes (NFS), and a link may point outside the
 * folder.
 */
const pollInterval = "30 seconds"

interface Contents {
  /** A hash of all contents. */
  readonly digest: string
  readonly folders: ReadonlyArray<string>
}

/**
 * Gives a stream with an element for each change from now on. Call it before reading the file, so that no
 * change is missed. Changes during the handling of one become one more.
 */
export const make = (
  file: string
): Effect.Effect<
  Stream.Stream<void, never, FileSystem.FileSystem | Path.Path>,
  never,
  FileSystem.FileSystem | Path.Path
> =>
  Effect.map(read(file), (seen) =>
    Stream.callback<void, never, FileSystem.FileSystem | Path.Path>((changes) => watch(file, seen, changes), {
      bufferSize: 1,
      strategy: "sliding"
    })
  )

const watch = Effect.fnUntraced(function* (
  file: string,
  before: Contents,
  changes: Queue.Enqueue<void>
): Effect.fn.Return<void, never, FileSystem.FileSystem | Path.Path | Scope.Scope> {
  const fs = yield* FileSystem.FileSystem
  const events = yield* Queue.sliding<void>(1)
  const watched = new Set<string>()
  const failed = new Set<string>()

  const watchFolder = (folder: string) => {
    if (watched.has(folder)) return Effect.void
    watched.add(folder)
    return fs.watch(folder, { onReady: () => void Queue.offerUnsafe(events, undefined) }).pipe(
      Stream.runForEach(() => Queue.offer(events, undefined)),
      Effect.catchCause((cause) => {
        if (failed.has(folder)) return Effect.void
        failed.add(folder)
        const message = `${folder} cannot be watched; changes there are detected within ${pollInterval}`
        return Effect.logWarning(message, Cause.pretty(cause))
      }),
      // A folder may be deleted and come back.
      Effect.ensuring(Effect.sync(() => watched.delete(folder))),
      Effect.forkScoped
    )
  }

  let seen = before
  while (true) {
    yield* Effect.forEach(seen.folders, watchFolder, { discard: true })
    yield* Effect.timeoutOption(Queue.take(events), pollInterval)
    do yield* Effect.sleep(quietTime)
    while ((yield* Queue.clear(events)).length > 0)
    const now = yield* read(file)
    if (now.digest !== seen.digest) yield* Queue.offer(changes, undefined)
    seen = now
  }
})

/** The contents now; `undefined` for a file that cannot be read. */
const read = Effect.fnUntraced(function* (
  file: string
): Effect.fn.Return<Contents, never, FileSystem.FileSystem | Path.Path> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const own = path.resolve(file)
  const text = yield* Effect.orElseSucceed(Reference.configIn(fs, own), () => undefined)
  const json = text === undefined ? undefined : JsonFile.parse(text)
  const names =
    json !== undefined && Result.isSuccess(json)
      ? Reference.filesIn(json.success.value).map((name) => path.resolve(path.dirname(own), name))
      : []
  const texts = yield* Effect.forEach(names, (name) =>
    Effect.orElseSucceed(Reference.secretIn(fs, name), () => undefined)
  )
  return {
    digest: hash("sha256", JSON.stringify([text, names, texts])),
    folders: [...new Set([own, ...names].map((name) => path.dirname(name)))]
  }
})
