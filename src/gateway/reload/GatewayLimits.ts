/** Counts the requests of credentials that have a limit (`rpm`). */
import * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import type { Limiter } from "../../health/Limiter.ts"
import * as RateLimits from "../../health/limits/RateLimits.ts"

/**
 * The limiter of a gateway. All its configs share it, so a reload keeps the counts.
 *
 * @category services
 */
export class GatewayLimits extends Context.Service<GatewayLimits, Limiter>()(
  "effect-failover/GatewayLimits"
) {
  /** Counts in this process. */
  static readonly layerMemory: Layer.Layer<GatewayLimits> = Layer.effect(
    GatewayLimits,
    RateLimits.make()
  ).pipe(Layer.provide(RateLimits.layerMemory))
}
