/** Which runtime serves a config. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { GatewayConfig } from "../../config/GatewayConfig.ts"
import { Failover, type Runtime } from "../../engine/Failover.ts"

/**
 * The runtime of each config that a gateway comes to serve.
 *
 * @category services
 */
export class Runtimes extends Context.Service<
  Runtimes,
  {
    /** Called once for every config that takes its place. */
    readonly of: (config: GatewayConfig) => Effect.Effect<Runtime>
  }
>()("effect-failover/Runtimes") {
  /** The one of the context for all of them: what it was told of policy and retry budget stays, whatever a config says. */
  static readonly layerOne: Layer.Layer<Runtimes, never, Failover> = Layer.effect(
    Runtimes,
    Effect.map(Failover, (failover) => ({ of: () => Effect.succeed(failover) }))
  )
}
