/** A target with a limited number of slots: further calls wait in its queue, or are refused if the queue is full. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"

/** The calls at one target. */
export class Queue {
  readonly #semaphore: Semaphore.Semaphore
  readonly #slots: number
  readonly #most: number
  #inside = 0

  /** `most`: how many calls may wait. */
  constructor(slots: number, most: number) {
    this.#semaphore = Semaphore.makeUnsafe(slots)
    this.#slots = slots
    this.#most = most
  }

  /** Whether a new call would be served at once, would have to wait, or would be refused. */
  get state(): "free" | "waiting" | "full" {
    if (this.#inside < this.#slots) return "free"
    return this.#inside < this.#slots + this.#most ? "waiting" : "full"
  }

  /** Waits for a slot and keeps it until the scope closes. */
  readonly enter: Effect.Effect<void, never, Scope.Scope> = Effect.flatMap(
    Effect.acquireRelease(
      Effect.sync(() => void this.#inside++),
      () => Effect.sync(() => void this.#inside--)
    ),
    () => this.#semaphore.takeScoped(1)
  )
}
