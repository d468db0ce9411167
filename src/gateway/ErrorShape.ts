/** Errors in the shape of the protocol that was called. */
import type { ProtocolName } from "../config/GatewayConfig.ts"
import type { Refusal } from "./Refusal.ts"

/** The error as JSON text. */
export const body = (protocol: ProtocolName, refusal: Refusal, requestId: string): string =>
  JSON.stringify(shapes[protocol](refusal, requestId))

/** The same as the last event of a stream. What follows is the end, and not the one of a complete answer. */
export const event = (protocol: ProtocolName, refusal: Refusal, requestId: string): string => {
  const data = `data: ${body(protocol, refusal, requestId)}\n\n`
  return protocol === "anthropic" ? `event: error\n${data}` : data
}

type Shape = (refusal: Refusal, requestId: string) => unknown

const shapes: Readonly<Record<ProtocolName, Shape>> = {
  // https://platform.openai.com/docs/guides/error-codes
  openai: ({ code, message, param, status }) => ({
    error: { message, type: openAiType(status), param: param ?? null, code }
  }),
  // https://docs.anthropic.com/en/api/errors
  anthropic: ({ message, status }, requestId) => ({
    type: "error",
    error: { type: anthropicType(status), message },
    request_id: requestId
  })
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
