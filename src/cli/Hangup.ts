/** SIGHUP, by which a service is told to read its config anew. */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/**
 * Listens until the scope closes, so that no SIGHUP ends the process meanwhile; the stream tells each one since, several that
 * came before it is read as one. On Windows it means something else: there is none.
 */
export const watch: Effect.Effect<Stream.Stream<void>, never, Scope.Scope> = process.platform === "win32"
  ? Effect.succeed(Stream.empty)
  : Effect.gen(function* () {
      const queue = yield* Queue.sliding<void>(1)
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          const listener = () => void Queue.offerUnsafe(queue, undefined)
          process.on("SIGHUP", listener)
          return listener
        }),
        (listener) => Effect.sync(() => process.off("SIGHUP", listener))
      )
      return Stream.fromQueue(queue)
    })
