/** The config in force, and how a reload replaces it. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import type { HttpServerResponse } from "effect/http/HttpServerResponse"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import * as SubscriptionRef from "effect/SubscriptionRef"
import type { InvalidCatalog } from "../../catalog/Catalog.ts"
import { ConfigError, formatPath } from "../../config/file/Problem.ts"
import type { GatewayConfig } from "../../config/GatewayConfig.ts"
import type { Transport } from "../../providers/transport/Transport.ts"
import type { Refusal } from "../http/Refusal.ts"
import * as Exposure from "../server/Exposure.ts"
import type * as NodeAnswer from "../server/NodeAnswer.ts"
import { NotReloadable, type ReloadError, type Reloaded } from "./Reload.ts"
import * as ReloadReport from "./ReloadReport.ts"
import * as Restart from "./Restart.ts"
import * as Revision from "./Revision.ts"
import type { Runtimes } from "./Runtimes.ts"

/** Answers a request. It is called in the first turn of the request's fiber. */
export type HttpHandler = (
  fiber: Fiber.Fiber<unknown, unknown>
) => Effect.Effect<HttpServerResponse, never, HttpServerRequest | Scope.Scope>

/** Answers the requests of a gateway. */
export interface Handler {
  readonly http: HttpHandler
  readonly socket: SocketHandler
}

/** Answers requests that come over a WebSocket. */
export interface SocketHandler {
  /** Whether a connection may be opened, by the headers of its handshake. */
  readonly mayOpen: (headers: NodeAnswer.Headers) => boolean
  /** Answers a Responses request. It counts as in flight until its answer ends. */
  readonly respond: (request: {
    readonly headers: NodeAnswer.Headers
    /** The body, or why the frame has none. */
    readonly text: string | Refusal
    readonly out: NodeAnswer.Out
  }) => Effect.Effect<HttpServerResponse, never, Scope.Scope>
}

/** The config in force. */
export interface CurrentConfig {
  /** The config in force. */
  readonly current: () => Revision.Revision
  /** The config in force, and each that replaces it. */
  readonly changes: Stream.Stream<Revision.Revision>
  /** The last refused config, if it was refused after the one in force was loaded. */
  readonly refused: () => Refused | undefined
  /** See `Reload`. */
  readonly reload: Effect.Effect<Reloaded, ReloadError>
}

/** A config that was refused. */
export interface Refused {
  /** In milliseconds since the epoch. */
  readonly at: number
  readonly error: ConfigError
}

/** Where configs come from, and what serves them. */
export interface Options<R> {
  readonly config: GatewayConfig
  /** Reads the next config. Without it, reloads fail. */
  readonly source: Effect.Effect<GatewayConfig, ConfigError> | undefined
  /** True once the gateway begins to stop. */
  readonly isStopping: () => boolean
  /** Called with each config that comes into force, including the first. */
  readonly onConfig?: ((config: GatewayConfig) => void) | undefined
  /** Makes the handler of a config. Its scope closes after the last request that the config serves. */
  readonly serve: (
    revision: Revision.Revision,
    live: CurrentConfig
  ) => Effect.Effect<Handler, never, R | Scope.Scope>
}

interface InForce {
  readonly revision: Revision.Revision
  readonly handler: Handler
  readonly scope: Scope.Closeable
}

/**
 * Puts the first config in force. The handler serves each request with the config that is in force when the
 * request starts.
 */
export const make = Effect.fnUntraced(function* <R>(
  options: Options<R>
): Effect.fn.Return<
  readonly [live: CurrentConfig, handler: Handler],
  InvalidCatalog,
  Runtimes | Transport | Scope.Scope | Exclude<R, Scope.Scope>
> {
  const { config: first, isStopping, onConfig, serve, source } = options
  const context = yield* Effect.context<Runtimes | Transport | Exclude<R, Scope.Scope>>()
  const parent = yield* Effect.scope
  const turn = yield* Semaphore.make(1)
  let refused: Refused | undefined

  /** Builds a config in its own scope, which closes at once if the config is invalid. */
  const build = (config: GatewayConfig, number: number): Effect.Effect<InForce, InvalidCatalog> =>
    Effect.flatMap(Scope.fork(parent), (scope) =>
      Revision.make(config, number).pipe(
        Effect.flatMap((revision) =>
          Effect.map(serve(revision, live), (handler): InForce => ({ revision, handler, scope }))
        ),
        Effect.provideService(Scope.Scope, scope),
        Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause))),
        // Without the context of the request that triggered the reload: later requests would get its path and body.
        Effect.updateContext((_: Context.Context<never>) => context)
      )
    )

  /** Releases the resources of a config after its last request. */
  const retire = ({ revision, scope }: InForce) =>
    Effect.forkIn(Effect.andThen(revision.inFlight.idle, Scope.close(scope, Exit.void)), parent)

  const succeed = Effect.fnUntraced(function* (next: GatewayConfig): Effect.fn.Return<Reloaded, ReloadError> {
    if (isStopping()) return yield* new NotReloadable({ message: "the gateway is stopping" })
    const before = SubscriptionRef.getUnsafe(inForce)
    const { config, restart } = Restart.settle(next, before.revision.config)
    // Both the config in force and the one after a restart must be safe.
    const exposed = Exposure.check(next.server) ?? Exposure.check(config.server)
    if (exposed !== undefined) return yield* refusal([{ path: "server.tokens", message: exposed.message }])
    const after = yield* Effect.catchTag(
      build(config, before.revision.number + 1),
      "InvalidCatalog",
      ({ problems }) => refusal(problems.map(({ message, path }) => ({ path: formatPath(path), message })))
    )
    yield* SubscriptionRef.set(inForce, after)
    onConfig?.(config)
    refused = undefined
    yield* retire(before)
    const { number, since } = after.revision
    return { revision: number, since, restart, notes: config.notes }
  })

  const reload = Effect.suspend(() => {
    if (source === undefined) return Effect.fail(new NotReloadable({ message: nothingToRead }))
    return Effect.uninterruptibleMask((restore) => Effect.flatMap(restore(source), succeed))
  })

  const remember = (error: ReloadError) =>
    Effect.map(Clock.currentTimeMillis, (at) => {
      if (error._tag === "ConfigError") refused = { at, error }
    })
  const reported = reload.pipe(
    Effect.tap(ReloadReport.taken),
    Effect.tapError((error) => Effect.andThen(remember(error), ReloadReport.refused(error))),
    Effect.updateContext<never, never>((own) => Context.merge(own, context))
  )

  const live: CurrentConfig = {
    current: () => SubscriptionRef.getUnsafe(inForce).revision,
    changes: Stream.suspend(() => Stream.map(SubscriptionRef.changes(inForce), ({ revision }) => revision)),
    refused: () => refused,
    reload: turn.withPermit(reported)
  }
  const inForce = yield* SubscriptionRef.make(yield* build(first, 1))
  onConfig?.(first)
  yield* ReloadReport.inForce({ revision: 1, since: live.current().since })

  const handlerNow = () => SubscriptionRef.getUnsafe(inForce).handler
  const handler: Handler = {
    http: (fiber) => handlerNow().http(fiber),
    socket: {
      mayOpen: (headers) => handlerNow().socket.mayOpen(headers),
      respond: (request) => Effect.suspend(() => handlerNow().socket.respond(request))
    }
  }
  return [live, handler] as const
})

const nothingToRead = "this gateway was started without a config file, so there is nothing to reload"

const refusal = (problems: ConstructorParameters<typeof ConfigError>[0]["problems"]) =>
  Effect.fail(new ConfigError({ file: "the config", problems }))
