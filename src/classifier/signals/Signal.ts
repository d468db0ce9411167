/** The input of the classifier, and functions that read it safely. */
import type { TargetKey } from "../../failure/TargetKey.ts"

/**
 * Everything that may show why a call failed. All of it is optional and none of it is trusted: fields of the wrong
 * type count as absent.
 *
 * @category models
 */
export interface Signal {
  /** The provider's name. Used only for numbers that have different meanings at different vendors. */
  readonly provider?: string | undefined
  /** The wire protocol. The rules ignore it; it is accepted so that a recorded case can be passed as it is. */
  readonly protocol?: string | undefined
  /** Copied into the failure. */
  readonly target?: TargetKey | undefined
  /** The HTTP status; absent if there was no response. */
  readonly status?: number | null | undefined
  /** Response headers in any case, or the headers of a Bedrock event frame. */
  readonly headers?: unknown
  /** The body: text, bytes (a prefix is enough), or JSON that was already parsed. */
  readonly body?: unknown
  /** True for an error event in a stream that had begun with HTTP 200. */
  readonly inStream?: boolean | undefined
  /**
   * The error thrown if there was no response: an `Error` with `code`, `cause` or `errors[]`, or its plain-object
   * form.
   */
  readonly transport?: unknown
  /** The time of the response, as milliseconds since the epoch or an ISO string; needed for waits given as a date. */
  readonly now?: number | string | undefined
  /** Kept as the failure's `cause`. */
  readonly cause?: unknown
}

/** A JSON object, or anything that can be read like one. */
export type Fields = { readonly [key: string]: unknown }

/** True for anything with properties, including arrays and functions. */
export const isFields = (u: unknown): u is Fields =>
  (typeof u === "object" && u !== null) || typeof u === "function"

/** Reads one property; `undefined` if there is none or if reading throws. */
export const read = (u: unknown, key: string): unknown => {
  if (!isFields(u)) return undefined
  try {
    return u[key]
  } catch {
    return undefined
  }
}

/** Reads one property that must be a non-blank string. */
export const readString = (u: unknown, key: string): string | undefined => {
  const value = read(u, key)
  return typeof value === "string" && value.trim() !== "" ? value : undefined
}

/** `Array.isArray` that does not throw on a revoked proxy. */
export const isArray = (u: unknown): u is ReadonlyArray<unknown> => {
  try {
    return Array.isArray(u)
  } catch {
    return false
  }
}

/** The first `limit` own keys; none if they cannot be listed. Of a list the first indexes: `for in` would make a text of each. */
export const keysOf = (u: unknown, limit: number): ReadonlyArray<string> => {
  if (isArray(u))
    return Array.from({ length: Math.min(limit, Number(read(u, "length")) || 0) }, (_, i) => String(i))
  const keys: Array<string> = []
  try {
    if (isFields(u)) {
      for (const key in u) {
        if (keys.length >= limit) break
        keys.push(key)
      }
    }
  } catch {}
  return keys
}

/**
 * Headers as a record with lower-case names. Takes a record, a `Headers` object or a list of pairs. Values that are
 * neither text nor numbers are left out; of several values the first one counts. At most 200 headers are read.
 */
export const lowerHeaders = (headers: unknown): { readonly [name: string]: string } => {
  const record: { [name: string]: string } = Object.create(null)
  const set = (name: unknown, value: unknown): void => {
    const first = isArray(value) ? read(value, "0") : value
    if (typeof name === "string" && (typeof first === "string" || typeof first === "number")) {
      record[name.toLowerCase().trim().slice(0, 128)] ??= String(first).slice(0, 2048).trim()
    }
  }
  try {
    const entries = isFields(headers) ? headers : undefined
    if (entries === undefined) return record
    const iterable =
      !isArray(entries) && typeof entries.forEach === "function" ? [...(entries as never)] : entries
    if (isArray(iterable)) {
      for (const pair of iterable.slice(0, 200)) set(read(pair, "0"), read(pair, "1"))
    } else {
      for (const name of keysOf(entries, 200)) set(name, read(entries, name))
    }
  } catch {}
  return record
}

/** The value of `now` in milliseconds since the epoch. */
export const epochMillis = (now: unknown): number | undefined => {
  const millis = typeof now === "number" ? now : typeof now === "string" ? Date.parse(now) : Number.NaN
  return Number.isFinite(millis) ? millis : undefined
}
