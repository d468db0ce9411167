/** How whole requests ended, counted in steps of time: what callers got, whatever it took to get it. */
import type { FailoverEvent } from "../core/FailoverEvent.ts"

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
  readonly #slots: Array<Ended | undefined>

  constructor(steps: number) {
    this.#slots = new Array(Math.max(1, steps)).fill(undefined)
  }

  count(number: number, answered: boolean): void {
    const index = number % this.#slots.length
    const slot = this.#slots[index]
    const before = slot?.number === number ? slot : { number, answered: 0, failed: 0 }
    this.#slots[index] = answered
      ? { ...before, answered: before.answered + 1 }
      : { ...before, failed: before.failed + 1 }
  }

  /** The steps of the window that ends with `current`, the oldest first. */
  read(current: number): ReadonlyArray<Ended> {
    const first = current - this.#slots.length + 1
    return this.#slots
      .filter((slot) => slot !== undefined && slot.number >= first && slot.number <= current)
      .sort((a, b) => a!.number - b!.number) as ReadonlyArray<Ended>
  }
}
