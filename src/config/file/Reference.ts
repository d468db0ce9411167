/**
 * Values that stand elsewhere: `"env:NAME"` in the environment, `"file:PATH"` in a file of its own (such as a mounted
 * secret), without the line feed at its end. A path is taken from the folder of the config file. Where the file wants a
 * number, the text is read as one.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import type { PlatformError } from "effect/PlatformError"
import * as Stream from "effect/Stream"
import { ConfigError, type Path as JsonPath } from "./Problem.ts"
import * as Shape from "./Shape.ts"

/** A value with what its references name in their place, and the references that name nothing. */
export interface Resolved {
  readonly value: unknown
  readonly problems: ReadonlyArray<{ readonly path: JsonPath; readonly message: string }>
}

/** Sections in which these words mean something else: model names. */
const plain = new Set<string | number>(["models", "fallbacks"])

/** The place of the bench may be named by the environment; a file is a place of its own there. */
const isPlain = ([section]: JsonPath, kind: "env" | "file") =>
  plain.has(section ?? "") || (section === "bench" && kind === "file")

/** What a text of the file refers to; `undefined` for one that stands for itself. */
const parse = (text: string): { readonly kind: "env" | "file"; readonly name: string } | undefined => {
  const match = /^(env|file):\s*(.+)$/s.exec(text.trim())
  return match === null ? undefined : { kind: match[1] === "env" ? "env" : "file", name: match[2]! }
}

const referenceAt = (path: JsonPath, text: string) => {
  const reference = parse(text)
  return reference === undefined || isPlain(path, reference.kind) ? undefined : reference
}

/** The files that a value's references name, as they are written there. */
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
 * Puts in what references name. One that names nothing is left as it stands, so that what follows does not call it
 * absent as well.
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
          ? `${name} is no regular file; a value is read from one, or from the environment with "env:NAME"`
          : text === "large"
            ? `the file ${name} is larger than ${maxValueBytes} bytes, which is too much for one value`
            : text.trim() === ""
              ? `the file ${name} is empty`
              : { text }
    })

  const walk = (node: unknown, path: JsonPath): Effect.Effect<unknown> => {
    if (typeof node === "string") {
      const reference = referenceAt(path, node)
      if (reference === undefined) return Effect.succeed(node)
      const { kind, name } = reference
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

/** The largest file that is read for one value, in bytes. */
const maxValueBytes = 64 * 1024

/** The text of a file. Devices and pipes may never end, or never begin; no more than a value may take is read of any file. */
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

/** The largest config file, in bytes: a chain of 100,000 models takes a few million. */
const maxConfigBytes = 16 * 1024 * 1024

/** The text of a config file; `undefined` for one that has more than a config may have. */
export const configIn = (
  fs: FileSystem.FileSystem,
  path: string
): Effect.Effect<string | undefined, PlatformError> => readAtMost(fs, path, maxConfigBytes)

/** The text of a file, of which no more is read than it may have; `undefined` for one that has more. Some files say that they are empty, and some never end. */
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

/** What a file says; if it cannot be read, that is the only problem with it. */
export const textOf = (file: string): Effect.Effect<string, ConfigError, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    Effect.mapError(
      configIn(fs, file),
      (error) =>
        new ConfigError({ file, problems: [{ path: "", message: `it cannot be read: ${reasonOf(error)}` }] })
    ).pipe(
      Effect.flatMap((text) =>
        text === undefined
          ? Effect.fail(
              new ConfigError({
                file,
                problems: [
                  {
                    path: "",
                    message: `it is larger than ${maxConfigBytes} bytes, which is too much for a config`
                  }
                ]
              })
            )
          : Effect.succeed(text)
      )
    )
  )

/** What a failure to read a file says to people. */
export const reasonOf = (error: { readonly reason: { readonly _tag: string } }): string => {
  switch (error.reason._tag) {
    case "NotFound":
      return "there is no such file"
    case "PermissionDenied":
      return "permission denied"
    default:
      return error.reason._tag
  }
}
