/** Reads an answer to its end and keeps nothing of it, as the gateway passes one on. */
import * as Effect from "effect/Effect"
import type { Flow } from "../../stream/Flow.ts"

/** Ends when the flow does, with its failure where it has one. */
export const run = <A, E>(flow: Flow<A, E>): Effect.Effect<void, E> =>
  Effect.callback((resume) => {
    flow.gather?.()
    const read = () => {
      while (flow.take() !== undefined);
      const end = flow.ended()
      if (end === undefined) flow.onReady(read)
      else resume(end)
    }
    read()
    return Effect.sync(() => flow.cancel())
  })
