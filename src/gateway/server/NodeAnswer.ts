/**
 * Reads requests and writes answers with Node's own objects, without the header maps, body readers and bodies
 * of effect/http. A JSON answer takes 88 µs; with the body of the request read by effect/http 96, and with the answer
 * written by it 97 (fake sockets, 2026-11-29).
 *
 * effect/http still owns the server and the fiber of each request. It leaves an answer alone that was written
 * here.
 */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from "node:http"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Option from "effect/Option"
import type { Flow } from "../../stream/Flow.ts"
import * as Turns from "../../util/Turns.ts"
import type { KeepAlive } from "./KeepAlive.ts"

/** The headers of a request. */
export type Headers = Readonly<Record<string, string>>

/** The headers of an answer. */
export type OutHeaders = Readonly<Record<string, string | ReadonlyArray<string>>>

/** A piece of a stream. */
export interface Piece {
  readonly bytes: Uint8Array
}

/** Where an answer is written: an HTTP response, or a WebSocket. */
export interface Out {
  readonly destroyed: boolean
  readonly headersSent: boolean
  readonly writeHead: (status: number, headers: OutgoingHttpHeaders) => unknown
  /** Returns `false` if the caller must wait for `drain` before it writes more. */
  readonly write: (bytes: Uint8Array) => boolean
  readonly end: {
    (bytes?: Uint8Array | string): unknown
    (text: string, encoding: "latin1"): unknown
  }
  readonly once: (event: "drain", listener: () => void) => unknown
  readonly destroy: () => unknown
}

/** The result of a handler that has already written its answer. */
export const sent: HttpServerResponse.HttpServerResponse = HttpServerResponse.empty()

/** The headers of a request, as Node parsed them. Only cookies could be a list, and they are not used. */
export const headersOf = (incoming: HttpServerRequest): Headers =>
  NodeHttpServerRequest.toIncomingMessage(incoming).headers as Headers

/** Node's request object. */
export const requestOf = (incoming: HttpServerRequest): IncomingMessage =>
  NodeHttpServerRequest.toIncomingMessage(incoming) as IncomingMessage

/** Node's response object. The gateway's server uses HTTP/1 only. */
export const responseOf = (incoming: HttpServerRequest): ServerResponse =>
  NodeHttpServerRequest.toServerResponse(incoming) as ServerResponse

/** Writes the status and the headers. */
export const begin = (response: Out, status: number, headers: OutHeaders): void => {
  // Node accepts lists, but its type is mutable.
  if (!response.destroyed) response.writeHead(status, headers as OutgoingHttpHeaders)
}

/** The largest body that is sent in one piece with its headers, in bytes. Longer ones are not copied. */
const maxJoined = 2048

/**
 * Writes a complete answer. Node joins a text with the headers, but not a buffer: an answer of 1 to 2 KB takes 2 to 4 µs less as a
 * text, of one character for each byte (2026-11-30). The length of the body is added to `headers`.
 */
export const write = (
  response: Out,
  status: number,
  headers: Record<string, string | ReadonlyArray<string>>,
  body: Uint8Array
): void => {
  headers["content-length"] = String(body.length)
  begin(response, status, headers)
  if (response.destroyed) return
  if (body.length > maxJoined) response.end(body)
  else response.end(Buffer.from(body.buffer, body.byteOffset, body.length).toString("latin1"), "latin1")
}

/** What `pour` writes besides the flow. */
export interface Around {
  /** Written while the flow is quiet. */
  readonly keepAlive?: { readonly streams: KeepAlive; readonly message: Uint8Array } | undefined
  /** The last bytes if it is interrupted while the client is there. Without it the connection is reset. */
  readonly stopped?: (() => string) | undefined
}

/**
 * Writes a flow as it comes, with backpressure; chunks that are available together are written together. If
 * the flow fails, `endOf` gives the last bytes. While the flow is quiet, keep-alive messages are written. An
 * interruption cancels the flow.
 */
export const pour = <E>(
  response: Out,
  first: NonEmptyReadonlyArray<Piece>,
  flow: Flow<Piece, E>,
  endOf: (error: E | undefined) => string,
  { keepAlive, stopped }: Around = {}
): Effect.Effect<void> =>
  Effect.callback((resume) => {
    let pieces: Array<Piece> = [...first]
    let isCancelled = false
    let isFull = false
    const alive = keepAlive?.streams.follow(() => {
      // A client that does not read what was sent needs no keep-alive.
      if (!response.destroyed && !isFull) response.write(keepAlive.message)
    })
    const pass = (): void => {
      isFull = false
      try {
        if (!isCancelled && !response.destroyed) passOn()
      } catch (defect) {
        // This runs in a callback, so nothing else would report it.
        isCancelled = true
        alive?.stop()
        resume(Effect.die(defect))
      }
    }
    let turn: NodeJS.Immediate | undefined
    const passOn = (): void => {
      if (turn === undefined) {
        let hasLarge = pieces.some(isLarge)
        for (let more = hasLarge ? undefined : flow.take(); more !== undefined; ) {
          pieces.push(...more)
          hasLarge = more.some(isLarge)
          more = hasLarge ? undefined : flow.take()
        }
        // It was read in this turn of the event loop, and is written in the next one.
        if (hasLarge) {
          turn = setImmediate(pass)
          return
        }
      }
      turn = undefined
      const end = flow.ended()
      const bytes = joined(pieces)
      pieces = []
      // A translated chunk may be empty.
      const hasBytes = bytes !== undefined && bytes.length > 0
      if (hasBytes) alive?.hasSent()
      if (end === undefined) {
        if (!hasBytes || response.write(bytes)) flow.onReady(pass)
        else {
          isFull = true
          response.once("drain", pass)
        }
        return
      }
      alive?.stop()
      if (Exit.isSuccess(end)) response.end(bytes)
      else {
        if (bytes !== undefined) response.write(bytes)
        response.end(endOf(Option.getOrUndefined(Exit.findErrorOption(end))))
      }
      resume(Effect.void)
    }
    // Chunks that arrived together with the first ones are available after this microtask, and are written
    // together.
    queueMicrotask(pass)
    return Effect.sync(() => {
      isCancelled = true
      clearImmediate(turn)
      alive?.stop()
      flow.cancel()
      if (stopped === undefined || response.destroyed) response.destroy()
      else response.end(stopped())
    })
  })

const isLarge = ({ bytes }: Piece): boolean => bytes.length >= Turns.large

/**
 * The bytes of all pieces; `undefined` if there are none. Pieces of one read that follow each other are not copied: copies are outside
 * of the heap, and cause collections of the whole heap. A stream of 100 events, ten to a write, takes 209 instead of 263 µs (2026-11-30).
 */
const joined = (pieces: ReadonlyArray<Piece>): Uint8Array | undefined => {
  const parts: Array<Uint8Array> = []
  for (const { bytes } of pieces) {
    const last = parts.at(-1)
    if (last?.buffer === bytes.buffer && last.byteOffset + last.length === bytes.byteOffset) {
      parts[parts.length - 1] = new Uint8Array(last.buffer, last.byteOffset, last.length + bytes.length)
    } else parts.push(bytes)
  }
  return parts.length > 1 ? Buffer.concat(parts) : parts[0]
}
