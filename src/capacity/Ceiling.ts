/**
 * A limit that is found by trial: it is lowered when it was too high, and raised a little by each success that used all of it
 * (additive increase, multiplicative decrease).
 *
 * The more often it is confirmed, the more slowly it is raised, so that few attempts are spent on trying for more. Above the
 * value that was too high the last time it is raised faster again, so that a larger capacity is found soon.
 */

/** How a limit is lowered and raised. */
export interface Steps {
  /** The share (0 to 1) by which it is lowered when it was too high. */
  readonly decrease: number
  /** The most successes that it takes to undo a lowering. It starts at `firstPeriod`. */
  readonly period: number
}

/** How many successes it takes at first to undo a lowering. */
export const firstPeriod = 8

/** How many times longer the steps of a slow limit are. */
const slow = 8

/** What kind of limit it is: its minimum, and the size and length of its steps. */
export interface Kind {
  /** Its minimum. */
  readonly least: number
  /** A step is never smaller than this. */
  readonly leastStep: number
  /** A step takes at least `value * period * spread` successes. */
  readonly spread: number
}

/** A limit that is found by trial. */
export class Ceiling {
  readonly #kind: Kind
  #value = Number.POSITIVE_INFINITY
  #tooMuch = Number.POSITIVE_INFINITY
  #period = firstPeriod
  /** Successes since it was last lowered. */
  #successes = 0
  /** How many times in a row it was lowered before it was confirmed. */
  #early = 0

  constructor(kind: Kind) {
    this.#kind = kind
  }

  /** Whether steps take longer, because only a while later it shows that a value is too high. */
  isSlow = false

  /** The limit; infinite while it is unknown. */
  get value(): number {
    return this.#value
  }

  /** How many times in a row it was lowered before it was confirmed. */
  get tries(): number {
    return this.#early
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
    this.isSlow = false
  }

  /**
   * A value was too high. With `hurry` the step doubles each time that this happens soon after the last time, up to half of the
   * limit.
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

  /** Lowers a known limit to at most this. */
  atMost(value: number): void {
    if (!this.isKnown || value >= this.#value) return
    this.#value = Math.max(this.#kind.least, value)
    this.#tooMuch = this.#value
  }

  /** Raises a known limit to at least this. */
  atLeast(value: number): void {
    if (!this.isKnown || this.#value >= value) return
    this.#value = value
    this.#tooMuch = Math.max(value, this.#tooMuch)
  }

  /** Counts a success; `needed` if it used all of the limit. */
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
    return Math.max(1, value * this.#kind.spread * (this.isSlow ? slow : 1)) * this.#period
  }
}
