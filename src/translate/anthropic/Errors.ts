/**
 * Errors of Anthropic's protocol.
 *
 * https://platform.claude.com/docs/en/api/errors
 */
import type { Failure, FailureKind } from "../common/Common.ts"
import * as Failures from "../common/Failures.ts"
import * as ForeignErrors from "../common/ForeignErrors.ts"
import type { JsonObject } from "../common/Json.ts"

const types: Readonly<Record<FailureKind, string>> = {
  invalid: "invalid_request_error",
  contextExceeded: "invalid_request_error",
  authentication: "authentication_error",
  billing: "billing_error",
  permission: "permission_error",
  notFound: "not_found_error",
  tooLarge: "request_too_large",
  rateLimit: "rate_limit_error",
  server: "api_error",
  overloaded: "overloaded_error",
  timeout: "timeout_error"
}

const kinds: ReadonlyMap<string, FailureKind> = new Map<string, FailureKind>([
  ["invalid_request_error", "invalid"],
  ["authentication_error", "authentication"],
  ["billing_error", "billing"],
  ["permission_error", "permission"],
  ["not_found_error", "notFound"],
  ["request_too_large", "tooLarge"],
  ["rate_limit_error", "rateLimit"],
  ["api_error", "server"],
  ["overloaded_error", "overloaded"],
  ["timeout_error", "timeout"]
])

/** Errors that are recognizable only by their message. */
const sentences: ReadonlyArray<readonly [RegExp, FailureKind]> = [[/credit balance is too low/i, "billing"]]

/** Reads the body of an error. */
export const readError = (body: unknown, status: number | undefined): Failure => {
  const { message, type } = ForeignErrors.read(body)
  const kind = kinds.get(type ?? "") ?? Failures.ofStatus(status) ?? "server"
  const said = kind === "invalid" ? sentences.find(([sentence]) => sentence.test(message))?.[1] : undefined
  return Failures.withContext({ kind: said ?? kind, message }, type)
}

/** The body of an error. */
export const writeError = ({ kind, message, tokens }: Failure): JsonObject => ({
  type: "error",
  error: {
    type: types[kind],
    message: kind === "contextExceeded" ? Failures.contextMessage(message, tokens) : message
  }
})
