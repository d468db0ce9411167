/** Reads an answer to its end and keeps nothing of it, like the gateway. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import * as Pump from "../../stream/Pump.ts"

/** Ends with the stream; fails if the stream fails. */
export const run = <A, E>(stream: Stream.Stream<A, E>): Effect.Effect<void, E> =>
  Effect.callback((resume) => {
    const flow = Pump.begin(stream, Context.empty())
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
