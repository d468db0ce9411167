/** Durations counted in steps that grow with them, so that a quantile is right within a tenth at any size. */

/** Steps per doubling. */
const perOctave = 4

/** From 1 ms to 17 minutes; what is longer falls in the last step. */
const bins = 20 * perOctave + 1

/** A histogram of durations in milliseconds. */
export class Histogram {
  #counts: Uint32Array | undefined
  #size = 0

  /** How many durations were counted. */
  get size(): number {
    return this.#size
  }

  /** Counts a duration. */
  add(millis: number): void {
    const counts = (this.#counts ??= new Uint32Array(bins))
    counts[millis <= 1 ? 0 : Math.min(bins - 1, Math.ceil(Math.log2(millis) * perOctave))]!++
    this.#size++
  }

  /** Forgets all, and keeps the memory. */
  clear(): void {
    this.#counts?.fill(0)
    this.#size = 0
  }

  /** Counts what another histogram has counted. */
  merge(other: Histogram): void {
    if (other.#counts === undefined || other.#size === 0) return
    const counts = (this.#counts ??= new Uint32Array(bins))
    for (let bin = 0; bin < bins; bin++) counts[bin]! += other.#counts[bin]!
    this.#size += other.#size
  }

  /** About the duration that a share of all is not above, 0 to 1; 0 when nothing was counted. */
  quantile(share: number): number {
    if (this.#counts === undefined || this.#size === 0) return 0
    let left = Math.max(1, Math.ceil(share * this.#size))
    for (let bin = 0; bin < bins; bin++) {
      left -= this.#counts[bin]!
      if (left <= 0) return middle(bin)
    }
    return middle(bins - 1)
  }
}

/** The middle of a step, by ratio. */
const middle = (bin: number): number => (bin === 0 ? 1 : Math.round(2 ** ((bin - 0.5) / perOctave)))
