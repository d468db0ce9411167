/** Compares a value with the shape of the config file, and tells everything that does not fit. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { ConfigFile } from "./ConfigFile.ts"
import { nearest } from "./Nearest.ts"
import type { Path } from "./Problem.ts"
import { fieldsAt } from "./Shape.ts"

/** Something that does not fit. */
export interface Misfit {
  readonly path: Path
  readonly message: string
}

const decode = Schema.decodeUnknownResult(ConfigFile)
const standard = SchemaIssue.makeFormatterStandardSchemaV1()

/** The value as a config file, or every place where it is none. No value is repeated in a message: it may be a key. */
export const check = (value: unknown): Result.Result<ConfigFile, ReadonlyArray<Misfit>> =>
  Result.mapError(decode(value, { errors: "all", onExcessProperty: "error" }), (error) =>
    standard(error.issue).issues.map(({ message, path }) => {
      const at = (path ?? []).map((part) => (typeof part === "number" ? part : String(part)))
      return message === "Expected no excess property"
        ? { path: at, message: unknownField(at, value) }
        : { path: at, message: message === "Missing key" ? "is missing" : message.replace(/^E/, "e") }
    })
  )

const unknownField = (path: Path, value: unknown): string => {
  const known = fieldsAt(path.slice(0, -1), value)
  const meant = nearest(String(path.at(-1)), known)
  return meant !== undefined
    ? `there is no such field; did you mean ${meant}?`
    : `there is no such field (known: ${known.join(", ")})`
}
