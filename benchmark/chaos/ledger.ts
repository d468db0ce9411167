/** The calls to every provider, by the number of the request. Kept while a request is under way and for a while after. */
import type { Report } from "./messages.ts"

/** One call that a provider received. Times are those of `clock.ts`. */
export interface Visit {
  readonly target: string
  /** When its gateway made the call. A busy provider may read it much later. */
  readonly sent: number
  /** When its provider had read it. */
  readonly began: number
  /** The provider's fault, if any. */
  readonly fault: string | undefined
  /** The provider's progress with its answer, and since when. */
  progress: { readonly at: string; readonly since: number }
}

/** All calls for one request of a caller. */
export interface Entry {
  readonly nonce: string
  readonly visits: Array<Visit>
  /** When the caller had seen content of an answer. */
  committedAt: number | undefined
  /** When the caller left. Later calls have no caller. */
  leftAt: number | undefined
}

/** Providers that were called although the caller already had content and had not left. */
export const lateVisits = ({ committedAt, leftAt, visits }: Entry): ReadonlyArray<Visit> =>
  committedAt === undefined
    ? []
    : visits.filter(({ sent }) => sent > committedAt && (leftAt === undefined || sent < leftAt))

/** The number of entries that are kept after the end of their request, to notice late calls. */
const kept = 5_000

export interface Ledger {
  readonly open: (nonce: string) => Entry
  /** Adds a report of the providers. */
  readonly read: (report: Report) => void
  /** Waits until everything that reached a provider by this time has been read. */
  readonly settled: (time: number) => Promise<void>
  /** The request has been judged. It is kept for a while, and `onLate` is called if a provider is called for it too late. */
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
