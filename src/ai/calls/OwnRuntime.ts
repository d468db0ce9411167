/** The runtime of a layer that brings one of its own. */
import * as Layer from "effect/Layer"
import * as Failover from "../../engine/Failover.ts"
import { type BenchRegistry, layerMemory } from "../../health/BenchRegistry.ts"

/** The layer with a runtime of its own, and the bench of the process. */
export const withRuntime = <A, E, R>(
  layer: Layer.Layer<A, E, R | Failover.Failover>,
  { observer, retryBudget }: Pick<Failover.FailoverOptions, "observer" | "retryBudget">
): Layer.Layer<A | BenchRegistry, E, R> =>
  // What is left of `R` without what is provided here is `R`; of a type parameter the compiler cannot tell.
  layer.pipe(
    Layer.provide(Failover.layerNoDeps({ observer, retryBudget })),
    Layer.provideMerge(layerMemory)
  ) as Layer.Layer<A | BenchRegistry, E, R>
