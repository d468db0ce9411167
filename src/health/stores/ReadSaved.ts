/**
 * Reads a record that was written by another process, perhaps of another version, perhaps by no bench at all. What
 * cannot be understood is told in a few words that hold nothing of the record but the name of a field or of a class.
 *
 * It is written by hand: a replica reads 100,000 of them when it joins.
 */
import { type FailureClass, failureClasses } from "../../failure/Failure.ts"
import type { Saved, SavedManual } from "./Saved.ts"

/** The record, or why it cannot be read. */
export type Read = Saved | string

type Fields = { readonly [field: string]: unknown }

const classes: ReadonlySet<unknown> = new Set<FailureClass>(failureClasses)

const isClass = (value: unknown): value is FailureClass => classes.has(value)

/** The last moment that `Date` knows; anything beyond is nonsense. */
const lastDate = 8.64e15

const isMoment = (value: unknown): value is number => typeof value === "number" && Math.abs(value) <= lastDate

const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0

/** Longer texts were written by nobody we know. */
const isText = (value: unknown): value is string => typeof value === "string" && value.length <= 10_000

/** True for an object with fields. */
export const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Reads what `JSON.parse` gave. */
export const read = (value: unknown): Read => {
  if (!isFields(value)) return "it is no record"
  const {
    evidence,
    failures,
    fingerprint,
    hint,
    consecutiveBenches,
    manual,
    reason,
    since,
    unlisted,
    until
  } = withNewNames(value)
  if (reason !== undefined && !isClass(reason)) return whatClass(reason)
  if (!isMoment(since)) return "`since` is no moment"
  if (!isMoment(until)) return "`until` is no moment"
  if (!isCount(consecutiveBenches)) return "`consecutiveBenches` is no count"
  if (!isCount(failures)) return "`failures` is no count"
  if (hint !== undefined && !isMoment(hint)) return "`hint` is no moment"
  if (evidence !== undefined && !isText(evidence)) return "`evidence` is no text"
  if (fingerprint !== undefined && !isText(fingerprint)) return "`fingerprint` is no text"
  if (unlisted !== undefined && typeof unlisted !== "boolean") return "`unlisted` is neither true nor false"
  const byHand = manual === undefined ? undefined : readManual(manual)
  if (typeof byHand === "string") return byHand
  return {
    ...(reason !== undefined && { reason }),
    ...(evidence !== undefined && { evidence }),
    ...(hint !== undefined && { hint }),
    ...(fingerprint !== undefined && { fingerprint }),
    ...(unlisted !== undefined && { unlisted }),
    since,
    until,
    consecutiveBenches,
    failures,
    ...(byHand !== undefined && { manual: byHand })
  }
}

/** Before they were renamed, `consecutiveBenches` was written as `hits` and the reason `Timeout` as `Silent`. */
const withNewNames = (record: Fields): Fields => ({
  ...record,
  consecutiveBenches: record.consecutiveBenches ?? record.hits,
  reason: record.reason === "Silent" ? "Timeout" : record.reason
})

const readManual = (value: unknown): SavedManual | string => {
  if (!isFields(value)) return "`manual` is no record"
  const { by, reason, since, until } = value
  if (!isMoment(since)) return "`manual.since` is no moment"
  if (until !== undefined && !isMoment(until)) return "`manual.until` is no moment"
  if (reason !== undefined && !isText(reason)) return "`manual.reason` is no text"
  if (by !== undefined && !isText(by)) return "`manual.by` is no text"
  return {
    since,
    ...(until !== undefined && { until }),
    ...(reason !== undefined && { reason }),
    ...(by !== undefined && { by })
  }
}

const whatClass = (reason: unknown): string =>
  typeof reason === "string" && /^[A-Za-z]{1,40}$/.test(reason)
    ? `this version knows no failure class "${reason}"`
    : "`reason` is no failure class"

/**
 * The rest by hand of a record whose other part cannot be read, such as one with a failure class of a later version: a
 * person's word holds, whatever else is known of the key.
 */
export const manualOf = (value: unknown): Saved | undefined => {
  const manual = isFields(value) && value.manual !== undefined ? readManual(value.manual) : undefined
  return manual === undefined || typeof manual === "string"
    ? undefined
    : { since: 0, until: 0, consecutiveBenches: 0, failures: 0, manual }
}

/** Names records that cannot be read, each once, and no more than a few at a time. */
export class Unreadable {
  readonly #told = new Set<string>()
  readonly #room = 10_000

  /** What there is to say of these records, by key; `undefined` when all of it was said before. */
  tell(records: ReadonlyMap<string, string>): string | undefined {
    const news: Array<string> = []
    for (const [key, why] of records) {
      const name = `${JSON.stringify(key.length > 100 ? `${key.slice(0, 100)}…` : key)}: ${why}`
      if (this.#told.has(name) || this.#told.size >= this.#room) continue
      this.#told.add(name)
      news.push(name)
    }
    if (news.length === 0) return undefined
    const more = news.length > 10 ? `; and ${news.length - 10} more` : ""
    return `${news.slice(0, 10).join("; ")}${more}`
  }
}
