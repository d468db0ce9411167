/** The gateway as a layer. It listens as long as the layer lives. */
import { createServer, type Server } from "node:http"
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HttpServer from "effect/http/HttpServer"
import type { ServeError } from "effect/http/HttpServerError"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import type { InvalidCatalog } from "../catalog/Catalog.ts"
import type { ConfigError } from "../config/file/Problem.ts"
import { defaultLog, type GatewayConfig } from "../config/GatewayConfig.ts"
import type { Failover } from "../engine/Failover.ts"
import { combine, type Observer } from "../events/FailoverEvent.ts"
import type { BenchRegistry } from "../health/BenchRegistry.ts"
import * as Logs from "../observe/Logs.ts"
import type { Spans } from "../observe/Spans.ts"
import type { Transport } from "../providers/transport/Transport.ts"
import * as UndiciTransport from "../providers/transport/UndiciTransport.ts"
import * as LogLevel from "./observe/LogLevel.ts"
import * as Telemetry from "./observe/Telemetry.ts"
import * as Traffic from "./observe/Traffic.ts"
import * as ConfigSecrets from "./providers/ConfigSecrets.ts"
import * as CurrentConfig from "./reload/CurrentConfig.ts"
import type { UnusableStore } from "./reload/GatewayBench.ts"
import * as ObservedRuntimes from "./reload/ObservedRuntimes.ts"
import { Reload } from "./reload/Reload.ts"
import { Runtimes } from "./reload/Runtimes.ts"
import * as RequestLog from "./request/RequestLog.ts"
import * as Serving from "./Serving.ts"
import * as Bodies from "./server/Bodies.ts"
import * as ClientErrors from "./server/ClientErrors.ts"
import * as Connections from "./server/Connections.ts"
import * as Exposure from "./server/Exposure.ts"
import * as KeepAlive from "./server/KeepAlive.ts"
import * as SlowClients from "./server/SlowClients.ts"
import * as Upgrades from "./server/Upgrades.ts"
import * as Sockets from "./socket/Sockets.ts"
import * as Unread from "./Unread.ts"

/** Options of a gateway besides its config. */
export interface Options {
  /**
   * How long requests in flight may take when the gateway stops; after that they are broken off. Default:
   * `server.drain` of the config.
   */
  readonly drain?: Duration.Input | undefined
  /** Receives the events of all requests. */
  readonly observer?: Observer | undefined
  /** Logs what an operator has to know (see `Logs`), with the loggers of the context. Default false. */
  readonly log?: boolean | undefined
  /**
   * The source of configs for reloads, such as `load(file)`. It runs once per reload. Without it the gateway
   * cannot be reloaded.
   */
  readonly source?: Effect.Effect<GatewayConfig, ConfigError> | undefined
  /**
   * Called with each config that comes into force, including the first. Fields that need a restart have the
   * values in force. For applications that configure other things from the config, such as their loggers from
   * `log`.
   */
  readonly onConfig?: ((config: GatewayConfig) => void) | undefined
}

export { Reload }

/**
 * Why a gateway does not start: its port, the names in its config, its bench store, or exposure without
 * tokens.
 */
export type GatewayError = ServeError | InvalidCatalog | Exposure.ExposedGateway | UnusableStore

/**
 * Longer than the idle timeout of load balancers, so that they close idle connections first and no request
 * meets a closed one.
 */
const keepAliveTimeout = 65_000

/**
 * A gateway over an existing runtime. It listens on the host and port of its config.
 *
 * When the layer ends, the gateway accepts no new connections, finishes the requests in flight, and closes
 * each connection when it is idle.
 *
 * A reload replaces providers, credentials, models, tokens and limits. The runtime keeps its own policy and
 * retry budget; those of the config have no effect.
 *
 * The admin API and the status page show the decisions of the context's `Decisions` and, for the last
 * minutes, of the context's `RecentTraffic`. Both have to be observers of the runtime. Without these services they
 * show none.
 */
export const layerNoDeps = (
  config: GatewayConfig,
  options: Omit<Options, "observer"> = {}
): Layer.Layer<HttpServer.HttpServer | Reload, GatewayError, Failover | BenchRegistry | Transport> =>
  layerOver(config, options).pipe(Layer.provide(Runtimes.layerOne))

/**
 * A gateway with its own runtime, bench (in the configured store) and connections. Events are counted for
 * `/metrics`, and recorded for the status page and the admin API if one of them is enabled. A reload applies
 * the new `policy` to the requests that come after it.
 */
