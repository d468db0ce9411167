/** The gateway as a layer: it listens as long as the layer lives. */
import { createServer, type Server } from "node:http"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as ByteSize from "effect/ByteSize"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { MaxBodySize } from "effect/http/HttpIncomingMessage"
import * as HttpServer from "effect/http/HttpServer"
import type { ServeError } from "effect/http/HttpServerError"
import * as Layer from "effect/Layer"
import type { GatewayConfig } from "../config/GatewayConfig.ts"
import type { InvalidCatalog } from "../core/Catalog.ts"
import { Failover } from "../core/Failover.ts"
import * as UndiciUpstream from "../providers/UndiciUpstream.ts"
import type { Upstream } from "../providers/Upstream.ts"
import * as Handler from "./Handler.ts"
import * as Providers from "./Providers.ts"

/** What a gateway can be told besides its config. */
export interface Options {
  /**
   * How long requests in flight may take when the gateway stops; after it they are broken off. Default 25 s, so that
   * the process is gone before the 30 s are over after which a container is killed.
   */
  readonly drain?: Duration.Input | undefined
}

/** Longer than load balancers keep an idle connection, so that they close it and no request meets a closed one. */
const keepAliveTimeout = 65_000

/**
 * A gateway that listens on the host and port of its config.
 *
 * When the layer ends, it takes no new connections, lets requests in flight come to their end, and closes each
 * connection as soon as it is idle.
 */
export const layerNoDeps = (
  config: GatewayConfig,
  options: Options = {}
): Layer.Layer<HttpServer.HttpServer, ServeError | InvalidCatalog, Failover | Upstream> =>
  Layer.suspend(() => {
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
      yield* HttpServer.serveEffect(Handler.make({ config, catalog, failover, startedAt }))
      yield* Effect.addFinalizer(() => Effect.sync(() => closeIdle(server)))
    })
  )

/** The same with a runtime, a bench in memory and connections of its own. */
export const layer = (
  config: GatewayConfig,
  options?: Options
): Layer.Layer<HttpServer.HttpServer, ServeError | InvalidCatalog> =>
  layerNoDeps(config, options).pipe(
    Layer.provide(Failover.layer({ policy: config.policy, retryBudget: config.retryBudget })),
    Layer.provide(UndiciUpstream.layer())
  )

/** A server that stops waits for all connections, also for those that their clients keep for a next request. */
const closeIdle = (server: Server): void => {
  const timer = setInterval(() => server.closeIdleConnections(), 50)
  timer.unref()
  server.once("close", () => clearInterval(timer))
}
