/** What every provider was asked for, by the number of the request, while it is under way and for a while after. */
import type { Report } from "./providers.ts"

/** One request that a provider got. Times are those of `clock.ts`. */
export interface Visit {
  readonly target: string
  /** When its gateway made the call. A busy provider may read it much later. */
  readonly sent: number
  /** When its provider had read it. */
  readonly began: number
  /** How the provider broke, or nothing. */
  readonly fault: string | undefined
  /** How far the provider is with its answer, and since when. */
  progress: { readonly at: string; readonly since: number }
}

/** All that is known of one request of a caller. */
export interface Entry {
  readonly nonce: string
  readonly visits: Array<Visit>
  /** When the caller had seen content of an answer. */
  committedAt: number | undefined
  /** When the caller left; what comes later is nobody's. */
  leftAt: number | undefined
}

/** Providers that were asked although the caller had content already, and had not left. */
export const lateVisits = ({ committedAt, leftAt, visits }: Entry): ReadonlyArray<Visit> =>
  committedAt === undefined
    ? []
    : visits.filter(({ sent }) => sent > committedAt && (leftAt === undefined || sent < leftAt))

/** Entries that are kept behind the end of their request, to notice whoever comes late. */
const kept = 5_000

export interface Ledger {
  readonly open: (nonce: string) => Entry
  /** Takes what the providers report. */
  readonly read: (report: Report) => void
  /** Waits until all that came to a provider by this time has been read. */
  readonly settled: (time: number) => Promise<void>
  /** The request has been judged: it stays known for a while, and `onLate` hears if somebody is asked too late by then. */
  readonly close: (nonce: string, onLate: (visit: Visit) => void) => void
}

export const make = (): Ledger => {
  const entries = new Map<string, Entry & { onLate?: (visit: Visit) => void }>()
  const answering = new Map<number, Visit>()
  const closed: Array<string> = []
  let upTo = Number.NEGATIVE_INFINITY
  let waiting: Array<{ readonly time: number; readonly go: () => void }> = []
  return {
    open: (nonce) => {
      const entry: Entry = { nonce, visits: [], committedAt: undefined, leftAt: undefined }
      entries.set(nonce, entry)
      return entry
    },
    read: (report) => {
      for (const { began, fault, id, nonce, sent, target } of report.came) {
        const entry = entries.get(nonce)
        if (entry === undefined) continue
        const visit = { target, sent, began, fault, progress: { at: "begun", since: began } }
        answering.set(id, visit)
        entry.visits.push(visit)
        if (lateVisits(entry).includes(visit)) entry.onLate?.(visit)
      }
      for (const { at, id, since } of report.over) {
        const visit = answering.get(id)
        if (visit !== undefined) visit.progress = { at, since }
        answering.delete(id)
      }
      upTo = report.upTo
      const ready = waiting.filter(({ time }) => time <= upTo)
      waiting = waiting.filter(({ time }) => time > upTo)
      for (const { go } of ready) go()
    },
    settled: (time) => (time <= upTo ? Promise.resolve() : new Promise((go) => waiting.push({ time, go }))),
    close: (nonce, onLate) => {
      const entry = entries.get(nonce)
      if (entry === undefined) return
      entry.onLate = onLate
      closed.push(nonce)
      if (closed.length > 2 * kept) for (const old of closed.splice(0, kept)) entries.delete(old)
    }
  }
}
