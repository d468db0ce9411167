/** What keeps a conversation from going on with another model than the one that answered last. */
import type { Request } from "../../providers/wire/Wire.ts"
import * as Translate from "../../translate/index.ts"
import { type PassedOn, type Refusal, make as refuse } from "../http/Refusal.ts"
import type { Route } from "../http/Route.ts"
import type { ChainFacts } from "../providers/Providers.ts"

/** The refusal of a request that only one account can go on with, where others may be asked too. */
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

/** True for a request for a response that only the provider of an earlier one can answer. */
export const isStateful = ({ body }: Request): boolean => Translate.isStateful(body)

/** The refusal of such a request where nobody speaks that provider's own words. */
export const stateful: Refusal = refuse(
  400,
  "stateful_request",
  "the models asked for hold no earlier responses, conversations or items, and answer at once: " +
    "send the whole conversation in `input`, with `store: false`, and without `previous_response_id`, " +
    "`conversation`, `prompt`, `background` and item references",
  { param: "input" }
)

/** The refusal of a response that is to be fetched later: it would be paid for, and nobody could read it here. */
export const background: Refusal = refuse(
  400,
  "background_unsupported",
  "responses in the background cannot be fetched here by their id, so they are not begun: leave out `background`, or stream",
  { param: "background" }
)
