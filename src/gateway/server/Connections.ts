/**
 * Tracks the connections of a server, and closes them when the server stops.
 *
 * Node's `close` ends idle connections at once, which resets a request that is just arriving on one, and it
 * waits forever for connections that send nothing. Here, every answer after the stop has `connection: close`,
 * an idle connection stays open for a short grace period in which it may send one more request, and a
 * connection without an accepted request delays nothing.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http"
import type { Socket } from "node:net"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Turns from "../../util/Turns.ts"

/** The grace period of an idle connection after the stop, in milliseconds. */
const grace = 300

/** How long a request may still take to arrive when no accepted request is left, in milliseconds. */
export const arrivalTimeout = 500

/** The grace period of a connection that was accepted after the stop, in milliseconds. Its request is sent right behind it. */
const lateGrace = 100

/**
 * How many connections may wait to be accepted: the backlog with which Node listens. Once as many have been accepted after the
 * stop, all that waited at the stop have, and the port closes.
 */
const backlog = 511

/**
 * How long a port stays open after the stop at most, in milliseconds. An idle machine accepts `backlog` connections in less than
 * 100. After it come `lateGrace`, and half a second for the last write of the bench to a Redis that does not answer: together a
 * second.
 */
const acceptTimeout = 400

/** How often a stopping server checks its connections, in milliseconds. */
const interval = 25

/** A request and its answer. */
export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** One connection. */
export interface Connection {
  readonly socket: Socket
  /** Requests with unfinished answers, in order. */
  readonly exchanges: ReadonlyArray<Exchange>
  /** Keeps the connection open while the server stops, until the returned function is called. */
  readonly hold: () => () => void
}

/** The connections of one server. */
export interface Connections {
  /** How many connections are open. */
  readonly count: () => number
  /** The connection of a socket; `undefined` if it is closed. */
  readonly of: (socket: Socket) => Connection | undefined
  /** True once the server begins to stop. */
  readonly isStopping: () => boolean
  /** Calls a function when the server begins to stop. Returns a function that removes the listener. */
  readonly onStop: (listener: () => void) => () => void
  /**
   * Calls a function repeatedly while the server stops, with the time since the last accepted request ended,
   * in milliseconds. Listeners that wait for a request to arrive can give up.
   */
  readonly whileStopping: (listener: (quiet: number) => void) => void
  /**
   * Begins to stop, and closes each connection when it is idle. Connections that are left after `drain`
   * milliseconds are reset.
   */
  readonly stop: (drain: number) => Effect.Effect<void>
}

class Tracked implements Connection {
  readonly exchanges: Array<Exchange> = []
  held = 0
  /** After the stop: when it was opened or its last answer ended, in milliseconds since the epoch. */
  since = 0
  /** How long it may be idle after the stop, in milliseconds. */
  grace = grace

  readonly socket: Socket

  constructor(socket: Socket) {
    this.socket = socket
  }

  readonly hold = (): (() => void) => {
    let isHeld = true
    this.held++
    return () => {
      if (isHeld) this.held--
      isHeld = false
    }
  }

  /** True if a complete request waits for its answer, or the connection is held. */
  get isAccepted(): boolean {
    return this.held > 0 || this.exchanges.some(({ request }) => request.complete)
  }
}

