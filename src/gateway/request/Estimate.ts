/** An estimated token count, for chains in which no target can count tokens. */
import type { RunError } from "../../failure/RunError.ts"
import { isProviderResponse } from "../../providers/wire/ProviderResponse.ts"
import type { Request } from "../../providers/wire/Wire.ts"
import { estimateTokens } from "../../translate/index.ts"
import type { Own } from "./Reply.ts"

/** The header that marks an estimate. */
export const header = "x-failover-estimated"

/** True for a request to count tokens. */
export const isCount = ({ operation }: Pick<Request, "operation">): boolean =>
  operation === "messages/count_tokens"

/** The estimate as an answer. https://docs.anthropic.com/en/api/messages-count-tokens */
export const of = ({ body }: Request): Own => ({
  contentType: "application/json",
  body: JSON.stringify({ input_tokens: estimateTokens(body) }),
  headers: { [header]: "true" }
})

/**
 * True if the last target does not have the operation. Not all servers with Anthropic's protocol can count
 * tokens.
 */
export const isUnknown = (error: RunError): boolean => {
  const failure = error._tag === "ChainExhausted" ? error.attempts.at(-1)?.failure : error
  const response = failure !== undefined && "cause" in failure ? failure.cause : undefined
  return isProviderResponse(response) && [404, 405, 501].includes(response.status)
}
