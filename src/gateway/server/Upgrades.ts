/**
 * Handles requests to change the protocol of a connection (`Upgrade`). CONNECT is refused by `ClientErrors`.
 *
 * An upgrade that no handler takes is ignored, as HTTP allows, and the request is served like any other: its
 * body is read, it is counted, and every timeout and limit applies
 * (https://www.rfc-editor.org/rfc/rfc9110#section-7.8). So is an upgrade behind a request of the same connection that still waits for its
 * answer, since `101` may not come before that answer. An upgraded connection still counts for `maxConnections`, and a stop waits for
 * it only while it is held.
 */
import type { IncomingMessage, Server } from "node:http"
import { Socket } from "node:net"
import type { Duplex } from "node:stream"
import type * as Connections from "./Connections.ts"

/** Takes over an upgraded connection. `head` has the bytes after the request's headers. */
export type Take = (connection: Connections.Connection, head: Buffer) => void

/**
 * Decides on an upgrade: returns a function that takes the connection over, or `undefined` to ignore the
 * upgrade.
 */
export type Taker = (request: IncomingMessage) => Take | undefined

/** A Node that decides per request; older versions treat all upgrades alike. */
interface Asking {
  shouldUpgradeCallback?: (request: IncomingMessage) => boolean
}

/** Handles the upgrades of a server from now on. Removes earlier listeners. */
export const install = (
  server: Server,
  connections: Connections.Connections,
  takers: ReadonlyArray<Taker> = []
): void => {
  server.removeAllListeners("upgrade")
  // Without a listener, Node ignores all upgrades.
  if (takers.length === 0) return
  const taken = new WeakMap<IncomingMessage, Take>()
  const before = (socket: Duplex) =>
    (socket instanceof Socket ? connections.of(socket)?.exchanges.at(-1) : undefined)?.response
  const isTaken = (request: IncomingMessage): boolean => {
    if (taken.has(request)) return true
    if (before(request.socket) !== undefined) return false
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
    if (take === undefined) {
      const pending = before(socket)
      const serve = () => serveAnyway(server, request, socket, head)
      if (pending === undefined) serve()
      else pending.once("close", serve)
      return
    }
    const connection = socket instanceof Socket ? connections.of(socket) : undefined
    if (connection === undefined) socket.destroy()
    else take(connection, head)
  })
}

/**
 * Before 24.9 and 22.21, Node detaches the connection of every upgrade. This gives it back, without the
 * `upgrade` header.
 */
const serveAnyway = (server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void => {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`]
  for (let at = 0; at + 1 < request.rawHeaders.length; at += 2) {
    const name = request.rawHeaders[at]!.toLowerCase()
    if (name !== "upgrade" && name !== "http2-settings") lines.push(`${name}: ${request.rawHeaders[at + 1]}`)
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), head]))
  server.emit("connection", socket)
}
