/** What every provider was asked for, by the number of the request, while it is under way and for a while after. */
import type { Progress } from "../../test/support/FaultServer.ts"

/** One request that a provider got. */
export interface Visit {
  readonly target: string
  /** When it came, in milliseconds of `performance.now()`. */
  readonly began: number
  /** How far the provider is with its answer. */
  readonly progress: Progress
  /** How the provider broke, or nothing. */
  readonly fault: string | undefined
}

/** All that is known of one request of a caller. */
export interface Entry {
  readonly nonce: string
  readonly visits: Array<Visit>
  /** The caller has seen content of an answer. */
  isCommitted: boolean
  /** The caller has left; what comes later is nobody's. */
  isLeft: boolean
  /** Providers that were asked although the caller had content already. */
  readonly late: Array<Visit>
}

/** Entries that are kept behind the end of their request, to notice whoever comes late. */
const kept = 5_000

export interface Ledger {
  readonly open: (nonce: string) => Entry
  readonly get: (nonce: string) => Entry | undefined
  readonly visit: (nonce: string, visit: Visit) => void
  /** The request is over: it stays known for a while. Gives requests that were visited too late and have gone out of sight. */
  readonly close: (nonce: string) => void
  /** Requests that somebody was asked for after their caller had content. */
  readonly duplicated: ReadonlySet<string>
}

export const make = (): Ledger => {
  const entries = new Map<string, Entry>()
  const closed: Array<string> = []
  const duplicated = new Set<string>()
  return {
    duplicated,
    open: (nonce) => {
      const entry: Entry = { nonce, visits: [], isCommitted: false, isLeft: false, late: [] }
      entries.set(nonce, entry)
      return entry
    },
    get: (nonce) => entries.get(nonce),
    visit: (nonce, visit) => {
      const entry = entries.get(nonce)
      if (entry === undefined) return
      if (entry.isCommitted && !entry.isLeft) {
        entry.late.push(visit)
        duplicated.add(nonce)
      }
      entry.visits.push(visit)
    },
    close: (nonce) => {
      closed.push(nonce)
      if (closed.length > 2 * kept) for (const old of closed.splice(0, kept)) entries.delete(old)
    }
  }
}
