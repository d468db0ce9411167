/** The latest times of a target, and their percentiles. */

/** Times that are remembered. */
export const remembered = 128

/** With fewer times than this there is no percentile. */
export const fewest = 20

/** The latest times of one target, in milliseconds. */
export class RecentTimes {
  readonly #times: Array<number> = []
  #next = 0
  /** The last result, and its share. */
  #known: { readonly share: number; readonly value: number } | undefined

  /** Adds a time. */
  add(took: number): void {
    this.#times[this.#next] = took
    this.#next = (this.#next + 1) % remembered
    this.#known = undefined
  }

  /**
   * The percentile for a share (0 to 1): `percentile(0.95)` is the time that 95 of 100 times do not exceed. `undefined` with
   * fewer than 20 times.
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
