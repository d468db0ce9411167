/** What happens in a gateway, live. */
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Stream from "effect/Stream"
import type { BenchRegistry } from "../../health/BenchRegistry.ts"
import type { Decisions } from "../../observe/Decisions.ts"
import * as MonotonicClock from "../../time/MonotonicClock.ts"
import type { Revision } from "../reload/Revision.ts"
import { benchOf } from "./Views.ts"
import type * as Wire from "./Wire.ts"

/** Often enough that nothing on the way takes a silent connection for a dead one. */
const pingEvery = "15 seconds"

/**
 * Every decision as it is made, every change of the bench and every config that comes into force, from the first ping
 * on, until it is `over`: `closing` is done. It outlives a reload, but not the token that opened it. A slow reader loses the oldest.
 */
export const make = (options: {
  readonly decisions: Decisions["Service"]
  readonly registry: BenchRegistry["Service"]
  /** The config whose admin token the listener has shown. */
  readonly revision: Revision
  /** The config in force, and each that follows it. */
  readonly changes: Stream.Stream<Revision>
  readonly closing: Effect.Effect<unknown>
}): { readonly events: Stream.Stream<Wire.Event>; readonly over: Effect.Effect<unknown> } => {
  const decisions = Stream.map(options.decisions.changes, (data): Wire.Event => ({ event: "decision", data }))
  const benches = Stream.map(
    options.registry.changes,
    ({ info }): Wire.Event => ({ event: "bench", data: benchOf(info) })
  )
  const configs = options.changes.pipe(
    Stream.filter(({ number }) => number > options.revision.number),
    Stream.map(({ number, since }): Wire.Event => ({ event: "config", data: { revision: number, since } }))
  )
  const token = options.revision.config.server.adminToken
  const revoked = Stream.runHead(
    Stream.filter(options.changes, ({ config }) => !Equal.equals(config.server.adminToken, token))
  )
  const pings = Stream.mapEffect(Stream.tick(pingEvery), () =>
    Effect.map(MonotonicClock.currentTimeMillis, (at): Wire.Event => ({ event: "ping", data: { at } }))
  )
  const over = Effect.raceFirst(options.closing, revoked)
  const all = Stream.mergeAll([decisions, benches, configs, pings], { concurrency: "unbounded" })
  return { events: Stream.interruptWhen(all, over), over }
}
