/**
 * One WebSocket connection on which responses are asked for, one after the other.
 *
 * A frame `response.create` holds the body of a request; the events of its answer come as frames. The connection stays
 * open between them, until its client leaves, nothing is asked for a while, or the gateway stops.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { HttpServerResponse } from "effect/http/HttpServerResponse"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import type { WebSocket } from "ws"
import { isObject, type JsonObject } from "../../providers/wire/Wire.ts"
import type * as Connections from "../server/Connections.ts"
import * as NodeAnswer from "../server/NodeAnswer.ts"
import { type Budget, Chain } from "./Chain.ts"
import { errorFrame, FrameOut, type Wire } from "./FrameOut.ts"

/** Answers one request: into `out`, or with what is to be said instead. */
export type Respond = (asked: {
  readonly text: string
  readonly out: NodeAnswer.Out
}) => Effect.Effect<HttpServerResponse>

/** What a session works with. */
export interface Options {
  readonly socket: WebSocket
  readonly connection: Connections.Connection
  readonly isStopping: () => boolean
  readonly respond: Respond
  readonly budget: Budget
  /** Without a request for so long, in milliseconds, the connection is closed. */
  readonly idle: number
  /** How many bytes of requests may wait for the one that is being answered. */
  readonly mostWaiting: number
}

/** Codes of https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1 */
const normal = 1000
const goingAway = 1001
const unsupported = 1003
const policy = 1008

/** Clients and proxies give up on a connection on which nothing comes for a minute or more. */
const beat = "25 seconds"

/** Serves a connection to its end. */
export const serve = ({
  budget,
  connection,
  idle,
  isStopping,
  mostWaiting,
  respond,
  socket
}: Options): Effect.Effect<void> => {
  const chain = new Chain(budget)
  return Effect.gen(function* () {
    const asked = yield* Queue.unbounded<string>()
    let waiting = 0
    let isAlive = true
    socket.on("message", (data, isBinary) => {
      if (isBinary) return socket.close(unsupported, "frames are text")
      const text = String(data)
      waiting += text.length
      if (waiting > mostWaiting) return socket.close(policy, "too much is asked at once")
      Queue.offerUnsafe(asked, text)
    })
    socket.on("pong", () => {
      isAlive = true
    })

    const beats = Effect.sync(() => {
      if (!isAlive) return socket.terminate()
      isAlive = false
      socket.ping()
    })
    yield* Effect.forkChild(Effect.repeat(beats, Schedule.spaced(beat)))

    while (socket.readyState === socket.OPEN) {
      const next = yield* Effect.timeoutOption(Queue.take(asked), idle)
      if (Option.isNone(next)) return socket.close(normal, "nothing was asked for a while")
      waiting -= next.value.length
      const release = connection.hold()
      const fiber = yield* Effect.forkChild(
        Effect.onExit(answer(socket, next.value, chain, respond), () => Effect.sync(release))
      )
      yield* Fiber.join(fiber)
      if (isStopping()) return socket.close(goingAway, "the gateway stops")
    }
  }).pipe(Effect.onExit(() => Effect.sync(() => chain.forget())))
}

const answer = (socket: WebSocket, text: string, chain: Chain, respond: Respond): Effect.Effect<void> =>
  Effect.suspend(() => {
    const frame = parse(text)
    if (!isObject(frame)) return said(socket, 400, "invalid_json", "a frame is a JSON object")
    const { background: _, generate, type, ...given } = frame
    if (type !== "response.create") {
      return said(
        socket,
        400,
        "unknown_event",
        "the only frames that are understood here are response.create"
      )
    }
    const body: JsonObject = { ...chain.complete(given), stream: true }
    if (generate === false) return warmUp(socket, body, chain)
    const out = new FrameOut(wireOf(socket), (response) => chain.keep(body, response))
    return Effect.map(respond({ text: JSON.stringify(body), out }), (response) => {
      if (response === NodeAnswer.sent) return
      const { body: written, headers, status } = response
      const error = written._tag === "Uint8Array" ? Buffer.from(written.body).toString() : ""
      send(socket, errorFrame(status, unknownPrevious(body, error), headers))
    })
  })

/**
 * A client may send what it knows before it asks for an answer. There is nothing to warm up here, but it goes on from the
 * response it gets.
 */
const warmUp = (socket: WebSocket, body: JsonObject, chain: Chain): Effect.Effect<void> =>
  Effect.clockWith((clock) =>
    Effect.sync(() => {
      const now = clock.currentTimeMillisUnsafe()
      const response = {
        id: `resp_warm_${now.toString(36)}`,
        object: "response",
        created_at: Math.floor(now / 1000),
        model: body.model,
        output: [],
        usage: null,
        error: null
      }
      chain.keep(body, response)
      const tell = (type: string, status: string, sequence_number: number) =>
        send(socket, JSON.stringify({ type, sequence_number, response: { ...response, status } }))
      tell("response.created", "in_progress", 0)
      tell("response.completed", "completed", 1)
    })
  )

/** A client that is told in these words says everything once more. */
const unknownPrevious = (body: JsonObject, error: string): string =>
  typeof body.previous_response_id === "string" && error.includes("stateful_request")
    ? JSON.stringify({
        error: {
          type: "invalid_request_error",
          code: "previous_response_not_found",
          param: "previous_response_id",
          message: "this connection does not hold that response: send the whole conversation in `input`"
        }
      })
    : error

const said = (socket: WebSocket, status: number, code: string, message: string): Effect.Effect<void> =>
  Effect.sync(() => {
    const error = { type: "invalid_request_error", code, param: null, message }
    send(socket, errorFrame(status, JSON.stringify({ error })))
  })

const send = (socket: WebSocket, text: string): void => {
  if (socket.readyState === socket.OPEN) socket.send(text)
}

const wireOf = (socket: WebSocket): Wire => ({
  isGone: () => socket.readyState !== socket.OPEN,
  waiting: () => socket.bufferedAmount,
  send: (text, sent) => socket.send(text, sent),
  destroy: () => socket.terminate()
})

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
