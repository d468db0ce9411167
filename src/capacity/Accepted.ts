/** The attempts that a target took lately: how many were under way when each began, and when that was. */

/** How many are remembered. */
export const remembered = 32

/** So many at least make sure that a target takes as many at once, or that it takes some in a time. */
const enough = 3

/** Attempts older than this say nothing about the rate, in milliseconds. */
const window = 12_500

/** From so many on the time between them is measured, not the time until now. */
const measured = 8

/** The latest attempts that were taken. */
export class Accepted {
  readonly #places = new Float64Array(remembered)
  readonly #times = new Float64Array(remembered)
  #count = 0

  /** One that began at `at` as the `place`th under way. */
  add(place: number, at: number): void {
    const index = this.#count++ % remembered
    this.#places[index] = place
    this.#times[index] = at
  }

  /** Whether several were taken while as many were under way: so many at once are not too many. */
  hasProved(place: number): boolean {
    let count = 0
    for (let i = 0; i < Math.min(remembered, this.#count); i++) {
      if (this.#places[i]! >= place && ++count === enough) return true
    }
    return false
  }

  /** How many began in a millisecond lately; 0 when they are too few to tell. */
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
