/** A router as its users see it, and the way of one request. */
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { Backend } from "../domain/Backend.ts"
import type * as Chain from "../domain/Chain.ts"
import type { Observer } from "../events/FailoverEvent.ts"
import type * as LiveRoute from "./LiveRoute.ts"
import type * as Route from "./Route.ts"
import type { Status } from "./RouterStatus.ts"

/** The way of one request: the upstreams in order, and the observer it must pass on. */
export interface Way<out P extends Backend, out R> {
  /** The first upstream. */
  readonly upstream: Route.Upstream
  readonly chain: Chain.Chain<P, R>
  readonly observer: Observer
}

/**
 * A primary and a backup with a route between them. Requests are made with `complete`, `stream`, `use` and
 * `useStream` of this module.
 */
export interface UpstreamRouter<out P extends Backend, out R = never> {
  /** The way of the next request, for code that calls `Failover` itself; it must pass the observer on. */
  readonly way: Effect.Effect<Way<P, R>>
  readonly status: Effect.Effect<Status>
  /** The events of the route from now on. A slow reader loses the oldest of 256. */
  readonly events: Stream.Stream<LiveRoute.RouteEvent>
}
