/**
 * Rewrites schemas of older drafts in JSON Schema 2020-12, which is the only one that Claude and OpenAI accept: `JSON
 * schema is invalid. It must match JSON Schema draft 2020-12`. Nothing of their meaning is lost.
 *
 * - a tuple as `items`: https://github.com/openclaw/openclaw/issues/98588
 * - `exclusiveMinimum: true`: https://github.com/Dokploy/mcp/issues/74
 */
import { isObject, type JsonObject } from "../common/Json.ts"

/** Deeper levels are left unchanged. */
const deepest = 64

/** Members with schemas by name. */
const named = new Set(["properties", "$defs", "definitions", "patternProperties", "dependentSchemas"])

/** Members that hold values instead of schemas, where `null` means something. */
const values = new Set(["enum", "const", "default", "examples"])

/** Names of types in programming languages, and what they are called in a schema. */
const types: ReadonlyMap<unknown, string> = new Map([
  ["str", "string"],
  ["int", "integer"],
  ["float", "number"],
  ["double", "number"],
  ["bool", "boolean"],
  ["list", "array"],
  ["dict", "object"]
])

/** Limits that were flags beside another limit, up to draft 4. */
const flags = [
  ["exclusiveMinimum", "minimum"],
  ["exclusiveMaximum", "maximum"]
] as const

/** The schema in the current draft; the same object if it already is. */
export const current = (schema: JsonObject, depth = 0): JsonObject => {
  if (depth > deepest) return schema
  const inside = (value: unknown): unknown => (isObject(value) ? current(value, depth + 1) : value)
  const all = (given: ReadonlyArray<unknown>): ReadonlyArray<unknown> => {
    const made = given.map(inside)
    return made.every((value, index) => value === given[index]) ? given : made
  }
  let made: Record<string, unknown> | undefined
  const set = (name: string, value: unknown): void => {
    made ??= { ...schema }
    if (value === undefined) delete made[name]
    else made[name] = value
  }
  /** Properties that are marked as required in their own schema, as in draft 3. */
  const required: Array<string> = []
  for (const [name, value] of Object.entries(schema)) {
    if (values.has(name)) continue
    if (value === null) set(name, undefined)
    else if (named.has(name) && isObject(value)) {
      if (name === "properties") {
        for (const [key, of] of Object.entries(value))
          if (isObject(of) && of.required === true) required.push(key)
      }
      const inner = Object.entries(value).map(([key, of]) => [key, inside(of)] as const)
      if (inner.some(([key, of]) => of !== value[key])) set(name, Object.fromEntries(inner))
    } else if (Array.isArray(value)) {
      const fitted = all(value)
      if (fitted !== value) set(name, fitted)
    } else {
      const fitted = inside(value)
      if (fitted !== value) set(name, fitted)
    }
  }
  const { additionalItems, items, required: given, type } = made ?? schema
  if (typeof given === "boolean") set("required", undefined)
  if (required.length > 0) {
    set("required", [...new Set([...(Array.isArray(given) ? given : []), ...required])])
  }
  if (Array.isArray(items)) {
    set("prefixItems", items)
    set("items", additionalItems)
    set("additionalItems", undefined)
  }
  if (type === "any") set("type", undefined)
  else if (types.has(type)) set("type", types.get(type))
  for (const [flag, limit] of flags) {
    if (typeof schema[flag] !== "boolean") continue
    const isLimit = schema[flag] && schema[limit] !== undefined
    set(flag, isLimit ? schema[limit] : undefined)
    if (isLimit) set(limit, undefined)
  }
  return made ?? schema
}
