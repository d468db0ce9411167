/**
 * When a config file, or a file that it refers to, says something else than before.
 *
 * Folders are watched, not files: an editor that puts a new file in the old one's place, and a mounted volume that is
 * swapped as a whole (Kubernetes turns the link `..data` to another folder), would be lost on whoever holds on to the
 * file. What a file says is compared, so that a neighbour's change, or a touch, is none.
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

/** Writers take some steps to a new file; they are over when nothing has happened for so long. */
const settles = "100 millis"

/** Some file systems tell nobody of changes (NFS), and a link may lead out of the folder; so it is looked at anyway. */
const looksEvery = "30 seconds"

interface Seen {
  /** Stands for what all the files say. */
  readonly digest: string
  readonly folders: ReadonlyArray<string>
}

/**
 * Looks at the files, and gives a stream that tells each change since then. Ask for it before the file is read, so that
 * what comes between is not lost. Changes while one is being handled are one more.
 */
export const make = (
  file: string
): Effect.Effect<
  Stream.Stream<void, never, FileSystem.FileSystem | Path.Path>,
  never,
  FileSystem.FileSystem | Path.Path
> =>
  Effect.map(look(file), (seen) =>
    Stream.callback<void, never, FileSystem.FileSystem | Path.Path>((told) => watch(file, seen, told), {
      bufferSize: 1,
      strategy: "sliding"
    })
  )

const watch = Effect.fnUntraced(function* (
  file: string,
  before: Seen,
  told: Queue.Enqueue<void>
): Effect.fn.Return<void, never, FileSystem.FileSystem | Path.Path | Scope.Scope> {
  const fs = yield* FileSystem.FileSystem
  const signs = yield* Queue.sliding<void>(1)
  const watched = new Set<string>()
  const lost = new Set<string>()

  const watchFolder = (folder: string) => {
    if (watched.has(folder)) return Effect.void
    watched.add(folder)
    return fs.watch(folder, { onReady: () => void Queue.offerUnsafe(signs, undefined) }).pipe(
      Stream.runForEach(() => Queue.offer(signs, undefined)),
      Effect.catchCause((cause) => {
        if (lost.has(folder)) return Effect.void
        lost.add(folder)
        const message = `${folder} cannot be watched; changes there are seen within ${looksEvery}`
        return Effect.logWarning(message, Cause.pretty(cause))
      }),
      // A folder that is gone may come again.
      Effect.ensuring(Effect.sync(() => watched.delete(folder))),
      Effect.forkScoped
    )
  }

  let seen = before
  while (true) {
    yield* Effect.forEach(seen.folders, watchFolder, { discard: true })
    yield* Effect.timeoutOption(Queue.take(signs), looksEvery)
    do yield* Effect.sleep(settles)
    while ((yield* Queue.clear(signs)).length > 0)
    const now = yield* look(file)
    if (now.digest !== seen.digest) yield* Queue.offer(told, undefined)
    seen = now
  }
})

/** What the files say now. One that cannot be read says that. */
const look = Effect.fnUntraced(function* (
  file: string
): Effect.fn.Return<Seen, never, FileSystem.FileSystem | Path.Path> {
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
