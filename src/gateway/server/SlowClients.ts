/** Time limits of clients: to send headers, to send the body, and to read the answer. */
import type { Server, ServerOptions } from "node:http"
import type { Socket } from "node:net"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { ServerConfig } from "../../config/GatewayConfig.ts"

/**
 * Options of `createServer`: Node reports a `clientError` after a timeout and for headers that are too large, which
 * `ClientErrors` answers. The handler refuses a request without `host`, because Node's refusal has no body.
 */
export const options = ({ maxHeaderBytes, timeouts }: ServerConfig): ServerOptions => ({
  maxHeaderSize: maxHeaderBytes,
  headersTimeout: Math.min(timeouts.headers, timeouts.request),
  requestTimeout: timeouts.request,
  connectionsCheckingInterval: interval(Math.min(timeouts.headers, timeouts.request)),
  requireHostHeader: false,
  // Otherwise Node ignores the second `host` or `authorization`, and another program may ignore the first one.
  joinDuplicateHeaders: true,
  insecureHTTPParser: false
})

/**
 * Resets connections of clients that read nothing for longer than `timeouts.stall` while there are bytes to
 * read. While a client does not read, nothing more is read from its provider, so a stalled client would hold
 * a provider's connection forever.
 *
 * A connection without bytes to read is left alone, however long the provider takes. The check runs
 * periodically for all connections together, until the scope closes, so it costs nothing per request.
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
        // The socket's timeout restarts with each byte that is sent; without listeners it closes the
        // connection.
        if (socket.writableLength > 0) {
          if (socket.timeout !== stall) socket.setTimeout(stall)
        } else if (socket.timeout === stall) socket.setTimeout(0)
      }
    })
    return Effect.forkScoped(Effect.repeat(look, Schedule.spaced(interval(stall))))
  }).pipe(Effect.asVoid)

/** The interval of the checks for a timeout, in milliseconds. A quarter of the timeout, so it is noticed at most that late. */
export const interval = (timeout: number): number => Math.min(30_000, Math.max(20, Math.floor(timeout / 4)))
