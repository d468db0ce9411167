/** What of a config cannot change while the gateway runs. */
import * as Equal from "effect/Equal"
import type { GatewayConfig } from "../config/GatewayConfig.ts"

/** A config as it can be put in force now, and what of it has to wait. */
export interface Settled {
  readonly config: GatewayConfig
  /** The paths of fields that say something new, which a restart would bring. */
  readonly restart: ReadonlyArray<string>
}

/** The fields of `server` that are used once, when the gateway starts to listen. */
const fixed = ["host", "port", "maxHeaderBytes", "timeouts"] as const

/** The next config, in which everything that cannot change is as it was. */
export const settle = (next: GatewayConfig, current: GatewayConfig): Settled => {
  const { host, maxHeaderBytes, port, timeouts } = current.server
  return {
    config: {
      ...next,
      bench: current.bench,
      server: { ...next.server, host, port, maxHeaderBytes, timeouts }
    },
    restart: [
      ...fixed.flatMap((field) =>
        Equal.equals(next.server[field], current.server[field]) ? [] : [`server.${field}`]
      ),
      ...(Equal.equals(next.bench, current.bench) ? [] : ["bench"])
    ]
  }
}
