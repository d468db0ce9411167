/**
 * Replaces property names that a target does not accept: in a tool's schema, in arguments for it, and back in its
 * answers.
 */
import { isObject, type JsonObject, parse, write } from "../common/Json.ts"
import * as Names from "./Names.ts"

/** Names and their replacements. */
export interface Renames {
  readonly names: ReadonlyMap<string, string>
  /** Whether nested names are replaced too, not only those of the arguments themselves. */
  readonly isDeep: boolean
}

/** A schema, and the original names by the changed ones; `undefined` if none was changed. */
export interface Renamed {
  readonly schema: JsonObject
  readonly renames: Renames | undefined
}

/** Deeper levels are left unchanged. */
const deepest = 64

/** Renames properties that violate the rule, at the top of a schema or everywhere in it. */
export const rename = (schema: JsonObject, rule: Names.NameRule, isDeep: boolean): Renamed => {
  const { properties } = schema
  const isTaken = (name: string) => Names.isTaken(name, rule)
  if (!isDeep && (!isObject(properties) || Object.keys(properties).every(isTaken))) {
    return { schema, renames: undefined }
  }
  const names = new Map<string, string>()
  const rewrite = (name: string): string => {
    const fitted = Names.fit(name, rule)
    if (fitted !== name) names.set(fitted, name)
    return fitted
  }
  const made = renamed(schema, rewrite, isDeep ? deepest : 0)
  return names.size === 0 ? { schema, renames: undefined } : { schema: made, renames: { names, isDeep } }
}

type Rewrite = (name: string) => string

/** Members that hold schemas by a name that is not a property. */
const byName = new Set(["$defs", "definitions", "patternProperties"])

/** Members that hold schemas by the name of a property. */
const byProperty = new Set(["properties", "dependentSchemas", "dependentRequired"])

/** Members that hold values instead of schemas. */
const plain = new Set(["enum", "const", "default", "examples"])

const renamed = (schema: JsonObject, rewrite: Rewrite, depth: number): JsonObject => {
  const inside = (value: unknown): unknown =>
    depth === 0
      ? value
      : Array.isArray(value)
        ? value.map(inside)
        : isObject(value)
          ? renamed(value, rewrite, depth - 1)
          : value
  const each = (members: JsonObject, key: Rewrite, value: (name: string, value: unknown) => unknown) =>
    Object.fromEntries(Object.entries(members).map(([name, of]) => [key(name), value(name, of)]))
  const made: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(schema)) {
    if (name === "required" && Array.isArray(value)) made[name] = value.map((each) => fitted(each, rewrite))
    else if (byProperty.has(name) && isObject(value)) {
      made[name] = each(value, rewrite, (own, of) =>
        name === "dependentRequired" && Array.isArray(of)
          ? of.map((each) => fitted(each, rewrite))
          : described(own, rewrite, inside(of))
      )
    } else if (byName.has(name) && isObject(value)) made[name] = each(value, String, (_, of) => inside(of))
    else made[name] = plain.has(name) ? value : inside(value)
  }
  return made
}

const fitted = (name: unknown, rewrite: Rewrite): unknown => (typeof name === "string" ? rewrite(name) : name)

/** Adds the original name to the description, for the model. */
const described = (name: string, rewrite: Rewrite, property: unknown): unknown =>
  rewrite(name) === name || !isObject(property) ? property : { title: name, ...property }

/** Arguments with renamed properties. Anything but an object is unchanged. */
export const inArguments = (json: string, renames: Renames | undefined): string => {
  if (renames === undefined) return json
  const parsed = parse(json)
  return isObject(parsed) ? write(named(parsed, renames, deepest), json) : json
}

const named = (value: unknown, renames: Renames, depth: number): unknown => {
  if (Array.isArray(value)) return depth === 0 ? value : value.map((each) => named(each, renames, depth - 1))
  if (!isObject(value)) return value
  const { isDeep, names } = renames
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      names.get(name) ?? name,
      isDeep && depth > 0 ? named(inner, renames, depth - 1) : inner
    ])
  )
}

/** The reverse mapping. */
export const reversed = ({ isDeep, names }: Renames): Renames => ({
  names: new Map([...names].map(([name, own]) => [own, name])),
  isDeep
})
