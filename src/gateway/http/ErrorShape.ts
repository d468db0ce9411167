/** Error bodies in the format of the called protocol. */
import type { ProtocolName } from "../../config/GatewayConfig.ts"
import { contextError, type Dialect } from "../../translate/index.ts"
import { contextExceeded, type Refusal } from "./Refusal.ts"

/** The error as a JSON body. */
export const body = (protocol: ProtocolName, refusal: Refusal, requestId: string): string =>
  JSON.stringify(shapes[protocol](refusal, requestId))

/**
 * The error as the last event of a stream. The stream ends after it, without the event that ends a complete
 * answer.
 */
export const event = (dialect: Dialect, refusal: Refusal, requestId: string): string => {
  if (dialect === "openai") return `data: ${body(dialect, refusal, requestId)}\n\n`
  const data = dialect === "anthropic" ? body(dialect, refusal, requestId) : responseError(refusal)
  return `event: error\ndata: ${data}\n\n`
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
