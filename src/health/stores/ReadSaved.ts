/**
 * Validates a saved record, which may come from another version or not be a bench record at all. The error texts
 * contain nothing of the record except the name of a field or of a class.
 *
 * It is written by hand for speed: a replica reads 100,000 of them when it joins.
 */
import { type FailureClass, failureClasses } from "../../failure/Failure.ts"
import type { Saved, SavedManual } from "./Saved.ts"

/** The record, or why it cannot be read. */
export type Read = Saved | string

type Fields = { readonly [field: string]: unknown }

const classes: ReadonlySet<unknown> = new Set<FailureClass>(failureClasses)

const isClass = (value: unknown): value is FailureClass => classes.has(value)

/** The last point in time that `Date` supports; anything beyond is invalid. */
const lastDate = 8.64e15

const isMoment = (value: unknown): value is number => typeof value === "number" && Math.abs(value) <= lastDate

const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0

/** Longer texts are invalid. */
const isText = (value: unknown): value is string => typeof value === "string" && value.length <= 10_000

const isTexts = (value: unknown): value is ReadonlyArray<string> =>
  Array.isArray(value) && value.length <= 100 && value.every(isText)

const isHeldFor = (value: unknown): value is NonNullable<Saved["heldFor"]> =>
  value === "callers" || value === "open"

/** True for an object with fields. */
export const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Validates a value from `JSON.parse`. */
export const read = (value: unknown): Read => {
  if (!isFields(value)) return "it is not a record"
  const {
    callers,
    evidence,
    failures,
    fingerprint,
    heldFor,
    hint,
    consecutiveBenches,
    manual,
    reason,
    since,
    unlisted,
    until
  } = withNewNames(value)
  if (reason !== undefined && !isClass(reason)) return whatClass(reason)
  if (!isMoment(since)) return "`since` is not a time"
  if (!isMoment(until)) return "`until` is not a time"
  if (!isCount(consecutiveBenches)) return "`consecutiveBenches` is not a count"
  if (!isCount(failures)) return "`failures` is not a count"
  if (hint !== undefined && !isMoment(hint)) return "`hint` is not a time"
  if (evidence !== undefined && !isText(evidence)) return "`evidence` is not a text"
  if (fingerprint !== undefined && !isText(fingerprint)) return "`fingerprint` is not a text"
  if (unlisted !== undefined && typeof unlisted !== "boolean") return "`unlisted` is neither true nor false"
  if (callers !== undefined && !isTexts(callers)) return "`callers` is not a list of texts"
  if (heldFor !== undefined && !isHeldFor(heldFor)) return "`heldFor` is not one of its values"
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
    ...(callers !== undefined && { callers }),
    ...(heldFor !== undefined && { heldFor }),
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
  if (!isFields(value)) return "`manual` is not a record"
  const { by, reason, since, until } = value
  if (!isMoment(since)) return "`manual.since` is not a time"
  if (until !== undefined && !isMoment(until)) return "`manual.until` is not a time"
  if (reason !== undefined && !isText(reason)) return "`manual.reason` is not a text"
  if (by !== undefined && !isText(by)) return "`manual.by` is not a text"
  return {
    since,
    ...(until !== undefined && { until }),
    ...(reason !== undefined && { reason }),
    ...(by !== undefined && { by })
  }
}

const whatClass = (reason: unknown): string =>
  typeof reason === "string" && /^[A-Za-z]{1,40}$/.test(reason)
    ? `this version does not know the failure class "${reason}"`
    : "`reason` is not a failure class"

/**
 * The manual bench in a record that cannot be read otherwise, such as one with a failure class of a later version: an
 * operator's decision holds in any case.
 */
export const manualOf = (value: unknown): Saved | undefined => {
  const manual = isFields(value) && value.manual !== undefined ? readManual(value.manual) : undefined
  return manual === undefined || typeof manual === "string"
    ? undefined
    : { since: 0, until: 0, consecutiveBenches: 0, failures: 0, manual }
}

/** Reports unreadable records, each once, and only a few at a time. */
export class Unreadable {
  readonly #told = new Set<string>()
  readonly #room = 10_000

  /** The report for these records, by key; `undefined` if all of them were reported before. */
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
