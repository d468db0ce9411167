/** How whole requests ended, counted in steps of time: what callers got, whatever it took to get it. */
import type { FailoverEvent } from "../events/FailoverEvent.ts"
import * as Steps from "./Steps.ts"

/** One step of time in which requests ended. */
export interface Ended {
  /** Its number since the epoch, as in `Pulse`. */
  readonly number: number
  readonly answered: number
  /** Nobody could answer, the time was up, or the stream broke off. */
  readonly failed: number
}

/**
 * Whether a request has got its answer with this event, or never will; `undefined` when it goes on, and when its end
 * says nothing about the gateway: its caller hung up, or every provider would refuse it.
 */
export const isAnswered = (event: FailoverEvent): boolean | undefined => {
  switch (event._tag) {
    case "AttemptSucceeded":
      // Whether a stream holds is known at its end.
      return event.run.kind === "effect" ? true : undefined
    case "StreamEnded":
      if (event.failure !== undefined) return isOwn(event.failure._tag) ? undefined : false
      return event.complete ? true : undefined
    case "RunFailed":
      return isOwn(event.error._tag) ? undefined : false
    default:
      return undefined
  }
}

/** Whether an error is the request's own. */
const isOwn = (tag: string): boolean => tag === "BadRequest" || tag === "ContextExceeded"

/** A ring of so many steps. */
export class Ends {
  readonly #ring: Array<Ended | undefined>

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

  /** The steps of the window that ends with `current`, the oldest first. */
  read(current: number): ReadonlyArray<Ended> {
    return Steps.inWindow(this.#ring, current)
  }
}
