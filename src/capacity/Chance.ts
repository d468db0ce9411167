/**
 * Whether refusals come at random, whatever the target has to do. Under a cap they end when less is asked for. If a target goes on to refuse
 * some attempts although its limits were lowered again and again, and accepts most of them, they have nothing to do with the load: they
 * are ignored for some time.
 */

/** So many times in a row limits are lowered without success until refusals count as random; fewer where they have been before. */
const tooOften = { first: 5, again: 3 }

/** The largest share of refused attempts that counts as random, and over how many attempts it is measured. */
const most = 0.5
const measured = 32

/** They are ignored for the memory of a limit, and with each time for as long again, up to so many times. */
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

  /** Whether refusals are ignored now. They no longer are when most attempts are refused. */
  isRandom(now: number): boolean {
    if (this.#share > most) this.#until = Number.NEGATIVE_INFINITY
    return now < this.#until
  }

  /** After limits were lowered so many times in a row without success: whether refusals are ignored from now on. */
  isFound(tries: number, now: number, memory: number): boolean {
    const enough = this.#times === 0 ? tooOften.first : tooOften.again
    if (tries < enough || this.#share > most) return false
    this.#times = Math.min(this.#times + 1, longest)
    this.#until = now + memory * this.#times
    return true
  }
}
