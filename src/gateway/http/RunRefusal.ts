/** How the error of a run maps to an error answer. */
import type { ProtocolName } from "../../config/GatewayConfig.ts"
import type { CommittedStreamError } from "../../engine/Failover.ts"
import {
  AuthDeadReason,
  BadRequestReason,
  type ContextExceeded,
  classOf,
  type Failure
} from "../../failure/Failure.ts"
import type { FailedAttempt, RunError } from "../../failure/RunError.ts"
import { isProviderResponse, type ProviderResponse } from "../../providers/wire/ProviderResponse.ts"
import { isObject } from "../../providers/wire/Wire.ts"
import { contextError, ownError, saysContextExceeded, translateError } from "../../translate/index.ts"
import { contextExceeded, make, type PassedOn, type Refusal, retryAfter } from "./Refusal.ts"
import { isNotSent } from "./TargetRefusal.ts"

/** The error answer for a failed run. `now` is in milliseconds since the epoch. */
export const fromRunError = (
  error: RunError,
  now: number,
  protocol: ProtocolName,
  failed: ReadonlyArray<FailedAttempt> = []
): Refusal | PassedOn => {
  switch (error._tag) {
    case "BadRequest":
      return isNotSent(error) ? notSent(failed, protocol) : refused(error, protocol)
    case "ContextExceeded":
      return refused(error, protocol)
    case "DeadlineExceeded":
      return make(504, "deadline_exceeded", error.message)
    case "AllBenched": {
      const [status, code] = statusOf(error.benches.map(({ reason }) => reason))
      const headers = retryHeaders(error.retryAt ?? Number.POSITIVE_INFINITY, now)
      return status === 429
        ? make(status, code, error.message, { headers })
        : make(503, "all_benched", error.message, { headers })
    }
    case "ChainExhausted": {
      const { attempts, benches = [], message, retryAt } = error
      const failures = [...new Map(attempts.map(({ failure, target }) => [target, failure])).values()]
      const reasons = [...failures.map(classOf), ...benches.map(({ reason }) => reason)]
      const refusals = failures.filter(isRefused)
      // Prefer a target that was called in the caller's own protocol, then any target that was called.
      const last =
        refusals.findLast((failure) => classOf(failure) !== "Unsupported") ??
        refusals.findLast((failure) => !isNotSent(failure)) ??
        refusals.at(-1)
      // A policy may try other targets after a bad request. It is still a bad request if every target refused
      // it.
      if (last !== undefined && reasons.every((reason) => isPermanent(reason))) {
        return isNotSent(last) ? inexpressible(refusals) : refused(last, protocol)
      }
      const [status, code] = statusOf(reasons)
      return make(status, code, message, { headers: retryHeaders(retryAt, now) })
    }
  }
}

/**
 * One status for a failed chain, from one reason per target: its last failure, or the reason of its bench.
 * Permanent reasons count only if there are no others.
 *
 * - all rate-limited: 429
 * - all rate-limited or overloaded: 503
 * - all timed out: 504
 * - all short of a resource of this process: 500
 * - anything else: 502. A dead key belongs to the gateway, not to the caller, so the status is never 401.
 */
const statusOf = (reasons: ReadonlyArray<string>): readonly [status: number, code: string] => {
  const counted = reasons.filter((reason) => !isPermanent(reason))
  const are = (...some: ReadonlyArray<string>) =>
    counted.length > 0 && counted.every((each) => some.includes(each))
  if (are("RateLimit", "OwnLimit")) return [429, "rate_limit_exceeded"]
  if (are("RateLimit", "OwnLimit", "Overloaded")) return [503, "overloaded"]
  if (are("Timeout")) return [504, "timeout"]
  if (are("Local")) return [500, "gateway_error"]
  return [502, "chain_exhausted"]
}

const permanent: ReadonlySet<string> = new Set([
  ...AuthDeadReason.literals,
  ...BadRequestReason.literals,
  "ContextExceeded",
  "Manual"
])

/**
 * True for reasons that do not pass with time: an operator has to act, or the request does not suit the
 * target.
 */
const isPermanent = (reason: string): boolean => permanent.has(reason)

const isRefused = (failure: Failure): boolean =>
  failure._tag === "BadRequest" || failure._tag === "ContextExceeded"

/**
 * The last target could not be sent all of the request. Other results take precedence: first a transient
 * failure, then a refusal by a target that was called.
 */
