/** The limits that were learned of targets (`policy.learnedLimit`), for pages and metrics. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type * as Scope from "effect/Scope"
import { type LearnedLimit, Room } from "../../candidates/queue/Room.ts"
import type { SignalsOf } from "../../choice/Signals.ts"
import type { Observer } from "../../events/FailoverEvent.ts"
import type * as Metrics from "../../observe/Metrics.ts"
import * as Series from "../../observe/Series.ts"
import * as MonotonicClock from "../../time/MonotonicClock.ts"

/**
 * The targets of a process of which a limit is known.
 *
 * @category services
 */
export class LearnedLimits extends Context.Service<
  LearnedLimits,
  { readonly all: Effect.Effect<ReadonlyArray<LearnedLimit>> }
>()("effect-failover/LearnedLimits") {}

/** Reads what the runtimes of a process have learned. */
export const make = (signals: SignalsOf): LearnedLimits["Service"] => {
  const room = new Room(signals)
  return { all: Effect.map(MonotonicClock.currentTimeMillis, (now) => room.all(now)) }
}

/** No learned limits. */
export const none: LearnedLimits["Service"] = { all: Effect.succeed([]) }

const limits = Metric.gauge("failover_learned_limit", {
  description: "What a target takes, as learned: attempts at once, or in a second."
})
const waiting = Metric.gauge("failover_learned_limit_waiting", {
  description: "Requests that wait for room at a target with a learned limit."
})

/**
 * Gauges of the learned limits, until the scope closes. They are computed when read, and 0 while nothing is known. A target
 * has them from its first failure on: give the result to the runtime as an observer.
 */
export const watch = (
  learned: LearnedLimits["Service"],
  options: Pick<Metrics.Options, "knowsModel">
): Effect.Effect<Observer, never, Scope.Scope> =>
  Effect.gen(function* () {
    const series = yield* Series.scoped
    const read = Effect.runSyncWith(yield* Effect.context<never>())
    const byKey = Series.oncePerTurn(() => new Map(read(learned.all).map((limit) => [limit.key, limit])))
    const shown = new Set<string>()
    return (event) => {
      if (event._tag !== "AttemptFailed" || event.target.policy.learnedLimit === undefined) return
      const { credential, key, model, provider } = event.target
      if (shown.has(key) || options.knowsModel?.(event.target) !== true) return
      shown.add(key)
      const now = () => byKey().get(key)
      const labels = { provider, model, credential: credential.name }
      series.read(limits, { ...labels, of: "at_once" }, () => now()?.limit ?? 0)
      series.read(limits, { ...labels, of: "per_second" }, () => now()?.perSecond ?? 0)
      series.read(waiting, labels, () => now()?.waiting ?? 0)
    }
  })
