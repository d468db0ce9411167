/**
 * Clients of an event stream that does not end by itself.
 *
 * A gateway that stops, and a config that is replaced, wait until their answers are sent. A subscriber that
 * stopped reading would block that, so its connection is closed.
 */
import type { ServerResponse } from "node:http"
import type { Http2ServerResponse } from "node:http2"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as Effect from "effect/Effect"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import type * as Scope from "effect/Scope"

/** How long a subscriber may take to read the remaining bytes. */
const grace = "500 millis"

/** The subscribers. */
export interface EventSubscribers {
  /** Adds the client of this request until its answer ends. */
  readonly add: Effect.Effect<void, never, HttpServerRequest>
  /**
   * Whether the connection of this request has a subscriber already. A connection sends one answer at a time,
   * so a second subscriber would take a slot and show nothing.
   */
  readonly hasOne: Effect.Effect<boolean, never, HttpServerRequest>
}

/** Makes the set. Once `over` is done, and after a short grace period, the remaining connections are closed. */
export const make = (over: Effect.Effect<unknown>): Effect.Effect<EventSubscribers, never, Scope.Scope> =>
  Effect.gen(function* () {
    const answers = new Set<ServerResponse | Http2ServerResponse>()
    const connections = new Set<object>()
    const closeAll = Effect.sync(() => {
      for (const answer of answers) answer.destroy()
    })
    yield* Effect.forkScoped(over.pipe(Effect.andThen(Effect.sleep(grace)), Effect.andThen(closeAll)))
    return {
      add: Effect.map(HttpServerRequest, (request) => {
        const answer = NodeHttpServerRequest.toServerResponse(request)
        if (answer.destroyed) return
        const { socket } = NodeHttpServerRequest.toIncomingMessage(request)
        answers.add(answer)
        connections.add(socket)
        answer.once("close", () => {
          answers.delete(answer)
          connections.delete(socket)
        })
      }),
      hasOne: Effect.map(HttpServerRequest, (request) =>
        connections.has(NodeHttpServerRequest.toIncomingMessage(request).socket)
      )
    }
  })
