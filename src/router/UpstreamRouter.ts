/**
 * A primary and a backup, with a route that stays until there is reason to move it.
 *
 * A chain consults the bench for every request; a router keeps its route: once it has left the primary, all requests go
 * to the backup until a cooldown is over and a check of the primary has passed; then they return gradually. Attempts,
 * the commit point of streams, the deadline and the events are those of `Failover`, which runs the requests.
 *
 * | event | the route |
 * | --- | --- |
 * | `RateLimit` or `AuthDead` from the primary | moves to the backup at once |
 * | `Transient` from the primary, three requests in a row | moves to the backup |
 * | an answer | the count restarts |
 * | `BadRequest`, `ContextExceeded`, a request that is too large for the account by itself, a firewall, a shortage in our own process, a caller that disconnects, a deadline | stays, and nothing is counted |
 * | the third request in a row that its caller or its deadline cut off, with no answer to any request in between | counts as `Transient` |
 * | the cooldown is over and a check of the primary has passed | returns, over the ramp |
 * | there is no backup | stays |
 */
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as Check from "../checks/Check.ts"
import type { Backend } from "../domain/Backend.ts"
import type * as Chain from "../domain/Chain.ts"
import type * as Failure from "../failure/Failure.ts"
import type { Options as PolicyOptions } from "../policy/Policy.ts"
import * as MonotonicClock from "../time/MonotonicClock.ts"
import * as Checks from "../util/Checks.ts"
import * as UserCode from "../util/UserCode.ts"
import * as LiveRoute from "./LiveRoute.ts"
import { observe } from "./Outcomes.ts"
import * as Ramp from "./Ramp.ts"
import * as Route from "./Route.ts"
import type { UpstreamRouter, Way } from "./Router.ts"
import { statusOf } from "./RouterStatus.ts"
import { policy, waysOf } from "./Ways.ts"

export type { RouteEvent } from "./LiveRoute.ts"
export type { UpstreamRouter, Way } from "./Router.ts"
export type { Status, UpstreamStatus } from "./RouterStatus.ts"
export { policy }

/** Options of a router. For the interval and timeout of checks see `Check.Options`. */
export interface Options<P extends Backend, R, P2 extends Backend, R2, RC> extends Check.Options {
  /**
   * A model, with all credentials of its backend; or a chain, which then counts as one upstream. The policy of a chain (row by
   * row), and its chains for long prompts and refused content, hold for the requests that begin with it.
   */
  readonly primary: Chain.Link<P, R>
  /**
   * Without a backup, nothing ever moves. A model that is also in the primary (by its spec) belongs to the primary.
   */
  readonly backup?: Chain.Link<P2, R2> | undefined
  /**
   * A cheap request to the primary; it passes if it does not fail. Made only while the backup is in use and the
   * cooldown is over, first at its end and then every `interval`; in addition if `watch` is set.
   */
  readonly check: Effect.Effect<unknown, Failure.Failure, RC>
  /** Also checks the primary while it is in use; failed checks count like failed requests. Default false. */
  readonly watch?: boolean | undefined
  /** The cooldown of the primary; longer if it requested a longer wait. Default 5 minutes. */
  readonly cooldown?: Duration.Input | undefined
  /** Consecutive faults after which the route leaves the primary. Default 3. */
  readonly threshold?: number | undefined
  /** How the share of a recovered primary grows; `false` for all at once. Default: from a tenth, over 1 minute. */
  readonly ramp?: Ramp.Options | false | undefined
  /**
   * Whether a request that the upstream in use could not answer is also sent to the other one. This does not move the
   * route, which follows its own rules. Default true.
   */
  readonly rescue?: boolean | undefined
  /** Merged with the router's own `policy`, row by row. */
  readonly policy?: PolicyOptions | undefined
  /** The effect of a failure on the route. Default `Route.judge`. */
  readonly judge?: ((failure: Failure.Failure) => Route.Verdict) | undefined
}

/**
 * Builds a router. While the scope is open, the primary is checked when needed.
 *
 * @example
 * import { Failover } from "effect-failover"
 * import { Scripted } from "effect-failover/testing"
 * import { UpstreamRouter } from "effect-failover/upstream"
 * import { Effect } from "effect"
 *
 * const main = Scripted.make("main", [["hello"]])
 * const spare = Scripted.make("spare", [["hello, too"]])
 *
 * const program = Effect.gen(function* () {
 *   const router = yield* UpstreamRouter.make({
 *     primary: main.model("large"),
 *     backup: spare.model("large"),
 *     check: Effect.void // of a real primary: a request that costs little
 *   })
 *   const answer = yield* UpstreamRouter.complete(router, "a prompt") // "hello"
 *   const { active } = yield* router.status // "primary"
 *   return [answer, active]
 * })
 * program.pipe(Effect.scoped, Effect.provide(Failover.layer()))
 */
