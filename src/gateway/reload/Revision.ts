/** A config in force, and everything built from it. The bench, counters and connections outlive it. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { InvalidCatalog } from "../../catalog/Catalog.ts"
import type { GatewayConfig } from "../../config/GatewayConfig.ts"
import type { Runtime } from "../../engine/Failover.ts"
import type { Transport } from "../../providers/transport/Transport.ts"
import * as Providers from "../providers/Providers.ts"
import { InFlight } from "../server/InFlight.ts"
import * as ConfiguredNames from "./ConfiguredNames.ts"
import { Runtimes } from "./Runtimes.ts"

/**
 * A config in force. It serves the requests that start while it is in force, to their end.
 *
 * @category models
 */
export interface Revision {
  /** 1 for the config at the start, then one more per reload. */
  readonly number: number
  /** When it came into force, in milliseconds since the epoch. */
  readonly since: number
  readonly config: GatewayConfig
  readonly catalog: Providers.GatewayCatalog
  readonly named: ConfiguredNames.ConfiguredNames
  readonly failover: Runtime
  /** Its requests in flight; its scope closes after the last one. */
  readonly inFlight: InFlight
}

/** Builds everything that serving a config needs. */
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
