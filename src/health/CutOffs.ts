/**
 * Attempts that were given up before their own timeout: the deadline passed, or the caller was interrupted.
 *
 * One of them is no evidence, since the caller set the time. Several in a row are a sign that the target hangs; without this
 * count a target whose timeout is longer than its callers wait would never be benched. A healthy target that has answered
 * cannot be benched by it: each attempt has to have waited at least half a second (or half of the target's timeout, if that is less) and at least
 * twice as long as the target has lately needed, with no answer in between, nor to any other request since it began. It is not
 * known how long a target needs that has not answered yet: its row counts only once there has been no answer for fifteen seconds.
 */
import type { Target } from "../domain/Target.ts"
import { LatestTargets } from "../util/LatestKeys.ts"

/** From this many in a row on, each counts as a timeout. */
export const cutOffsInRow = 3

/** The shortest wait that counts, in milliseconds; half of the target's own timeout where that is less. */
export const shortestWait = 500

/** How long a target that has not answered yet has to stay without an answer before a row counts, in milliseconds. */
export const silence = 15_000

/** A row ends after this long without another such attempt, in milliseconds. */
export const idle = 600_000

/** The most targets that are kept; the oldest are dropped. */
export const capacity = 10_000

interface Known {
  inRow: number
  /** When the first attempt of the row began. */
  since: number
  last: number
  /** When it last answered. */
  answeredAt: number
  /** How long the slowest of the latest answers took, in milliseconds. It fades with every faster one. */
  usual: number
}

/** The counts of all targets. */
export class CutOffs {
  readonly #known = new LatestTargets<Known>(capacity)

  /** Whether nothing is known of any target. */
  get isEmpty(): boolean {
    return this.#known.isEmpty
  }

  /** An answer ends the row. `took` is its duration in milliseconds, 0 if it came at once; then the time of the answer is not needed. */
  answered(target: Target, took: number, now?: number): void {
    if (took === 0 && this.#known.isEmpty) return
    const known = this.#known.get(target)
    if (known === undefined) {
      if (took > 0) {
        const added = this.#add(target)
        added.usual = took
        if (now !== undefined) added.answeredAt = now
      }
      return
    }
    known.inRow = 0
    if (now !== undefined) known.answeredAt = now
    if (took > 0) known.usual = Math.max(took, known.usual * 0.9)
  }

  /** How long the slowest of the latest answers took, in milliseconds; 0 where that is not known. */
  usualOf(target: Target): number {
    return this.#known.get(target)?.usual ?? 0
  }

  /** An attempt was given up after `waited` milliseconds, `own` being its timeout. True when that counts as a timeout. */
  cutOff(target: Target, waited: number, own: number, now: number): boolean {
    const known = this.#known.get(target) ?? this.#add(target)
    if (waited < Math.max(Math.min(shortestWait, own / 2), 2 * known.usual)) return false
    // The target answered another request while this one waited.
    if (known.answeredAt > now - waited) return false
    if (known.inRow === 0 || now - known.last > idle) {
      known.inRow = 0
      known.since = now - waited
    }
    known.inRow++
    known.last = now
    return known.inRow >= cutOffsInRow && (known.usual > 0 || now - known.since >= silence)
  }

  #add(target: Target): Known {
    const known = { inRow: 0, since: 0, last: 0, answeredAt: Number.NEGATIVE_INFINITY, usual: 0 }
    this.#known.add(target, known)
    return known
  }
}
