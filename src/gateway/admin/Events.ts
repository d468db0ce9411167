/** The live events of a gateway. */
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Stream from "effect/Stream"
import type { BenchRegistry } from "../../health/BenchRegistry.ts"
import type { Decisions } from "../../observe/Decisions.ts"
import * as MonotonicClock from "../../time/MonotonicClock.ts"
import type { Revision } from "../reload/Revision.ts"
import { benchOf } from "./Views.ts"
import type * as Wire from "./Wire.ts"

/** The interval of pings, so that proxies do not close the connection as idle. */
const pingInterval = "15 seconds"

/**
 * Every decision, every change of the bench and every new config, from the first ping until `over`: the
 * gateway closes, or the admin token changes. A reload alone does not end it. A slow reader loses the oldest
 * events.
 */
export const make = (options: {
  readonly decisions: Decisions["Service"]
  readonly registry: BenchRegistry["Service"]
  /** The config with the token that the subscriber used. */
  readonly revision: Revision
  /** The config in force, and each that replaces it. */
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
  const pings = Stream.mapEffect(Stream.tick(pingInterval), () =>
    Effect.map(MonotonicClock.currentTimeMillis, (at): Wire.Event => ({ event: "ping", data: { at } }))
  )
  const over = Effect.raceFirst(options.closing, revoked)
  const all = Stream.mergeAll([decisions, benches, configs, pings], { concurrency: "unbounded" })
  return { events: Stream.interruptWhen(all, over), over }
}
