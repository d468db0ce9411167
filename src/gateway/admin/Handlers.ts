/** The handlers of the admin API. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import { split } from "../../catalog/Catalog.ts"
import { millisOf } from "../../config/file/ConfigFile.ts"
import * as Chain from "../../domain/Chain.ts"
import { BenchRegistry } from "../../health/BenchRegistry.ts"
import { Decisions } from "../../observe/Decisions.ts"
import * as Policy from "../../policy/Policy.ts"
import * as EventSubscribers from "../observe/EventSubscribers.ts"
import type { CurrentConfig } from "../reload/CurrentConfig.ts"
import type { LearnedLimits } from "../reload/LearnedLimits.ts"
import type { Revision } from "../reload/Revision.ts"
import { AdminApi, type BenchRequest, InvalidRequest, NotBenched } from "./AdminApi.ts"
import * as ConfigView from "./ConfigView.ts"
import * as Events from "./Events.ts"
import * as JsonLines from "./JsonLines.ts"
import { benchOf, explainedOf, healthOf, learnedOf, tiersOf, untried } from "./Views.ts"
import type * as Wire from "./Wire.ts"

/** What the handlers need. */
export interface Options {
  /** The config in force when the call comes. */
  readonly revision: Revision
  readonly live: CurrentConfig
  readonly learned: LearnedLimits["Service"]
  /** Done when the gateway begins to stop. Event streams end then, so that they do not delay the stop. */
  readonly closing: Effect.Effect<unknown>
}

/** The handlers of the whole API. */
export const layer = (options: Options) => Layer.mergeAll(benches(options), insight(options), config(options))

/** The latest end of a manual bench; later dates have no ISO 8601 form. */
const latestEnd = Date.parse("9999-12-31T23:59:59Z")

const benches = ({ revision: { named } }: Options) =>
  HttpApiBuilder.group(
    AdminApi,
    "benches",
    Effect.fnUntraced(function* (handlers) {
      const registry = yield* BenchRegistry
      return handlers.handleAll({
        list: () => Effect.map(registry.list, (list) => list.map(benchOf)),

        add: Effect.fnUntraced(function* ({ payload }) {
          const { by = "admin", reason } = payload
          const key = payload.key.trim()
          const why = named.whyNot(key)
          if (why !== undefined) return yield* invalid(why)
          const until = yield* endOf(payload, yield* Clock.currentTimeMillis)
          yield* registry.bench(key, { until, reason, by })
          const list = yield* registry.list
          const info = list.find((each) => each.key === key)
          // The end may be in the past already.
          return info === undefined ? yield* invalid("the end has passed") : benchOf(info)
        }),

        remove: Effect.fnUntraced(function* ({ params: { key } }) {
          if (!(yield* registry.unbench(key.trim()))) return yield* new NotBenched({ key })
        })
      })
    })
  )

/** The end of a manual bench; `undefined` for none. */
const endOf = (
  { for: duration, until }: typeof BenchRequest.Type,
  now: number
): Effect.Effect<number | undefined, InvalidRequest> => {
  if (duration !== undefined && until !== undefined) return invalid("set until or for, not both")
  const end = until ?? (duration === undefined ? undefined : now + (millisOf(duration) ?? 0))
  if (end === undefined) return Effect.succeed(undefined)
  if (end <= now) return invalid("the end is not in the future")
  return end > latestEnd ? invalid("the end is later than the year 9999") : Effect.succeed(end)
}

const invalid = (message: string): Effect.Effect<never, InvalidRequest> =>
  Effect.fail(new InvalidRequest({ message }))

const insight = ({ closing, learned, live, revision }: Options) =>
  HttpApiBuilder.group(
    AdminApi,
    "insight",
    Effect.fnUntraced(function* (handlers) {
      const registry = yield* BenchRegistry
      const decisions = yield* Decisions
      const { catalog, config, failover, named } = revision
      const configView = ConfigView.make(revision)
      const { events, over } = Events.make({ decisions, registry, revision, changes: live.changes, closing })
      const subscribers = yield* EventSubscribers.make(over)
      return handlers.handleAll({
        health: () =>
          Effect.map(Effect.all([registry.report, learned.all]), ([report, limits]) => {
            const rows = new Map(named.targets.map((key) => [key, untried(key)]))
            for (const health of report) rows.set(health.key, healthOf(health))
            for (const limit of limits) {
              rows.set(limit.key, {
                ...(rows.get(limit.key) ?? untried(limit.key)),
                learned: learnedOf(limit)
              })
            }
            return [...rows.values()]
          }),

        decisions: ({ query: { format, limit }, request }) =>
          Effect.map(decisions.recent, (recent) => {
            const last = recent.slice(0, limit)
            return format === "jsonl" || (format === undefined && JsonLines.isWanted(request.headers.accept))
              ? JsonLines.response(last)
              : last
          }),

        explain: Effect.fnUntraced(function* ({ query: { fallbacks, model } }) {
          const found = catalog.resolve(model, { fallbacks: fallbacks === undefined ? [] : split(fallbacks) })
          if (Result.isFailure(found)) return yield* found.failure
          const chain = found.success
          const explained = yield* failover.explain(chain)
          const targets = explained.map(explainedOf)
          const first = targets.find(({ state }) => state === "callable" || state === "probe")
          const { attempts, deadline, whenAllBenched } = Policy.make(config.policy, chain.policy)
          const retriesLeft = yield* failover.retriesLeft
          const explanation: Wire.Explanation = {
            model,
            chain: Chain.specs(chain),
            ...(first !== undefined && { first: first.target }),
            targets,
            tiers: tiersOf(explained),
            whenAllBenched,
            ...(chain.onContextExceeded && { onContextExceeded: Chain.specs(chain.onContextExceeded) }),
            ...(chain.onContentPolicy && { onContentPolicy: Chain.specs(chain.onContentPolicy) }),
            ...(Number.isFinite(deadline) && { deadline }),
            attempts,
            ...(Number.isFinite(retriesLeft) && { retriesLeft })
          }
          return explanation
        }),

        config: () => Effect.sync(() => ({ ...configView, ...ConfigView.refused(live.refused()) })),

        events: () => Effect.as(subscribers.add, events)
      })
    })
  )

const config = ({ live }: Options) =>
  HttpApiBuilder.group(AdminApi, "config", (handlers) => handlers.handleAll({ reload: () => live.reload }))
