/**
 * The JSON Schema of the config file, for editors and for whoever writes config files by program.
 *
 * It is made of the Schema that the file is read with. What it lets pass may still be refused: it knows no other files
 * and no names. Where a value may stand elsewhere (`"env:NAME"`, `"file:PATH"`), it lets such a text pass.
 */
import * as JsonSchema from "effect/JsonSchema"
import * as Schema from "effect/Schema"
import { ConfigFile } from "./ConfigFile.ts"

type Json = Schema.Json
type Node = { readonly [key: string]: Json }

/** Sections whose values stand there themselves. */
const plain = new Set(["$schema", "models", "fallbacks", "bench"])

const elsewhere = {
  type: "string",
  pattern: "^\\s*(env|file):\\s*\\S",
  description:
    'A value that stands elsewhere: "env:NAME" in the environment, "file:PATH" in a file of its own.'
}

/** The JSON Schema (draft-07, which editors know best) of the config file. */
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
      sections.map(([name, section]) => [name, plain.has(name) ? section : withElsewhere(section)])
    ),
    definitions: {
      ...object(withElsewhere(tidy(definitions as Json), true)),
      Elsewhere: elsewhere
    }
  }
}

const isObject = (json: Json | undefined): json is Node =>
  typeof json === "object" && json !== null && !Array.isArray(json)

const object = (json: Json | undefined): Node => (isObject(json) ? json : {})

/** Puts descriptions and defaults beside what they are about, and leaves out bounds that say nothing. */
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

/** Lets a reference stand for every value that is no object, no list and no free text. */
const withElsewhere = (json: Json, isTable = false): Json => {
  if (Array.isArray(json)) return json.map((item) => withElsewhere(item))
  if (!isObject(json)) return json
  if (isTable) return mapValues(json, (value) => withElsewhere(value))
  const { default: fallback, description, ...shape } = json
  const notes = {
    ...(description !== undefined && { description }),
    ...(fallback !== undefined && { default: fallback })
  }
  if (isStrict(shape)) return { ...notes, anyOf: [shape, { $ref: "#/definitions/Elsewhere" }] }
  return mapValues(json, (value, key) =>
    key === "properties" || key === "patternProperties"
      ? withElsewhere(value, true)
      : key === "items" ||
          key === "additionalProperties" ||
          key === "anyOf" ||
          key === "allOf" ||
          key === "oneOf"
        ? withElsewhere(value)
        : value
  )
}

/** True for a value that a text such as `"env:NAME"` would not be. */
const isStrict = ({ type, ...more }: Node): boolean =>
  type === "number" ||
  type === "integer" ||
  type === "boolean" ||
  (type === "string" && Object.keys(more).some((key) => key !== "minLength"))

const mapValues = (node: Node, f: (value: Json, key: string) => Json): Node =>
  Object.fromEntries(Object.entries(node).map(([key, value]) => [key, f(value, key)]))
