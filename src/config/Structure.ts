/** Compares a value with the shape of the config file, and tells everything that does not fit. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import * as SchemaIssue from "effect/SchemaIssue"
import { ConfigFile } from "./ConfigFile.ts"
import { nearest } from "./Nearest.ts"
import type { Path } from "./Problem.ts"

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
  const known = fieldsAt(ConfigFile.ast, path.slice(0, -1), value)
  const meant = nearest(String(path.at(-1)), known)
  return meant !== undefined
    ? `there is no such field; did you mean ${meant}?`
    : `there is no such field (known: ${known.join(", ")})`
}

/** The names of the fields that the shape has at a path. */
const fieldsAt = (ast: SchemaAST.AST, path: Path, value: unknown): ReadonlyArray<string> => {
  switch (ast._tag) {
    case "Union": {
      // Of several shapes the one that a JSON object or a list can have.
      const tag = Array.isArray(value) ? "Arrays" : "Objects"
      const member = ast.types.find((type) => type._tag === tag)
      return member === undefined ? [] : fieldsAt(member, path, value)
    }
    case "Arrays":
      return path.length === 0 || ast.rest[0] === undefined
        ? []
        : fieldsAt(ast.rest[0], path.slice(1), member(value, path[0]!))
    case "Objects": {
      if (path.length === 0) return ast.propertySignatures.map(({ name }) => String(name))
      const [key] = path
      const type =
        ast.propertySignatures.find(({ name }) => name === key)?.type ?? ast.indexSignatures[0]?.type
      return type === undefined ? [] : fieldsAt(type, path.slice(1), member(value, key!))
    }
    default:
      return []
  }
}

const member = (value: unknown, key: string | number): unknown =>
  typeof value === "object" && value !== null ? (value as Record<string | number, unknown>)[key] : undefined
