/**
 * How long something lately took: a mean that forgets, and that believes a slow time at once (peak EWMA, as in Finagle).
 *
 * A slower time is taken as it is; faster ones pull the mean down with the time that passes between them. While nothing is
 * under way it fades, so that one which was slow is asked again some day; see `Load`.
 */

/** The time after which a value has faded to 1/e (about 37 %), in milliseconds. */
export const fading = 20_000

/** Such a mean, in milliseconds. */
export class PeakEwma {
  /** 0 as long as nothing is known. */
  #value = 0
  #at = 0

  /** Something took so long. */
  observe(took: number, now: number): void {
    if (took >= this.#value) this.#value = took
    else {
      const kept = Math.exp(-Math.max(0, now - this.#at) / fading)
      this.#value = this.#value * kept + took * (1 - kept)
    }
    this.#at = now
  }

  /** The mean as it is; 0 when nothing is known. */
  get value(): number {
    return this.#value
  }

  /** The mean as it has faded by now, which does not change it. */
  faded(now: number): number {
    return this.#value === 0 ? 0 : this.#value * Math.exp(-Math.max(0, now - this.#at) / fading)
  }
}
