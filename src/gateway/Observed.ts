/** The runtime of a gateway, and who listens to it: the metrics always, the record of decisions if somebody may read it. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { GatewayConfig } from "../config/GatewayConfig.ts"
import { BenchRegistry } from "../core/BenchRegistry.ts"
import { Failover } from "../core/Failover.ts"
import { combine, type Observer } from "../core/FailoverEvent.ts"
import * as ModelSpec from "../core/ModelSpec.ts"
import { Decisions } from "../observe/Decisions.ts"
import * as Metrics from "../observe/Metrics.ts"
import * as Named from "./Named.ts"

/**
 * The runtime over a bench in memory. Its events are counted in the `MetricRegistry` of the context, with the models of
 * the config as labels and no others; decisions are recorded only if the config has an admin token. `observer` hears
 * them too.
 */
export const layer = (
  config: GatewayConfig,
  observer?: Observer | undefined
): Layer.Layer<Failover | BenchRegistry | Decisions> =>
  Layer.merge(runtime(config, observer), Metrics.layerBench).pipe(
    Layer.provideMerge(Layer.merge(Decisions.layer(), BenchRegistry.layerMemory))
  )

const runtime = (config: GatewayConfig, observer: Observer | undefined) =>
  Layer.unwrap(
    Effect.gen(function* () {
      const { specs } = Named.make(config)
      const metrics = yield* Metrics.observer({ knowsModel: (target) => specs.has(ModelSpec.format(target)) })
      const decisions = yield* Decisions
      return Failover.layerNoDeps({
        policy: config.policy,
        retryBudget: config.retryBudget,
        observer: combine(
          metrics,
          config.server.adminToken === undefined ? undefined : decisions.observer,
          observer
        )
      })
    })
  )
