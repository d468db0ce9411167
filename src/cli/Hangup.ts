/** SIGHUP, the usual signal to reload a service. */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"

/**
 * Listens until the scope closes, so that SIGHUP does not end the process. The stream has an element per
 * signal; several before it is read count as one. Windows has no such signal.
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
