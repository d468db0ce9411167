/** Safe access to untrusted JSON: every function returns a value, nothing throws. */
import * as JsonBounds from "../../providers/bytes/JsonBounds.ts"

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

/** The string; `undefined` for anything else. */
export const string = (u: unknown): string | undefined => (typeof u === "string" ? u : undefined)

/** The non-empty string; `undefined` for anything else. */
export const text = (u: unknown): string | undefined => (typeof u === "string" && u !== "" ? u : undefined)

/** The number; `undefined` for anything else. */
export const number = (u: unknown): number | undefined =>
  typeof u === "number" && Number.isFinite(u) ? u : undefined

/** The boolean; `undefined` for anything else. */
export const boolean = (u: unknown): boolean | undefined => (typeof u === "boolean" ? u : undefined)

/** The bounds of the texts that are parsed now, all together; `undefined` outside of `bounded`. */
let shared: JsonBounds.JsonBounds | undefined
let isExceeded = false

/**
 * Runs a translation. JSON that stands as text in a body, such as the arguments of a call, was not measured with the
 * body; here all of it together is bounded as a body is. `isExceeded` says that some was not parsed for that.
 */
export const bounded = <A>(translate: () => A): { readonly value: A; readonly isExceeded: boolean } => {
  const before = { shared, isExceeded }
  shared = new JsonBounds.JsonBounds()
  isExceeded = false
  try {
    const value = translate()
    return { value, isExceeded }
  } finally {
    shared = before.shared
    isExceeded = before.isExceeded
  }
}

const isTooMuch = (json: string): boolean => {
  if (shared === undefined) {
    return json.length > JsonBounds.harmless && JsonBounds.excessOf(Buffer.from(json)) !== undefined
  }
  if (!isExceeded) isExceeded = shared.feedWhole(Buffer.from(json)) !== undefined
  return isExceeded
}

/** The value of a JSON text; `undefined` if it is invalid, or would take too long to parse (see `JsonBounds`). */
export const parse = (json: string): unknown => {
  if (isTooMuch(json)) return undefined
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

/** The JSON text of a value; `otherwise` if it cannot be serialised, such as a circular value. */
export const write = (value: unknown, otherwise = "{}"): string => {
  try {
    return JSON.stringify(value) ?? otherwise
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
