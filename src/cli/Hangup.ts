/** SIGHUP, by which a service is told to read its config anew. */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"

/** Each SIGHUP from now on, which does not end the process meanwhile. On Windows it means something else: there is none. */
export const signals: Stream.Stream<void> =
  process.platform === "win32"
    ? Stream.empty
    : Stream.callback<void>(
        (queue) =>
          Effect.acquireRelease(
            Effect.sync(() => {
              const listener = () => void Queue.offerUnsafe(queue, undefined)
              process.on("SIGHUP", listener)
              return listener
            }),
            (listener) => Effect.sync(() => process.off("SIGHUP", listener))
          ),
        { bufferSize: 1, strategy: "sliding" }
      )
