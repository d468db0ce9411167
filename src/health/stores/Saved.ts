/** Converts bench entries to records that outlive the process, and back. */

import type { BenchKey } from "../../domain/BenchKey.ts"
import type { FailureClass } from "../../failure/Failure.ts"
import * as Bench from "../Bench.ts"
import * as HeldFor from "../state/HeldFor.ts"

/** A manual bench. Without `until` it lasts until it is removed. */
export interface SavedManual {
  readonly since: number
  readonly until?: number
  readonly reason?: string
  readonly by?: string
}

/** One key of the bench, without process-local state. Times are milliseconds since the epoch. */
export interface Saved {
  /** Absent if the key is benched only manually. */
  readonly reason?: FailureClass
  readonly evidence?: string
  /** When a dead key should recover, according to the provider. */
  readonly hint?: number
  /** The fingerprint of the dead secret; never the secret. See `health/state/Fingerprint.ts`. */
  readonly fingerprint?: string
  /** True for a name that is not configured. */
  readonly unlisted?: boolean
  readonly since: number
  readonly until: number
  readonly consecutiveBenches: number
  readonly failures: number
  /** Whose requests have failed, by their ids; never their keys. See `callers/CallerId.ts`. */
  readonly callers?: ReadonlyArray<string>
  /** Who is kept out: these callers only (`callers`), or all, but one of the others may soon probe (`open`). Absent: all. */
  readonly heldFor?: "callers" | "open"
  readonly manual?: SavedManual
}

/** The last time that is saved (the year 255,478): JSON cannot hold an infinite end. */
export const lastMoment = 8e15

const moment = (millis: number): number => Math.max(-lastMoment, Math.min(lastMoment, millis))

/** Converts an entry; `undefined` if nothing of it needs to outlive the process: the key is free. */
export const saved = (entry: Bench.Entry, now: number): Saved | undefined => {
  const { evidence, failures, fingerprint, hint, consecutiveBenches, reason, unlistedNumber, since, until } =
    entry
  const manual = entry.manual !== undefined && now < entry.manual.until ? entry.manual : undefined
  if (reason === undefined && manual === undefined) return undefined
  return {
    ...(reason !== undefined && {
      reason,
      ...(evidence !== undefined && { evidence }),
      ...(hint !== undefined && { hint: moment(hint) }),
      ...(fingerprint !== undefined && { fingerprint })
    }),
    ...(unlistedNumber !== undefined && { unlisted: true }),
    since: moment(since),
    until: moment(until),
    consecutiveBenches,
    failures,
    ...(reason !== undefined && heldFor(entry)),
    ...(manual !== undefined && { manual: savedManual(manual) })
  }
}

const heldFor = (entry: Bench.Entry): Pick<Saved, "callers" | "heldFor"> => ({
  ...(entry.callers.length > 0 && { callers: entry.callers }),
  ...(!HeldFor.isForAll(entry) && { heldFor: entry.isTheirs ? "callers" : "open" })
})

/** The record with all times shifted by this many milliseconds. */
export const shifted = (record: Saved, by: number): Saved => {
  if (by === 0) return record
  const { manual } = record
  return {
    ...record,
    since: moment(record.since + by),
    until: moment(record.until + by),
    ...(record.hint !== undefined && { hint: moment(record.hint + by) }),
    ...(manual !== undefined && {
      manual: {
        ...manual,
        since: moment(manual.since + by),
        ...(manual.until !== undefined && { until: moment(manual.until + by) })
      }
    })
  }
}

const savedManual = ({ by, reason, since, until }: Bench.Manual): SavedManual => ({
  since: moment(since),
  ...(Number.isFinite(until) && { until: moment(until) }),
  ...(reason !== undefined && { reason }),
  ...(by !== undefined && { by })
})

/**
 * Merges a record from elsewhere. Of two ends the later one wins, for manual and automatic benches; keys known only
 * here stay. Ends that differ by at most `slack` milliseconds are equal. With `isLatest` the manual bench of the
 * record is taken even if it is shorter: it already includes the change made here.
 */