export const make = Effect.fnUntraced(function* <
  P extends Backend,
  R,
  P2 extends Backend = never,
  R2 = never,
  RC = never
>(
  options: Options<P, R, P2, R2, RC>
): Effect.fn.Return<UpstreamRouter<P | P2, R | R2>, never, RC | Scope.Scope> {
  Checks.fields("UpstreamRouter.make", options, {
    threshold: Checks.count,
    cooldown: Checks.duration,
    judge: Checks.callable,
    check: (check) =>
      Effect.isEffect(check) ? undefined : `is ${Checks.quoted(check)}; it has to be an effect`,
    watch: Checks.flag,
    rescue: Checks.flag
  })
  const ways = waysOf(options)
  const rules: Route.Rules = {
    hasBackup: ways.backup !== undefined,
    threshold: Math.max(1, options.threshold ?? 3),
    cooldown: Duration.toMillis(options.cooldown ?? "5 minutes"),
    ramp: Ramp.make(options.ramp),
    judge: options.judge === undefined ? Route.judge : yield* contained(options.judge)
  }
  const timing = Check.timing(options)
  const route = yield* LiveRoute.make({ rules, timing, check: options.check, watch: options.watch ?? false })

  const wayOf = (upstream: Route.Upstream, { epoch }: Route.State): Way<P | P2, R | R2> => ({
    upstream,
    chain: upstream === "backup" ? (ways.backup ?? ways.primary) : ways.primary,
    observer: observe(ways.upstreamOf, {
      succeeded: (at, now) => route.succeeded(at, epoch, now),
      failed: (at, failure, now) => route.failed(at, epoch, failure, now)
    })
  })
  return {
    way: Effect.flatMap(MonotonicClock.currentTimeMillis, (now) => {
      const state = route.state(now)
      const share = Route.share(state, rules, now)
      if (share === 1) return Effect.succeed(wayOf("primary", state))
      if (share === 0) return Effect.succeed(wayOf("backup", state))
      return Effect.map(Random.next, (chance) => wayOf(chance < share ? "primary" : "backup", state))
    }),
    status: Effect.map(MonotonicClock.currentTimeMillis, (now) => {
      const state = route.state(now)
      return statusOf(state, ways, { share: Route.share(state, rules, now), lastCheck: route.lastCheck() })
    }),
    events: route.events
  }
})

/**
 * A router as a service of an application.
 *
 * @example
 * import { Failover, Backend } from "effect-failover"
 * import { UpstreamRouter } from "effect-failover/upstream"
 * import { Context, Effect, Layer } from "effect"
 *
 * const oslo = Backend.make("oslo", { today: Effect.succeed("rain"), ping: Effect.void })
 * const bergen = Backend.make("bergen", { today: Effect.succeed("more rain"), ping: Effect.void })
 *
 * class Weather extends Context.Service<Weather, UpstreamRouter.UpstreamRouter<typeof oslo | typeof bergen>>()(
 *   "app/Weather"
 * ) {}
 * const WeatherLive = UpstreamRouter.layer(Weather, {
 *   primary: oslo.model("forecast"),
 *   backup: bergen.model("forecast"),
 *   check: oslo.service.ping,
 *   cooldown: "1 minute"
 * })
 *
 * const today = Effect.flatMap(Weather, (router) =>
 *   UpstreamRouter.use(router, (backend) => backend.service.today)
 * )
 * today.pipe(Effect.provide(Layer.merge(WeatherLive, Failover.layer())))
 */
export const layer = <Self, P extends Backend, R, P2 extends Backend = never, R2 = never, RC = never>(
  key: Context.Key<Self, UpstreamRouter<P | P2, R | R2>>,
  options: Options<P, R, P2, R2, RC>
): Layer.Layer<Self, never, Exclude<RC, Scope.Scope>> => Layer.effect(key, make(options))

/** A user's `judge`. If it returns no verdict, that of `Route.judge` counts. */
const contained = (judge: Route.Rules["judge"]): Effect.Effect<Route.Rules["judge"]> =>
  Effect.contextWith((context: Context.Context<never>) =>
    Effect.succeed((failure) => {
      let did = "returned no verdict"
      try {
        const verdict: unknown = judge(failure)
        if (verdict === "move" || verdict === "count" || verdict === "ignore") return verdict
        UserCode.isPromise(verdict)
      } catch (error) {
        did = UserCode.threw(error)
      }
      UserCode.name(judge, "the judge of an UpstreamRouter", did, "the default verdict counts", context)
      return Route.judge(failure)
    })
  )

export { answer, complete, open, stream, type Use, type UseStream, use, useStream } from "./Calls.ts"