/** Tracks the connections of a server until the scope closes. Close the server only after `stop` has begun. */
export const watch = (server: Server): Effect.Effect<Connections, never, Scope.Scope> =>
  Effect.gen(function* () {
    const clock = yield* Clock.Clock
    const scope = yield* Effect.scope
    const now = () => clock.currentTimeMillisUnsafe()
    const open = new Map<Socket, Tracked>()
    const stopListeners = new Set<() => void>()
    const waiting = new Set<(quiet: number) => void>()
    let isStopping = false
    let accepted = 0

    const onConnection = (socket: Socket): void => {
      accepted++
      if (open.has(socket)) return
      const connection = new Tracked(socket)
      if (isStopping) {
        connection.since = now()
        connection.grace = lateGrace
      }
      open.set(socket, connection)
      socket.once("close", () => open.delete(socket))
    }

    /**
     * Only the last answer of a connection may announce the close: pipelined requests before it are still
     * answered.
     */
    const announceClose = ({ exchanges }: Tracked): void => {
      exchanges.forEach(({ response }, index) => {
        if (!response.headersSent) response.shouldKeepAlive = index < exchanges.length - 1
      })
    }

    const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
      const connection = open.get(request.socket)
      if (connection === undefined) return
      const exchange = { request, response }
      connection.exchanges.push(exchange)
      if (isStopping) announceClose(connection)
      response.on("close", () => {
        const at = connection.exchanges.indexOf(exchange)
        if (at !== -1) connection.exchanges.splice(at, 1)
        if (isStopping) connection.since = now()
      })
    }

    // Node's own closing of idle connections is replaced (see the header of this file).
    server.closeIdleConnections = () => {}
    const close = server.close.bind(server)
    let isClosing = false
    server.close = (closed) => {
      if (!server.listening) return close(closed)
      if (isClosing) return closed === undefined ? server : server.once("close", () => closed())
      isClosing = true
      const last = accepted + backlog
      const until = now() + acceptTimeout
      afterQuietTurn(
        () => accepted,
        () => accepted < last && now() < until,
        () => close(closed)
      )
      return server
    }
    server.prependListener("connection", onConnection)
    server.prependListener("request", onRequest)
    server.prependListener("checkContinue", onRequest)
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        server.off("connection", onConnection)
        server.off("request", onRequest)
        server.off("checkContinue", onRequest)
      })
    )

    const look = (at: number, startedAt: number, drain: number): void => {
      let isQuiet = true
      for (const connection of open.values()) {
        if (at - startedAt >= drain + grace) connection.socket.destroy()
        else if (connection.isAccepted) isQuiet = false
      }
      if (!isQuiet) quietSince = at
      const quiet = at - quietSince
      for (const listener of waiting) listener(quiet)
      for (const connection of open.values()) {
        if (connection.isAccepted) continue
        if (connection.exchanges.length > 0) {
          // The request was refused because it arrived too late, and its client does not read the refusal.
          if (quiet >= arrivalTimeout + grace) connection.socket.destroy()
        } else if (at - Math.max(startedAt, connection.since) >= connection.grace)
          connection.socket.destroySoon()
      }
    }
    let quietSince = 0

    return {
      count: () => open.size,
      of: (socket) => open.get(socket),
      isStopping: () => isStopping,
      onStop: (listener) => {
        stopListeners.add(listener)
        return () => stopListeners.delete(listener)
      },
      whileStopping: (listener) => {
        waiting.add(listener)
      },
      stop: (drain) =>
        Effect.suspend(() => {
          if (isStopping) return Effect.void
          isStopping = true
          const startedAt = now()
          quietSince = startedAt
          for (const connection of open.values()) announceClose(connection)
          for (const listener of stopListeners) listener()
          // Timers run before sockets are read. After a pause of the event loop a request may wait in a socket that
          // looks idle, so sockets are read before the connection is checked.
          const looking = Effect.repeat(
            Effect.flatMap(Effect.sync(now), (at) =>
              Effect.andThen(
                Turns.next,
                Effect.sync(() => look(at, startedAt, drain))
              )
            ),
            Schedule.spaced(interval)
          )
          return Effect.forkIn(looking, scope)
        })
    }
  })

/**
 * Calls a function right after a turn of the event loop in which no connection was accepted. Closing a port resets the
 * connections that wait to be accepted; right after such a turn there are none. Node accepts one connection in each turn. Clients
 * that connect again and again leave no such turn on a busy machine, so it waits only while `mayWait`.
 */
const afterQuietTurn = (accepted: () => number, mayWait: () => boolean, close: () => void): void => {
  const wait = (before: number | undefined): void => {
    setImmediate(() => {
      if (accepted() === before || !mayWait()) close()
      else wait(accepted())
    })
  }
  // The first turn may come before sockets are read.
  wait(undefined)
}
