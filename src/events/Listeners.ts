/** Those who listen to the events of one service: told at once, each with a buffer of its own. */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"

/** Those who listen. Telling them costs nothing when there is nobody. */
export class Listeners<A> {
  readonly #listeners = new Set<(event: A) => void>()

  /** Tells everybody. It never waits. */
  tell(event: A): void {
    for (const listener of this.#listeners) listener(event)
  }

  /** Everything that is told from now on. A slow reader loses the oldest of 256. */
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
