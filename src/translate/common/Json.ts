/** Safe access to untrusted JSON: every function returns a value, nothing throws. */
import * as JsonBounds from "../../providers/bytes/JsonBounds.ts"
import * as WriteJson from "../../providers/bytes/WriteJson.ts"
import * as Turns from "../../util/Turns.ts"

/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: unknown
}

/** True for a JSON object (not an array, not null). */
export const isObject = (u: unknown): u is JsonObject =>
  typeof u === "object" && u !== null && !Array.isArray(u)

/** The object, or an empty one. */
export const object = (u: unknown): JsonObject => (isObject(u) ? u : empty)

const empty: JsonObject = {}

/** The elements of an array; none for anything else. */
export const list = (u: unknown): ReadonlyArray<unknown> => (Array.isArray(u) ? u : none)

/** The objects in an array; none for anything else. */
export const objects = (u: unknown): ReadonlyArray<JsonObject> =>
  Array.isArray(u) ? u.filter(isObject) : none

const none: ReadonlyArray<never> = []

/**
 * The parts of a content that is not plain text: a list of parts; some clients send a part alone, texts in a list, or JSON of
 * their own as the result of a tool, which is a text then.
 */
export const parts = (content: unknown): ReadonlyArray<JsonObject> =>
  (Array.isArray(content) ? content : [content]).flatMap((part) =>
    part === null || part === undefined || part === ""
      ? []
      : isObject(part) && typeof part.type === "string"
        ? [part]
        : [{ type: "text", text: typeof part === "string" ? part : write(part) }]
  )

/** The string; `undefined` for anything else. */
export const string = (u: unknown): string | undefined => (typeof u === "string" ? u : undefined)

/** The non-empty string; `undefined` for anything else. */
export const text = (u: unknown): string | undefined => (typeof u === "string" && u !== "" ? u : undefined)

/** The number; `undefined` for anything else. */
export const number = (u: unknown): number | undefined =>
  typeof u === "number" && Number.isFinite(u) ? u : undefined

/** The number, also as a text: some clients send `"4096"`; `undefined` for anything else. */
export const numeric = (u: unknown): number | undefined =>
  typeof u === "string" && /^\s*-?\d{1,15}(?:\.\d{1,15})?\s*$/.test(u) ? Number(u) : number(u)

/** The boolean; `undefined` for anything else. */
export const boolean = (u: unknown): boolean | undefined => (typeof u === "boolean" ? u : undefined)

/**
 * The bounds of one translation. JSON inside a text, such as the arguments of a call, was not measured
 * with the body; within these bounds all of it together is limited as a body is.
 */
export class Bounds {
  readonly #bounds = new JsonBounds.JsonBounds()
  /** Some JSON was not parsed because it was too much. */
  isExceeded = false

  /** Runs a part of the translation. */
  run<A>(translate: () => A): A {
    const before = current
    current = this
    try {
      return translate()
    } finally {
      current = before
    }
  }

  /** Whether this JSON is too much, together with that before it. */
  add(json: string): boolean {
    if (!this.isExceeded) this.isExceeded = this.#bounds.feedWhole(Buffer.from(json)) !== undefined
    return this.isExceeded
  }
}

/** The bounds of the translation that runs now. */
let current: Bounds | undefined

const isTooMuch = (json: string): boolean =>
  current === undefined
    ? json.length > JsonBounds.harmless && JsonBounds.excessOf(Buffer.from(json)) !== undefined
    : current.add(json)

/** The value of a JSON text; `undefined` if it is invalid, or would take too long to parse (see `JsonBounds`). */
export const parse = (json: string): unknown => {
  if (isTooMuch(json)) return undefined
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

/** True for a JSON text that begins like that of a string. */
const isQuoted = (json: string): boolean => json.trimStart().startsWith('"')

/**
 * The JSON text of an object that is inside another text, as some models write the arguments of a call; any other
 * text as it is. https://github.com/vllm-project/vllm/pull/54964
 */
export const unwrapped = (json: string): string => {
  const inner = isQuoted(json) ? parse(json) : undefined
  return typeof inner === "string" && inner.trimStart().startsWith("{") && isObject(parse(inner))
    ? inner
    : json
}

/** The JSON text of a value; `otherwise` if it cannot be serialized, such as a circular value. */
export const write = (value: unknown, otherwise = "{}"): string => {
  try {
    // A large text is written in pieces: that takes a third of the time.
    return WriteJson.sizeOf(value) < Turns.large
      ? (JSON.stringify(value) ?? otherwise)
      : Turns.all(WriteJson.textOf(value))
  } catch {
    return otherwise
  }
}

/** Appends items to an array of any size. */
export const append = <A>(array: Array<A>, items: Iterable<A>): void => {
  for (const item of items) array.push(item)
}

/** The object without the members that are `undefined`. */
export const compact = (members: JsonObject): JsonObject => {
  const compacted: Record<string, unknown> = {}
  for (const key of Object.keys(members)) {
    if (members[key] !== undefined) compacted[key] = members[key]
  }
  return compacted
}
