/**
 * A `KeyValueStore` in a folder, one file for each key, that never loses a stored value: a new value is written to a
 * temporary file, flushed to disk (`fsync`), and replaces the old one in one step (`rename`). A full disk or a kill
 * at any moment leaves the old value intact.
 *
 * **Gotchas**
 *
 * - A file that is mounted by itself (`-v bench.json:/state/bench.json`) cannot be replaced: mount its folder.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as PlatformError from "effect/PlatformError"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import * as Random from "effect/Random"

/** Temporary files of killed processes are removed when older than this, in milliseconds. */
const abandoned = 60_000

/** The store of a folder, which is created if missing. */
export const layer = (
  folder: string
): Layer.Layer<KeyValueStore.KeyValueStore, PlatformError.PlatformError, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(
    KeyValueStore.KeyValueStore,
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const path = yield* Path.Path
      const store = yield* KeyValueStore.KeyValueStore
      const names = yield* Effect.orElseSucceed(fs.readDirectory(folder), () => [])
      yield* Effect.forEach(names, (name) => sweep(fs, path.join(folder, name)), { discard: true })

      return KeyValueStore.KeyValueStore.of({
        ...store,
        set: (key, value) =>
          isName(key)
            ? Effect.mapError(
                replace(fs, path, path.join(folder, encodeURIComponent(key)), value),
                (cause) =>
                  new KeyValueStore.KeyValueStoreError({
                    method: "set",
                    key,
                    message: `Unable to set item with key ${key}`,
                    cause
                  })
              )
            : store.set(key, value)
      })
    })
  ).pipe(Layer.provide(KeyValueStore.layerFileSystem(folder)))

const isName = (key: string) => key !== "" && key !== "." && key !== ".."

const aside = /\.\d+\.new$/

const sweep = (fs: FileSystem.FileSystem, file: string) =>
  aside.test(file)
    ? Effect.gen(function* () {
        const { mtime } = yield* fs.stat(file)
        const now = yield* Clock.currentTimeMillis
        const isOld = Option.exists(mtime, (date) => date.getTime() + abandoned < now)
        if (isOld) yield* fs.remove(file, { force: true })
      }).pipe(Effect.ignore)
    : Effect.void

/** As many links as Linux follows. */
const mostLinks = 40

/** The file behind a path. A symbolic link is followed, also to a file that is not there yet: that has no real path. */
const fileBehind = (
  fs: FileSystem.FileSystem,
  path: Path.Path,
  name: string,
  links = 0
): Effect.Effect<string, PlatformError.PlatformError> =>
  fs.readLink(name).pipe(
    Effect.map((target) => path.resolve(path.dirname(name), target)),
    Effect.option,
    Effect.flatMap((next) => {
      if (Option.isNone(next)) return Effect.succeed(name)
      return links < mostLinks ? fileBehind(fs, path, next.value, links + 1) : Effect.fail(loop(name))
    })
  )

const loop = (pathOrDescriptor: string) =>
  PlatformError.systemError({
    _tag: "BadResource",
    module: "FileSystem",
    method: "readLink",
    pathOrDescriptor,
    description: "ELOOP: too many symbolic links"
  })

/** Writes a file whole or not at all. */
const replace = Effect.fnUntraced(function* (
  fs: FileSystem.FileSystem,
  path: Path.Path,
  name: string,
  value: string | Uint8Array
) {
  const file = yield* Effect.catch(fs.realPath(name), () => fileBehind(fs, path, name))
  // A starting process must not write to the file of an ending one. Their process ids may be equal: in a container it is 1.
  const own = yield* Random.nextIntBetween(100_000_000, 999_999_999)
  const next = `${file}.${globalThis.process?.pid ?? 0}${own}.new`
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value
  const mode = yield* Effect.option(Effect.map(fs.stat(file), ({ mode }) => mode & 0o777))
  const write = Effect.scoped(
    Effect.gen(function* () {
      const handle = yield* fs.open(next, { flag: "w", ...(Option.isSome(mode) && { mode: mode.value }) })
      yield* handle.writeAll(bytes)
      yield* handle.sync
    })
  )
  const folder = path.dirname(file)
  yield* write.pipe(
    // The folder was deleted meanwhile, or a link leads to one that is not there yet.
    Effect.catchReason("PlatformError", "NotFound", () =>
      Effect.andThen(fs.makeDirectory(folder, { recursive: true }), write)
    ),
    Effect.andThen(fs.rename(next, file)),
    Effect.tapCause(() => Effect.ignore(fs.remove(next, { force: true })))
  )
  // Flushes the folder's entry as well, on systems where a folder can be opened.
  yield* Effect.scoped(Effect.flatMap(fs.open(folder, { flag: "r" }), (handle) => handle.sync)).pipe(
    Effect.ignore
  )
})
