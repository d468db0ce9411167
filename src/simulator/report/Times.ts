/** Collects durations: exactly while they are few, in bounded memory when they are many. */

/** The distribution of durations, in milliseconds. */
export interface Spread {
  readonly mean: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

/** The most durations that are kept one by one. */
const mostExact = 10_000

/** Beyond that they are counted in buckets, each wider than the one before by this factor. */
const step = Math.log(1.005)
const buckets = 4_300

/** Collects times in milliseconds. With more than 10,000 of them percentiles are within 0.3 %; `max` and `mean` stay exact. */
export class Times {
  #exact: Array<number> = []
  #counts: Uint32Array | undefined
  #count = 0
  #sum = 0
  #max = 0

  get count(): number {
    return this.#count
  }

  add(millis: number): void {
    this.#count++
    this.#sum += millis
    if (millis > this.#max) this.#max = millis
    if (this.#counts !== undefined) {
      this.#counts[bucketOf(millis)]!++
      return
    }
    this.#exact.push(millis)
    if (this.#exact.length <= mostExact) return
    const counts = new Uint32Array(buckets)
    for (const each of this.#exact) counts[bucketOf(each)]!++
    this.#counts = counts
    this.#exact = []
  }

  /** `undefined` when there is none. */
  spread(): Spread | undefined {
    if (this.#count === 0) return undefined
    const [p50, p95, p99] = this.#percentiles([0.5, 0.95, 0.99])
    return { mean: this.#sum / this.#count, p50: p50!, p95: p95!, p99: p99!, max: this.#max }
  }

  /** The durations at shares of the sorted list, given in ascending order. */
  #percentiles(shares: ReadonlyArray<number>): ReadonlyArray<number> {
    const ranks = shares.map((share) => Math.max(1, Math.ceil(share * this.#count)))
    const counts = this.#counts
    if (counts === undefined) {
      const sorted = Float64Array.from(this.#exact).sort()
      return ranks.map((rank) => sorted[rank - 1]!)
    }
    let bucket = 0
    let passed = counts[0]!
    return ranks.map((rank) => {
      while (passed < rank) passed += counts[++bucket]!
      return Math.min(this.#max, Math.exp((bucket - 0.5) * step))
    })
  }
}

const bucketOf = (millis: number): number =>
  millis < 1 ? 0 : Math.min(buckets - 1, 1 + Math.floor(Math.log(millis) / step))
