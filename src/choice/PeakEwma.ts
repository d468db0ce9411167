/**
 * A mean of recent times that follows a slow time at once (peak EWMA, as in Finagle).
 *
 * A slower time replaces the mean. Faster times lower it, the more the longer ago the last one was. While nothing is under way
 * it fades, so that a target that was slow is tried again; see `Load`.
 */

/** The time after which a value has faded to 1/e (about 37 %), in milliseconds. */
export const fading = 20_000

/** A peak EWMA, in milliseconds. */
export class PeakEwma {
  /** 0 as long as nothing is known. */
  #value = 0
  #at = 0

  /** Adds a time. */
  observe(took: number, now: number): void {
    if (took >= this.#value) this.#value = took
    else {
      const kept = Math.exp(-Math.max(0, now - this.#at) / fading)
      this.#value = this.#value * kept + took * (1 - kept)
    }
    this.#at = now
  }

  /** The mean without fading; 0 when nothing is known. */
  get value(): number {
    return this.#value
  }

  /** The mean faded to the present time. The stored mean does not change. */
  faded(now: number): number {
    return this.#value === 0 ? 0 : this.#value * Math.exp(-Math.max(0, now - this.#at) / fading)
  }
}
