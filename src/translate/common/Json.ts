/** Looking into JSON that somebody else wrote: every question has an answer, nothing throws. */

/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: unknown
}

/** True for a JSON object (no array, no null). */
export const isObject = (u: unknown): u is JsonObject =>
  typeof u === "object" && u !== null && !Array.isArray(u)

/** The object, or an empty one when it is something else. */
export const object = (u: unknown): JsonObject => (isObject(u) ? u : empty)

const empty: JsonObject = {}

/** The elements of an array; none when it is something else. */
export const list = (u: unknown): ReadonlyArray<unknown> => (Array.isArray(u) ? u : [])

/** The objects in an array; none when it is something else. */
export const objects = (u: unknown): ReadonlyArray<JsonObject> => list(u).filter(isObject)

/** The string, unless it is something else. */
export const string = (u: unknown): string | undefined => (typeof u === "string" ? u : undefined)

/** The string, unless it is something else or empty. */
export const text = (u: unknown): string | undefined => (typeof u === "string" && u !== "" ? u : undefined)

/** The number, unless it is something else. */
export const number = (u: unknown): number | undefined =>
  typeof u === "number" && Number.isFinite(u) ? u : undefined

/** The boolean, unless it is something else. */
export const boolean = (u: unknown): boolean | undefined => (typeof u === "boolean" ? u : undefined)

/** What a JSON text holds; `undefined` when it is none. */
export const parse = (json: string): unknown => {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

/** The JSON text of a value; `otherwise` for what cannot be written, such as something nested without end. */
export const write = (value: unknown, otherwise = "{}"): string => {
  try {
    return JSON.stringify(value) ?? otherwise
  } catch {
    return otherwise
  }
}

/** Adds the items to the end of an array, however many there are. */
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
