/**
 * The connections of a server: what each of them is doing, and how all of them end when the server stops.
 *
 * Node's own `close` ends idle connections at once, which resets a request that is just arriving on one of them, and it
 * waits without end for connections that never send anything. Here every answer that begins after the stop says
 * `connection: close`, a connection without a request is kept for a moment in which a next request is still answered, and
 * whoever holds no accepted request holds up nobody.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http"
import type { Socket } from "node:net"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"

/** How long a connection without a request is kept once the server stops, in milliseconds. */
const grace = 300

/** How long a request may go on to arrive when nothing else is left to wait for, in milliseconds. */
const arrival = 500

/** How often a server that stops looks at its connections, in milliseconds. */
const interval = 25

/** One connection. */
export interface Connection {
  readonly socket: Socket
  /** Keeps the connection open while the server stops, until the function that it gives is called. */
  readonly hold: () => () => void
}

/** The connections of one server. */
export interface Connections {
  /** How many are open. */
  readonly count: () => number
  /** The one of a socket; `undefined` when the socket is gone. */
  readonly of: (socket: Socket) => Connection | undefined
  /** True from the moment at which the server begins to stop. */
  readonly isStopping: () => boolean
  /** Calls a function when the server begins to stop; gives one that takes the call back. */
  readonly onStop: (listener: () => void) => () => void
  /**
   * Calls a function again and again while the server stops, with the time for which no request that arrived whole is
   * left, in milliseconds: whoever waits for the rest of a request can give up.
   */
  readonly whileStopping: (listener: (quiet: number) => void) => void
  /** Begins to stop, and ends the connections one after the other; what is left after `drain` milliseconds is broken off. */
  readonly stop: (drain: number) => Effect.Effect<void>
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

class Tracked implements Connection {
  /** Requests whose answers are not sent to the end, in their order. */
  readonly exchanges: Array<Exchange> = []
  held = 0
  /** When the last answer ended, in milliseconds since the epoch. */
  since = 0

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

  /** A request that arrived whole is not answered yet, or somebody holds the connection. */
  get isAccepted(): boolean {
    return this.held > 0 || this.exchanges.some(({ request }) => request.complete)
  }
}

/** Watches a server until the scope closes. The server is to be closed only after `stop` has begun. */
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
      open.set(socket, new Tracked(socket))
      socket.once("close", () => open.delete(socket))
    }

    /** Only the last answer of a connection may say that it closes: what was pipelined before it is answered too. */
    const sayClose = ({ exchanges }: Tracked): void => {
      exchanges.forEach(({ response }, index) => {
        if (!response.headersSent) response.shouldKeepAlive = index < exchanges.length - 1
      })
    }

    const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
      const connection = open.get(request.socket)
      if (connection === undefined) return
      const exchange = { request, response }
      connection.exchanges.push(exchange)
      if (isStopping) sayClose(connection)
      response.once("close", () => {
        const at = connection.exchanges.indexOf(exchange)
        if (at !== -1) connection.exchanges.splice(at, 1)
        if (isStopping) connection.since = now()
      })
    }

    // Node's own way to close idle connections is not used: see above.
    server.closeIdleConnections = () => {}
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

    const look = (startedAt: number, drain: number): void => {
      const at = now()
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
          // It has been told that it is too late, and does not take that either.
          if (quiet >= arrival + grace) connection.socket.destroy()
        } else if (at - Math.max(startedAt, connection.since) >= grace) connection.socket.destroySoon()
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
          for (const connection of open.values()) sayClose(connection)
          for (const listener of stopListeners) listener()
          const looking = Effect.repeat(
            Effect.sync(() => look(startedAt, drain)),
            Schedule.spaced(interval)
          )
          return Effect.andThen(
            Effect.forkIn(looking, scope),
            quietTurn(() => accepted)
          )
        })
    }
  })

/**
 * Waits for a turn of the event loop in which no connection was accepted, for a short while. When a port is closed, the
 * system resets the connections that wait to be accepted: right after such a turn there are none.
 */
const quietTurn = (accepted: () => number): Effect.Effect<void> =>
  Effect.callback((resume) => {
    let turns = 0
    const wait = (before: number): void => {
      setImmediate(() => {
        if (accepted() === before || ++turns >= 200) resume(Effect.void)
        else wait(accepted())
      })
    }
    wait(accepted())
  })

/** The time without accepted requests after which a request that is still arriving is refused, in milliseconds. */
export const patience = arrival
