/**
 * Visits in a row that a retry or attempt budget cut short. A single one benches nothing; a streak does.
 *
 * A budget is no evidence against a target, so one such visit does not count. But a target without an answer for longer than
 * the retries of a visit take, although it was called repeatedly, counts like one whose visit was exhausted.
 */
import type { Target } from "../domain/Target.ts"
import { LatestTargets } from "../util/LatestKeys.ts"

/** How long a streak has to last, in milliseconds: as long as the default retries of one visit at most. */
export const retryWindow = 2_500

/** A streak ends after this long without another such visit, in milliseconds. */
export const rowIdle = 60_000

/** The most streaks that are kept; the oldest are dropped. */
export const capacity = 10_000

interface Row {
  readonly since: number
  last: number
}

/** The streaks of all targets, in milliseconds since the epoch. */
export class FailureStreaks {
  readonly #rows = new LatestTargets<Row>(capacity)

  /** The number of streaks. */
  get size(): number {
    return this.#rows.size
  }

  /** Whether there is no streak. */
  get isEmpty(): boolean {
    return this.#rows.isEmpty
  }

  /** A budget cut a visit short. True when that counts as an exhausted visit. */
  cutShort(target: Target, now: number): boolean {
    const row = this.#rows.get(target)
    if (row === undefined || now - row.last > rowIdle) {
      this.#rows.add(target, { since: now, last: now })
      return false
    }
    row.last = now
    return now - row.since >= retryWindow
  }

  /** An answer ends the streak. */
  succeeded(target: Target): void {
    if (!this.#rows.isEmpty) this.#rows.delete(target)
  }
}
