/** Answers a request if its handler ends without an answer. */
import * as Effect from "effect/Effect"
import type { HttpServerResponse } from "effect/http/HttpServerResponse"
import * as ErrorShape from "../http/ErrorShape.ts"
import * as OwnRefusals from "../http/OwnRefusals.ts"
import * as NodeAnswer from "../server/NodeAnswer.ts"
import { type Caller, refused } from "./GatewayAnswer.ts"

/**
 * Runs a handler. A defect is answered with 500. A handler that is interrupted before it answered, because the
 * gateway stops, is answered with 503, so that the client sends its request again.
 */
export const run = <R>(
  caller: Caller,
  handler: Effect.Effect<HttpServerResponse, never, R>
): Effect.Effect<HttpServerResponse, never, R> =>
  Effect.onInterrupt(
    Effect.catchDefect(handler, (defect) =>
      Effect.as(
        Effect.logError("a request failed with an internal error", defect),
        refused(caller, OwnRefusals.internalError)
      )
    ),
    () => Effect.sync(() => stopped(caller))
  )

const stopped = (caller: Caller): void => {
  const { entry, out, protocol, requestId } = caller
  if (entry !== undefined) entry.outcome ??= "broke off"
  if (out.destroyed || out.headersSent) return
  const { headers, status } = OwnRefusals.stopped
  if (entry !== undefined) entry.error = OwnRefusals.stopped.code
  NodeAnswer.write(
    out,
    status,
    { ...headers, "content-type": "application/json", "x-request-id": requestId },
    Buffer.from(ErrorShape.body(protocol, OwnRefusals.stopped, requestId))
  )
}
