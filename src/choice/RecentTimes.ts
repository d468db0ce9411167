/** The latest times of something, and what most of them stayed below. */

/** Times that are remembered. */
export const remembered = 128

/** With fewer times than this nothing is said. */
export const fewest = 20

/** The latest times of one target, in milliseconds. */
export class RecentTimes {
  readonly #times: Array<number> = []
  #next = 0
  /** What was worked out last, and for which share. */
  #known: { readonly share: number; readonly value: number } | undefined

  /** Something took so long. */
  add(took: number): void {
    this.#times[this.#next] = took
    this.#next = (this.#next + 1) % remembered
    this.#known = undefined
  }

  /**
   * The shortest of the times that a share of them (0 to 1) does not exceed: `percentile(0.95)` is the time that 95 of 100
   * stayed at or below. `undefined` while there are fewer than 20.
   */
  percentile(share: number): number | undefined {
    if (this.#times.length < fewest) return undefined
    if (this.#known?.share !== share) {
      const sorted = Float64Array.from(this.#times).sort()
      const place = Math.min(sorted.length, Math.max(1, Math.ceil(share * sorted.length)))
      this.#known = { share, value: sorted[place - 1]! }
    }
    return this.#known!.value
  }
}
