/**
 * From the runtime's events to metrics.
 *
 * | metric | labels | counts |
 * | --- | --- | --- |
 * | `failover_attempts_total` | provider, model, credential, outcome | attempts; the outcome is `answered`, `interrupted` or the failure's class |
 * | `failover_attempt_duration_seconds` | provider, model, kind | until the answer, or for a stream its commit point |
 * | `failover_retries_total` | provider, class | attempts at the same target again |
 * | `failover_moves_total` | provider, class | moves on to another target |
 * | `failover_skips_total` | provider, reason | targets passed by because they rested |
 * | `failover_runs_total` | kind, outcome | requests; the outcome is `answered`, `interrupted`, `broken` or the error's tag |
 * | `failover_rescues_total` | kind | requests that were answered although an attempt had failed |
 * | `failover_stream_ends_total` | provider, model, outcome | committed streams: `complete`, `left` by the consumer, or the failure's class |
 * | `failover_benches_total` | scope, reason | rests begun or extended |
 * | `failover_benched` | scope | keys that rest now |
 *
 * Models that a client may name at will get the label `other`, so that the number of series does not depend on what
 * clients send. Keys, prompts and answers are never part of a metric.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { BenchRegistry } from "../core/BenchRegistry.ts"
import type { FailoverEvent, Observer } from "../core/FailoverEvent.ts"
import { classOf } from "../core/Failure.ts"
import type { Target } from "../core/Target.ts"

const counter = (name: string, description: string) =>
  Metric.counter(name, { description, incremental: true })

const attempts = counter("failover_attempts_total", "Attempts by target and outcome.")
const retries = counter(
  "failover_retries_total",
  "Attempts at the same target again, by the failure's class."
)
const moves = counter("failover_moves_total", "Moves on to another target, by the failure's class.")
const skips = counter("failover_skips_total", "Targets passed by because they rested.")
const runs = counter("failover_runs_total", "Requests by outcome.")
const rescues = counter("failover_rescues_total", "Requests answered although an attempt had failed.")
const streamEnds = counter("failover_stream_ends_total", "How committed streams ended.")
const benches = counter("failover_benches_total", "Rests begun or extended.")
const benched = Metric.gauge("failover_benched", { description: "Keys that rest now." })

/** Tenths of a second to some minutes: from a cached embedding to a long answer. */
const seconds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300]

const durations = Metric.histogram("failover_attempt_duration_seconds", {
  description: "From the start of an attempt to its answer, or to the commit point of its stream.",
  boundaries: seconds
})

/** What metrics can be told. */
export interface Options {
  /**
   * Whether a model may be a label. Default: never, all are `other`. Say yes for the models of the configuration
   * only; what clients may name at will has no bound.
   */
  readonly knowsModel?: ((target: Target) => boolean) | undefined
}

/**
 * An observer that counts in the `MetricRegistry` of the context. Give it to the runtime.
 *
 * The series of a label set are looked up once, so an event costs a few counters' increments.
 */
export const observer = (options: Options = {}): Effect.Effect<Observer> =>
  Effect.map(Effect.context<never>(), (context) => {
    const series = new Map<string, { readonly updateUnsafe: (n: number, c: typeof context) => void }>()
    const update = <Input extends number, State>(
      metric: Metric.Metric<Input, State>,
      labels: Readonly<Record<string, string>>,
      value: Input
    ) => {
      const key = `${metric.id} ${Object.values(labels).join(" ")}`
      let labelled = series.get(key)
      if (labelled === undefined) {
        const made = Metric.withAttributes(metric, labels)
        labelled = { updateUnsafe: (n, c) => made.updateUnsafe(n as Input, c) }
        series.set(key, labelled)
      }
      labelled.updateUnsafe(value, context)
    }
    const modelOf = (target: Target) => (options.knowsModel?.(target) === true ? target.model : "other")
    const place = (target: Target) => ({ provider: target.provider, model: modelOf(target) })
    const attempt = (target: Target, outcome: string) =>
      update(attempts, { ...place(target), credential: target.credential.name, outcome }, 1)
    /** Runs that have failed before they were answered; a run's object is gone when the run is. */
    const troubled = new WeakSet<FailoverEvent["run"]>()

    return (event) => {
      const { kind } = event.run
      switch (event._tag) {
        case "Skipped":
          return update(skips, { provider: event.target.provider, reason: event.reason }, 1)
        case "AttemptStarted":
          return
        case "AttemptFailed": {
          const { action, failure, target } = event
          const labels = { provider: target.provider, class: classOf(failure) }
          troubled.add(event.run)
          attempt(target, labels.class)
          if (action._tag === "Retry") update(retries, labels, 1)
          if (action._tag === "Next") update(moves, labels, 1)
          return
        }
        case "AttemptSucceeded": {
          const { duration, target } = event
          attempt(target, "answered")
          update(durations, { ...place(target), kind }, duration / 1000)
          if (troubled.has(event.run)) update(rescues, { kind }, 1)
          if (kind === "effect") update(runs, { kind, outcome: "answered" }, 1)
          return
        }
        case "StreamEnded": {
          const { complete, failure, target } = event
          const end = failure !== undefined ? classOf(failure) : complete ? "complete" : "left"
          update(streamEnds, { ...place(target), outcome: end }, 1)
          const outcome = failure !== undefined ? "broken" : complete ? "answered" : "interrupted"
          return update(runs, { kind, outcome }, 1)
        }
        case "RunFailed":
          return update(runs, { kind, outcome: event.error._tag }, 1)
        case "RunInterrupted": {
          if (event.target !== undefined) attempt(event.target, "interrupted")
          return update(runs, { kind, outcome: "interrupted" }, 1)
        }
      }
    }
  })

/** Counts the rests of the bench, in the background until the scope closes, and keeps the gauge of what rests. */
export const watchBench: Effect.Effect<void, never, BenchRegistry | Scope.Scope> = Effect.gen(function* () {
  const registry = yield* BenchRegistry
  yield* registry.changes.pipe(
    Stream.runForEach(({ info }) =>
      info.status === "resting" || info.status === "manual"
        ? Metric.update(
            Metric.withAttributes(benches, { scope: info.scope, reason: info.reason ?? "Manual" }),
            1
          )
        : Effect.void
    ),
    Effect.forkScoped({ startImmediately: true })
  )
})

/** Sets the gauge of what rests now. Ask for it before the metrics are read: rests end without an event. */
export const refreshBench: Effect.Effect<void, never, BenchRegistry> = Effect.gen(function* () {
  const registry = yield* BenchRegistry
  const counts = { target: 0, credential: 0, model: 0, provider: 0 }
  for (const { scope, status } of yield* registry.list) {
    if (status === "resting" || status === "manual") counts[scope]++
  }
  for (const [scope, count] of Object.entries(counts)) {
    yield* Metric.update(Metric.withAttributes(benched, { scope }), count)
  }
})

/** `watchBench` as a layer. */
export const layerBench: Layer.Layer<never, never, BenchRegistry> = Layer.effectDiscard(watchBench)
