/**
 * How many requests may be hedged: a share of them, in a bucket that calm times cannot fill far, so that a provider which
 * is slow for everybody does not get twice the requests.
 */

/** Hedges that can be saved up. */
export const most = 10

/** A budget of hedges. */
export class HedgeBudget {
  #tokens = 0

  /** A request came, `share` (0 to 1) of which may be hedged. */
  deposit(share: number): void {
    this.#tokens = Math.min(most, this.#tokens + share)
  }

  /** May one more hedge be made? Takes it out of the budget if so. */
  withdraw(): boolean {
    // Twenty times 0.05 is a little less than 1.
    if (this.#tokens < 1 - 1e-9) return false
    this.#tokens = Math.max(0, this.#tokens - 1)
    return true
  }

  /** A hedge that was taken out was not made. */
  giveBack(): void {
    this.#tokens = Math.min(most, this.#tokens + 1)
  }

  /** Whether a request that came now, `share` of which may be hedged, could be. */
  allowsNext(share: number): boolean {
    return Math.min(most, this.#tokens + share) >= 1 - 1e-9
  }

  /** Whole hedges that could be made now. */
  get left(): number {
    return Math.floor(this.#tokens + 1e-9)
  }
}
