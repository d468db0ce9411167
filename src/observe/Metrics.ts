/**
 * Metrics from the runtime's events and the bench.
 *
 * | metric | labels | counts |
 * | --- | --- | --- |
 * | `failover_attempts_total` | provider, model, credential, outcome | attempts; the outcome is `answered`, `interrupted`, `dropped` (the other attempt of a hedged request had content first) or the failure's class |
 * | `failover_attempt_duration_seconds` | provider, model, kind | from the start of an attempt until its answer, or for a stream its commit point |
 * | `failover_time_to_first_content_seconds` | provider, model | from the start of a stream's run until its commit point, failed attempts before it included |
 * | `failover_retries_total` | provider, class | retries: further attempts at the same target |
 * | `failover_moves_total` | provider, class | fallbacks to another target |
 * | `failover_hedges_total` | provider, outcome | hedges, by the provider of the second target: `started`, and of those `won` |
 * | `failover_skips_total` | provider, reason | targets skipped because they were benched |
 * | `failover_runs_total` | asked, kind, outcome | requests; the outcome is `answered`, `interrupted`, `broken` or the error's tag |
 * | `failover_rescues_total` | asked, kind | requests that were answered although an attempt had failed |
 * | `failover_run_duration_seconds` | kind, outcome | from the start of a run to the end of its answer; the outcome is `answered`, `interrupted`, `broken` or `failed` |
 * | `failover_overhead_seconds` | kind | time of a request outside attempts and the waits between them, until its answer or its failure |
 * | `failover_stream_ends_total` | provider, model, outcome | committed streams: `complete`, `left` by the consumer, or the failure's class |
 * | `failover_tokens_total` | provider, model, direction | tokens reported by answers, `input` and `output`, if `usageOf` is given |
 * | `failover_cached_tokens_total` | provider, model, access | input tokens read from a cache (`read`) or written to one (`write`) |
 * | `failover_benches_total` | scope, provider, reason | benches begun or extended |
 * | `failover_benched` | scope, provider, model, credential | keys that are benched now |
 * | `failover_retry_budget` | | retries left in the budget now |
 *
 * Models that clients may name freely get the label `other`, so that the number of series does not depend on what
 * clients send. Keys, prompts and answers are never part of a metric.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Metric from "effect/Metric"
import type * as Scope from "effect/Scope"
import type { Target } from "../domain/Target.ts"
import type { Observer, RunEnded, RunInfo } from "../events/FailoverEvent.ts"
import { classOf } from "../failure/Failure.ts"
import type { BenchRegistry } from "../health/BenchRegistry.ts"
import * as BenchMetrics from "./BenchMetrics.ts"
import * as Series from "./Series.ts"
import type { Usage } from "./Usage.ts"

const { counter } = Series

const attempts = counter("failover_attempts_total", "Attempts by target and outcome.")
const retries = counter("failover_retries_total", "Retries at the same target, by the failure's class.")
const moves = counter("failover_moves_total", "Fallbacks to another target, by the failure's class.")
const hedges = counter("failover_hedges_total", "Hedges by the provider of the second target and outcome.")
const skips = counter("failover_skips_total", "Targets skipped because they were benched.")
const runs = counter("failover_runs_total", "Requests by requested model and outcome.")
const rescues = counter("failover_rescues_total", "Requests answered although an attempt had failed.")
const streamEnds = counter("failover_stream_ends_total", "How committed streams ended.")
const tokens = counter("failover_tokens_total", "Tokens reported by answers, by direction.")
const cachedTokens = counter(
  "failover_cached_tokens_total",
  "Input tokens read from a provider's cache or written to it."
)
const budget = Metric.gauge("failover_retry_budget", {
  description: "Retries left in the budget now."
})

/** Hundredths of a second to some minutes: from a cached embedding to a long answer. */
const seconds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300]

/** From microseconds to one second, which would be far too long. */
const ownSeconds = [
  0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1
]

const durations = Series.histogram(
  "failover_attempt_duration_seconds",
  "From the start of an attempt to its answer, or to the commit point of its stream.",
  seconds
)
const firstContents = Series.histogram(
  "failover_time_to_first_content_seconds",
  "From the start of a stream's run to its commit point, failed attempts included.",
  seconds
)
const runDurations = Series.histogram(
  "failover_run_duration_seconds",
  "From the start of a run to the end of its answer, or to its failure.",
  seconds
)
const overheads = Series.histogram(
  "failover_overhead_seconds",
  "Time of a request outside its attempts and the waits between them.",
  ownSeconds
)

/** Options of the metrics. */
export interface Options {
  /**
   * Whether a model may be a label. Default: never, all are `other`. Return true only for configured models; names
   * that clients choose are unbounded.
   */
  readonly knowsModel?: ((target: Pick<Target, "provider" | "model">) => boolean) | undefined
  /**
   * Whether a requested name (`about.model`), which may be the name of a chain, may be a label. Default: never, all are
   * `other`.
   */
  readonly knowsName?: ((name: string) => boolean) | undefined
  /** The usage reported by the last attempt of a run at a target. Default: not read, and no tokens are counted. */
  readonly usageOf?: ((run: RunInfo, target?: Target) => Usage | undefined) | undefined
}

/** The series of one target. */
interface TargetSeries {
  readonly place: { readonly provider: string; readonly model: string }
  readonly attempts: Map<string, Series.Update>
  readonly ends: Map<string, Series.Update>
  readonly durations: Record<RunInfo["kind"], Series.Update>
  readonly firstContent: Series.Update
}

/**
 * An observer that updates metrics in the `MetricRegistry` of the context. Give it to the runtime.
 *
 * The series of a label set are looked up once, so an event costs a few counter increments.
 */
