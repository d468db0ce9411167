/** Counts the requests in flight of a config, so that its resources can be released after the last one. */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"

/**
 * Counts requests by their fibers. A request's fiber ends when the last byte of its answer was sent, so each
 * request costs one callback.
 */
export class InFlight {
  #count = 0
  #onIdle: (() => void) | undefined

  /** Requests in flight. */
  get count(): number {
    return this.#count
  }

  /** Counts a request until its fiber ends. */
  enter(fiber: Fiber.Fiber<unknown, unknown>): void {
    this.#count++
    fiber.addObserver(this.#leave)
  }

  readonly #leave = (): void => {
    if (--this.#count === 0) this.#onIdle?.()
  }

  /** Waits until no request is left. Use it only when no more requests can come. */
  readonly idle: Effect.Effect<void> = Effect.callback<void>((resume) => {
    if (this.#count === 0) return resume(Effect.void)
    this.#onIdle = () => resume(Effect.void)
  })
}
