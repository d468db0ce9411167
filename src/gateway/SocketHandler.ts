/** Handles a request that came over a WebSocket. It is handled as over HTTP, in its own fiber. */
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import type { GatewayConfig } from "../config/GatewayConfig.ts"
import type { Secrets } from "../redaction/Secrets.ts"
import * as OwnRefusals from "./http/OwnRefusals.ts"
import { requestId } from "./http/RequestId.ts"
import { type Route, routes } from "./http/Route.ts"
import type * as CurrentConfig from "./reload/CurrentConfig.ts"
import * as GatewayAnswer from "./request/GatewayAnswer.ts"
import * as GatewayRequest from "./request/GatewayRequest.ts"
import * as Guarded from "./request/Guarded.ts"
import type { ModelCalls } from "./request/ModelCalls.ts"
import * as RequestLog from "./request/RequestLog.ts"
import type { Access } from "./server/Access.ts"
import type { InFlight } from "./server/InFlight.ts"

/** What the handler needs: see `Handler.Options`. */
export interface Options {
  readonly config: GatewayConfig
  readonly calls: ModelCalls
  readonly inFlight: InFlight
  readonly access: Access
  readonly secrets: Secrets
  readonly requestLog: RequestLog.RequestLog
}

const path = "/v1/responses"

/** Makes the handler. */
export const make = ({
  access,
  calls,
  config,
  inFlight,
  requestLog,
  secrets
}: Options): CurrentConfig.SocketHandler => {
  const route = routes.get(path) as Route
  const isLogged = (config.log?.requests ?? false) !== false
  return {
    mayOpen: (headers) => access.handshake(headers) === undefined,
    respond: ({ headers, out, text }) =>
      Effect.withFiber((fiber) => {
        const isFull = inFlight.count >= config.server.maxConcurrent
        inFlight.enter(fiber)
        const id = requestId({}, fiber.getRef(Random.Random))
        const entry = isLogged ? new RequestLog.Entry(id, "websocket", path) : undefined
        const caller: GatewayAnswer.Caller = {
          protocol: "openai",
          dialect: "responses",
          requestId: id,
          out,
          entry,
          secrets
        }
        const refusal = access.handshake(headers) ?? (isFull ? OwnRefusals.full : undefined)
        const read =
          refusal !== undefined
            ? Effect.fail(refusal)
            : typeof text !== "string"
              ? Effect.fail(text)
              : Effect.clockWith((clock) =>
                  GatewayRequest.parse(text, headers, route, clock.monotonicTimeNanosUnsafe())
                )
        const answered = Guarded.run(
          caller,
          Effect.matchEffect(read, {
            onFailure: (refusal) => Effect.succeed(GatewayAnswer.refused(caller, refusal)),
            onSuccess: (call) => calls(call, route, caller)
          })
        )
        return entry === undefined ? answered : requestLog.around(answered, entry, out)
      })
  }
}
