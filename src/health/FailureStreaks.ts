/**
 * Failures in a row that rest nobody each for itself, and yet are a sign when they go on: visits that the process's own
 * budget cut short.
 *
 * A budget of our own is no evidence against a target, so one such visit says nothing. But a target that has given no
 * answer for longer than the retries of a visit take, while it was asked again and again, is as good as one whose
 * visit was exhausted.
 */
import type { Target } from "../domain/Target.ts"

/** How long a row of visits that were cut short has to last: as long as the default retries of one visit at most. */
export const retryWindow = 2_500

/** A row that nothing was added to for so long is over. */
export const rowIdle = 60_000

/** More rows than this are not kept; the oldest go first. */
export const capacity = 10_000

interface Row {
  readonly since: number
  last: number
}

/** The rows of all targets, in milliseconds since the epoch. */
export class FailureStreaks {
  readonly #rows = new Map<string, Row>()

  /** How many there are. */
  get size(): number {
    return this.#rows.size
  }

  /** A visit was cut short by a budget of ours. True when it counts as exhausted all the same. */
  cutShort({ key }: Target, now: number): boolean {
    const row = this.#rows.get(key)
    if (row === undefined || now - row.last > rowIdle) {
      this.#put(key, { since: now, last: now })
      return false
    }
    row.last = now
    return now - row.since >= retryWindow
  }

  /** An answer ends the row. */
  succeeded({ key }: Target): void {
    if (this.#rows.size > 0) this.#rows.delete(key)
  }

  #put(key: string, row: Row): void {
    this.#rows.delete(key)
    if (this.#rows.size >= capacity) this.#rows.delete(this.#rows.keys().next().value!)
    this.#rows.set(key, row)
  }
}
