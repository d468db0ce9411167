/** Gives a layer its own runtime. */
import * as Layer from "effect/Layer"
import * as Failover from "../../engine/Failover.ts"
import { type BenchRegistry, layerMemory } from "../../health/BenchRegistry.ts"

/** The layer with its own runtime, and the bench of the process. */
export const withRuntime = <A, E, R>(
  layer: Layer.Layer<A, E, R | Failover.Failover>,
  { observer, retryBudget }: Pick<Failover.FailoverOptions, "observer" | "retryBudget">
): Layer.Layer<A | BenchRegistry, E, R> =>
  // `R` without what is provided here is `R` itself; for a type parameter the compiler cannot prove that.
  layer.pipe(
    Layer.provide(Failover.layerNoDeps({ observer, retryBudget })),
    Layer.provideMerge(layerMemory)
  ) as Layer.Layer<A | BenchRegistry, E, R>
