/**
 * Answers what Node cannot read as a request, instead of Node's own answers, which have no id, no body and no
 * entry in the log: malformed requests (400), headers that are too large (431), requests that take too long
 * (408), and CONNECT (405).
 *
 * The answer comes after those of the accepted requests of the same connection, and then the connection closes.
 */
import type { IncomingMessage, Server } from "node:http"
import { Socket } from "node:net"
import type { Duplex } from "node:stream"
import * as Effect from "effect/Effect"
import * as OwnRefusals from "../http/OwnRefusals.ts"
import type { Refusal } from "../http/Refusal.ts"
import type * as Bodies from "./Bodies.ts"
import type * as Connections from "./Connections.ts"
import * as NodeAnswer from "./NodeAnswer.ts"

/** What is known of a request that could not be read. */
export interface Head {
  /** `undefined` if its first line is not known. */
  readonly line: { readonly method: string; readonly url: string } | undefined
  readonly headers: NodeAnswer.Headers
}

/** The answer to such a request. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Makes the answers. */
export interface Answering {
  /** Refuses a request that is not counted anywhere, and logs it. */
  readonly unread: (head: Head, refusal: Refusal) => Answer
  /** Refuses a request that was counted when its headers came, and is logged when it ends. */
  readonly arriving: (request: IncomingMessage, refusal: Refusal) => Answer
  /** Refuses what is not even the beginning of a request. */
  readonly silent: (refusal: Refusal) => Answer
}

/** How long a client may take to read the answer and to close the connection, in milliseconds. */
const closeTimeout = 1_000

/** Node's error for a connection that it gives up. */
interface ClientError extends Error {
  readonly code?: string
  /** The bytes that could not be parsed, with those of the same packet before them. */
  readonly rawPacket?: Buffer
}

/** `undefined` for errors of the connection: an answer could not be read any more. */
const refusalOf = (code: string | undefined): Refusal | undefined => {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return OwnRefusals.headersTooLarge
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return OwnRefusals.chunksTooLarge
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return OwnRefusals.tooSlow
    default:
      return code?.startsWith("HPE_") === true ? OwnRefusals.malformed : undefined
  }
}

/** The client has closed its side of the connection within a request. */
const endedEarly = "HPE_INVALID_EOF_STATE"

/** Answers such requests on a server from now on. */
export const install = (
  server: Server,
  connections: Connections.Connections,
  bodies: Bodies.Bodies,
  answering: Answering
): Effect.Effect<void> =>
  Effect.map(Effect.context<never>(), (context) => {
    const run = Effect.runForkWith(context)
    const ended = new WeakSet<Duplex>()

    const end = (socket: Duplex, { body, headers, status }: Answer): void => {
      if (!socket.writable) return void socket.destroy()
      socket.end(textOf(status, headers, body))
      // Closing at once would reset the connection if the client is still sending, and it would not read the answer.
      const late = run(
        Effect.andThen(
          Effect.sleep(closeTimeout),
          Effect.sync(() => socket.destroy())
        )
      )
      socket.once("close", () => late.interruptUnsafe())
    }

    server.on("clientError", (error: ClientError, socket) => {
      if (ended.has(socket)) {
        // The parser reports an error for everything after it, up to the end.
        if (error.code === endedEarly && !socket.writableEnded) socket.destroy()
        return
      }
      const refusal = refusalOf(error.code)
      const exchanges = (socket instanceof Socket ? connections.of(socket)?.exchanges : undefined) ?? []
      const last = exchanges.at(-1)
      if (refusal === undefined || !socket.writable) return void socket.destroy()
      ended.add(socket)
      // A request whose refusal is decided must not be served if the rest of it arrives.
      if (last === undefined || last.request.complete) discardRest(socket)
      else socket.resume()
      if (last === undefined) {
        const isSilent = socket instanceof Socket && socket.bytesRead === 0
        return end(
          socket,
          isSilent ? answering.silent(refusal) : answering.unread(headOf(error.rawPacket), refusal)
        )
      }
      const { request, response } = last
      if (request.complete) {
        response.once("close", () => end(socket, answering.unread(unknown, refusal)))
      } else if (error.code === endedEarly) socket.destroy()
      else if (response.headersSent) {
        // It was answered without its body.
        if (response.writableFinished) socket.destroy()
        else response.once("close", () => socket.destroy())
      } else {
        response.shouldKeepAlive = false
        if (bodies.refuse(request, refusal)) return
        const { body, headers, status } = answering.arriving(request, refusal)
        NodeAnswer.write(response, status, headers, Buffer.from(body))
      }
    })

    // The gateway is not a proxy for other hosts.
    server.removeAllListeners("connect")
    server.on("connect", (request, socket) => {
      socket.on("error", () => {})
      ended.add(socket)
      const { headers, method = "CONNECT", url = "" } = request
      const head = { line: { method, url }, headers: headers as NodeAnswer.Headers }
      const refuse = () =>
        end(socket, answering.unread(head, OwnRefusals.notAllowed("GET, HEAD, POST, DELETE")))
      const before = socket instanceof Socket ? connections.of(socket)?.exchanges.at(-1) : undefined
      socket.resume()
      if (before === undefined) refuse()
      else before.response.once("close", refuse)
    })
  })

/** Takes a connection away from its parser: after a timeout it would go on with the same request. */
const discardRest = (socket: Duplex): void => {
  socket.removeAllListeners("data")
  // Node's server stops feeding the parser when a socket gets such a listener.
  socket.on("data", () => {})
}

const reasons: Readonly<Record<number, string>> = {
  400: "Bad Request",
  405: "Method Not Allowed",
  408: "Request Timeout",
  413: "Content Too Large",
  431: "Request Header Fields Too Large"
}

const textOf = (status: number, headers: Readonly<Record<string, string>>, body: string): string => {
  const all = { ...headers, "content-length": String(Buffer.byteLength(body)), connection: "close" }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} ${reasons[status] ?? ""}\r\n${lines.join("")}\r\n${body}`
}

const unknown: Head = { line: undefined, headers: {} }

/** The most that is searched for a request's headers, in bytes. */
const searched = 65_536

/** Headers that decide about the form of an answer. */
const used = ["x-request-id", "anthropic-version"]

/** What can be read of a packet with a request that could not be parsed. */
const headOf = (packet: Buffer | undefined): Head => {
  const text = packet?.toString("latin1", 0, searched) ?? ""
  const line = /^([A-Z]{1,32}) (\S{1,2048}) HTTP\/1\.[01]\r?\n/.exec(text)
  if (line === null) return unknown
  const headers: Record<string, string> = {}
  for (const name of used) {
    const found = new RegExp(`^${name}:[ \\t]*(\\S{1,128})[ \\t]*\\r?$`, "im").exec(text)
    if (found?.[1] !== undefined) headers[name] = found[1]
  }
  return { line: { method: line[1]!, url: line[2]! }, headers }
}
