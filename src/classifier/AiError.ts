/**
 * Converts an error of `effect/ai` to a failure.
 *
 * If an `AiError` carries the HTTP response it was made from, that response is classified like any other. If it
 * carries none, or one that decides nothing, the kind of the error decides.
 */

import type * as AiError from "effect/ai/AiError"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import type { Failure, FailureClass } from "../failure/Failure.ts"
import type { TargetKey } from "../failure/TargetKey.ts"
import { excerpt } from "../redaction/Redaction.ts"
import { classify } from "./Classifier.ts"
import { failureOf } from "./FailureOf.ts"
import { day } from "./signals/Durations.ts"
import { epochMillis, isFields, keysOf, read, type Signal } from "./signals/Signal.ts"
import { classifyTransport } from "./signals/TransportErrors.ts"

/** Facts that the error does not contain. */
export interface Options {
  /** Copied into the failure. */
  readonly target?: TargetKey | undefined
  /** The provider's name. Default: the module named by the error. */
  readonly provider?: string | undefined
  /** The time of the answer, as milliseconds since the epoch or an ISO string. */
  readonly now?: number | string | undefined
}

/** The class of an error from its kind alone. */
const classOfReason = (reason: AiError.AiErrorReason): FailureClass => {
  switch (reason._tag) {
    case "RateLimitError":
      return "RateLimit"
    case "QuotaExhaustedError":
      return "Balance"
    case "AuthenticationError":
      return reason.kind === "InsufficientPermissions" ? "Forbidden" : "InvalidKey"
    case "ContentPolicyError":
      return "ContentPolicy"
    case "InternalProviderError":
      return "ServerError"
    case "NetworkError": {
      if (reason.reason === "EncodeError") return "Invalid"
      const found = classifyTransport(reason.cause).reason
      // An error made from a description only has no code to classify; there was no response in any case.
      return found === "Unknown" ? "Connection" : found
    }
    // The response was not an answer, for example a web page.
    case "InvalidResponseError":
    case "InvalidOutputError":
      return "Malformed"
    // The model cannot serve this request: its schema, object, tools or files.
    case "StructuredOutputError":
    case "ToolNotFoundError":
    case "ToolParameterValidationError":
    case "UnsupportedSchemaError":
    case "ToolConfigurationError":
    case "InvalidUserInputError":
      return "Unsupported"
    // Wrappers of other clients keep the message of what was thrown and nothing else.
    case "UnknownError":
      return classifyTransport(reason.description).reason
    default:
      return "Invalid"
  }
}

/** Provider modules keep the machine fields of the response in `metadata`, under their own name. */
const bodyFromMetadata = (reason: AiError.AiErrorReason): unknown => {
  const metadata = read(reason, "metadata")
  const description = read(reason, "description")
  for (const provider of keysOf(metadata, 8)) {
    const fields = read(metadata, provider)
    const code = read(fields, "errorCode")
    const type = read(fields, "errorType")
    if (isFields(fields) && (typeof code === "string" || typeof type === "string")) {
      return { error: { code, type, message: typeof description === "string" ? description : undefined } }
    }
  }
  // Vague kinds: the description is then classified like a response.
  const isVague = reason._tag === "InvalidRequestError" || reason._tag === "UnknownError"
  return isVague && typeof description === "string" ? { error: { message: description } } : undefined
}

const plainHeaders = (headers: unknown): { readonly [name: string]: string } => {
  const plain: { [name: string]: string } = {}
  for (const name of keysOf(headers, 200)) {
    const value = read(headers, name)
    if (typeof value === "string") plain[name] = value
  }
  return plain
}

/** Kinds that are more precise than a bare status. */
const isMorePrecise = (reason: AiError.AiErrorReason): boolean =>
  reason._tag === "QuotaExhaustedError" ||
  reason._tag === "ContentPolicyError" ||
  reason._tag === "AuthenticationError"

/** The wait that the error carries, in milliseconds. */
const waitOfReason = (reason: AiError.AiErrorReason, now: number | undefined): number | undefined => {
  if (reason._tag === "RateLimitError" && reason.retryAfter !== undefined)
    return Duration.toMillis(reason.retryAfter)
  if (reason._tag !== "QuotaExhaustedError" || reason.resetAt === undefined || now === undefined)
    return undefined
  return Math.max(0, DateTime.toEpochMillis(reason.resetAt) - now)
}

const byKind = (error: AiError.AiError, signal: Signal): Failure => {
  const { reason } = error
  const now = epochMillis(signal.now)
  const wait = waitOfReason(reason, now)
  const kind = classOfReason(reason)
  const as = reason._tag === "QuotaExhaustedError" && wait !== undefined && wait <= day ? "RateLimit" : kind
  return failureOf(as, {
    message: excerpt(reason.message, 300),
    evidence: `AiError ${reason._tag}`,
    target: signal.target,
    status: signal.status ?? undefined,
    cause: error,
    waitMillis: wait,
    until: wait === undefined || now === undefined ? undefined : now + wait
  })
}

/**
 * Converts an `AiError` to one failure. Never throws.
 *
 * @example
 * import * as AiError from "effect/ai/AiError"
 * import { fromAiError } from "effect-failover/ai"
 *
 * const error = AiError.make({ module: "OpenAi", method: "generateText", reason: new AiError.RateLimitError({}) })
 * fromAiError(error)._tag // => "RateLimit"
 */
export const fromAiError = (error: AiError.AiError, options: Options = {}): Failure => {
  const { reason } = error
  const http = "http" in reason ? reason.http : undefined
  const signal: Signal = {
    provider: options.provider ?? error.module,
    target: options.target,
    status: http?.response?.status,
    headers: plainHeaders(http?.response?.headers),
    body: http?.body ?? bodyFromMetadata(reason),
    now: options.now,
    cause: error
  }
  if (signal.status === undefined && signal.body === undefined) return byKind(error, signal)
  const failure = classify(signal)
  const undecided = failure._tag === "Transient" && failure.reason === "Unknown"
  if (undecided || (isMorePrecise(reason) && failure.evidence?.startsWith("status ")))
    return byKind(error, signal)
  const wait = waitOfReason(reason, epochMillis(options.now))
  if (failure._tag !== "RateLimit" || failure.retryAfter !== undefined || wait === undefined) return failure
  return failureOf("RateLimit", {
    message: failure.message,
    evidence: failure.evidence,
    target: failure.target,
    status: failure.status,
    cause: error,
    waitMillis: wait,
    onlyThisRequest: failure.onlyThisRequest
  })
}
