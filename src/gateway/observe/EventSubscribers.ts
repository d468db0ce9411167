/**
 * Those who look on: clients of an event stream that has no end of its own.
 *
 * A gateway that stops, or a config that is replaced, waits for its answers to be sent to the last byte. An onlooker who
 * has stopped reading would keep it waiting, so it is let go.
 */
import type { ServerResponse } from "node:http"
import type { Http2ServerResponse } from "node:http2"
import * as NodeHttpServerRequest from "@effect/platform-node/NodeHttpServerRequest"
import * as Effect from "effect/Effect"
import { HttpServerRequest } from "effect/http/HttpServerRequest"
import type * as Scope from "effect/Scope"

/** How long an onlooker may take for what is there for it when everything is over. */
const grace = "500 millis"

/** Those who look on. */
export interface EventSubscribers {
  /** Whoever sends this request looks on until its answer ends. */
  readonly enter: Effect.Effect<void, never, HttpServerRequest>
  /**
   * Whether somebody on the connection of this request looks on already. Only one answer of a connection is sent at a
   * time, so a second one would take a place and show nothing.
   */
  readonly isThere: Effect.Effect<boolean, never, HttpServerRequest>
}

/** Once `over` is done, and a short while later, the connections of those are closed who have not taken their last bytes. */
export const make = (over: Effect.Effect<unknown>): Effect.Effect<EventSubscribers, never, Scope.Scope> =>
  Effect.gen(function* () {
    const answers = new Set<ServerResponse | Http2ServerResponse>()
    const connections = new Set<object>()
    const letGo = Effect.sync(() => {
      for (const answer of answers) answer.destroy()
    })
    yield* Effect.forkScoped(over.pipe(Effect.andThen(Effect.sleep(grace)), Effect.andThen(letGo)))
    return {
      enter: Effect.map(HttpServerRequest, (request) => {
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
      isThere: Effect.map(HttpServerRequest, (request) =>
        connections.has(NodeHttpServerRequest.toIncomingMessage(request).socket)
      )
    }
  })
