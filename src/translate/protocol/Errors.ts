/**
 * Errors of OpenAI's protocol.
 *
 * https://developers.openai.com/docs/guides/error-codes
 */
import { openaiCode } from "../../words/ContextErrors.ts"
import type { Failure, FailureKind } from "../common/Common.ts"
import * as Failures from "../common/Failures.ts"
import * as ForeignErrors from "../common/ForeignErrors.ts"
import type { JsonObject } from "../common/Json.ts"

const kinds: Readonly<Record<FailureKind, readonly [type: string, code: string | null]>> = {
  invalid: ["invalid_request_error", null],
  contextExceeded: ["invalid_request_error", openaiCode],
  authentication: ["authentication_error", "invalid_api_key"],
  billing: ["insufficient_quota", "insufficient_quota"],
  permission: ["permission_error", null],
  notFound: ["invalid_request_error", "model_not_found"],
  tooLarge: ["invalid_request_error", "request_too_large"],
  rateLimit: ["rate_limit_error", "rate_limit_exceeded"],
  server: ["server_error", null],
  overloaded: ["server_error", "overloaded"],
  timeout: ["server_error", "timeout"]
}

/** Codes and types, most specific first. */
const words: ReadonlyMap<string, FailureKind> = new Map<string, FailureKind>([
  ["string_above_max_length", "invalid"],
  ["invalid_api_key", "authentication"],
  ["authentication_error", "authentication"],
  ["insufficient_quota", "billing"],
  ["billing_hard_limit_reached", "billing"],
  ["permission_error", "permission"],
  ["permission_denied", "permission"],
  ["model_not_found", "notFound"],
  ["not_found_error", "notFound"],
  ["request_too_large", "tooLarge"],
  ["rate_limit_exceeded", "rateLimit"],
  ["rate_limit_error", "rateLimit"],
  ["tokens", "rateLimit"],
  ["requests", "rateLimit"],
  ["overloaded", "overloaded"],
  ["server_overloaded", "overloaded"],
  ["service_unavailable_error", "overloaded"],
  ["timeout", "timeout"]
])

/** Reads the body of an error. */
export const readError = (body: unknown, status: number | undefined): Failure => {
  const { code, message, param, type } = ForeignErrors.read(body)
  const kind =
    words.get(code ?? "") ??
    words.get(type ?? "") ??
    Failures.ofStatus(status) ??
    (type === "invalid_request_error" ? "invalid" : "server")
  return Failures.withContext({ kind, message, param }, code, type)
}

/** The body of an error. */
export const writeError = ({ kind, message, param }: Failure): JsonObject => {
  const [type, code] = kinds[kind]
  return { error: { message, type, param: param ?? null, code } }
}
