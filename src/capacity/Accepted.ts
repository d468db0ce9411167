/** The recent attempts that a target accepted: when each began, and how many were under way then. */

/** How many are remembered. */
export const remembered = 32

/** The fewest accepted attempts that prove how many a target takes at once, or its rate. */
const enough = 3

/** Attempts older than this are not used for the rate, in milliseconds. */
const window = 12_500

/** With at least this many, the rate is measured between the first and the last one, not until now. */
const measured = 8

/** The latest accepted attempts. */
export class Accepted {
  readonly #places = new Float64Array(remembered)
  readonly #times = new Float64Array(remembered)
  #count = 0

  /** Adds an attempt that began at `at` as the `place`th under way. */
  add(place: number, at: number): void {
    const index = this.#count++ % remembered
    this.#places[index] = place
    this.#times[index] = at
  }

  /** Whether several attempts were accepted while this many were under way, so that this many at once are not too many. */
  hasProved(place: number): boolean {
    let count = 0
    for (let i = 0; i < Math.min(remembered, this.#count); i++) {
      if (this.#places[i]! >= place && ++count === enough) return true
    }
    return false
  }

  /** The recent rate per millisecond; 0 with too few attempts. */
  rate(now: number): number {
    let count = 0
    let first = now
    let last = 0
    for (let i = 0; i < Math.min(remembered, this.#count); i++) {
      const at = this.#times[i]!
      if (at <= now - window) continue
      count++
      first = Math.min(first, at)
      last = Math.max(last, at)
    }
    if (count < enough) return 0
    if (count < measured) return count / Math.max(1, now - first)
    return (count - 1) / Math.max(1, last - first)
  }
}
