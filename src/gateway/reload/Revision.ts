/** A config in force, with what is made of it. What outlives it (bench, counters, connections) is not part of it. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { GatewayConfig } from "../../config/GatewayConfig.ts"
import type { InvalidCatalog } from "../../domain/Catalog.ts"
import type { Runtime } from "../../engine/Failover.ts"
import type { Transport } from "../../providers/transport/Transport.ts"
import * as Providers from "../providers/Providers.ts"
import { InFlight } from "../server/InFlight.ts"
import * as ConfiguredNames from "./ConfiguredNames.ts"
import { Runtimes } from "./Runtimes.ts"

/**
 * A config in force. A request is served by the one it met at its start, to its end.
 *
 * @category models
 */
export interface Revision {
  /** 1 for the config that the gateway started with, and one more with each that takes its place. */
  readonly number: number
  /** Since when it is in force, in milliseconds since the epoch. */
  readonly since: number
  readonly config: GatewayConfig
  readonly catalog: Providers.GatewayCatalog
  readonly named: ConfiguredNames.ConfiguredNames
  readonly failover: Runtime
  /** The requests it serves; its scope closes after the last one. */
  readonly inFlight: InFlight
}

/** Makes of a config what serving it takes. Nobody is served by it yet. */
export const make = Effect.fnUntraced(function* (
  config: GatewayConfig,
  number: number
): Effect.fn.Return<Revision, InvalidCatalog, Runtimes | Transport> {
  const catalog = yield* Providers.catalog(config)
  const runtimes = yield* Runtimes
  return {
    number,
    since: yield* Clock.currentTimeMillis,
    config,
    catalog,
    named: ConfiguredNames.make(config),
    failover: yield* runtimes.of(config),
    inFlight: new InFlight()
  }
})
