/**
 * The requests of a gateway's server: how many are in flight, and how each of them ended.
 *
 * It listens to the server itself, beside the handlers, so that it sees every request to its end, whoever ends it: also
 * those of clients that hang up in the middle of a stream, or before their turn on a shared connection has come.
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http"
import type { Socket } from "node:net"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import type * as Scope from "effect/Scope"
import * as Series from "../../observe/Series.ts"
import { routeOf } from "../http/Route.ts"

/** A request that has ended. */
export interface Ended {
  readonly request: IncomingMessage
  /** One of a few; what else was called is `other`. */
  readonly route: string
  /** 499 when the client was gone before there was an answer. */
  readonly status: number
  /** The client was gone before the end of the answer. */
  readonly left: boolean
  /** Milliseconds from the request's headers to the last byte of the answer. */
  readonly duration: number
}

/** What a server is doing. */
export interface Traffic {
  /** Requests that have come and not ended. */
  readonly inFlight: () => number
  /** Counts a request that is none of HTTP's own; gives what counts its end, with a status; without one its client left. */
  readonly begin: (route: string) => (status: number | undefined) => void
}

/** The client closed the connection before it got an answer (nginx's own status for it). */
const clientClosed = 499

const inFlights = Metric.gauge("failover_http_requests_in_flight", {
  description: "HTTP requests that have come and not ended."
})
const requests = Series.counter(
  "failover_http_requests_total",
  "HTTP requests that have ended, by route and status."
)
const durations = Series.histogram(
  "failover_http_request_duration_seconds",
  "From an HTTP request's headers to the last byte of its answer.",
  [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300]
)

/** Watches a server until the scope closes, and counts in the `MetricRegistry` of the context. */
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
     * Requests by connection. Behind the one that is being answered others may wait, of which nobody else tells. In a
     * list: a set that something is put in and taken out all the time leaves a trail of old tables, by which what was
     * in them outlives many collections.
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
      response.once("close", ended)
    }

    yield* Effect.acquireRelease(
      // A request with `expect: 100-continue` is an event of its own.
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
