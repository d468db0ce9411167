/** Checks a value against the schema of a file, and reports every mismatch. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import * as SchemaIssue from "effect/SchemaIssue"
import { nearest } from "../../util/Nearest.ts"
import { ConfigFile } from "./ConfigFile.ts"
import type { Path } from "./Problem.ts"
import { fieldsAt } from "./Shape.ts"

/** A mismatch. */
export interface Misfit {
  readonly path: Path
  readonly message: string
}

const standard = SchemaIssue.makeFormatterStandardSchemaV1()

/** Makes a function that parses a value with a schema, or reports every mismatch. */
export const checkAs = <S extends Schema.Decoder<unknown>>(
  shape: S
): ((value: unknown) => Result.Result<S["Type"], ReadonlyArray<Misfit>>) => {
  const decode = Schema.decodeUnknownResult(shape)
  return (value) =>
    Result.mapError(decode(value, { errors: "all", onExcessProperty: "error" }), (error) =>
      standard(error.issue).issues.map(({ message, path }) => {
        const at = (path ?? []).map((part) => (typeof part === "number" ? part : String(part)))
        return message === "Expected no excess property"
          ? { path: at, message: unknownField(at, value, shape.ast) }
          : { path: at, message: message === "Missing key" ? "is missing" : message.replace(/^E/, "e") }
      })
    )
}

/** Parses a config file, or reports every mismatch. Messages repeat no values, because a value may be a key. */
export const check = checkAs(ConfigFile)

const unknownField = (path: Path, value: unknown, shape: SchemaAST.AST): string => {
  const known = fieldsAt(path.slice(0, -1), value, shape)
  const meant = nearest(String(path.at(-1)), known)
  return meant !== undefined
    ? `there is no such field; did you mean ${meant}?`
    : `there is no such field (known: ${known.join(", ")})`
}
