/** Requests through a router: those of `Failover`, at the upstream in use. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Backend } from "../domain/Backend.ts"
import type { Provider } from "../domain/Provider.ts"
import type { Target } from "../domain/Target.ts"
import * as Failover from "../engine/Failover.ts"
import { combine, type Observer } from "../events/FailoverEvent.ts"
import type * as Failure from "../failure/Failure.ts"
import type { RunError, StreamBroken } from "../failure/RunError.ts"
import type { UpstreamRouter, Way } from "./Router.ts"

/** One whole answer from the upstream in use. */
export const complete = <Request, Answer, Chunk, R>(
  router: UpstreamRouter<Provider<Request, Answer, Chunk>, R>,
  request: Request,
  options?: Failover.CallOptions
): Effect.Effect<Answer, RunError, R | Failover.Failover> =>
  Effect.flatMap(router.way, (way) => Failover.complete(way.chain, request, observed(way, options)))

/** One whole answer from the upstream in use, with the target that gave it and the attempts that had failed before. */
export const answer = <Request, Answer, Chunk, R>(
  router: UpstreamRouter<Provider<Request, Answer, Chunk>, R>,
  request: Request,
  options?: Failover.CallOptions
): Effect.Effect<Failover.Answered<Answer>, RunError, R | Failover.Failover> =>
  Effect.flatMap(router.way, (way) => Failover.answer(way.chain, request, observed(way, options)))

/**
 * A stream from the upstream in use. The other upstream can take over until the commit point and never after it;
 * its outcome after that point still counts for the route.
 */
export const stream = <Request, Answer, Chunk, R>(
  router: UpstreamRouter<Provider<Request, Answer, Chunk>, R>,
  request: Request,
  options?: Failover.CallOptions
): Stream.Stream<Chunk, RunError | StreamBroken, R | Failover.Failover> =>
  Stream.unwrap(Effect.map(router.way, (way) => Failover.stream(way.chain, request, observed(way, options))))

/**
 * Opens a stream from the upstream in use up to its commit point, for callers that have to send something before the first
 * chunk, such as an HTTP status. The stream is closed with the scope and can be run once.
 */
export const open = <Request, Answer, Chunk, R>(
  router: UpstreamRouter<Provider<Request, Answer, Chunk>, R>,
  request: Request,
  options?: Failover.CallOptions
): Effect.Effect<
  Failover.Answered<Stream.Stream<Chunk, Failover.CommittedStreamError>>,
  RunError,
  R | Failover.Failover | Scope.Scope
> => Effect.flatMap(router.way, (way) => Failover.open(way.chain, request, observed(way, options)))

/**
 * The generic form: any effect of any service, at the upstream in use.
 *
 * @example
 * import { Failover, Failure, Backend } from "effect-failover"
 * import { UpstreamRouter } from "effect-failover/upstream"
 * import { Effect } from "effect"
 *
 * const oslo = Backend.make("oslo", { today: Effect.fail("closed") })
 * const bergen = Backend.make("bergen", { today: Effect.succeed("rain") })
 * const unplaced = (error: string) => new Failure.Transient({ reason: "ServerError", message: error })
 *
 * const program = Effect.gen(function* () {
 *   const router = yield* UpstreamRouter.make({
 *     primary: oslo.model("forecast"),
 *     backup: bergen.model("forecast"),
 *     check: Effect.mapError(oslo.service.today, unplaced)
 *   })
 *   return yield* UpstreamRouter.use(router, (backend) => backend.service.today, { classify: unplaced }) // "rain"
 * })
 * program.pipe(Effect.scoped, Effect.provide(Failover.layer()))
 */
export const use: Use = <P extends Backend, RP, A, E, R, K extends Failure.Failure | Failover.NotMine>(
  router: UpstreamRouter<P, RP>,
  effect: (backend: P, target: Target) => Effect.Effect<A, E, R>,
  options?: Failover.UseOptions<E, K>
): Effect.Effect<A, RunError | Failover.Own<E, K>, RP | R | Failover.Failover> =>
  Effect.flatMap(router.way, (way) =>
    Failover.use(way.chain, effect, observed(way, options as Failover.Classified<Failover.UseOptions<E, K>>))
  )

/** The generic form for streams. */
export const useStream: UseStream = <
  P extends Backend,
  RP,
  C,
  E,
  R,
  K extends Failure.Failure | Failover.NotMine
>(
  router: UpstreamRouter<P, RP>,
  stream: (backend: P, target: Target) => Stream.Stream<C, E, R>,
  options?: Failover.UseStreamOptions<E, C, K>
): Stream.Stream<C, RunError | StreamBroken | Failover.Own<E, K>, RP | R | Failover.Failover> =>
  Stream.unwrap(
    Effect.map(router.way, (way) =>
      Failover.useStream(
        way.chain,
        stream,
        observed(way, options as Failover.Classified<Failover.UseStreamOptions<E, C, K>>)
      )
    )
  )

/** The generic form for a router. An error that is not a failure requires `classify`. */
export interface Use {
  <P extends Backend, RP, A, E, R, K extends Failure.Failure | Failover.NotMine>(
    router: UpstreamRouter<P, RP>,
    effect: (backend: P, target: Target) => Effect.Effect<A, E, R>,
    options: Failover.Classified<Failover.UseOptions<E, K>>
  ): Effect.Effect<A, RunError | Failover.Own<E, K>, RP | R | Failover.Failover>
  <P extends Backend, RP, A, E extends Failure.Failure, R>(
    router: UpstreamRouter<P, RP>,
    effect: (backend: P, target: Target) => Effect.Effect<A, E, R>,
    options?: Failover.UseOptions<E>
  ): Effect.Effect<A, RunError, RP | R | Failover.Failover>
}

/** The generic form for streams at a router. */
export interface UseStream {
  <P extends Backend, RP, C, E, R, K extends Failure.Failure | Failover.NotMine>(
    router: UpstreamRouter<P, RP>,
    stream: (backend: P, target: Target) => Stream.Stream<C, E, R>,
    options: Failover.Classified<Failover.UseStreamOptions<E, C, K>>
  ): Stream.Stream<C, RunError | StreamBroken | Failover.Own<E, K>, RP | R | Failover.Failover>
  <P extends Backend, RP, C, E extends Failure.Failure, R>(
    router: UpstreamRouter<P, RP>,
    stream: (backend: P, target: Target) => Stream.Stream<C, E, R>,
    options?: Failover.UseStreamOptions<E, C>
  ): Stream.Stream<C, RunError | StreamBroken, RP | R | Failover.Failover>
}

const observed = <O extends Failover.CallOptions>(
  { observer }: Way<Backend, unknown>,
  options: O | undefined
): O & { readonly observer: Observer | undefined } => ({
  ...(options as O),
  observer: combine(observer, options?.observer)
})
