/** Makes the handler of a config, with its pages and its admin API. */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { BenchRegistry } from "../health/BenchRegistry.ts"
import { Decisions, make as makeDecisions } from "../observe/Decisions.ts"
import { make as makeRecentTraffic, RecentTraffic } from "../observe/RecentTraffic.ts"
import * as MonotonicClock from "../time/MonotonicClock.ts"
import * as Admin from "./admin/Admin.ts"
import * as Handler from "./Handler.ts"
import * as Ready from "./observe/Ready.ts"
import * as Scrape from "./observe/Scrape.ts"
import * as ConfigSecrets from "./providers/ConfigSecrets.ts"
import type * as CurrentConfig from "./reload/CurrentConfig.ts"
import * as LearnedLimits from "./reload/LearnedLimits.ts"
import type { Revision } from "./reload/Revision.ts"
import * as ModelCalls from "./request/ModelCalls.ts"
import type { RequestLog } from "./request/RequestLog.ts"
import * as SocketHandler from "./SocketHandler.ts"
import * as Access from "./server/Access.ts"
import type { Bodies } from "./server/Bodies.ts"
import type { KeepAlive } from "./server/KeepAlive.ts"
import * as WrongTokens from "./server/WrongTokens.ts"
import * as StatusPage from "./status/StatusPage.ts"

/** Makes the handler of one config. Its scope closes after the last request of that config. */
export type Serving = (
  revision: Revision,
  live: CurrentConfig.CurrentConfig
) => Effect.Effect<CurrentConfig.Handler, never, BenchRegistry | Scope.Scope>

/** Makes what all configs of a gateway share: the start time and the counters. */
export const make = Effect.fnUntraced(function* (
  closing: Effect.Effect<void>,
  bodies: Bodies,
  requestLog: RequestLog,
  keepAlive: KeepAlive
): Effect.fn.Return<Serving, never, BenchRegistry> {
  const startedAt = yield* MonotonicClock.currentTimeMillis
  const metrics = yield* Scrape.make
  const wrongTokens = yield* WrongTokens.make
  const traffic = Option.getOrElse(yield* Effect.serviceOption(RecentTraffic), () => makeRecentTraffic())
  const decisions = Option.getOrElse(yield* Effect.serviceOption(Decisions), () =>
    makeDecisions({ capacity: 1 })
  )
  const learned = Option.getOrElse(
    yield* Effect.serviceOption(LearnedLimits.LearnedLimits),
    () => LearnedLimits.none
  )

  return Effect.fnUntraced(function* (revision, live) {
    const { catalog, config, failover, inFlight } = revision
    const token = config.server.adminToken
    const retrySeconds = wrongTokens.at("admin", config.server.wrongTokens)
    const admin =
      token === undefined
        ? undefined
        : yield* Effect.provideService(
            Admin.make({ token, revision, live, closing, retrySeconds, learned }),
            Decisions,
            decisions
          )
    const page = { revision, live, decisions, traffic, learned, startedAt, closing, retrySeconds }
    const pages = new Map<string, StatusPage.Page>([
      ["/readyz", Ready.make({ config, catalog, failover })],
      ["/metrics", metrics],
      ...(yield* StatusPage.make(page))
    ])
    const secrets = ConfigSecrets.of(config)
    const access = Access.make(config.server, wrongTokens)
    const calls = ModelCalls.make({ config, catalog, failover, secrets, keepAlive })
    const shared = { config, calls, inFlight, access, secrets, requestLog }
    return {
      http: Handler.make({ ...shared, names: catalog.names, startedAt, pages, admin, bodies }),
      socket: SocketHandler.make(shared)
    }
  })
})
