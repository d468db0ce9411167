/** A bench in a file, on a disk that is full and in a process that is killed. */
import { spawn, spawnSync } from "node:child_process"
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as PlatformError from "effect/PlatformError"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import * as FileStore from "../../../src/health/stores/FileStore.ts"
import { processes } from "../../support/cli.ts"
import * as Files from "../../support/files.ts"

const full = PlatformError.systemError({
  _tag: "WriteZero",
  module: "FileSystem",
  method: "write",
  description: "ENOSPC: no space left on device"
})

/** A disk with `room()` bytes left: of a longer text the beginning is written before the write fails. */
const disk = (room: () => number) =>
  Layer.effect(
    FileSystem.FileSystem,
    Effect.map(
      FileSystem.FileSystem,
      (fs): FileSystem.FileSystem => ({
        ...fs,
        writeFileString: (path, text) =>
          text.length <= room()
            ? fs.writeFileString(path, text)
            : Effect.andThen(fs.writeFileString(path, text.slice(0, room())), Effect.fail(full)),
        open: (path, options) =>
          Effect.map(fs.open(path, options), (file) => ({
            ...file,
            sync: Effect.suspend(() => file.sync),
            writeAll: (bytes: Uint8Array) =>
              bytes.length <= room()
                ? file.writeAll(bytes)
                : Effect.andThen(file.writeAll(bytes.slice(0, room())), Effect.fail(full))
          }))
      })
    )
  ).pipe(Layer.provide(NodeFileSystem.layer))

const storeIn = (folder: string, fs: Layer.Layer<FileSystem.FileSystem> = NodeFileSystem.layer) =>
  Effect.map(Layer.build(FileStore.layer(folder).pipe(Layer.provide([fs, NodePath.layer]))), (context) =>
    KeyValueStore.KeyValueStore.pipe(Effect.provide(context))
  ).pipe(Effect.flatten)

const saver = fileURLToPath(new URL("../../support/saver.ts", import.meta.url))

