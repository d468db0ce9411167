/** How long clients may take: to send their headers, to send their body, and to go on reading. */
import type { Server, ServerOptions } from "node:http"
import type { Socket } from "node:net"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { ServerConfig } from "../../config/GatewayConfig.ts"

/** For `createServer`: what takes longer is answered 408, headers that are too large 431, and the connection closed. */
export const options = ({ maxHeaderBytes, timeouts }: ServerConfig): ServerOptions => ({
  maxHeaderSize: maxHeaderBytes,
  headersTimeout: Math.min(timeouts.headers, timeouts.request),
  requestTimeout: timeouts.request,
  connectionsCheckingInterval: interval(Math.min(timeouts.headers, timeouts.request)),
  requireHostHeader: true,
  insecureHTTPParser: false
})

/**
 * Breaks off connections whose clients take nothing of what is there for them for longer than `timeouts.stall`. While a
 * client does not read, nothing more is asked of its provider; without an end to that, it could hold the provider's
 * connection for ever.
 *
 * A connection that has nothing to take is not touched, however long the provider thinks. Looking costs nothing per
 * request: it is done for all connections together, now and then, until the scope closes.
 */
export const watch = (server: Server, stall: number): Effect.Effect<void, never, Scope.Scope> =>
  Effect.suspend(() => {
    const open = new Set<Socket>()
    server.on("connection", (socket) => {
      open.add(socket)
      socket.once("close", () => open.delete(socket))
    })
    const look = Effect.sync(() => {
      for (const socket of open) {
        // A socket's own timeout begins anew with each byte that goes out; without listeners it ends the connection.
        if (socket.writableLength > 0) {
          if (socket.timeout !== stall) socket.setTimeout(stall)
        } else if (socket.timeout === stall) socket.setTimeout(0)
      }
    })
    return Effect.forkScoped(Effect.repeat(look, Schedule.spaced(interval(stall))))
  }).pipe(Effect.asVoid)

/** How often is looked, in milliseconds: late by a quarter at most. */
const interval = (timeout: number): number => Math.min(30_000, Math.max(20, Math.floor(timeout / 4)))
