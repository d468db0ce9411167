/** The subscribers to the events of one service. Each has its own buffer. */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"

/** The subscribers. Publishing costs nothing if there are none. */
export class Listeners<A> {
  readonly #listeners = new Set<(event: A) => void>()

  /** True without a subscriber: an event need not be made. */
  get isEmpty(): boolean {
    return this.#listeners.size === 0
  }

  /** Publishes an event. Never waits. */
  tell(event: A): void {
    for (const listener of this.#listeners) listener(event)
  }

  /** All events from now on. A slow reader loses the oldest of 256. */
  readonly stream: Stream.Stream<A> = Stream.callback<A>(
    (queue) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          const listener = (event: A) => void Queue.offerUnsafe(queue, event)
          this.#listeners.add(listener)
          return listener
        }),
        (listener) => Effect.sync(() => this.#listeners.delete(listener))
      ),
    { bufferSize: 256, strategy: "sliding" }
  )
}
