/** A provider's own limit of requests: a bucket that fills evenly and holds at most a second's worth, and at least one. */
export class Bucket {
  readonly #perMilli: number
  readonly #most: number
  #left: number
  #at: number

  /** Full at `now`; times are milliseconds. */
  constructor(perMinute: number, now: number) {
    this.#perMilli = perMinute / 60_000
    this.#most = Math.max(1, perMinute / 60)
    this.#left = this.#most
    this.#at = now
  }

  /** Whether one more request is taken. One that is refused costs nothing. */
  take(now: number): boolean {
    this.#left = Math.min(this.#most, this.#left + (now - this.#at) * this.#perMilli)
    this.#at = now
    // What is missing to a whole one may be an error of the arithmetic.
    if (this.#left < 1 - 1e-9) return false
    this.#left -= 1
    return true
  }
}
