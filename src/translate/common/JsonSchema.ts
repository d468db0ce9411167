/**
 * Adapts JSON schemas to structured outputs.
 *
 * Both protocols compile a schema into a grammar and refuse keywords that the grammar cannot express, but different
 * ones: OpenAI accepts `minimum` where Anthropic answers 400, Anthropic accepts optional properties where OpenAI
 * answers 400.
 *
 * - https://platform.claude.com/docs/en/build-with-claude/structured-outputs#json-schema-limitations
 * - https://developers.openai.com/api/docs/guides/structured-outputs#supported-schemas
 */
import { isObject, type JsonObject, write } from "./Json.ts"

/** Deeper levels of a schema are left unchanged. */
const deepest = 64

const formats = new Set([
  "date-time",
  "time",
  "date",
  "duration",
  "email",
  "hostname",
  "uri",
  "ipv4",
  "ipv6",
  "uuid"
])

const isPrimitive = (value: unknown): boolean => value === null || typeof value !== "object"

/** The keywords that Anthropic's grammar supports, and which of their values. */
const known: ReadonlyMap<string, (value: unknown) => boolean> = new Map<string, (value: unknown) => boolean>([
  ["type", () => true],
  ["title", () => true],
  ["description", () => true],
  ["default", () => true],
  ["$ref", (value) => typeof value === "string" && value.startsWith("#")],
  ["enum", (value) => Array.isArray(value) && value.every(isPrimitive)],
  ["const", isPrimitive],
  ["required", Array.isArray],
  ["format", (value) => typeof value === "string" && formats.has(value)],
  ["minItems", (value) => value === 0 || value === 1],
  ["additionalProperties", (value) => value === false],
  ["items", isObject],
  ["properties", isObject],
  ["$defs", isObject],
  ["definitions", isObject],
  ["anyOf", Array.isArray],
  ["allOf", Array.isArray]
])

/** Keywords without restrictions. */
const idle = new Set(["$schema", "$id", "$comment", "examples"])

/**
 * The schema for Anthropic's structured outputs. Unsupported restrictions are added to the description, where the
 * model reads them, and reported to `onDropped`. Objects are closed, as required.
 */
export const restrict = (schema: JsonObject, onDropped: (keyword: string) => void, depth = 0): JsonObject => {
  if (depth > deepest) return schema
  const next = (value: unknown): unknown => (isObject(value) ? restrict(value, onDropped, depth + 1) : value)
  const fitted: Record<string, unknown> = {}
  const told: Array<string> = []
  for (const [keyword, value] of Object.entries(schema)) {
    const name = keyword === "oneOf" && schema.anyOf === undefined ? "anyOf" : keyword
    if (idle.has(name) || value === undefined) continue
    if (known.get(name)?.(value) !== true) {
      onDropped(name)
      if (name !== "additionalProperties") told.push(`${name}: ${write(value)}`)
    } else if (Array.isArray(value) && (name === "anyOf" || name === "allOf")) fitted[name] = value.map(next)
    else if (name === "items") fitted[name] = next(value)
    else if (isObject(value) && (name === "properties" || name === "$defs" || name === "definitions")) {
      fitted[name] = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, next(inner)]))
    } else fitted[name] = value
  }
  if (isObjectType(schema.type) || isObject(schema.properties)) fitted.additionalProperties = false
  if (told.length > 0) {
    const description = typeof fitted.description === "string" ? `${fitted.description}\n\n` : ""
    fitted.description = `${description}{${told.join(", ")}}`
  }
  return fitted
}

const isObjectType = (type: unknown): boolean =>
  type === "object" || (Array.isArray(type) && type.includes("object"))

/** True if OpenAI accepts the schema as strict: every object closed, and every property required. */
export const isStrict = (schema: JsonObject, depth = 0): boolean => {
  if (depth > deepest) return false
  const { properties } = schema
  if (isObjectType(schema.type) || isObject(properties)) {
    if (schema.additionalProperties !== false) return false
    const required = new Set(Array.isArray(schema.required) ? schema.required : [])
    if (isObject(properties) && !Object.keys(properties).every((key) => required.has(key))) return false
  }
  return [
    schema.items,
    ...inner(schema.anyOf),
    ...inner(schema.allOf),
    ...[properties, schema.$defs, schema.definitions].flatMap(values)
  ].every((value) => !isObject(value) || isStrict(value, depth + 1))
}

const inner = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])

const values = (value: unknown): ReadonlyArray<unknown> => (isObject(value) ? Object.values(value) : [])
