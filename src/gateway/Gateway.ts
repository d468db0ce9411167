/** The gateway as a layer: it listens as long as the layer lives. */
import { createServer, type Server } from "node:http"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as ByteSize from "effect/ByteSize"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { MaxBodySize } from "effect/http/HttpIncomingMessage"
import * as HttpServer from "effect/http/HttpServer"
import type { ServeError } from "effect/http/HttpServerError"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { GatewayConfig } from "../config/GatewayConfig.ts"
import type { BenchRegistry } from "../core/BenchRegistry.ts"
import type { Catalog, InvalidCatalog } from "../core/Catalog.ts"
import { Failover } from "../core/Failover.ts"
import type { Observer } from "../core/FailoverEvent.ts"
import { Decisions, make as makeDecisions } from "../observe/Decisions.ts"
import * as UndiciUpstream from "../providers/UndiciUpstream.ts"
import type { Upstream } from "../providers/Upstream.ts"
import * as Admin from "./admin/Admin.ts"
import * as Exposure from "./Exposure.ts"
import * as Handler from "./Handler.ts"
import * as Named from "./Named.ts"
import * as Observed from "./Observed.ts"
import type { GatewayProvider } from "./Providers.ts"
import * as Providers from "./Providers.ts"
import * as Ready from "./Ready.ts"
import * as Scrape from "./Scrape.ts"

/** What a gateway can be told besides its config. */
export interface Options {
  /**
   * How long requests in flight may take when the gateway stops; after it they are broken off. Default 25 s, so that
   * the process is gone before the 30 s are over after which a container is killed.
   */
  readonly drain?: Duration.Input | undefined
  /** Hears the events of all requests, besides the gateway's own observers. */
  readonly observer?: Observer | undefined
}

/** Why a gateway does not start: its port, its names, or that it would be open to everybody. */
export type GatewayError = ServeError | InvalidCatalog | Exposure.ExposedGateway

/** Longer than load balancers keep an idle connection, so that they close it and no request meets a closed one. */
const keepAliveTimeout = 65_000

/**
 * A gateway that listens on the host and port of its config.
 *
 * When the layer ends, it takes no new connections, lets requests in flight come to their end, and closes each
 * connection as soon as it is idle.
 *
 * The admin API tells the decisions of the context's `Decisions`, which has to be the runtime's observer; without that
 * service it knows of none.
 */
export const layerNoDeps = (
  config: GatewayConfig,
  options: Omit<Options, "observer"> = {}
): Layer.Layer<HttpServer.HttpServer, GatewayError, Failover | BenchRegistry | Upstream> =>
  Layer.suspend((): Layer.Layer<HttpServer.HttpServer, GatewayError, Failover | BenchRegistry | Upstream> => {
    const exposed = Exposure.check(config.server)
    if (exposed !== undefined) return Layer.effect(HttpServer.HttpServer, Effect.fail(exposed))
    const server = createServer({ keepAliveTimeout })
    const listening = NodeHttpServer.layerServer(() => server, {
      host: config.server.host,
      port: config.server.port,
      gracefulShutdownTimeout: options.drain ?? "25 seconds"
    })
    const limit = Layer.succeed(MaxBodySize, ByteSize.bytes(config.server.maxBodyBytes))
    return serving(config, server).pipe(Layer.provide(limit), Layer.provideMerge(listening))
  })

const serving = (config: GatewayConfig, server: Server) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const catalog = yield* Providers.catalog(config)
      const failover = yield* Failover
      const startedAt = yield* Clock.currentTimeMillis
      const closing = yield* Deferred.make<void>()
      const admin = yield* adminOf(config, catalog, Deferred.await(closing))
      const pages = new Map([
        ["/readyz", Ready.make({ config, catalog, failover })],
        ["/metrics", yield* Scrape.make]
      ])
      yield* HttpServer.serveEffect(Handler.make({ config, catalog, failover, startedAt, pages, admin }))
      yield* Effect.addFinalizer(() =>
        Effect.andThen(
          Deferred.succeed(closing, undefined),
          Effect.sync(() => closeIdle(server))
        )
      )
    })
  )

const adminOf = Effect.fnUntraced(function* (
  config: GatewayConfig,
  catalog: Catalog<GatewayProvider>,
  closing: Effect.Effect<void>
) {
  const token = config.server.adminToken
  if (token === undefined) return undefined
  const decisions = Option.getOrElse(yield* Effect.serviceOption(Decisions), () => makeDecisions(1))
  const named = Named.make(config)
  return yield* Effect.provideService(
    Admin.make({ token, config, catalog, named, closing }),
    Decisions,
    decisions
  )
})

/**
 * The same with a runtime, a bench in memory and connections of its own. What happens is counted for `/metrics`, and
 * recorded for the admin API if there is an admin token.
 */
export const layer = (
  config: GatewayConfig,
  options: Options = {}
): Layer.Layer<HttpServer.HttpServer, GatewayError> =>
  layerNoDeps(config, options).pipe(
    Layer.provide(Observed.layer(config, options.observer)),
    Layer.provide(UndiciUpstream.layer())
  )

/** A server that stops waits for all connections, also for those that their clients keep for a next request. */
const closeIdle = (server: Server): void => {
  const timer = setInterval(() => server.closeIdleConnections(), 50)
  timer.unref()
  server.once("close", () => clearInterval(timer))
}