export const restore = (
  state: Bench.State,
  key: BenchKey,
  from: Saved,
  now: number,
  slack = 0,
  isLatest = false
): Bench.State => {
  const generation = state.generation + 1
  const next = Bench.change(state, now, [key], (entry) => {
    const manual = isLatest
      ? sameOr(entry.manual, from.manual, now, slack)
      : laterManual(entry.manual, from.manual, now, slack)
    const later = from.reason !== undefined && (entry.reason === undefined || isNews(entry, from, now, slack))
    if (!later) return manual === entry.manual ? entry : { ...entry, manual }
    return {
      ...entry,
      manual,
      reason: from.reason,
      evidence: from.evidence,
      hint: from.hint,
      fingerprint: from.fingerprint,
      since: entry.reason === undefined ? from.since : Math.min(entry.since, from.since),
      until: from.until,
      consecutiveBenches: Math.max(entry.consecutiveBenches, from.consecutiveBenches),
      failures: Math.max(entry.failures, from.failures),
      by: undefined,
      callers: mergedCallers(entry, from),
      isTheirs: from.heldFor === "callers",
      // Later than at the replica that wrote it, so that not every replica probes before the result of another one arrives.
      othersAt: from.heldFor === "open" ? now + HeldFor.early : Number.POSITIVE_INFINITY,
      generation,
      probe: 0
    }
  })
  if (next === state) return state
  const marked = from.unlisted === true && !state.entries.has(key) ? Bench.markUnlisted(next, key, now) : next
  return { ...marked, generation }
}

const mergedCallers = (entry: Bench.Entry, { callers = [], heldFor }: Saved): ReadonlyArray<string> =>
  entry.reason !== undefined && entry.isTheirs && heldFor === "callers"
    ? [...new Set([...entry.callers, ...callers])].slice(-HeldFor.most)
    : callers

/** Whether the record ends later, or keeps more callers out. One that keeps only some out does not replace one that keeps all out. */
const isNews = (entry: Bench.Entry, from: Saved, now: number, slack: number): boolean =>
  entry.isTheirs === (from.heldFor === "callers") || now >= entry.until
    ? from.until > entry.until + slack
    : entry.isTheirs

const manualOf = ({ by, reason, since, until = Number.POSITIVE_INFINITY }: SavedManual): Bench.Manual => ({
  since,
  until,
  reason,
  by
})

const laterManual = (
  here: Bench.Manual | undefined,
  there: SavedManual | undefined,
  now: number,
  slack: number
): Bench.Manual | undefined => {
  if (there === undefined) return here
  const manual = manualOf(there)
  const isNews = manual.until > now && (here === undefined || manual.until > here.until + slack)
  return isNews ? manual : here
}

/** The manual bench of the record, or the known one if both are equal. */
const sameOr = (
  here: Bench.Manual | undefined,
  there: SavedManual | undefined,
  now: number,
  slack: number
): Bench.Manual | undefined => {
  if (there === undefined) return undefined
  const manual = manualOf(there)
  if (manual.until <= now) return undefined
  const isSame =
    here !== undefined && (manual.until === here.until || Math.abs(manual.until - here.until) <= slack)
  return isSame ? here : manual
}

/**
 * A key was cleared elsewhere: its cooldown ends here too. `consecutiveBenches` stays, because only a whole answer in
 * this process resets it. `byHand`: also ends a manual bench.
 */
export const forgive = (state: Bench.State, key: BenchKey, byHand: boolean, now: number): Bench.State => {
  if (!state.entries.has(key)) return state
  const generation = state.generation + 1
  const next = Bench.change(state, now, [key], (entry) => {
    const manual = byHand ? undefined : entry.manual
    return entry.reason === undefined && manual === entry.manual
      ? entry
      : {
          ...entry,
          reason: undefined,
          evidence: undefined,
          hint: undefined,
          fingerprint: undefined,
          until: 0,
          probe: 0,
          manual,
          generation
        }
  })
  return next === state ? state : { ...next, generation }
}
