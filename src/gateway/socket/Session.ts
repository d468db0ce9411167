/**
 * Serves one WebSocket connection, one Responses request at a time.
 *
 * A `response.create` frame has the body of a request; the events of its answer are sent as frames. The
 * connection stays open until the client leaves, no request comes for the idle time, or the gateway stops.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { HttpServerResponse } from "effect/http/HttpServerResponse"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import type { WebSocket } from "ws"
import { isObject, type JsonObject } from "../../providers/wire/Wire.ts"
import * as Turns from "../../util/Turns.ts"
import { type Refusal, make as refuse } from "../http/Refusal.ts"
import * as GatewayRequest from "../request/GatewayRequest.ts"
import * as Bodies from "../server/Bodies.ts"
import type * as Connections from "../server/Connections.ts"
import * as NodeAnswer from "../server/NodeAnswer.ts"
import { FrameOut, type Wire } from "./FrameOut.ts"
import { type Budget, LatestResponse } from "./LatestResponse.ts"

/** Answers one request, or refuses a frame that has none: writes to `out`, or returns what is to be written. */
export type Respond = (request: {
  readonly text: string | Refusal
  readonly out: NodeAnswer.Out
}) => Effect.Effect<HttpServerResponse>

/** What a session needs. */
export interface Options {
  readonly socket: WebSocket
  readonly connection: Connections.Connection
  readonly isStopping: () => boolean
  readonly respond: Respond
  readonly budget: Budget
  /** The idle time after which the connection is closed, in milliseconds. */
  readonly idle: number
  /** The largest request, also with the conversation that it continues, and the most that may wait, in bytes. */
  readonly maxBytes: number
  /** Counts the bytes of a frame until they are released, or refuses it. */
  readonly hold: (bytes: number) => (() => void) | Refusal
}

/** A frame that waits for its answer. */
interface Frame {
  readonly text: string | Refusal
  readonly bytes: number
  readonly release: () => void
}

/** Close codes of https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1 */
const normal = 1000
const goingAway = 1001
const unsupported = 1003
const policy = 1008

/** The interval of pings. Clients and proxies close a connection that is quiet for a minute or more. */
const pingInterval = "25 seconds"

/** Serves a connection until it closes. */
export const serve = ({
  budget,
  connection,
  hold,
  idle,
  isStopping,
  maxBytes,
  respond,
  socket
}: Options): Effect.Effect<void> => {
  const latest = new LatestResponse(budget)
  const frames = new Set<Frame>()
  return Effect.gen(function* () {
    const requests = yield* Queue.unbounded<Frame>()
    let waiting = 0
    let isAlive = true
    socket.on("message", (data, isBinary) => {
      if (isBinary) return socket.close(unsupported, "frames must be text")
      const content = data as Buffer
      waiting += content.length
      if (waiting > maxBytes) return socket.close(policy, "too many requests are waiting")
      const frame = frameOf(content, hold(content.length))
      frames.add(frame)
      Queue.offerUnsafe(requests, frame)
    })
    socket.on("pong", () => {
      isAlive = true
    })

    const ping = Effect.sync(() => {
      if (!isAlive) return socket.terminate()
      isAlive = false
      socket.ping()
    })
    yield* Effect.forkChild(Effect.repeat(ping, Schedule.spaced(pingInterval)))

    while (socket.readyState === socket.OPEN) {
      const next = yield* Effect.timeoutOption(Queue.take(requests), idle)
      if (Option.isNone(next)) return socket.close(normal, "no request for the idle time")
      const frame = next.value
      waiting -= frame.bytes
      const release = connection.hold()
      const done = Effect.sync(() => {
        release()
        frame.release()
        frames.delete(frame)
      })
      const fiber = yield* Effect.forkChild(
        Effect.onExit(answer(socket, frame.text, latest, respond, maxBytes), () => done)
      )
      yield* Fiber.join(fiber)
      if (isStopping()) return socket.close(goingAway, "the gateway is stopping")
    }
  }).pipe(
    Effect.onExit(() =>
      Effect.sync(() => {
        latest.forget()
        for (const frame of frames) frame.release()
      })
    )
  )
}

const frameOf = (content: Buffer, held: (() => void) | Refusal): Frame =>
  typeof held === "function"
    ? {
        text: GatewayRequest.excessIn(content) ?? content.toString(),
        bytes: content.length,
        release: held
      }
    : { text: held, bytes: content.length, release: () => {} }

const answer = (
  socket: WebSocket,
  text: string | Refusal,
  latest: LatestResponse,
  respond: Respond,
  maxBytes: number
): Effect.Effect<void> =>
  Effect.gen(function* () {
    const frame = typeof text === "string" ? parse(text) : {}
    const { background: _, generate, type, ...given } = isObject(frame) ? frame : {}
    const completed = latest.complete(given)
    const body: JsonObject = { ...completed, stream: true }
    const refusal =
      typeof text !== "string"
        ? text
        : isObject(frame)
          ? type === "response.create"
            ? undefined
            : unknownEvent
          : notObject
    if (refusal === undefined && generate === false) return yield* warmUp(socket, body, latest)
    const isLarge = typeof text === "string" && text.length >= Turns.large
    // Reading, writing and reading again are separate turns of the event loop.
    if (isLarge) yield* Turns.next
    const whole = refusal ?? JSON.stringify(body)
    const excess = typeof whole === "string" && completed !== given ? excessOf(whole, maxBytes) : undefined
    if (isLarge) yield* Turns.next
    const out = new FrameOut(wireOf(socket), (response) => latest.keep(body, response))
    const response = yield* respond({ text: excess ?? whole, out })
    if (response === NodeAnswer.sent || out.headersSent) return
    const { body: written, headers, status } = response
    const said = written._tag === "Uint8Array" ? Buffer.from(written.body).toString() : ""
    NodeAnswer.write(out, status, headers, Buffer.from(unknownPrevious(body, said)))
  })

/** The refusal of a conversation that has become too large. */
const excessOf = (whole: string, maxBytes: number): Refusal | undefined => {
  const bytes = Buffer.from(whole)
  return bytes.length > maxBytes ? Bodies.tooLarge(maxBytes) : GatewayRequest.excessIn(bytes)
}

const notObject = refuse(400, "invalid_json", "a frame must be a JSON object")

const unknownEvent = refuse(400, "unknown_event", "only response.create frames are accepted")

/**
 * A client may send its input before it requests an answer (`generate: false`). The gateway has nothing to
 * warm up, but the client continues from the response it gets.
 */
const warmUp = (socket: WebSocket, body: JsonObject, latest: LatestResponse): Effect.Effect<void> =>
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
      latest.keep(body, response)
      const sendEvent = (type: string, status: string, sequence_number: number) =>
        send(socket, JSON.stringify({ type, sequence_number, response: { ...response, status } }))
      sendEvent("response.created", "in_progress", 0)
      sendEvent("response.completed", "completed", 1)
    })
  )

/** With this error code, clients send the whole conversation again. */
const unknownPrevious = (body: JsonObject, error: string): string =>
  typeof body.previous_response_id === "string" && error.includes("stateful_request")
    ? JSON.stringify({
        error: {
          type: "invalid_request_error",
          code: "previous_response_not_found",
          param: "previous_response_id",
          message: "this connection does not have that response: send the whole conversation in `input`"
        }
      })
    : error

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
