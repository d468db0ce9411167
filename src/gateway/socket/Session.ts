/**
 * Serves one WebSocket connection, one Responses request at a time.
 *
 * A `response.create` frame has the body of a request; the events of its answer are sent as frames. The
 * connection stays open until the client leaves, no request comes for the idle time, or the gateway stops.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import type { WebSocket } from "ws"
import type { Refusal } from "../http/Refusal.ts"
import * as GatewayRequest from "../request/GatewayRequest.ts"
import type * as Connections from "../server/Connections.ts"
import { answer, type Respond } from "./Answer.ts"
import { type Budget, LatestResponse } from "./LatestResponse.ts"

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
  let isOver = false
  return Effect.gen(function* () {
    const requests = yield* Queue.unbounded<Frame>()
    let waiting = 0
    let isAlive = true
    socket.on("message", (data, isBinary) => {
      // A client may send more before it reads that the connection closes.
      if (isOver) return
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
        isOver = true
        latest.forget()
        for (const frame of frames) frame.release()
      })
    )
  )
}

/** Reads a frame, unless it is refused. */
const frameOf = (content: Buffer, held: (() => void) | Refusal): Frame =>
  typeof held === "function"
    ? {
        text: GatewayRequest.excessIn(content) ?? content.toString(),
        bytes: content.length,
        release: held
      }
    : { text: held, bytes: content.length, release: () => {} }
