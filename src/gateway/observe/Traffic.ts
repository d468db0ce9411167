/**
 * Counts the requests of a gateway's server, and reports how each of them ended.
 *
 * It listens to the server itself, so it sees the end of every request, including clients that disconnect
 * during a stream, or before their pipelined request was handled.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http"
import type { Socket } from "node:net"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type * as Scope from "effect/Scope"
import * as Series from "../../observe/Series.ts"
import { routeOf } from "../http/Route.ts"

/** A finished request. */
export interface Ended {
  readonly request: IncomingMessage
  /** A known route, or `other`. */
  readonly route: string
  /** 499 if the client disconnected before the answer started. */
  readonly status: number
  /** Whether the client disconnected before the end of the answer. */
  readonly left: boolean
  /** Milliseconds from the request's headers to the last byte of the answer. */
  readonly duration: number
}

/** The requests of a server. */
export interface Traffic {
  /** Requests in flight. */
  readonly inFlight: () => number
  /**
   * Counts a request that is not an HTTP request. Returns a function to call at its end: with its status, or without
   * one if the client disconnected.
   */
  readonly begin: (route: string) => (status: number | undefined) => void
}

/** The client disconnected before it got an answer (nginx's status for it). */
const clientClosed = 499

const inFlights = Metric.gauge("failover_http_requests_in_flight", {
  description: "HTTP requests in flight."
})
const requests = Series.counter(
  "failover_http_requests_total",
  "Finished HTTP requests, by route and status."
)
const durations = Series.histogram(
  "failover_http_request_duration_seconds",
  "From an HTTP request's headers to the last byte of its answer.",
  [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300]
)

/** Watches a server until the scope closes. Metrics go to the `MetricRegistry` of the context. */
export const watch = (
  server: Server,
  onEnd?: ((ended: Ended) => void) | undefined
): Effect.Effect<Traffic, never, Scope.Scope> =>
  Effect.gen(function* () {
    const series = yield* Series.scoped
    const clock = yield* Clock.Clock
    const counters = new Map<
      string,
      Map<number, { readonly count: Series.Update; readonly took: Series.Update }>
    >()
    let inFlight = 0
    series.read(inFlights, {}, () => inFlight)

    const counted = (route: string, status: number) => {
      let byStatus = counters.get(route)
      if (byStatus === undefined) counters.set(route, (byStatus = new Map()))
      let counter = byStatus.get(status)
      if (counter === undefined) {
        counter = {
          count: series.of(requests, { route, status: String(status) }),
          took: series.of(durations, { route })
        }
        byStatus.set(status, counter)
      }
      return counter
    }

    const end = (request: IncomingMessage, response: ServerResponse, began: bigint) => {
      inFlight--
      const duration = Number(clock.monotonicTimeNanosUnsafe() - began) / 1e6
      const route = routeOf(request.url ?? "/")
      const status = response.headersSent ? response.statusCode : clientClosed
      const { count, took } = counted(route, status)
      count(1)
      took(duration / 1000)
      onEnd?.({ request, route, status, left: !response.writableFinished, duration })
    }

    /**
     * Requests by connection. Pipelined requests may wait behind the one that is answered, and Node reports
     * nothing about them. It is a list, because a set with constant additions and removals keeps old hash
     * tables alive, and with them their entries.
     */
    const open = new WeakMap<Socket, Array<() => void>>()
    const openOn = (socket: Socket): Array<() => void> => {
      const known = open.get(socket)
      if (known !== undefined) return known
      const ends: Array<() => void> = []
      open.set(socket, ends)
      socket.once("close", () => {
        for (const end of [...ends]) end()
      })
      return ends
    }

    const onRequest = (request: IncomingMessage, response: ServerResponse) => {
      const began = clock.monotonicTimeNanosUnsafe()
      const ends = openOn(request.socket)
      const ended = () => {
        const at = ends.indexOf(ended)
        if (at === -1) return
        ends.splice(at, 1)
        end(request, response, began)
      }
      ends.push(ended)
      inFlight++
      response.on("close", ended)
    }

    yield* Effect.acquireRelease(
      // A request with `expect: 100-continue` is a separate event.
      Effect.sync(() => server.on("request", onRequest).on("checkContinue", onRequest)),
      () => Effect.sync(() => server.off("request", onRequest).off("checkContinue", onRequest))
    )
    return {
      inFlight: () => inFlight,
      begin: (route) => {
        const began = clock.monotonicTimeNanosUnsafe()
        inFlight++
        return (status = clientClosed) => {
          inFlight--
          const { count, took } = counted(route, status)
          count(1)
          took(Number(clock.monotonicTimeNanosUnsafe() - began) / 1e9)
        }
      }
    }
  })
