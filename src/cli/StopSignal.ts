/** The signal that stopped the process, for its log. The runtime of the command line handles the stop itself. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"

const signals = ["SIGTERM", "SIGINT"] as const

/** Listens until the scope closes; the function returns the last signal, if there was one. */
export const watch: Effect.Effect<() => string | undefined, never, Scope.Scope> = Effect.map(
  Effect.acquireRelease(
    Effect.sync(() => {
      const seen: { signal: string | undefined } = { signal: undefined }
      const listener = (signal: string) => {
        seen.signal = signal
      }
      // Prepended, because the listener of the runtime interrupts at once.
      for (const signal of signals) process.prependListener(signal, listener)
      return { listener, seen }
    }),
    ({ listener }) =>
      Effect.sync(() => {
        for (const signal of signals) process.off(signal, listener)
      })
  ),
  ({ seen }) =>
    () =>
      seen.signal
)
