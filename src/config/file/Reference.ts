/**
 * References to values: `"env:NAME"` in the environment, `"file:PATH"` in a file (such as a mounted secret),
 * without its trailing line feed. Paths are relative to the folder of the config file. Where the config
 * expects a number or a boolean, the text is parsed as one.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import type { PlatformError } from "effect/PlatformError"
import * as Stream from "effect/Stream"
import * as Pipe from "./Pipe.ts"
import { ConfigError, type Path as JsonPath } from "./Problem.ts"
import * as Shape from "./Shape.ts"

/** A value with its references resolved, and the references that could not be resolved. */
export interface Resolved {
  readonly value: unknown
  readonly problems: ReadonlyArray<{ readonly path: JsonPath; readonly message: string }>
}

/** Sections in which such texts are model names. */
const plain = new Set<string | number>(["models", "fallbacks"])

/** The store of the bench may be in the environment; `file:` is a store itself. */
const isPlain = ([section]: JsonPath, kind: "env" | "file") =>
  plain.has(section ?? "") || (section === "bench" && kind === "file")

/** The reference in a text; `undefined` for a plain text. */
const parse = (text: string): { readonly kind: "env" | "file"; readonly name: string } | undefined => {
  const match = /^(env|file):\s*(.*)$/s.exec(text.trim())
  return match === null ? undefined : { kind: match[1] === "env" ? "env" : "file", name: match[2]! }
}

const referenceAt = (path: JsonPath, text: string) => {
  const reference = parse(text)
  return reference === undefined || isPlain(path, reference.kind) ? undefined : reference
}

/** The files in the references of a value, as they are written. */
export const filesIn = (value: unknown): ReadonlyArray<string> => {
  const names = new Set<string>()
  const walk = (node: unknown, path: JsonPath): void => {
    if (typeof node === "string") {
      const reference = referenceAt(path, node)
      if (reference?.kind === "file") names.add(reference.name)
    } else if (typeof node === "object" && node !== null) {
      for (const [key, item] of Object.entries(node)) walk(item, [...path, key])
    }
  }
  walk(value, [])
  return [...names]
}

/**
 * Resolves the references. One that cannot be resolved stays as it is, so that it is not also reported as
 * missing.
 */
export const resolve = Effect.fnUntraced(function* (
  value: unknown,
  folder: string
): Effect.fn.Return<Resolved, never, FileSystem.FileSystem | Path.Path> {
  const fs = yield* FileSystem.FileSystem
  const paths = yield* Path.Path
  const problems: Array<{ readonly path: JsonPath; readonly message: string }> = []

  const fromEnv = (name: string) =>
    Effect.map(
      Effect.orElseSucceed(Config.option(Config.String(name)), () => Option.none<string>()),
      (found) =>
        Option.match(found, {
          onNone: () => `the environment variable ${name} is not set`,
          onSome: (text) => (text.trim() === "" ? `the environment variable ${name} is empty` : { text })
        })
    )
  const fromFile = (name: string) =>
    Effect.match(secretIn(fs, paths.resolve(folder, name)), {
      onFailure: (error) => `the file ${name} cannot be read: ${reasonOf(error)}`,
      onSuccess: (text) =>
        text === "irregular"
          ? `${name} is not a regular file; use one, or the environment with "env:NAME"`
          : text === "large"
            ? `the file ${name} is larger than ${maxValueBytes} bytes, the limit for one value`
            : text.trim() === ""
              ? `the file ${name} is empty`
              : { text }
    })

  const walk = (node: unknown, path: JsonPath): Effect.Effect<unknown> => {
    if (typeof node === "string") {
      const reference = referenceAt(path, node)
      if (reference === undefined) return Effect.succeed(node)
      const { kind, name } = reference
      if (name === "") {
        problems.push({ path, message: `${kind}: names no ${kind === "env" ? "variable" : "file"}` })
        return Effect.succeed(node)
      }
      return Effect.map(kind === "env" ? fromEnv(name) : fromFile(name), (found) => {
        if (typeof found !== "string") return Shape.read(found.text.trim(), path, value)
        problems.push({ path, message: found })
        return node
      })
    }
    if (Array.isArray(node)) return Effect.forEach(node, (item, index) => walk(item, [...path, index]))
    if (typeof node !== "object" || node === null) return Effect.succeed(node)
    return Effect.map(
      Effect.forEach(Object.entries(node), ([key, item]) =>
        Effect.map(walk(item, [...path, key]), (resolved) => [key, resolved] as const)
      ),
      (entries) => Object.fromEntries(entries)
    )
  }

  return { value: yield* walk(value, []), problems }
})

/** The largest file for one value, in bytes. */
const maxValueBytes = 64 * 1024

/**
 * The text of a file for one value. Devices and pipes are refused, because they may never end. Reads no more
 * than the limit.
 */
export const secretIn = (
  fs: FileSystem.FileSystem,
  path: string
): Effect.Effect<string | "irregular" | "large", PlatformError> =>
  Effect.gen(function* () {
    const { size, type } = yield* fs.stat(path)
    if (type !== "File") return type === "Directory" ? yield* fs.readFileString(path) : "irregular"
    if (size > maxValueBytes) return "large"
    return (yield* readAtMost(fs, path, maxValueBytes)) ?? "large"
  })

/** The largest config file, in bytes. A chain of 100,000 models takes a few million. */
const maxConfigBytes = 16 * 1024 * 1024

/** The text of a config file; `undefined` if it is too large, or a pipe, which can be read only once. */
export const configIn = (
  fs: FileSystem.FileSystem,
  path: string
): Effect.Effect<string | undefined, PlatformError> =>
  Effect.flatMap(fs.stat(path), ({ type }) =>
    type === "FIFO" ? Effect.succeed(undefined) : readAtMost(fs, path, maxConfigBytes)
  )

/**
 * The text of a file, up to a limit; `undefined` if it is larger. Some files report size 0, and some never
 * end.
 */
const readAtMost = (
  fs: FileSystem.FileSystem,
  path: string,
  most: number
): Effect.Effect<string | undefined, PlatformError> =>
  Effect.gen(function* () {
    const parts = yield* Stream.runCollect(fs.stream(path, { bytesToRead: most + 1 }))
    const bytes = Buffer.concat(parts)
    return bytes.length > most ? undefined : bytes.toString()
  })

/** The text of a config file, or of a pipe. Fails if it cannot be read or is too large. */
export const textOf = (file: string): Effect.Effect<string, ConfigError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const { type } = yield* fs.stat(file)
    if (type === "FIFO" && !Pipe.isInherited(file)) return yield* unusable(file, Pipe.isNamed)
    const text = yield* type === "FIFO" ? Pipe.read(file, maxConfigBytes) : configIn(fs, file)
    if (text === undefined)
      return yield* unusable(file, `it is larger than ${maxConfigBytes} bytes, the limit for a config`)
    return text
  }).pipe(
    Effect.catchTags({
      PlatformError: (error) => unusable(file, `it cannot be read: ${reasonOf(error)}`),
      Unreadable: ({ message }) => unusable(file, `it cannot be read: ${message}`)
    })
  )

const unusable = (file: string, message: string): Effect.Effect<never, ConfigError> =>
  Effect.fail(new ConfigError({ file, problems: [{ path: "", message }] }))

/** A read error in words. */
export const reasonOf = (error: { readonly reason: { readonly _tag: string } }): string => {
  switch (error.reason._tag) {
    case "NotFound":
      return "there is no such file"
    case "PermissionDenied":
      return "permission denied"
    case "BadResource":
      return "it is a folder"
    default:
      return error.reason._tag
  }
}
