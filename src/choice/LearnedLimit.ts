/**
 * How many attempts at once a target seems to take: a limit that is learnt from its refusals (additive increase,
 * multiplicative decrease).
 *
 * There is none until the first refusal. From then on a refusal makes it smaller, once for all attempts that were under way
 * together, and each answer makes it a little larger as long as there is demand for more. It grows slowly where refusals
 * were met before, so that one attempt in fifty at most is spent on finding out, and faster beyond.
 */

/** What is taken off at a refusal: this share of the limit, and half an attempt at least. */
export const decrease = 0.05

/** What an answer adds where refusals were met before. Half an attempt takes fifty answers. */
export const growth = 0.01

/** What an answer adds beyond. */
export const growthBeyond = 0.05

/** A limit that no refusal has confirmed for so long is forgotten, in milliseconds. */
export const memory = 600_000

/** The limit of one target. It is never below 1. */
export class LearnedLimit {
  #limit = Number.POSITIVE_INFINITY
  /** So many attempts were too many the last time. */
  #tooMany = Number.POSITIVE_INFINITY
  /** When it was last made smaller. Attempts that began before tell nothing new. */
  #shrunkAt = Number.NEGATIVE_INFINITY

  /** The limit; infinite as long as nothing is known. */
  get value(): number {
    return this.#limit
  }

  /** Whether another attempt may begin while so many are under way. */
  allows(inFlight: number, now: number): boolean {
    if (this.#limit !== Number.POSITIVE_INFINITY && now - this.#shrunkAt > memory) {
      this.#limit = Number.POSITIVE_INFINITY
    }
    return inFlight + 1 <= this.#limit
  }

  /** An attempt that began at a moment was refused, while so many others were under way. */
  refused(inFlight: number, beganAt: number, now: number): void {
    if (beganAt <= this.#shrunkAt) return
    this.#shrunkAt = now
    this.#tooMany = Math.min(this.#limit, inFlight + 1)
    this.#limit = Math.max(1, this.#tooMany - Math.max(0.5, this.#tooMany * decrease))
  }

  /** An attempt was answered, while so many others were under way. */
  answered(inFlight: number): void {
    if (this.#limit === Number.POSITIVE_INFINITY || inFlight + 2 <= this.#limit) return
    this.#limit += this.#limit > this.#tooMany + 1 ? growthBeyond : growth
  }
}
