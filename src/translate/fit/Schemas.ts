/** Fits tool schemas to a target. What the schema cannot express is added to its description. */
import type { Dialect } from "../../dialect/index.ts"
import { isObject, type JsonObject, list, objects, write } from "../common/Json.ts"
import { current } from "./CurrentSchema.ts"
import * as Properties from "./Properties.ts"
import { inlined, resolved } from "./References.ts"

/** Deeper levels of a schema are left unchanged. */
const deepest = 64

const combinators = ["anyOf", "oneOf", "allOf"] as const

/**
 * `schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the top level`:
 * https://github.com/nspady/google-calendar-mcp/issues/39
 */
const notAtTop = ["enum", "not"] as const

/** Fits a tool's schema; returns the same schema if it is accepted as it is. */
export const fit = (given: JsonObject, dialect: Dialect): Properties.Renamed => {
  const schema = current(given)
  const flat = dialect.schemaTop === "object" ? flattened(schema) : schema
  const rules: Rules = {
    refused: new Set(dialect.schemaRefused),
    needsItems: dialect.schemaItems === "required",
    onlyStrings: dialect.schemaEnums === "strings",
    onlyDefined: dialect.schemaRequired === "defined"
  }
  const isStrict = rules.needsItems || rules.onlyStrings || rules.onlyDefined
  const cleaned = rules.refused.size > 0 || isStrict ? clean(flat, rules, 0) : flat
  return Properties.rename(
    cleaned,
    { characters: dialect.propertyNameCharacters, longest: dialect.propertyNameLongest },
    dialect.propertyNames === "everywhere"
  )
}

/**
 * Merges `anyOf`, `oneOf` and `allOf` at the top into one object: it has the properties of all of them, and requires
 * what all alternatives require. The alternatives are listed in the description.
 */
const flattened = (given: JsonObject): JsonObject => {
  const schema = inlined(given)
  const used = combinators.filter((name) => Array.isArray(schema[name]))
  const refused = notAtTop.filter((name) => schema[name] !== undefined)
  const isObjects = schema.type === "object" || Object.keys(schema).length === 0
  if (used.length === 0 && refused.length === 0 && isObjects) return schema
  const { anyOf, oneOf, allOf, description, properties, required, enum: _, not, type, ...rest } = schema
  const merged: Record<string, unknown> = {}
  const needed = new Set(list(required))
  const add = (branch: JsonObject) => {
    for (const [name, property] of Object.entries(isObject(branch.properties) ? branch.properties : {})) {
      merged[name] =
        merged[name] === undefined || same(merged[name], property) ? property : either(merged[name], property)
    }
  }
  if (isObject(properties)) Object.assign(merged, properties)
  for (const part of objects(allOf)) {
    const branch = resolved(part, schema)
    add(branch)
    for (const name of list(branch.required)) needed.add(name)
  }
  for (const alternatives of [objects(anyOf), objects(oneOf)]) {
    if (alternatives.length === 0) continue
    const branches = alternatives.map((branch) => resolved(branch, schema))
    for (const branch of branches) add(branch)
    for (const name of list(branches[0]?.required)) {
      if (branches.every((branch) => list(branch.required).includes(name))) needed.add(name)
    }
  }
  const told = used
    .filter((name) => name !== "allOf")
    .map((name) => `${name === "anyOf" ? "At least one" : "Exactly one"} of: ${write(schema[name])}`)
  const words = [description, ...told, ...refused.map((name) => `${name}: ${write(schema[name])}`)].filter(
    (text) => typeof text === "string" && text !== ""
  )
  return {
    ...rest,
    type: "object",
    ...(words.length === 0 ? {} : { description: words.join("\n\n") }),
    properties: merged,
    ...(needed.size === 0
      ? {}
      : { required: [...needed].filter((name) => typeof name === "string" && name in merged) })
  }
}

const same = (a: unknown, b: unknown): boolean => write(a) === write(b)

/** A property that differs between alternatives. */
const either = (a: unknown, b: unknown): unknown => {
  const before = isObject(a) && Array.isArray(a.anyOf) && Object.keys(a).length === 1 ? a.anyOf : [a]
  return before.some((known) => same(known, b)) ? a : { anyOf: [...before, b] }
}

const nested = new Set(["properties", "$defs", "definitions", "patternProperties"])

/** What a target's schemas may not have. */
interface Rules {
  readonly refused: ReadonlySet<string>
  readonly needsItems: boolean
  /** Enums have strings only. */
  readonly onlyStrings: boolean
  /** Only defined properties are required. */
  readonly onlyDefined: boolean
}

const clean = (schema: JsonObject, rules: Rules, depth: number): JsonObject => {
  const { needsItems, onlyDefined, onlyStrings, refused } = rules
  if (depth > deepest) return schema
  const next = (value: unknown): unknown =>
    isObject(value) ? clean(value, rules, depth + 1) : Array.isArray(value) ? nextAll(value) : value
  const nextAll = (values: ReadonlyArray<unknown>): ReadonlyArray<unknown> => {
    const made = values.map(next)
    return made.every((value, index) => value === values[index]) ? values : made
  }
  const made: Record<string, unknown> = {}
  const told: Array<string> = []
  let isChanged = false
  for (const [name, value] of Object.entries(schema)) {
    const isOther = onlyStrings && name === "enum" && list(value).some((one) => typeof one !== "string")
    if (refused.has(name) || isOther) {
      isChanged = true
      if (!name.startsWith("$")) told.push(`${name}: ${write(value)}`)
      continue
    }
    let fitted = value
    if (nested.has(name) && isObject(value)) {
      const inner = Object.entries(value).map(([key, property]) => [key, next(property)] as const)
      if (inner.some(([key, property]) => property !== value[key])) fitted = Object.fromEntries(inner)
    } else if (name !== "enum" && name !== "const" && name !== "default" && name !== "examples")
      fitted = next(value)
    isChanged ||= fitted !== value
    made[name] = fitted
  }
  if (onlyDefined && Array.isArray(made.required)) {
    const { properties, required } = made
    const defined = required.filter((name) => isObject(properties) && Object.hasOwn(properties, String(name)))
    if (defined.length < required.length) {
      isChanged = true
      if (defined.length === 0) delete made.required
      else made.required = defined
    }
  }
  const isArray = schema.type === "array" || (Array.isArray(schema.type) && schema.type.includes("array"))
  if (needsItems && isArray && made.items === undefined) {
    made.items = {}
    isChanged = true
  }
  if (told.length > 0) {
    made.description = [made.description, `{${told.join(", ")}}`]
      .filter((text) => text !== undefined)
      .join("\n\n")
  }
  return isChanged ? made : schema
}
