/** What is known of a key in a form that outlives the process: how it is written down and taken up again. */
import * as Schema from "effect/Schema"
import * as Bench from "../core/Bench.ts"
import type { BenchKey } from "../core/BenchKey.ts"
import { failureClasses } from "../core/Failure.ts"

/** A rest by hand. Without `until` it lasts until somebody takes the key off. */
const SavedManual = Schema.Struct({
  since: Schema.Finite,
  until: Schema.optionalKey(Schema.Finite),
  reason: Schema.optionalKey(Schema.String),
  by: Schema.optionalKey(Schema.String)
})

/** One key of the bench, without what concerns the running process only. Times are milliseconds since the epoch. */
export const Saved = Schema.Struct({
  /** Absent when the key rests by hand only. */
  reason: Schema.optionalKey(Schema.Literals(failureClasses)),
  evidence: Schema.optionalKey(Schema.String),
  /** When a dead key is to come back, as the provider said. */
  hint: Schema.optionalKey(Schema.Finite),
  /** Which secret was found dead; never the secret. See `core/Fingerprint.ts`. */
  fingerprint: Schema.optionalKey(Schema.String),
  /** True for a name that nobody configured. */
  unlisted: Schema.optionalKey(Schema.Boolean),
  since: Schema.Finite,
  until: Schema.Finite,
  hits: Schema.Int,
  failures: Schema.Int,
  manual: Schema.optionalKey(SavedManual)
})

/** One key of the bench, without what concerns the running process only. */
export type Saved = typeof Saved.Type

/** Writes an entry down; `undefined` when there is nothing that would outlive the process: the key is free. */
export const saved = (entry: Bench.Entry, now: number): Saved | undefined => {
  const { evidence, failures, fingerprint, hint, hits, reason, seat, since, until } = entry
  const manual = entry.manual !== undefined && now < entry.manual.until ? entry.manual : undefined
  if (reason === undefined && manual === undefined) return undefined
  return {
    ...(reason !== undefined && { reason }),
    ...(reason !== undefined && evidence !== undefined && { evidence }),
    ...(reason !== undefined && hint !== undefined && { hint }),
    ...(reason !== undefined && fingerprint !== undefined && { fingerprint }),
    ...(seat !== undefined && { unlisted: true }),
    since,
    until,
    hits,
    failures,
    ...(manual !== undefined && { manual: savedManual(manual) })
  }
}

/** The same with all moments so many milliseconds later. */
export const shifted = (record: Saved, by: number): Saved => {
  if (by === 0) return record
  const { manual } = record
  return {
    ...record,
    since: record.since + by,
    until: record.until + by,
    ...(record.hint !== undefined && { hint: record.hint + by }),
    ...(manual !== undefined && {
      manual: {
        ...manual,
        since: manual.since + by,
        ...(manual.until !== undefined && { until: manual.until + by })
      }
    })
  }
}

const savedManual = ({ by, reason, since, until }: Bench.Manual): typeof SavedManual.Type => ({
  since,
  ...(Number.isFinite(until) && { until }),
  ...(reason !== undefined && { reason }),
  ...(by !== undefined && { by })
})

/**
 * Takes up what was known elsewhere. Of two ends the later one holds, by hand and by itself; what is known here and not
 * there stays. Ends that differ by no more than `slack` milliseconds are the same.
 */
export const restore = (
  state: Bench.State,
  key: BenchKey,
  from: Saved,
  now: number,
  slack = 0
): Bench.State => {
  const generation = state.generation + 1
  const next = Bench.change(state, now, [key], (entry) => {
    const manual = laterManual(entry.manual, from.manual, now, slack)
    const later =
      from.reason !== undefined && (entry.reason === undefined || from.until > entry.until + slack)
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
      hits: Math.max(entry.hits, from.hits),
      failures: Math.max(entry.failures, from.failures),
      generation,
      probe: 0
    }
  })
  if (next === state) return state
  const seated = from.unlisted === true && !state.entries.has(key) ? Bench.takeSeat(next, key, now) : next
  return { ...seated, generation }
}

const laterManual = (
  here: Bench.Manual | undefined,
  there: typeof SavedManual.Type | undefined,
  now: number,
  slack: number
): Bench.Manual | undefined => {
  if (there === undefined) return here
  const { by, reason, since, until = Number.POSITIVE_INFINITY } = there
  if (until <= now || (here !== undefined && here.until + slack >= until)) return here
  return { since, until, reason, by }
}

/**
 * A key has been cleared elsewhere: its rest is over here too. How often it rested in a row is kept, for it is a whole
 * answer of this process that ends the row. `byHand`: a rest by hand is over as well.
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
