/** An estimated token count, for chains in which no target can count tokens. */
import type { Request } from "../../providers/wire/Wire.ts"
import { estimateTokens } from "../../translate/index.ts"
import type { Own } from "./GatewayAnswer.ts"

/** The header that marks an estimate. */
export const header = "x-failover-estimated"

/** True for a request to count tokens. */
export const isCount = ({ operation }: Pick<Request, "operation">): boolean => operations.has(operation)

const operations: ReadonlySet<string> = new Set([
  "chat/completions/input_tokens",
  "messages/count_tokens",
  "responses/input_tokens"
])

/**
 * The estimate as an answer.
 *
 * https://docs.anthropic.com/en/api/messages-count-tokens and
 * https://developers.openai.com/api/docs/guides/token-counting
 */
export const of = ({ body, operation }: Request): Own => {
  const input_tokens = estimateTokens(body)
  const count =
    operation === "responses/input_tokens"
      ? { object: "response.input_tokens", input_tokens }
      : { input_tokens }
  return { contentType: "application/json", body: JSON.stringify(count), headers: { [header]: "true" } }
}
