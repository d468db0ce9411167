/**
 * A number that is found out by trying: lowered when it was too much, and raised a little by each success that needed all of
 * it (additive increase, multiplicative decrease).
 *
 * The more often it is confirmed, the slower it is raised, so that few attempts are spent on trying for more. Once it is
 * beyond what was too much the last time, it is raised faster again: a capacity that has grown is found soon.
 */

/** How a number is lowered and raised. */
export interface Steps {
  /** The share (0 to 1) that is taken off when it was too much. */
  readonly decrease: number
  /** The most successes that it takes to get back what was taken off. It begins with `firstPeriod`. */
  readonly period: number
}

/** So many successes it takes at first. */
export const firstPeriod = 8

/** What is measured: the number's bounds, and what its steps depend on besides the number of successes. */
export interface Kind {
  /** It is never below this. */
  readonly least: number
  /** A step is never smaller than this. */
  readonly leastStep: number
  /** A step takes at least `value * period * spread` successes. */
  readonly spread: number
}

/** One such number. */
export class Ceiling {
  readonly #kind: Kind
  #value = Number.POSITIVE_INFINITY
  #tooMuch = Number.POSITIVE_INFINITY
  #period = firstPeriod
  /** Successes since it was last lowered. */
  #successes = 0
  /** How many times in a row it was lowered again before it could be confirmed. */
  #early = 0

  constructor(kind: Kind) {
    this.#kind = kind
  }

  /** The number; infinite as long as nothing is known. */
  get value(): number {
    return this.#value
  }

  get isKnown(): boolean {
    return this.#value !== Number.POSITIVE_INFINITY
  }

  /** Makes it unknown again. */
  forget(): void {
    this.#value = Number.POSITIVE_INFINITY
    this.#tooMuch = Number.POSITIVE_INFINITY
    this.#period = firstPeriod
    this.#successes = 0
    this.#early = 0
  }

  /**
   * So much was too much. The step doubles each time that this comes soon after the last time, up to half of the number, if
   * `hurry`.
   */
  lower(tooMuch: number, steps: Steps, hurry: boolean): void {
    const isEarly = this.#successes < this.#successesOf(tooMuch) / 2
    this.#early = isEarly ? this.#early + 1 : 0
    if (!isEarly) this.#period = Math.min(steps.period, this.#period * 2)
    const step = this.#step(tooMuch, steps)
    const taken = hurry ? Math.min(tooMuch / 2, step * 2 ** this.#early) : step
    this.#tooMuch = tooMuch
    this.#value = Math.max(this.#kind.least, tooMuch - taken)
    this.#successes = 0
  }

  /** It is no more than this. Lowers a number that is known. */
  atMost(value: number): void {
    if (this.isKnown) this.#value = Math.max(this.#kind.least, Math.min(this.#value, value))
  }

  /** A success; `needed` if nothing was left of the number then. */
  succeeded(needed: boolean, steps: Steps): void {
    if (!this.isKnown) return
    this.#successes++
    if (!needed) return
    const step = this.#step(this.#value, steps)
    this.#value += step / this.#successesOf(this.#value)
    if (this.#value <= this.#tooMuch + step) return
    this.#tooMuch = this.#value
    this.#period = Math.max(firstPeriod, this.#period / 4)
  }

  #step(value: number, { decrease }: Steps): number {
    return Math.max(this.#kind.leastStep, value * decrease)
  }

  /** How many successes one step takes. */
  #successesOf(value: number): number {
    return Math.max(1, value * this.#kind.spread) * this.#period
  }
}
