/**
 * Serves one WebSocket connection, one Responses request at a time.
 *
 * A `response.create` frame has the body of a request; the events of its answer are sent as frames. The
 * connection stays open until the client leaves, no request comes for the idle time, or the gateway stops.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import type { WebSocket } from "ws"
import type { Refusal } from "../http/Refusal.ts"
import type * as Connections from "../server/Connections.ts"
import * as SlowClients from "../server/SlowClients.ts"
import { answer, type Respond } from "./Answer.ts"
import { type Frame, Incoming } from "./Incoming.ts"
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
  /** How long a message may take to arrive, in milliseconds. */
  readonly timeout: number
  /** Counts the bytes of a frame until they are released, or refuses it. */
  readonly hold: (bytes: number) => (() => void) | Refusal
}

/** Close codes of https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1 */
const normal = 1000
const goingAway = 1001

/** The interval of pings. Clients and proxies close a connection that is quiet for a minute or more. */
const pingInterval = "25 seconds"

/** How long a client may take to read the refusal that ends its connection. */
const closeTimeout = "1 second"

/** Serves a connection until it closes. */
export const serve = ({
  budget,
  connection,
  hold,
  idle,
  isStopping,
  maxBytes,
  respond,
  socket,
  timeout
}: Options): Effect.Effect<void> =>
  Effect.gen(function* () {
    const latest = new LatestResponse(budget)
    const requests = yield* Queue.unbounded<Frame>()
    const clock = yield* Clock.Clock
    const incoming = new Incoming({
      socket,
      connection: connection.socket,
      maxBytes,
      timeout,
      hold,
      now: () => clock.currentTimeMillisUnsafe(),
      onFrame: (frame) => Queue.offerUnsafe(requests, frame)
    })
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        latest.forget()
        incoming.end()
      })
    )
    yield* Effect.forkChild(Effect.repeat(ping(socket, incoming), Schedule.spaced(pingInterval)))
    const check = Effect.sync(() => incoming.check())
    yield* Effect.forkChild(Effect.repeat(check, Schedule.spaced(SlowClients.interval(timeout))))

    while (socket.readyState === socket.OPEN) {
      const next = yield* Effect.timeoutOption(Queue.take(requests), idle)
      if (Option.isNone(next)) return socket.close(normal, "no request for the idle time")
      const frame = next.value
      incoming.begin(frame)
      const release = connection.hold()
      const done = Effect.sync(() => {
        release()
        incoming.done(frame)
      })
      const fiber = yield* Effect.forkChild(
        Effect.onExit(answer(socket, frame.text, latest, respond, maxBytes), () => done)
      )
      yield* Fiber.join(fiber)
      if (frame.close !== undefined) {
        socket.close(frame.close, "the message was refused before its end")
        connection.socket.end()
        yield* Effect.sleep(closeTimeout)
        return socket.terminate()
      }
      if (isStopping()) return socket.close(goingAway, "the gateway is stopping")
    }
  }).pipe(Effect.scoped)

/** Asks whether the client is still there, and ends the connection if it did not answer the last time. */
const ping = (socket: WebSocket, incoming: Incoming): Effect.Effect<void> => {
  let isAlive = true
  socket.on("pong", () => {
    isAlive = true
  })
  return Effect.sync(() => {
    if (incoming.isOver) return
    if (!isAlive) return socket.terminate()
    isAlive = false
    socket.ping()
  })
}
