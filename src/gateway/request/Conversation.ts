/** Requests that only some providers can serve, because they continue a conversation that a provider stores. */
import type { Request } from "../../providers/wire/Wire.ts"
import * as Translate from "../../translate/index.ts"
import { type PassedOn, type Refusal, make as refuse } from "../http/Refusal.ts"
import type { Route } from "../http/Route.ts"
import type { ChainFacts } from "../providers/Providers.ts"

/** Refuses a request that only one account can continue, if the chain has other targets. */
export const refusal = (request: Request, route: Route, facts: ChainFacts): PassedOn | undefined => {
  if (facts.isSingle && facts.protocols.has(route.protocol)) return undefined
  const refused = Translate.refuseStateful(route.protocol, request.body)
  return refused === undefined
    ? undefined
    : {
        _tag: "PassedOn",
        status: refused.status,
        contentType: "application/json",
        body: JSON.stringify(refused.body)
      }
}

/** True for a Responses request that only the provider of an earlier response can answer. */
export const isStateful = ({ body }: Request): boolean => Translate.isStateful(body)

/** Refuses such a request if the chain has no target with the Responses API. */
export const stateful: Refusal = refuse(
  400,
  "stateful_request",
  "the requested models store no responses, conversations or items, and have no background mode: " +
    "send the whole conversation in `input`, with `store: false`, and without `previous_response_id`, " +
    "`conversation`, `prompt`, `background` and item references",
  { param: "input" }
)

/** Refuses a background response: it would cost tokens, and nothing could fetch it. */
export const background: Refusal = refuse(
  400,
  "background_unsupported",
  "background responses are not supported, because the gateway cannot fetch a response by its id: leave out `background`",
  { param: "background" }
)
