/** Counts the outcomes of whole requests in steps of time: what callers got, regardless of the attempts. */
import type { FailoverEvent } from "../events/FailoverEvent.ts"
import * as Steps from "../util/Steps.ts"

/** One step of time with finished requests. */
export interface OutcomeStep {
  /** Its number since the epoch, as in `RecentTraffic`. */
  readonly number: number
  readonly answered: number
  /** No target answered, the deadline ended, or the stream broke off. */
  readonly failed: number
}

/**
 * Whether this event shows that a request was answered (`true`) or failed (`false`); `undefined` if it continues, or
 * if its end shows nothing about the gateway: the caller disconnected, or every provider would refuse it.
 */
export const isAnswered = (event: FailoverEvent): boolean | undefined => {
  if (event._tag !== "RunEnded") return undefined
  const { error, outcome } = event
  switch (outcome) {
    case "answered":
      return true
    case "interrupted":
      return undefined
    case "failed":
    case "broken": {
      const failure = error?._tag === "StreamBroken" ? error.failure : error
      return failure?._tag === "BadRequest" || failure?._tag === "ContextExceeded" ? undefined : false
    }
  }
}

/** A ring of steps. */
export class RequestOutcomes {
  readonly #ring: Array<OutcomeStep | undefined>

  constructor(steps: number) {
    this.#ring = Steps.makeRing(steps)
  }

  count(number: number, answered: boolean): void {
    const index = Steps.slotOf(number, this.#ring)
    const step = this.#ring[index]
    const before = step?.number === number ? step : { number, answered: 0, failed: 0 }
    this.#ring[index] = answered
      ? { ...before, answered: before.answered + 1 }
      : { ...before, failed: before.failed + 1 }
  }

  /** The steps of the window that ends with `current`, oldest first. */
  read(current: number): ReadonlyArray<OutcomeStep> {
    return Steps.inWindow(this.#ring, current)
  }
}
