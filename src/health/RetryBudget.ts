/**
 * How many retries the whole process may make, so that retries do not multiply the load of an outage.
 *
 * Every request pays in a share of a retry, every retry takes one out. A small allowance refills with time, so that a
 * process with little traffic can retry as well. A fallback to another target is not a retry and costs nothing.
 */

/** A floor for quiet processes: one retry a second, up to ten at once (the idea is Finagle's `RetryBudget`). */
export const allowancePerSecond = 1

/** Retries that the time-based allowance can save up. */
export const allowanceAtMost = 10

/** What requests can save up: the share of the last 500 requests, so that quiet hours do not pay for a burst of retries. */
export const requestsRemembered = 500

/** A budget of retries. Times are milliseconds. */
export class RetryBudget {
  /** Requests that pay for one retry. */
  #price = Number.POSITIVE_INFINITY
  #requests = 0
  #allowance = allowanceAtMost
  #refilledAt: number | undefined

  /** `share`: retries per request in the long run; 0.2 means that one request in five may be a retry. */
  constructor(share: number) {
    this.setShare(share)
  }

  /** Whether retries are disabled (a share of 0). */
  get isNone(): boolean {
    return this.#price === Number.POSITIVE_INFINITY
  }

  /** Sets the share. Deposits so far stay, at the new price. */
  setShare(share: number): void {
    this.#price = share > 0 ? 1 / share : Number.POSITIVE_INFINITY
  }

  /** Deposits the share of one request. */
  deposit(): void {
    if (this.#requests < requestsRemembered) this.#requests++
  }

  /** Withdraws one retry; false when the budget is empty. */
  withdraw(now: number): boolean {
    if (this.#price === 0) return true
    this.#refill(now)
    if (this.#allowance >= 1) this.#allowance--
    else if (this.#requests >= this.#price) this.#requests -= this.#price
    else return false
    return true
  }

  /** Whole retries that could be made now. */
  left(now: number): number {
    if (this.#price === 0) return Number.POSITIVE_INFINITY
    this.#refill(now)
    return Math.floor(this.#allowance) + Math.floor(this.#requests / this.#price)
  }

  #refill(now: number): void {
    const elapsed = Math.max(0, now - (this.#refilledAt ?? now))
    this.#refilledAt = now
    // A share of 0 disables all retries, also those of the time-based allowance.
    this.#allowance =
      this.#price === Number.POSITIVE_INFINITY
        ? 0
        : Math.min(allowanceAtMost, this.#allowance + (elapsed / 1000) * allowancePerSecond)
  }
}
