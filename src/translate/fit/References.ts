/** Follows the references in a schema to parts of the same schema. */
import { isObject, type JsonObject } from "../common/Json.ts"

/**
 * The definition that a schema refers to at its top, in its place; the definitions stay, because others refer to them.
 * Without a `type` at the top it is refused: https://github.com/lidge-jun/opencodex/issues/75
 */
export const inlined = (schema: JsonObject): JsonObject => {
  if (typeof schema.$ref !== "string") return schema
  const found = resolved(schema, schema)
  const { $ref: _, ...rest } = schema
  return found === schema || found.$ref !== undefined ? rest : { ...found, ...rest }
}

/** Longer chains of references are left as they are. */
const mostReferences = 16

/** Resolves a branch that only refers to another part of the same schema, or to a reference to one. */
export const resolved = (branch: JsonObject, schema: JsonObject): JsonObject => {
  let found = branch
  for (let turn = 0; turn < mostReferences && typeof found.$ref === "string"; turn++) {
    const next = at(found.$ref, schema)
    if (next === undefined) break
    found = next
  }
  return found
}

/** The part of a schema at a JSON pointer: `#/$defs/Order`. */
const at = (pointer: string, schema: JsonObject): JsonObject | undefined => {
  if (!pointer.startsWith("#/")) return undefined
  let found: unknown = schema
  for (const step of pointer.slice(2).split("/")) {
    const name = unescaped(step)
    if (!isObject(found) || !Object.hasOwn(found, name)) return undefined
    found = found[name]
  }
  return isObject(found) ? found : undefined
}

const unescaped = (step: string): string => {
  const name = step.replaceAll("~1", "/").replaceAll("~0", "~")
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}
