/**
 * The JSON Schema of the config file, for editors and programs.
 *
 * It is generated from the schema that parses the file. A file that matches it may still be refused: it does
 * not check names or other files. A value that may be a reference (`"env:NAME"`, `"file:PATH"`) accepts such
 * a text.
 */
import * as JsonSchema from "effect/JsonSchema"
import * as Schema from "effect/Schema"
import { ConfigFile } from "./ConfigFile.ts"

type Json = Schema.Json
type Node = { readonly [key: string]: Json }

/** Sections with values that cannot be references. */
const plain = new Set(["$schema", "models", "fallbacks", "bench"])

const reference = {
  type: "string",
  pattern: "^\\s*(env|file):\\s*\\S",
  description: 'A reference to a value: "env:NAME" in the environment, "file:PATH" in a file.'
}

/** The JSON Schema of the config file, in draft-07, which editors support best. */
export const make = (): Node => {
  const { definitions, schema } = JsonSchema.toDocumentDraft07(
    Schema.toJsonSchemaDocument(ConfigFile, { onExcessProperty: "error" })
  )
  const root = object(tidy(schema as Json))
  const sections = Object.entries(object(root.properties))
  return {
    $schema: JsonSchema.META_SCHEMA_URI_DRAFT_07,
    title: "effect-failover config",
    ...root,
    properties: Object.fromEntries(
      sections.map(([name, section]) => [name, plain.has(name) ? section : withReference(section)])
    ),
    definitions: {
      ...object(withReference(tidy(definitions as Json), true)),
      Reference: reference
    }
  }
}

const isObject = (json: Json | undefined): json is Node =>
  typeof json === "object" && json !== null && !Array.isArray(json)

const object = (json: Json | undefined): Node => (isObject(json) ? json : {})

/** Moves descriptions and defaults next to what they describe, and removes limits without effect. */
const tidy = (json: Json): Json => {
  if (Array.isArray(json)) return json.map(tidy)
  if (!isObject(json)) return json
  const { allOf, ...rest } = Object.fromEntries(
    Object.entries(json)
      .filter(([, value]) => value !== Number.MAX_SAFE_INTEGER && value !== Number.MIN_SAFE_INTEGER)
      .map(([key, value]) => [key, tidy(value)])
  )
  if (!Array.isArray(allOf)) return rest
  const parts = allOf.filter(isObject)
  const notes = parts.filter((part) =>
    Object.keys(part).every((key) => key === "description" || key === "default")
  )
  const others = parts.filter((part) => !notes.includes(part))
  return Object.assign({ ...rest }, ...notes, ...(others.length === 0 ? [] : [{ allOf: others }])) as Node
}

/** Allows a reference for every value except objects, lists and free text. */
const withReference = (json: Json, isTable = false): Json => {
  if (Array.isArray(json)) return json.map((item) => withReference(item))
  if (!isObject(json)) return json
  if (isTable) return mapValues(json, (value) => withReference(value))
  const { default: fallback, description, ...shape } = json
  const notes = {
    ...(description !== undefined && { description }),
    ...(fallback !== undefined && { default: fallback })
  }
  if (isStrict(shape)) return { ...notes, anyOf: [shape, { $ref: "#/definitions/Reference" }] }
  return mapValues(json, (value, key) =>
    key === "properties" || key === "patternProperties"
      ? withReference(value, true)
      : key === "items" ||
          key === "additionalProperties" ||
          key === "anyOf" ||
          key === "allOf" ||
          key === "oneOf"
        ? withReference(value)
        : value
  )
}

/** True for a value that a reference text would not match. */
const isStrict = ({ type, ...more }: Node): boolean =>
  type === "number" ||
  type === "integer" ||
  type === "boolean" ||
  (type === "string" && Object.keys(more).some((key) => key !== "minLength"))

const mapValues = (node: Node, f: (value: Json, key: string) => Json): Node =>
  Object.fromEntries(Object.entries(node).map(([key, value]) => [key, f(value, key)]))
