/** The count of tokens where no target can count them: an estimate, and marked as one. */
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import type { RunError } from "../../failure/RunError.ts"
import { isProviderResponse } from "../../providers/wire/ProviderResponse.ts"
import type { Request } from "../../providers/wire/Wire.ts"
import { estimateTokens } from "../../translate/index.ts"

/** The header of an answer that is an estimate. */
export const header = "x-failover-estimated"

/** True for a request for the count of tokens. */
export const isCount = ({ operation }: Pick<Request, "operation">): boolean =>
  operation === "messages/count_tokens"

/** The answer to it. https://docs.anthropic.com/en/api/messages-count-tokens */
export const answer = ({ body }: Request, requestId: string): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.text(JSON.stringify({ input_tokens: estimateTokens(body) }), {
    status: 200,
    contentType: "application/json",
    headers: { "x-request-id": requestId, [header]: "true" }
  })

/** Said a target that it does not know the operation? Not all servers of the protocol do. */
export const isUnknown = (error: RunError): boolean => {
  const failure = error._tag === "ChainExhausted" ? error.attempts.at(-1)?.failure : error
  const said = failure !== undefined && "cause" in failure ? failure.cause : undefined
  return isProviderResponse(said) && (said.status === 404 || said.status === 405 || said.status === 501)
}
