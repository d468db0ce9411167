/**
 * Responses over WebSocket: which offers are taken, and what becomes of their connections.
 *
 * `GET /v1/responses` with `Upgrade: websocket` is taken from whoever may call. Where it is not (switched off, too many
 * connections), the handler answers the request with 426, by which clients know at once to take HTTP.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type { HttpServerResponse } from "effect/http/HttpServerResponse"
import { type WebSocket, WebSocketServer } from "ws"
import { pathOf } from "../http/Route.ts"
import type * as Traffic from "../observe/Traffic.ts"
import type * as CurrentConfig from "../reload/CurrentConfig.ts"
import type * as Connections from "../server/Connections.ts"
import * as NodeAnswer from "../server/NodeAnswer.ts"
import type { Taker } from "../server/Upgrades.ts"
import type { Budget } from "./Chain.ts"
import * as Session from "./Session.ts"

/** What all connections together may keep of what was said on them, in characters. */
const mostKept = 67_108_864

const path = "/v1/responses"

/** An answer that was written has begun well. */
const statusOf = (response: HttpServerResponse): number =>
  response === NodeAnswer.sent ? 200 : response.status

/** Headers that are about the connection, or about the request that opened it. */
const ofHandshake =
  /^(connection|upgrade|sec-websocket-.*|content-.*|transfer-encoding|x-request-id|openai-beta)$/

/** Makes the taker of such offers. When the gateway stops, its connections end like all others. */
export const make = Effect.fnUntraced(function* (
  live: CurrentConfig.CurrentConfig,
  handler: CurrentConfig.Handler,
  connections: Connections.Connections,
  traffic: Traffic.Traffic
): Effect.fn.Return<Taker> {
  const run = Effect.runForkWith(yield* Effect.context<never>())
  const budget: Budget = { left: mostKept }
  const open = new Set<WebSocket>()
  const busy = new Set<WebSocket>()
  connections.onStop(() => {
    for (const socket of open) if (!busy.has(socket)) socket.close(1001, "the gateway stops")
  })

  return (request) => {
    const { maxBodyBytes, websocket } = live.current().config.server
    const { socketHandler } = handler
    if (websocket === false || socketHandler === undefined || connections.isStopping()) return undefined
    if (request.method !== "GET" || request.headers.upgrade?.toLowerCase() !== "websocket") return undefined
    if (pathOf(request.url ?? "") !== path || open.size >= websocket.connections) return undefined
    const all = request.headers as NodeAnswer.Headers
    if (!socketHandler.mayOpen(all)) return undefined
    const headers = Object.fromEntries(Object.entries(all).filter(([name]) => !ofHandshake.test(name)))

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
                return Effect.onExit(Effect.scoped(socketHandler.respond({ headers, text, out })), (exit) =>
                  Effect.sync(() =>
                    end(Exit.isFailure(exit) || out.destroyed ? undefined : statusOf(exit.value))
                  )
                )
              }),
            budget,
            idle: websocket.idle,
            mostWaiting: maxBodyBytes
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