export const observer = (options: Options = {}): Effect.Effect<Observer> =>
  Effect.map(Effect.context<never>(), (context) => {
    const series = Series.make(context)
    const byTarget = new WeakMap<Target, TargetSeries>()
    const overheadOf = {
      effect: series.of(overheads, { kind: "effect" }),
      stream: series.of(overheads, { kind: "stream" })
    }

    const seriesOf = (target: Target): TargetSeries => {
      const known = byTarget.get(target)
      if (known !== undefined) return known
      const { provider } = target
      const place = { provider, model: options.knowsModel?.(target) === true ? target.model : "other" }
      const made: TargetSeries = {
        place,
        attempts: new Map(),
        ends: new Map(),
        durations: {
          effect: series.of(durations, { ...place, kind: "effect" }),
          stream: series.of(durations, { ...place, kind: "stream" })
        },
        firstContent: series.of(firstContents, place)
      }
      byTarget.set(target, made)
      return made
    }

    const attempt = (target: Target, { attempts: known, place }: TargetSeries, outcome: string) => {
      let update = known.get(outcome)
      if (update === undefined) {
        update = series.of(attempts, { ...place, credential: target.credential.name, outcome })
        known.set(outcome, update)
      }
      update(1)
    }

    const askedOf = ({ about }: RunInfo): string =>
      about?.model !== undefined && options.knowsName?.(about.model) === true ? about.model : "other"

    const runsOf = {
      effect: Series.byTwo((asked, outcome) => series.of(runs, { asked, kind: "effect", outcome })),
      stream: Series.byTwo((asked, outcome) => series.of(runs, { asked, kind: "stream", outcome }))
    }
    const tookOf = Series.byTwo((kind, outcome) => series.of(runDurations, { kind, outcome }))
    const ended = ({ duration, error, failed, outcome, run }: RunEnded) => {
      const asked = askedOf(run)
      runsOf[run.kind](asked, outcome === "failed" ? (error?._tag ?? outcome) : outcome)(1)
      tookOf(run.kind, outcome)(duration / 1000)
      if (outcome === "answered" && failed.length > 0) series.of(rescues, { asked, kind: run.kind })(1)
    }

    /** The hedge of a run that was not over yet, by the number of its attempt. */
    const hedged = new WeakMap<RunInfo, number>()
    const hedge = ({ provider }: Target, outcome: string) => series.of(hedges, { provider, outcome })(1)

    const spent = (
      { run, target }: { readonly run: RunInfo; readonly target: Target },
      { place }: TargetSeries
    ) => {
      const usage = options.usageOf?.(run, target)
      if (usage === undefined) return
      const count = (metric: Series.Family, label: Series.Labels, value: number | undefined) => {
        if (value !== undefined) series.of(metric, { ...place, ...label })(value)
      }
      count(tokens, { direction: "input" }, usage.inputTokens)
      count(tokens, { direction: "output" }, usage.outputTokens)
      count(cachedTokens, { access: "read" }, usage.cacheReadTokens)
      count(cachedTokens, { access: "write" }, usage.cacheWriteTokens)
    }

    return (event) => {
      const { kind } = event.run
      switch (event._tag) {
        case "Skipped":
          return series.of(skips, { provider: event.target.provider, reason: event.reason })(1)
        case "AttemptStarted":
          if (event.hedge !== true) return
          hedged.set(event.run, event.attempt)
          return hedge(event.target, "started")
        case "AttemptDropped":
          return attempt(event.target, seriesOf(event.target), "dropped")
        case "AttemptFailed": {
          const { action, failure, target } = event
          const labels = { provider: target.provider, class: classOf(failure) }
          const known = seriesOf(target)
          attempt(target, known, labels.class)
          spent(event, known)
          if (action._tag === "Retry") series.of(retries, labels)(1)
          if (action._tag === "Next") series.of(moves, labels)(1)
          return
        }
        case "AttemptSucceeded": {
          const { duration, elapsed, overhead, run, target } = event
          const known = seriesOf(target)
          attempt(target, known, "answered")
          known.durations[kind](duration / 1000)
          overheadOf[kind](overhead / 1000)
          if (hedged.get(run) === event.attempt) hedge(target, "won")
          return kind === "stream" ? known.firstContent(elapsed / 1000) : spent(event, known)
        }
        case "StreamEnded": {
          const { complete, failure, target } = event
          const known = seriesOf(target)
          const end = failure !== undefined ? classOf(failure) : complete ? "complete" : "left"
          let update = known.ends.get(end)
          if (update === undefined) {
            update = series.of(streamEnds, { ...known.place, outcome: end })
            known.ends.set(end, update)
          }
          update(1)
          return spent(event, known)
        }
        case "RunFailed":
          return overheadOf[kind](event.overhead / 1000)
        case "RunInterrupted":
          if (event.target !== undefined) attempt(event.target, seriesOf(event.target), "interrupted")
          return
        case "RunEnded":
          return ended(event)
      }
    }
  })

/**
 * A gauge of the retries left in the budget, until the scope closes: a runtime's `retriesLeft`, computed when read.
 */
export const watchBudget = (retriesLeft: Effect.Effect<number>): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const read = Effect.runSyncWith(yield* Effect.context<never>())
    const series = yield* Series.scoped
    series.read(budget, {}, () => read(retriesLeft))
  })

/** Counts benches and provides a gauge of benched keys while the layer lives. */
export const layerBench = (options?: Options): Layer.Layer<never, never, BenchRegistry> =>
  Layer.effectDiscard(BenchMetrics.watch(options))
