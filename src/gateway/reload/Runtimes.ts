/** The runtime that serves a config. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { GatewayConfig } from "../../config/GatewayConfig.ts"
import { Failover, type Runtime } from "../../engine/Failover.ts"

/**
 * Gives the runtime of each config.
 *
 * @category services
 */
export class Runtimes extends Context.Service<
  Runtimes,
  {
    /** Called once per config that comes into force. */
    readonly of: (config: GatewayConfig) => Effect.Effect<Runtime>
  }
>()("effect-failover/Runtimes") {
  /** The `Failover` of the context, for all configs. Its policy and retry budget stay, whatever a config has. */
  static readonly layerOne: Layer.Layer<Runtimes, never, Failover> = Layer.effect(
    Runtimes,
    Effect.map(Failover, (failover) => ({ of: () => Effect.succeed(failover) }))
  )
}
