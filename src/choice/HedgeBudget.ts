/**
 * The budget of hedges: a share of all requests may be hedged. Only a few hedges can be saved up, so a provider that is slow for
 * all requests does not get twice the load.
 */

/** Hedges that can be saved up. */
export const most = 10

/** A budget of hedges. */
export class HedgeBudget {
  #tokens = 0

  /** Deposits the share (0 to 1) of one request. */
  deposit(share: number): void {
    this.#tokens = Math.min(most, this.#tokens + share)
  }

  /** Withdraws one hedge; false when the budget is empty. */
  withdraw(): boolean {
    // Twenty times 0.05 is a little less than 1.
    if (this.#tokens < 1 - 1e-9) return false
    this.#tokens = Math.max(0, this.#tokens - 1)
    return true
  }

  /** Returns a withdrawn hedge that was not made. */
  giveBack(): void {
    this.#tokens = Math.min(most, this.#tokens + 1)
  }

  /** Whether the next request could be hedged, after its deposit of `share`. */
  allowsNext(share: number): boolean {
    return Math.min(most, this.#tokens + share) >= 1 - 1e-9
  }

  /** Whole hedges that could be made now. */
  get left(): number {
    return Math.floor(this.#tokens + 1e-9)
  }
}
