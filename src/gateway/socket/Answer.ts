/** Answers one frame of a WebSocket connection. */
import * as Effect from "effect/Effect"
import type { HttpServerResponse } from "effect/http/HttpServerResponse"
import type { WebSocket } from "ws"
import { isObject, type JsonObject } from "../../providers/wire/Wire.ts"
import * as Turns from "../../util/Turns.ts"
import { type Refusal, make as refuse } from "../http/Refusal.ts"
import * as GatewayRequest from "../request/GatewayRequest.ts"
import * as Bodies from "../server/Bodies.ts"
import * as NodeAnswer from "../server/NodeAnswer.ts"
import { FrameOut, type Wire } from "./FrameOut.ts"
import type { LatestResponse } from "./LatestResponse.ts"

/** Answers one request, or refuses a frame that has none: writes to `out`, or returns what is to be written. */
export type Respond = (request: {
  readonly text: string | Refusal
  readonly out: NodeAnswer.Out
}) => Effect.Effect<HttpServerResponse>

/** Answers a frame, or sends its refusal. `maxBytes` is the largest request, with the conversation that it continues. */
export const answer = (
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
    const isLarge = typeof text === "string" && text.length >= Turns.large
    // Reading, writing and reading again are separate turns of the event loop.
    if (isLarge) yield* Turns.next
    const whole = refusal ?? JSON.stringify(body)
    const excess = typeof whole === "string" && completed !== given ? excessOf(whole, maxBytes) : undefined
    if (typeof (excess ?? whole) === "string" && generate === false)
      return yield* warmUp(socket, body, latest)
    if (isLarge) yield* Turns.next
    const out = new FrameOut(wireOf(socket), (response) => latest.keep(body, response))
    const response = yield* respond({ text: excess ?? whole, out })
    // Before the next request, which may continue this response.
    yield* out.settled
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
