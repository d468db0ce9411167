/** The recent attempts that a target accepted: how many were under way when each began, and how many began in the last minute. */

/** The number of accepted attempts that are remembered. */
const remembered = 32

/** The fewest accepted attempts that prove how many a target accepts at once, or its rate. */
const enough = 3

/** The longest time over which a rate is measured, in seconds: providers count by the minute, or in shorter windows. */
export const longest = 60

/** No rate is measured over a shorter time, in milliseconds. */
const shortest = 2_000

/** The latest accepted attempts. Times are milliseconds since the epoch. */
export class Accepted {
  readonly #places = new Float64Array(remembered)
  #count = 0
  /** Attempts that began in each of the last seconds. */
  readonly #seconds = new Float64Array(longest)
  #second = 0
  /** When the first attempt was counted. */
  #since = Number.POSITIVE_INFINITY

  /** An attempt begins. It counts as accepted until it is refused: answers may take minutes, refusals do not. */
  began(at: number): void {
    this.#since = Math.min(this.#since, at)
    this.#turn(at)
    this.#seconds[this.#second % longest]!++
  }

  /** An attempt that began at `at` was refused. */
  refused(at: number): void {
    const second = Math.floor(at / 1_000)
    if (second > this.#second - longest) this.#seconds[second % longest]!--
  }

  /** An attempt that began as the `place`th under way was accepted. */
  add(place: number): void {
    this.#places[this.#count++ % remembered] = place
  }

  /** Whether several attempts were accepted while this many were under way, so that this many at once are not too many. */
  hasProved(place: number): boolean {
    let count = 0
    for (let i = 0; i < Math.min(remembered, this.#count); i++) {
      if (this.#places[i]! >= place && ++count === enough) return true
    }
    return false
  }

  /** The rate per millisecond over this many seconds; 0 with too few attempts. */
  rate(seconds: number, now: number): number {
    if (this.age(now) < shortest) return 0
    this.#turn(now)
    let count = 0
    for (let each = 0; each < seconds; each++) {
      count += this.#seconds[(this.#second - each + longest) % longest]!
    }
    if (count < enough) return 0
    return count / Math.min((seconds - 1) * 1_000 + (now % 1_000), this.age(now))
  }

  /** For how long attempts have been counted, in milliseconds. */
  age(now: number): number {
    return Math.max(0, now - this.#since)
  }

  /** Clears the counts of seconds that are over. */
  #turn(now: number): void {
    const second = Math.floor(now / 1_000)
    const from = Math.max(this.#second + 1, second - longest + 1)
    for (let each = from; each <= second; each++) this.#seconds[each % longest] = 0
    this.#second = Math.max(this.#second, second)
  }
}
