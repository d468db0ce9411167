/**
 * The runtimes of a gateway and their observers: metrics always, the others only if something reads what they
 * record.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type BenchStore, memory } from "../../config/file/BenchStore.ts"
import type { GatewayConfig } from "../../config/GatewayConfig.ts"
import * as ModelSpec from "../../domain/ModelSpec.ts"
import { makeRuntime } from "../../engine/Runtime.ts"
import { makeSharedState } from "../../engine/SharedState.ts"
import { combine, type Observer } from "../../events/FailoverEvent.ts"
import { BenchRegistry } from "../../health/BenchRegistry.ts"
import * as BenchMetrics from "../../observe/BenchMetrics.ts"
import { Decisions } from "../../observe/Decisions.ts"
import * as Metrics from "../../observe/Metrics.ts"
import { RecentTraffic } from "../../observe/RecentTraffic.ts"
import { ProcessDefaults } from "../../policy/Policy.ts"
import * as Metered from "../providers/Metered.ts"
import * as ConfiguredNames from "./ConfiguredNames.ts"
import type { UnusableStore } from "./GatewayBench.ts"
import * as GatewayBench from "./GatewayBench.ts"
import { GatewayLimits } from "./GatewayLimits.ts"
import * as LearnedLimits from "./LearnedLimits.ts"
import { Runtimes } from "./Runtimes.ts"

/**
 * A runtime per config. All share one bench (kept in `store`), one retry budget and one record of decisions.
 *
 * Events are counted in the `MetricRegistry` of the context, with only the names of the config as labels.
 * Decisions are recorded for the status page and the admin API, and the last minutes of each target for the
 * status page, if they are enabled. `observer` gets all events too.
 */
export const layer = (
  observer?: Observer | undefined,
  store: BenchStore = memory
): Layer.Layer<
  Runtimes | BenchRegistry | Decisions | RecentTraffic | LearnedLimits.LearnedLimits,
  UnusableStore
> =>
  runtimes(observer).pipe(
    Layer.provideMerge(Layer.mergeAll(Decisions.layer(), RecentTraffic.layer(), GatewayBench.layer(store)))
  )

const runtimes = (observer: Observer | undefined) =>
  Layer.effectContext(
    Effect.gen(function* () {
      const registry = yield* BenchRegistry
      const decisions = yield* Decisions
      const traffic = yield* RecentTraffic
      const process = yield* ProcessDefaults
      const kept = makeSharedState(yield* GatewayLimits)
      const context = yield* Effect.context<never>()
      /** Labels of the latest config. */
      let labels: Metrics.Options = {}
      let retriesLeft: Effect.Effect<number> = Effect.succeed(0)
      yield* BenchMetrics.watch({ knowsModel: (spec) => labels.knowsModel?.(spec) === true })
      yield* Metrics.watchBudget(Effect.suspend(() => retriesLeft))
      const learned = LearnedLimits.make(kept.signals)
      const limits = yield* LearnedLimits.watch(learned, {
        knowsModel: (target) => labels.knowsModel?.(target) === true
      })
      const made: Runtimes["Service"] = {
        of: (config) => {
          const own = { ...labelsOf(config), usageOf: config.usage === true ? Metered.usageOf : undefined }
          const { adminToken, statusPage } = config.server
          const isShown = statusPage !== "off"
          const recorded = isShown || adminToken !== undefined ? decisions.observer : undefined
          const watched = isShown ? traffic.observer : undefined
          return Effect.map(Effect.provideContext(Metrics.observer(own), context), (metrics) => {
            const runtime = makeRuntime(
              registry,
              {
                policy: config.policy,
                retryBudget: config.retryBudget,
                observer: combine(metrics, limits, recorded, watched, observer)
              },
              process,
              kept
            )
            labels = own
            retriesLeft = runtime.retriesLeft
            return runtime
          })
        }
      }
      return Context.make(Runtimes, made).pipe(Context.add(LearnedLimits.LearnedLimits, learned))
    })
  )

/** Which names of a request may be labels. */
const labelsOf = (config: GatewayConfig): Metrics.Options => {
  const { specs } = ConfiguredNames.make(config)
  return {
    knowsModel: (target) => specs.has(ModelSpec.format(target)),
    knowsName: (name) => Object.hasOwn(config.models, name) || specs.has(name)
  }
}
