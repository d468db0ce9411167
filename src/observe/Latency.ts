/** A histogram of durations with exponential bins, so that quantiles are within a tenth at any size. */

/** Bins per doubling. */
const perOctave = 4

/** From 1 ms to 17 minutes; longer durations fall in the last bin. */
const bins = 20 * perOctave + 1

/** A histogram of durations in milliseconds. */
export class Histogram {
  #counts: Uint32Array | undefined
  #size = 0

  /** The number of counted durations. */
  get size(): number {
    return this.#size
  }

  /** Counts a duration. */
  add(millis: number): void {
    const counts = (this.#counts ??= new Uint32Array(bins))
    counts[millis <= 1 ? 0 : Math.min(bins - 1, Math.ceil(Math.log2(millis) * perOctave))]!++
    this.#size++
  }

  /** Clears the counts and keeps the memory. */
  clear(): void {
    this.#counts?.fill(0)
    this.#size = 0
  }

  /** Adds the counts of another histogram. */
  merge(other: Histogram): void {
    if (other.#counts === undefined || other.#size === 0) return
    const counts = (this.#counts ??= new Uint32Array(bins))
    for (let bin = 0; bin < bins; bin++) counts[bin]! += other.#counts[bin]!
    this.#size += other.#size
  }

  /** The approximate quantile of a share from 0 to 1; 0 if nothing was counted. */
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

/** The geometric middle of a bin. */
const middle = (bin: number): number => (bin === 0 ? 1 : Math.round(2 ** ((bin - 0.5) / perOctave)))
