/**
 * Responses over WebSocket: decides on upgrades, and opens a session for each connection.
 *
 * `GET /v1/responses` with `Upgrade: websocket` is accepted from callers with a token. If it is not accepted
 * (switched off, too many connections), the handler answers 426, and clients switch to HTTP at once.
 */
import type { IncomingMessage } from "node:http"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type { HttpServerResponse } from "effect/http/HttpServerResponse"
import { type WebSocket, WebSocketServer } from "ws"
import { pathOf } from "../http/Route.ts"
import type * as Traffic from "../observe/Traffic.ts"
import type * as CurrentConfig from "../reload/CurrentConfig.ts"
import type { Bodies } from "../server/Bodies.ts"
import type * as Connections from "../server/Connections.ts"
import * as NodeAnswer from "../server/NodeAnswer.ts"
import type { Taker } from "../server/Upgrades.ts"
import type { Budget } from "./LatestResponse.ts"
import * as Session from "./Session.ts"

/** The memory for the latest responses of all connections, in characters. */
const maxKept = 67_108_864

const path = "/v1/responses"

/** An answer that was written to `out` had status 200. */
const statusOf = (response: HttpServerResponse): number =>
  response === NodeAnswer.sent ? 200 : response.status

/** Headers of the handshake that do not apply to its requests. */
const handshakeHeaders =
  /^(connection|upgrade|sec-websocket-.*|content-.*|transfer-encoding|x-request-id|openai-beta)$/

/** The server whose connections are upgraded. */
export interface Server {
  readonly connections: Connections.Connections
  readonly traffic: Traffic.Traffic
  readonly bodies: Bodies
}

/** A handshake has none: https://www.rfc-editor.org/rfc/rfc6455#section-4.1 */
const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0

/** Makes the handler of such upgrades. When the gateway stops, their connections close like all others. */
export const make = Effect.fnUntraced(function* (
  live: CurrentConfig.CurrentConfig,
  handler: CurrentConfig.SocketHandler,
  { bodies, connections, traffic }: Server
): Effect.fn.Return<Taker> {
  const run = Effect.runForkWith(yield* Effect.context<never>())
  const budget: Budget = { left: maxKept }
  const open = new Set<WebSocket>()
  const busy = new Set<WebSocket>()
  connections.onStop(() => {
    for (const socket of open) if (!busy.has(socket)) socket.close(1001, "the gateway is stopping")
  })

  return (request) => {
    const { maxBodiesBytes, maxBodyBytes, timeouts, websocket } = live.current().config.server
    if (websocket === false || connections.isStopping()) return undefined
    if (request.httpVersion !== "1.1" || hasBody(request)) return undefined
    if (request.method !== "GET" || request.headers.upgrade?.toLowerCase() !== "websocket") return undefined
    if (pathOf(request.url ?? "") !== path || open.size >= websocket.connections) return undefined
    const all = request.headers as NodeAnswer.Headers
    if (!handler.mayOpen(all)) return undefined
    const headers = Object.fromEntries(Object.entries(all).filter(([name]) => !handshakeHeaders.test(name)))

    return (connection, head) => {
      const server = new WebSocketServer({
        noServer: true,
        clientTracking: false,
        perMessageDeflate: false,
        maxPayload: maxBodyBytes
      })
      server.handleUpgrade(request, connection.socket, head, (socket) => {
        open.add(socket)
        const held: Connections.Connection = {
          socket: connection.socket,
          exchanges: connection.exchanges,
          hold: () => {
            const release = connection.hold()
            busy.add(socket)
            return () => {
              busy.delete(socket)
              release()
            }
          }
        }
        const session = run(
          Session.serve({
            socket,
            connection: held,
            isStopping: connections.isStopping,
            respond: ({ out, text }) =>
              Effect.suspend(() => {
                const end = traffic.begin(path)
                return Effect.onExit(Effect.scoped(handler.respond({ headers, text, out })), (exit) =>
                  Effect.sync(() =>
                    end(Exit.isFailure(exit) || out.destroyed ? undefined : statusOf(exit.value))
                  )
                )
              }),
            budget,
            idle: websocket.idle,
            maxBytes: maxBodyBytes,
            timeout: timeouts.request,
            hold: (bytes) => bodies.hold(bytes, maxBodiesBytes)
          })
        )
        socket.on("error", () => socket.terminate())
        socket.once("close", () => {
          open.delete(socket)
          run(Fiber.interrupt(session))
        })
      })
    }
  }
})
