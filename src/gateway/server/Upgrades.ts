/**
 * The one place where offers to change the protocol of a connection arrive: `Upgrade` and CONNECT.
 *
 * An offer that nobody takes is ignored, as HTTP allows, and the request is served as any other: its body is read, it is
 * counted, and every timeout and bound holds for its connection (https://www.rfc-editor.org/rfc/rfc9110#section-7.8). A
 * connection that is taken still counts for `maxConnections`, and a stop waits for it only while it is held.
 */
import type { IncomingMessage, Server } from "node:http"
import { Socket } from "node:net"
import type { Duplex } from "node:stream"
import type * as Connections from "./Connections.ts"

/** Goes on with a connection whose offer is taken. `head` is what came behind the head of the request. */
export type Take = (connection: Connections.Connection, head: Buffer) => void

/** Looks at the head of a request that offers another protocol; gives what goes on with it, or `undefined` to ignore the offer. */
export type Taker = (request: IncomingMessage) => Take | undefined

/** Whether Node asks about each offer; older ones treat all alike. */
interface Asking {
  shouldUpgradeCallback?: (request: IncomingMessage) => boolean
}

/** Treats the offers that come to a server from now on. Those who listened for them before hear nothing any more. */
export const install = (
  server: Server,
  connections: Connections.Connections,
  takers: ReadonlyArray<Taker> = []
): void => {
  server.removeAllListeners("upgrade")
  server.removeAllListeners("connect")
  server.on("connect", refuseTunnel)
  // Without a listener Node ignores all offers.
  if (takers.length === 0) return
  const taken = new WeakMap<IncomingMessage, Take>()
  const isTaken = (request: IncomingMessage): boolean => {
    if (taken.has(request)) return true
    for (const taker of takers) {
      const take = taker(request)
      if (take === undefined) continue
      taken.set(request, take)
      return true
    }
    return false
  }
  ;(server as Asking).shouldUpgradeCallback = isTaken
  server.on("upgrade", (request, socket, head) => {
    const take = isTaken(request) ? taken.get(request) : undefined
    if (take === undefined) return serveAnyway(server, request, socket, head)
    const connection = socket instanceof Socket ? connections.of(socket) : undefined
    if (connection === undefined) socket.destroy()
    else take(connection, head)
  })
}

/** A Node that does not ask (before 24.9 and 22.21) has let go of the connection: it is given back without the offer. */
const serveAnyway = (server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void => {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`]
  for (let at = 0; at + 1 < request.rawHeaders.length; at += 2) {
    const name = request.rawHeaders[at]!.toLowerCase()
    if (name !== "upgrade" && name !== "http2-settings") lines.push(`${name}: ${request.rawHeaders[at + 1]}`)
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), head]))
  server.emit("connection", socket)
}

/** A gateway is no proxy for other hosts. */
const refuseTunnel = (_: IncomingMessage, socket: Duplex): void => {
  socket.on("error", () => {})
  socket.end(
    "HTTP/1.1 405 Method Not Allowed\r\nallow: GET, HEAD, POST, DELETE\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
  )
}
