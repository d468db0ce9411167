/**
 * Whether refusals are random and do not depend on the load. Refusals by a limit end at a lower load. If a target accepts
 * most attempts but still refuses some after its limits were lowered again and again, the refusals have nothing to do with
 * the load, and are ignored for some time.
 */

/** Refusals count as random after limits were lowered without success this many times in a row. Fewer if they were random before. */
const tooOften = { first: 5, again: 3 }

/** The largest share of refused attempts that counts as random, and the number of attempts over which it is measured. */
const most = 0.5
const measured = 32

/** They are ignored for as long as a limit is remembered, and each further time for as long again, up to this many times. */
const longest = 4

/** The refusals of one target. Times are milliseconds since the epoch. */
export class Chance {
  /** The share of the recent attempts that were refused. */
  #share = 0
  #times = 0
  #until = Number.NEGATIVE_INFINITY

  /** Counts an answer or a refusal. */
  add(isRefused: boolean): void {
    this.#share += ((isRefused ? 1 : 0) - this.#share) / measured
  }

  /** Whether refusals are ignored now. That ends when most attempts are refused. */
  isRandom(now: number): boolean {
    if (this.#share > most) this.#until = Number.NEGATIVE_INFINITY
    return now < this.#until
  }

  /** Limits were lowered this many times in a row without success. Returns whether refusals are ignored from now on. */
  isFound(tries: number, now: number, memory: number): boolean {
    const enough = this.#times === 0 ? tooOften.first : tooOften.again
    if (tries < enough || this.#share > most) return false
    this.#times = Math.min(this.#times + 1, longest)
    this.#until = now + memory * this.#times
    return true
  }
}
