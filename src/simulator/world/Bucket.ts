/** A provider's own limit of requests: a bucket that fills evenly and holds at most a second's worth, and at least one. */
export class Bucket {
  readonly #perMilli: number
  readonly #most: number
  #left: number
  #at: number

  /** A bucket that is full at `now`; times are milliseconds. */
  constructor(perMinute: number, now: number) {
    this.#perMilli = perMinute / 60_000
    this.#most = Math.max(1, perMinute / 60)
    this.#left = this.#most
    this.#at = now
  }

  /** Whether one more request is accepted. A refused one takes nothing from the bucket. */
  take(now: number): boolean {
    this.#left = Math.min(this.#most, this.#left + (now - this.#at) * this.#perMilli)
    this.#at = now
    // Allows for rounding errors.
    if (this.#left < 1 - 1e-9) return false
    this.#left -= 1
    return true
  }
}
