/** Reads a config file: a config, or every problem in the file. */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import * as Result from "effect/Result"
import * as ClearKeys from "./ClearKeys.ts"
import * as JsonFile from "./file/JsonFile.ts"
import { ConfigError, formatPath, type Problem } from "./file/Problem.ts"
import * as Reference from "./file/Reference.ts"
import * as RenamedFields from "./file/RenamedFields.ts"
import * as Structure from "./file/Structure.ts"
import { fromFile, type GatewayConfig } from "./GatewayConfig.ts"
import * as Keyless from "./Keyless.ts"
import * as Semantics from "./Semantics.ts"
import * as WrongChoice from "./WrongChoice.ts"

/** Options of reading. */
export interface Options {
  /**
   * Reads no keys and ignores sections of a running gateway, for commands that call no provider. Default
   * false.
   */
  readonly keyless?: boolean | undefined
}

/**
 * Reads a config file: JSON with comments and references to the environment or to other files. Fails
 * with every problem, in the order of the file.
 */
export const load = Effect.fnUntraced(function* (
  file: string,
  options: Options = {}
): Effect.fn.Return<GatewayConfig, ConfigError, FileSystem.FileSystem | Path.Path> {
  const path = yield* Path.Path
  const text = yield* Reference.textOf(file)
  return yield* parse(text, { ...options, file, folder: path.dirname(path.resolve(file)) })
})

/** Reads the text of a config file. `file` is its name in messages. */
export const parse = Effect.fnUntraced(function* (
  text: string,
  options: Options & { readonly file: string; readonly folder: string }
): Effect.fn.Return<GatewayConfig, ConfigError, FileSystem.FileSystem | Path.Path> {
  const path = yield* Path.Path
  const fail = (problems: ReadonlyArray<Problem>) => new ConfigError({ file: options.file, problems })
  const json = JsonFile.parse(text)
  if (Result.isFailure(json)) return yield* fail(json.failure)
  const { lineOf, problems: duplicates } = json.success
  const renamed = RenamedFields.replace(json.success.value)
  const value = options.keyless === true ? Keyless.of(renamed.value) : renamed.value
  const resolved = yield* Reference.resolve(value, options.folder)
  const structure = Structure.check(resolved.value)
  const { notes, problems } = Semantics.check(resolved.value)
  const clear = options.keyless === true ? [] : ClearKeys.notes(json.success.value)
  const misfits = [
    ...renamed.problems,
    ...resolved.problems,
    ...(Result.isFailure(structure) ? structure.failure : [])
      // A reference that cannot be resolved is reported once.
      .filter((misfit) => !resolved.problems.some(({ path }) => formatPath(path) === formatPath(misfit.path)))
      // The value in the file, because a resolved reference may be a secret.
      .map((misfit) => WrongChoice.withValue(misfit, value)),
    ...problems
  ]
  if (Result.isSuccess(structure) && misfits.length === 0 && duplicates.length === 0) {
    return fromFile(structure.success, [...renamed.warnings, ...notes, ...clear], (file) =>
      path.resolve(options.folder, file)
    )
  }
  return yield* fail(
    [
      ...duplicates,
      ...misfits.map((misfit): Problem => {
        const path = renamed.pathInFile(misfit.path)
        const line = lineOf(path)
        return { path: formatPath(path), message: misfit.message, ...(line !== undefined && { line }) }
      })
    ].sort((a, b) => (a.line ?? 0) - (b.line ?? 0))
  )
})