const notSent = (failed: ReadonlyArray<FailedAttempt>, protocol: ProtocolName): Refusal | PassedOn => {
  const failures = failed.map(({ failure }) => failure)
  const called = failures.filter((failure) => !isNotSent(failure))
  const passing = called.filter((failure) => !isPermanent(classOf(failure)))
  if (passing.length > 0) {
    const [status, code] = statusOf(passing.map(classOf))
    return make(status, code, passing.map(({ message }) => message).join("; "))
  }
  const refusal = called.findLast(isRefused)
  return refusal === undefined ? inexpressible(failures) : refused(refusal, protocol)
}

/** No target could be sent all of the request. The message has the reason of each of them. */
const inexpressible = (failures: ReadonlyArray<Failure>): Refusal =>
  make(
    400,
    "inexpressible",
    `no model of the chain accepts all of the request: ${failures.map(({ message, target }) => `${target}: ${message}`).join("; ")}`
  )

/** A bad request is answered with the provider's error, if the provider returned a status for it. */
const refused = (failure: FailedAttempt["failure"], protocol: ProtocolName): Refusal | PassedOn => {
  const response = failure.cause
  if (failure._tag === "ContextExceeded") return tooLong(failure, protocol)
  if (isProviderResponse(response) && isRefusal(response.status)) return passedOn(response, protocol)
  if (isNotSent(failure)) return inexpressible([failure])
  switch (classOf(failure)) {
    case "ContentPolicy":
      return make(400, "content_policy_violation", failure.message)
    case "TooLarge":
      return make(413, "request_too_large", failure.message)
    default:
      return make(400, "invalid_request", failure.message)
  }
}

/**
 * A prompt that is too long. Clients look for the error text of their protocol, and then shorten the
 * conversation. A provider's error is passed on if it already has that text.
 */
const tooLong = (failure: ContextExceeded, protocol: ProtocolName): Refusal | PassedOn => {
  const { actual, cause: response, limit, message } = failure
  if (
    isProviderResponse(response) &&
    isRefusal(response.status) &&
    (response.protocol ?? protocol) === protocol
  ) {
    if (saysContextExceeded(protocol, parsed(response.body))) return passedOn(response, protocol)
  }
  const { error } = contextError(protocol, { message, limit, actual })
  const told = isObject(error) && typeof error.message === "string" ? error.message : message
  return make(400, contextExceeded, told, { param: "messages" })
}

const passedOn = (response: ProviderResponse, protocol: ProtocolName): PassedOn => {
  const { body, contentType = "application/json", status } = response
  const isOwn = response.protocol === undefined || response.protocol === protocol
  const made = isOwn
    ? ownError(protocol, parsed(body), status)
    : translateError(response.protocol, protocol, parsed(body), status)
  return made === undefined
    ? { _tag: "PassedOn", status, contentType, body }
    : { _tag: "PassedOn", status, contentType: "application/json", body: JSON.stringify(made) }
}

const parsed = (body: string): unknown => {
  try {
    return JSON.parse(body)
  } catch {
    return body
  }
}

/** A client error. Excludes 401 and 407, which would blame the caller's key. */
const isRefusal = (status: number): boolean =>
  status >= 400 && status < 500 && status !== 401 && status !== 407

/**
 * When to retry. After more than 60 seconds, `x-should-retry: false` stops clients from retrying: OpenAI's
 * SDK would retry within seconds and fail again, and Anthropic's SDK would sleep for the whole time.
 */
const retryHeaders = (retryAt: number | undefined, now: number): Refusal["headers"] => {
  const header = retryAt === Number.POSITIVE_INFINITY ? undefined : retryAfter(retryAt, now)
  const isLong = retryAt !== undefined && retryAt - now > longestWait
  return isLong ? { ...header, "x-should-retry": "false" } : header
}

/** The longest `retry-after` that OpenAI's SDK follows, in milliseconds. */
const longestWait = 60_000

/** The error for a stream that ends before its answer does. */
export const brokenOff = (error: CommittedStreamError | undefined): Refusal => {
  if (error === undefined) return make(502, "stream_broken", "the answer ended without content")
  if (error._tag === "DeadlineExceeded") return make(504, "deadline_exceeded", error.message)
  const { failure } = error
  if (failure._tag === "ContextExceeded") return make(400, contextExceeded, failure.message)
  const [status] = statusOf([classOf(failure)])
  return make(status, "stream_broken", `the answer broke off: ${failure.message}`)
}
