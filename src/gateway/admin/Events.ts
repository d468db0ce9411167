/** What happens in a gateway, live. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { BenchRegistry } from "../../core/BenchRegistry.ts"
import type { Decisions } from "../../observe/Decisions.ts"
import { benchOf } from "./Views.ts"
import type * as Wire from "./Wire.ts"

/** Often enough that nothing on the way takes a silent connection for a dead one. */
const pingEvery = "15 seconds"

/**
 * Every decision as it is made and every change of the bench, from the first ping on, until `closing` is done. A slow
 * reader loses the oldest.
 */
export const make = (options: {
  readonly decisions: Decisions["Service"]
  readonly registry: BenchRegistry["Service"]
  readonly closing: Effect.Effect<unknown>
}): Stream.Stream<Wire.Event> => {
  const decisions = Stream.map(options.decisions.changes, (data): Wire.Event => ({ event: "decision", data }))
  const benches = Stream.map(
    options.registry.changes,
    ({ info }): Wire.Event => ({ event: "bench", data: benchOf(info) })
  )
  const pings = Stream.mapEffect(Stream.tick(pingEvery), () =>
    Effect.map(Clock.currentTimeMillis, (at): Wire.Event => ({ event: "ping", data: { at } }))
  )
  return Stream.mergeAll([decisions, benches, pings], { concurrency: "unbounded" }).pipe(
    Stream.interruptWhen(options.closing)
  )
}
