/** How many requests a config serves right now, so that what it holds can be let go after the last one. */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"

/**
 * Counts requests by their fibers. A request's fiber ends when its answer has been sent to the last byte, so nothing
 * more than a callback is needed for each.
 */
export class InFlight {
  #count = 0
  #onIdle: (() => void) | undefined

  /** Requests that have not come to their end. */
  get count(): number {
    return this.#count
  }

  /** A request begins; it ends with its fiber. */
  enter(fiber: Fiber.Fiber<unknown, unknown>): void {
    this.#count++
    fiber.addObserver(this.#leave)
  }

  readonly #leave = (): void => {
    if (--this.#count === 0) this.#onIdle?.()
  }

  /** Waits until none is left. Ask for it once no more can come. */
  readonly idle: Effect.Effect<void> = Effect.callback<void>((resume) => {
    if (this.#count === 0) return resume(Effect.void)
    this.#onIdle = () => resume(Effect.void)
  })
}