export const layer = (
  config: GatewayConfig,
  options: Options = {}
): Layer.Layer<HttpServer.HttpServer | Reload, GatewayError> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const { log, onConfig } = options
      if (config.otlp === undefined) return observed(config, options, undefined)
      let secrets = ConfigSecrets.of(config)
      let least = (config.log ?? defaultLog).level
      const telemetry = yield* Telemetry.make(config.otlp, () => secrets)
      const withUpdates: Options = {
        ...options,
        onConfig: (next) => {
          secrets = ConfigSecrets.of(next)
          least = (next.log ?? defaultLog).level
          onConfig?.(next)
        }
      }
      if (log !== true || telemetry.logger === undefined) return observed(config, withUpdates, telemetry)
      const logger = LogLevel.filtered(telemetry.logger, () => least)
      return observed(config, withUpdates, telemetry).pipe(
        Layer.provide(Logger.layer([logger], { mergeWithExisting: true }))
      )
    })
  )

const observed = (
  config: GatewayConfig,
  options: Options,
  telemetry: Telemetry.Telemetry | undefined
): Layer.Layer<HttpServer.HttpServer | Reload, GatewayError> =>
  layerOver(config, options).pipe(
    Layer.provide(runtimes(config, options, telemetry?.spans)),
    Layer.provide(UndiciTransport.layer())
  )

const runtimes = (config: GatewayConfig, { log, observer }: Options, spans: Spans | undefined) =>
  log === true
    ? Layer.unwrap(
        Effect.map(Logs.make({ spanOf: spans?.spanOf }), (logs) =>
          Layer.provideMerge(
            Layer.effectDiscard(Logs.watchBench),
            ObservedRuntimes.layer(combine(spans?.observer, logs, observer), config.bench)
          )
        )
      )
    : ObservedRuntimes.layer(combine(spans?.observer, observer), config.bench)

type Dependencies = Runtimes | BenchRegistry | Transport

const layerOver = (
  config: GatewayConfig,
  options: Omit<Options, "observer">
): Layer.Layer<HttpServer.HttpServer | Reload, GatewayError, Dependencies> =>
  Layer.unwrap(
    Effect.gen(function* () {
      const exposed = Exposure.check(config.server)
      if (exposed !== undefined) return yield* exposed
      const server = createServer({ ...SlowClients.options(config.server), keepAliveTimeout })
      // HTTP lets a server ignore expectations, and Node would answer 417 without a body:
      // https://www.rfc-editor.org/rfc/rfc9110#section-10.1.1
      server.on("checkExpectation", (request, response) => server.emit("request", request, response))
      if (config.server.maxConnections !== undefined) server.maxConnections = config.server.maxConnections
      const closing = yield* Deferred.make<void>()
      // Started before the server, so that they stop after it.
      yield* SlowClients.watch(server, config.server.timeouts.stall)
      const connections = yield* Connections.watch(server)
      const keepAlive = yield* KeepAlive.make
      const listening = NodeHttpServer.layerServer(() => server, {
        host: config.server.host,
        port: config.server.port,
        gracefulShutdownTimeout: options.drain ?? config.server.drain
      })
      return Layer.effect(Reload, serving(config, options, { server, connections, keepAlive, closing })).pipe(
        Layer.provideMerge(listening)
      )
    })
  )

/** A server, its connections, and the signal that it is closing. */
interface Listening {
  readonly server: Server
  readonly connections: Connections.Connections
  readonly keepAlive: KeepAlive.KeepAlive
  readonly closing: Deferred.Deferred<void>
}

const serving = Effect.fnUntraced(function* (
  config: GatewayConfig,
  { drain = config.server.drain, onConfig, source }: Options,
  { closing, connections, keepAlive, server }: Listening
) {
  const requestLog = yield* RequestLog.make
  const bodies = Bodies.make(connections)
  const [live, handler] = yield* CurrentConfig.make({
    config,
    source,
    onConfig,
    isStopping: () => Deferred.isDoneUnsafe(closing),
    serve: yield* Serving.make(Deferred.await(closing), bodies, requestLog, keepAlive)
  })
  const traffic = yield* Traffic.watch(server, requestLog.ended)
  yield* HttpServer.serveEffect(Effect.withFiber(handler.http))
  Upgrades.install(server, connections, [
    yield* Sockets.make(live, handler.socket, { connections, traffic, bodies })
  ])
  yield* ClientErrors.install(server, connections, bodies, yield* Unread.make(live, requestLog, traffic))
  const longest = Duration.toMillis(Duration.fromInputUnsafe(drain))
  yield* Effect.addFinalizer(() =>
    Effect.andThen(Deferred.succeed(closing, undefined), connections.stop(longest))
  )
  return { reload: live.reload }
})