describe("a file store", () => {
  it.live(
    "keeps the old text when the disk is full, leaves nothing behind, and takes the new one when there is room",
    () =>
      Effect.gen(function* () {
        const folder = yield* Files.folder
        let room = 1_000
        const store = yield* storeIn(
          folder,
          disk(() => room)
        )
        yield* store.set("bench.json", "old")
        room = 2
        assert.strictEqual(
          (yield* Effect.flip(store.set("bench.json", "new text")))._tag,
          "KeyValueStoreError"
        )
        assert.strictEqual(readFileSync(join(folder, "bench.json"), "utf8"), "old")
        assert.deepStrictEqual(readdirSync(folder), ["bench.json"])
        room = 1_000
        yield* store.set("bench.json", "new text")
        assert.strictEqual(yield* store.get("bench.json"), "new text")
        assert.deepStrictEqual(readdirSync(folder), ["bench.json"])
      }).pipe(Effect.scoped)
  )

  it.live(
    "is whole whenever the process is killed",
    () =>
      Effect.gen(function* () {
        const folder = yield* Files.folder
        let last = -1
        for (const delay of [0, 3, 7, 13, 29, 61]) {
          yield* Effect.callback<void>((resume) => {
            const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", saver, folder], {
              stdio: ["ignore", "pipe", "ignore"]
            })
            child.once("exit", () => resume(Effect.void))
            child.stdout.once("data", () => setTimeout(() => child.kill("SIGKILL"), delay))
          })
          const names = readdirSync(folder)
          if (!names.includes("bench.json")) continue
          const { end, round } = JSON.parse(readFileSync(join(folder, "bench.json"), "utf8"))
          assert.strictEqual(end, round)
          last = round
        }
        assert.isAtLeast(last, 0, "something was written")
      }).pipe(Effect.scoped),
    processes
  )

  it.live("survives a disk that is really full", (context) =>
    Effect.gen(function* () {
      const folder = join(yield* Files.folder, "small")
      mkdirSync(folder)
      const mounted = yield* Effect.acquireRelease(
        Effect.sync(
          () => spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]).status === 0
        ),
        (is) => Effect.sync(() => void (is && spawnSync("umount", [folder])))
      )
      if (!mounted) return context.skip("a small disk cannot be mounted here")
      const store = yield* storeIn(folder)
      yield* store.set("bench.json", "old")
      writeFileSync(join(folder, "other"), "x".repeat(40_000))
      yield* Effect.flip(store.set("bench.json", "y".repeat(30_000)))
      assert.strictEqual(yield* store.get("bench.json"), "old")
      rmSync(join(folder, "other"))
      yield* store.set("bench.json", "y".repeat(30_000))
      assert.strictEqual(statSync(join(folder, "bench.json")).size, 30_000)
    }).pipe(Effect.scoped)
  )

  it.live(
    "takes the values of two processes with one id, of which one starts while the other ends, each whole",
    () =>
      Effect.gen(function* () {
        const folder = yield* Files.folder
        // As in two containers with one volume: both have process id 1.
        const stores = [yield* storeIn(folder), yield* storeIn(folder)]
        const values = stores.map((_, index) => String(index).repeat(300_000))
        for (let round = 0; round < 10; round++) {
          yield* Effect.forEach(stores, (store, index) => store.set("bench.json", values[index]!), {
            concurrency: "unbounded"
          })
          const stored = readFileSync(join(folder, "bench.json"), "utf8")
          assert.include(values, stored)
        }
        assert.deepStrictEqual(readdirSync(folder), ["bench.json"])
      }).pipe(Effect.scoped)
  )

  it.live("follows a symbolic link to a file that is not there yet", () =>
    Effect.gen(function* () {
      const folder = yield* Files.folder
      mkdirSync(join(folder, "real"))
      symlinkSync(join("real", "file"), join(folder, "bench.json"))
      const store = yield* storeIn(folder)
      yield* store.set("bench.json", "new")
      assert.strictEqual(readFileSync(join(folder, "real", "file"), "utf8"), "new")
      assert.deepStrictEqual(readdirSync(folder).sort(), ["bench.json", "real"])
    })
  )

  it.live(
    "follows links to links, also into a folder that is not there yet, and fails in a loop of them",
    () =>
      Effect.gen(function* () {
        const folder = yield* Files.folder
        symlinkSync("second", join(folder, "bench.json"))
        symlinkSync(join("later", "file"), join(folder, "second"))
        symlinkSync("two", join(folder, "one"))
        symlinkSync("one", join(folder, "two"))
        const store = yield* storeIn(folder)
        yield* store.set("bench.json", "new")
        assert.strictEqual(readFileSync(join(folder, "later", "file"), "utf8"), "new")
        yield* Effect.flip(store.set("one", "new"))
        for (const link of ["bench.json", "second", "one", "two"])
          assert.isTrue(lstatSync(join(folder, link)).isSymbolicLink(), link)
      }).pipe(Effect.scoped)
  )

  it.live("makes a folder again that was deleted, and keeps the permissions of a file", () =>
    Effect.gen(function* () {
      const folder = join(yield* Files.folder, "state")
      const store = yield* storeIn(folder)
      yield* store.set("bench.json", "old")
      chmodSync(join(folder, "bench.json"), 0o600)
      yield* store.set("bench.json", "older")
      assert.strictEqual(statSync(join(folder, "bench.json")).mode & 0o777, 0o600)
      rmSync(folder, { recursive: true })
      yield* store.set("bench.json", "new")
      assert.strictEqual(yield* store.get("bench.json"), "new")
    }).pipe(Effect.scoped)
  )

  it.live("follows a symbolic link, and removes temporary files of killed processes", () =>
    Effect.gen(function* () {
      const folder = yield* Files.folder
      mkdirSync(join(folder, "real"))
      writeFileSync(join(folder, "real", "file"), "old")
      symlinkSync(join(folder, "real", "file"), join(folder, "bench.json"))
      writeFileSync(join(folder, "bench.json.1.new"), "half")
      utimesSync(join(folder, "bench.json.1.new"), 1, 1)
      writeFileSync(join(folder, "bench.json.2.new"), "another process is writing this")
      const store = yield* storeIn(folder)
      yield* store.set("bench.json", "new")
      assert.strictEqual(readFileSync(join(folder, "real", "file"), "utf8"), "new")
      assert.deepStrictEqual(readdirSync(folder).sort(), ["bench.json", "bench.json.2.new", "real"])
    }).pipe(Effect.scoped)
  )

  it.live("takes bytes as they are, and says which key could not be written, and why", () =>
    Effect.gen(function* () {
      const folder = yield* Files.folder
      const store = yield* storeIn(folder)
      yield* store.set("bytes", new Uint8Array([0, 255, 10]))
      assert.deepStrictEqual([...readFileSync(join(folder, "bytes"))], [0, 255, 10])
      symlinkSync("loop", join(folder, "loop"))
      const error = yield* Effect.flip(store.set("loop", "new"))
      assert.deepStrictEqual(
        [error.method, error.key, error.message],
        ["set", "loop", "Unable to set item with key loop"]
      )
      const { cause } = error
      assert(PlatformError.isPlatformError(cause))
      const { reason } = cause
      assert.deepStrictEqual(
        [reason._tag, reason.module, reason.method, reason._tag === "BadResource" && reason.description],
        ["BadResource", "FileSystem", "readLink", "ELOOP: too many symbolic links"]
      )
      assert.include(
        "pathOrDescriptor" in reason ? String(reason.pathOrDescriptor) : "",
        join(folder, "loop")
      )
    }).pipe(Effect.scoped)
  )

  it.live("follows as many links as Linux does: forty", () =>
    Effect.gen(function* () {
      const folder = yield* Files.folder
      for (let i = 1; i <= 41; i++) symlinkSync(`l${i - 1}`, join(folder, `l${i}`))
      const store = yield* storeIn(folder)
      yield* Effect.flip(store.set("l41", "new"))
      yield* store.set("l40", "new")
      assert.strictEqual(readFileSync(join(folder, "l0"), "utf8"), "new")
    }).pipe(Effect.scoped)
  )

  it.live("makes all folders above a file that a link leads to", () =>
    Effect.gen(function* () {
      const folder = yield* Files.folder
      symlinkSync(join("a", "b", "file"), join(folder, "bench.json"))
      const store = yield* storeIn(folder)
      yield* store.set("bench.json", "new")
      assert.strictEqual(readFileSync(join(folder, "a", "b", "file"), "utf8"), "new")
    }).pipe(Effect.scoped)
  )

  it.live("writes no file for a key that names a folder", () =>
    Effect.gen(function* () {
      const folder = join(yield* Files.folder, "state")
      const store = yield* storeIn(folder)
      for (const key of ["", ".", ".."]) yield* Effect.ignore(store.set(key, "value"))
      assert.deepStrictEqual(readdirSync(folder), [])
      assert.deepStrictEqual(readdirSync(join(folder, "..")), ["state"])
    }).pipe(Effect.scoped)
  )
})
