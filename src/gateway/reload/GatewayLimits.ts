/** Who counts the requests of credentials that have a limit of their own. */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import type { Limiter } from "../../health/Limiter.ts"
import * as RateLimits from "../../health/limits/RateLimits.ts"

/**
 * The limiter of a gateway: for all its configs, so that a reload forgets nothing.
 *
 * @category services
 */
export class GatewayLimits extends Context.Service<GatewayLimits, Limiter>()("effect-failover/KeptLimits") {
  /** Counts in this process. */
  static readonly layerMemory: Layer.Layer<GatewayLimits> = Layer.effect(
    GatewayLimits,
    RateLimits.make()
  ).pipe(Layer.provide(RateLimits.layerMemory))
}
