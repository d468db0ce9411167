/** Metrics of the bench: how often keys were benched, and which are benched now. */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as BenchKey from "../domain/BenchKey.ts"
import { type BenchInfo, BenchRegistry, isBenching } from "../health/BenchRegistry.ts"
import * as Series from "./Series.ts"

const benches = Series.counter("failover_benches_total", "Benches begun or extended, by reason.")
const benched = Metric.gauge("failover_benched", { description: "Keys that are benched now." })

/** Which parts of a bench key may be labels. */
export interface Options {
  /** Whether the model of a key (`provider/model`) may be a label. Default: none, all are `other`. */
  readonly knowsModel?: ((spec: { readonly provider: string; readonly model: string }) => boolean) | undefined
}

/**
 * Counts benches in the background until the scope closes, and provides a gauge of benched keys. The gauge is
 * computed when read, because cooldowns end without an event.
 */
export const watch = (options: Options = {}): Effect.Effect<void, never, BenchRegistry | Scope.Scope> =>
  Effect.gen(function* () {
    const registry = yield* BenchRegistry
    const series = yield* Series.scoped
    const read = Effect.runSyncWith(yield* Effect.context<never>())

    const labelsOf = ({ key, scope }: BenchInfo) => {
      const { credential = "", model, provider } = BenchKey.parse(key) ?? { provider: key }
      const isKnown = model !== undefined && options.knowsModel?.({ provider, model }) === true
      return { scope, provider, model: model === undefined ? "" : isKnown ? model : "other", credential }
    }
    const listed = () => read(registry.list).filter(isBenched)

    /** How many keys are benched with the same labels. */
    const counted = Series.oncePerTurn(() => {
      const counts = new Map<string, number>()
      for (const info of listed()) {
        const key = keyOf(labelsOf(info))
        counts.set(key, (counts.get(key) ?? 0) + 1)
      }
      return counts
    })

    const show = (info: BenchInfo) => {
      const labels = labelsOf(info)
      const key = keyOf(labels)
      series.read(benched, labels, () => counted().get(key) ?? 0)
      return labels
    }

    for (const info of listed()) show(info)
    yield* registry.changes.pipe(
      Stream.runForEach((change) =>
        Effect.sync(() => {
          if (!isBenching(change)) return
          const { info } = change
          const { provider, scope } = show(info)
          series.of(benches, { scope, provider, reason: info.reason ?? "Manual" })(1)
        })
      ),
      Effect.forkScoped({ startImmediately: true })
    )
  })

const keyOf = (labels: Series.Labels): string => JSON.stringify(Object.values(labels))

const isBenched = ({ status }: BenchInfo): boolean => status === "resting" || status === "manual"
