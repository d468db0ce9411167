/** Looks up the schema of a file at a path. */
import type * as SchemaAST from "effect/SchemaAST"
import { ConfigFile } from "./ConfigFile.ts"
import type { Path } from "./Problem.ts"

/** The names of the fields at a path; of the config file by default. */
export const fieldsAt = (
  path: Path,
  file: unknown,
  shape: SchemaAST.AST = ConfigFile.ast
): ReadonlyArray<string> => {
  const [ast, value] = placeAt(path, file, shape)
  return namesIn(ast, value)
}

/** The names of the fields of an object at a path, whatever the file has there. */
export const objectFieldsAt = (path: Path, file: unknown): ReadonlyArray<string> =>
  namesIn(placeAt(path, file, ConfigFile.ast)[0], {})

const namesIn = (ast: SchemaAST.AST | undefined, value: unknown): ReadonlyArray<string> => {
  const fields = ast === undefined ? undefined : choose(ast, value)
  return fields?._tag === "Objects" ? fields.propertySignatures.map(({ name }) => String(name)) : []
}

/**
 * Parses a text from the environment or a file as the type at a path: a number or a boolean, if the schema
 * accepts nothing else. Any other text stays as it is.
 */
export const read = (text: string, path: Path, file: unknown): string | number | boolean => {
  const [ast] = placeAt(path, file, ConfigFile.ast)
  if (ast?._tag === "Number" && /^[+-]?\d+(\.\d+)?$/.test(text)) return Number(text)
  if (ast?._tag === "Boolean" && /^(true|false)$/.test(text)) return text === "true"
  return text
}

const placeAt = (
  path: Path,
  file: unknown,
  shape: SchemaAST.AST
): readonly [SchemaAST.AST | undefined, unknown] =>
  path.reduce<readonly [SchemaAST.AST | undefined, unknown]>(
    ([ast, value], key) => [
      ast === undefined ? undefined : memberOf(choose(ast, value), key),
      at(value, key)
    ],
    [shape, file]
  )

/** Of several schemas, the one for a JSON object or a list. */
const choose = (ast: SchemaAST.AST, value: unknown): SchemaAST.AST | undefined =>
  ast._tag === "Union"
    ? ast.types.find(({ _tag }) => _tag === (Array.isArray(value) ? "Arrays" : "Objects"))
    : ast

const memberOf = (ast: SchemaAST.AST | undefined, key: string | number): SchemaAST.AST | undefined => {
  switch (ast?._tag) {
    case "Arrays":
      return ast.rest[0]
    case "Objects":
      return ast.propertySignatures.find(({ name }) => name === key)?.type ?? ast.indexSignatures[0]?.type
    default:
      return undefined
  }
}

const at = (value: unknown, key: string | number): unknown =>
  typeof value === "object" && value !== null ? (value as Record<string | number, unknown>)[key] : undefined
