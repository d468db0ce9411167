/**
 * Attempts that were given up before their own timeout: the request's time was up, or its caller hung up.
 *
 * One of them says nothing, for the time was the caller's. Several in a row are a sign of a target that hangs, and without
 * them one whose timeout is longer than its callers' patience would be asked for ever. Nobody can bench a healthy target
 * with them, for three things must hold: each has waited at least half a second (less where half of its own timeout is
 * less), each has waited at least twice as long as the target has lately needed, and nobody was answered in between.
 */
import type { Target } from "../domain/Target.ts"

/** From so many in a row on each counts as silence. */
export const silencesInRow = 3

/** The shortest wait that counts, in milliseconds; half of the target's own timeout where that is less. */
export const shortestWait = 500

/** A row that nothing was added to for so long is over. */
export const silenceIdle = 600_000

/** More targets than this are not kept; the oldest go first. */
export const capacity = 10_000

interface Known {
  inRow: number
  last: number
  /** How long the slowest of the latest answers took, in milliseconds. It fades with every faster one. */
  usual: number
}

/** What is known of all targets. */
export class CutOffs {
  readonly #known = new Map<string, Known>()

  /** An answer, and how long it took (0 where nobody had to wait): the row is over. */
  answered({ key }: Target, took: number): void {
    if (took === 0 && this.#known.size === 0) return
    const known = this.#known.get(key)
    if (known === undefined) {
      if (took > 0) this.#add(key).usual = took
      return
    }
    known.inRow = 0
    if (took > 0) known.usual = Math.max(took, known.usual * 0.9)
  }

  /** An attempt was given up after `waited` milliseconds, `own` being its timeout. True when that counts as silence. */
  cutOff({ key }: Target, waited: number, own: number, now: number): boolean {
    const known = this.#known.get(key) ?? this.#add(key)
    if (waited < Math.max(Math.min(shortestWait, own / 2), 2 * known.usual)) return false
    known.inRow = now - known.last > silenceIdle ? 1 : known.inRow + 1
    known.last = now
    return known.inRow >= silencesInRow
  }

  #add(key: string): Known {
    if (this.#known.size >= capacity) this.#known.delete(this.#known.keys().next().value!)
    const known = { inRow: 0, last: 0, usual: 0 }
    this.#known.set(key, known)
    return known
  }
}
