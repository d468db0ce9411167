/** Error bodies in the format of the called protocol. */
import type { ProtocolName } from "../../config/GatewayConfig.ts"
import { isObject, type JsonObject } from "../../providers/wire/Wire.ts"
import { contextError, type Dialect } from "../../translate/index.ts"
import { contextExceeded, type Refusal } from "./Refusal.ts"

/** The error as a JSON body. */
export const body = (protocol: ProtocolName, refusal: Refusal, requestId: string): string =>
  JSON.stringify(shapes[protocol](refusal, requestId))

/**
 * The error as the last event of a stream. The stream ends after it, without the event that ends a complete
 * answer. `begun` is the data of its first event.
 */
export const event = (
  dialect: Dialect,
  refusal: Refusal,
  requestId: string,
  begun?: string | undefined
): string => {
  if (dialect === "openai") return `data: ${body(dialect, refusal, requestId)}\n\n`
  if (dialect === "anthropic") return `event: error\ndata: ${body(dialect, refusal, requestId)}\n\n`
  return `${failedResponse(refusal, begun)}event: error\ndata: ${responseError(refusal)}\n\n`
}

/**
 * Codex ignores `error` in a stream and reads `response.failed`; OpenAI's clients throw at `error`. So a response that
 * broke off ends with both. It keeps its id, which clients check; if that is not known, there is no such event.
 * https://github.com/openai/codex/blob/main/codex-rs/codex-api/src/sse/responses.rs
 */
const failedResponse = ({ code, message }: Refusal, begun: string | undefined): string => {
  const response = begun === undefined ? undefined : responseIn(begun)
  if (response === undefined) return ""
  const failed = { ...response, status: "failed", error: { code, message } }
  const data = JSON.stringify({ type: "response.failed", sequence_number: 0, response: failed })
  return `event: response.failed\ndata: ${data}\n\n`
}

const responseIn = (data: string): JsonObject | undefined => {
  try {
    const { response } = JSON.parse(data)
    return isObject(response) && typeof response.id === "string" ? response : undefined
  } catch {
    return undefined
  }
}

/**
 * Clients of the Responses API read an error either in the event itself, as documented, or in its member
 * `error`, so both are written. `sequence_number` is 0, because the last number of the provider is not known.
 * https://platform.openai.com/docs/api-reference/responses-streaming/error
 */
const responseError = (refusal: Refusal): string => {
  const { code, message, param } = refusal
  const fields = { code, message, param: param ?? null }
  return JSON.stringify({
    type: "error",
    sequence_number: 0,
    ...fields,
    error: { type: openAiType(refusal.status), ...fields }
  })
}

type Shape = (refusal: Refusal, requestId: string) => unknown

const shapes: Readonly<Record<ProtocolName, Shape>> = {
  // https://platform.openai.com/docs/guides/error-codes
  openai: ({ code, message, param, status }) => ({
    error: { message, type: openAiType(status), param: param ?? null, code }
  }),
  // https://docs.anthropic.com/en/api/errors
  anthropic: ({ code, message, status }, requestId) =>
    code === contextExceeded
      ? { ...contextError("anthropic", { message }), request_id: requestId }
      : { type: "error", error: { type: anthropicType(status), message }, request_id: requestId }
}

const openAiType = (status: number): string =>
  status === 429 ? "rate_limit_error" : status < 500 ? "invalid_request_error" : "server_error"

const anthropicType = (status: number): string => {
  switch (status) {
    case 401:
      return "authentication_error"
    case 403:
      return "permission_error"
    case 404:
      return "not_found_error"
    case 413:
      return "request_too_large"
    case 429:
      return "rate_limit_error"
    case 503:
      return "overloaded_error"
    case 504:
      return "timeout_error"
    default:
      return status < 500 ? "invalid_request_error" : "api_error"
  }
}
