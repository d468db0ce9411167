/** Why a request gets no answer, in the words of HTTP; and from what a run failed with to those words. */
import type { ProtocolName } from "../../config/GatewayConfig.ts"
import type { TailError } from "../../engine/Failover.ts"
import {
  AuthDeadReason,
  BadRequestReason,
  type ContextExceeded,
  classOf,
  type Failure
} from "../../failure/Failure.ts"
import type { FailedAttempt, RunError, UnknownModel } from "../../failure/RunError.ts"
import { isProviderResponse, type ProviderResponse } from "../../providers/wire/ProviderResponse.ts"
import { isObject } from "../../providers/wire/Wire.ts"
import { contextError, saysContextExceeded, translateError } from "../../translate/index.ts"
import { isUnsent } from "./TargetRefusal.ts"

/** Why a request gets no answer. */
export interface Refusal {
  readonly _tag: "Refusal"
  readonly status: number
  /** A word for programs: `model_not_found`. */
  readonly code: string
  /** The field of the request it is about. */
  readonly param?: string | undefined
  readonly message: string
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** A refusal of the gateway's own. */
export const make = (
  status: number,
  code: string,
  message: string,
  more: Pick<Refusal, "param" | "headers"> = {}
): Refusal => ({ _tag: "Refusal", status, code, message, ...more })

/**
 * A provider's own word about a bad request: passed on as it was, without the key it may have quoted; in the shape of
 * the protocol that was called where that is another one.
 */
export interface PassedOn {
  readonly _tag: "PassedOn"
  readonly status: number
  readonly contentType: string
  readonly body: string
}

/** No such model. */
export const unknownModel = (error: UnknownModel, param: string): Refusal =>
  make(404, "model_not_found", error.message, { param })

/** What a caller of a protocol is told when a run failed. `now` is in milliseconds since the epoch. */
export const fromRunError = (
  error: RunError,
  now: number,
  protocol: ProtocolName,
  failed: ReadonlyArray<FailedAttempt> = []
): Refusal | PassedOn => {
  switch (error._tag) {
    case "BadRequest":
      return isUnsent(error) ? unsent(failed, protocol) : refused(error, protocol)
    case "ContextExceeded":
      return refused(error, protocol)
    case "DeadlineExceeded":
      return make(504, "deadline_exceeded", error.message)
    case "AllBenched": {
      const [status, code] = statusOf(error.benches.map(({ reason }) => reason))
      const headers = comeBack(error.retryAt ?? Number.POSITIVE_INFINITY, now)
      return status === 429
        ? make(status, code, error.message, { headers })
        : make(503, "all_benched", error.message, { headers })
    }
    case "ChainExhausted": {
      const { attempts, benches = [], message, retryAt } = error
      const said = [...new Map(attempts.map(({ failure, target }) => [target, failure])).values()]
      const words = [...said.map(classOf), ...benches.map(({ reason }) => reason)]
      const refusals = said.filter(isRefused)
      // Who was asked in the caller's own words goes first, then who was asked at all.
      const last =
        refusals.findLast((failure) => classOf(failure) !== "Unsupported") ??
        refusals.findLast((failure) => !isUnsent(failure)) ??
        refusals.at(-1)
      // A policy may send on even a bad request; where everybody who can say so refused it, it is one.
      if (last !== undefined && words.every((word) => isStuck(word))) {
        return isUnsent(last) ? inexpressible(refusals) : refused(last, protocol)
      }
      const [status, code] = statusOf(words)
      return make(status, code, message, { headers: comeBack(retryAt, now) })
    }
  }
}

/** True when a run failed because of its request, and not for want of a target that could answer it. */
export const isRequests = (refusal: Refusal | PassedOn): boolean =>
  refusal._tag === "PassedOn" || (refusal.status < 500 && refusal.status !== 429)

/**
 * What a chain is kept from answering by, in one status. Each target has one word in it: its last failure, or what it
 * rests for. Those who stay stuck, whatever the caller does, count only where there are no others.
 *
 * - all throttled: 429
 * - all throttled or overloaded: 503
 * - all silent: 504
 * - all for want of something in our own process: 500
 * - anything else: 502. A dead key is ours and not the caller's, so that is never a 401.
 */
const statusOf = (words: ReadonlyArray<string>): readonly [status: number, code: string] => {
  const counted = words.filter((word) => !isStuck(word))
  const are = (...some: ReadonlyArray<string>) =>
    counted.length > 0 && counted.every((each) => some.includes(each))
  if (are("RateLimit", "OwnLimit")) return [429, "rate_limit_exceeded"]
  if (are("RateLimit", "OwnLimit", "Overloaded")) return [503, "overloaded"]
  if (are("Timeout")) return [504, "timeout"]
  if (are("Local")) return [500, "gateway_error"]
  return [502, "chain_exhausted"]
}

const stuck: ReadonlySet<string> = new Set([
  ...AuthDeadReason.literals,
  ...BadRequestReason.literals,
  "ContextExceeded",
  "Manual"
])

/** True for what neither time nor the caller's patience mends: a person has to act, or the request is not for it. */
const isStuck = (word: string): boolean => stuck.has(word)

const isRefused = (failure: Failure): boolean =>
  failure._tag === "BadRequest" || failure._tag === "ContextExceeded"

/**
 * The last target could not be told all of the request. What the others said goes first: a refusal by who was asked, then a
 * fault that may pass.
 */
const unsent = (failed: ReadonlyArray<FailedAttempt>, protocol: ProtocolName): Refusal | PassedOn => {
  const said = failed.map(({ failure }) => failure)
  const asked = said.filter((failure) => !isUnsent(failure))
  const passing = asked.filter((failure) => !isStuck(classOf(failure)))
  if (passing.length > 0) {
    const [status, code] = statusOf(passing.map(classOf))
    return make(status, code, passing.map(({ message }) => message).join("; "))
  }
  const refusal = asked.findLast(isRefused)
  return refusal === undefined ? inexpressible(said) : refused(refusal, protocol)
}

/** No target could be told all of the request: why, for each of them. */
const inexpressible = (failures: ReadonlyArray<Failure>): Refusal =>
  make(
    400,
    "inexpressible",
    `no model of the chain can take all of the request: ${failures.map(({ message, target }) => `${target}: ${message}`).join("; ")}`
  )

/** A bad request comes back as the provider said it, where it said it with a status of its own. */
const refused = (failure: FailedAttempt["failure"], protocol: ProtocolName): Refusal | PassedOn => {
  const said = failure.cause
  if (failure._tag === "ContextExceeded") return tooLong(failure, protocol)
  if (isProviderResponse(said) && isRefusal(said.status)) return passedOn(said, protocol)
  if (isUnsent(failure)) return inexpressible([failure])
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
 * A prompt that is too long, in the words that clients of the protocol look for: they make the conversation shorter then. What
 * says it in them already is passed on as it was.
 */
const tooLong = (failure: ContextExceeded, protocol: ProtocolName): Refusal | PassedOn => {
  const { actual, cause: said, limit, message } = failure
  if (isProviderResponse(said) && isRefusal(said.status) && (said.protocol ?? protocol) === protocol) {
    if (saysContextExceeded(protocol, parsed(said.body))) return passedOn(said, protocol)
  }
  const { error } = contextError(protocol, { message, limit, actual })
  const told = isObject(error) && typeof error.message === "string" ? error.message : message
  return make(400, contextExceeded, told, { param: "messages" })
}

const passedOn = (said: ProviderResponse, protocol: ProtocolName): PassedOn => {
  const { body, contentType = "application/json", status } = said
  if (said.protocol === undefined || said.protocol === protocol) {
    return { _tag: "PassedOn", status, contentType, body }
  }
  const translated = JSON.stringify(translateError(said.protocol, protocol, parsed(body), status))
  return { _tag: "PassedOn", status, contentType: "application/json", body: translated }
}

const parsed = (body: string): unknown => {
  try {
    return JSON.parse(body)
  } catch {
    return body
  }
}

/** The caller's own fault. 401 and 407 would say that it is the caller's key. */
const isRefusal = (status: number): boolean =>
  status >= 400 && status < 500 && status !== 401 && status !== 407

/** The header `retry-after` for a moment: whole seconds, at least one, rounded up: too early is in vain. */
export const retryAfter = (retryAt: number | undefined, now: number): Refusal["headers"] =>
  retryAt === undefined
    ? undefined
    : { "retry-after": String(Math.max(1, Math.ceil((retryAt - now) / 1000))) }

/**
 * When to come back. Where that is more than a minute away, OpenAI's client comes back within seconds all the same, in vain,
 * and Anthropic's sleeps for as long as it is: both are told not to.
 */
const comeBack = (retryAt: number | undefined, now: number): Refusal["headers"] => {
  const header = retryAt === Number.POSITIVE_INFINITY ? undefined : retryAfter(retryAt, now)
  const isLong = retryAt !== undefined && retryAt - now > longestWait
  return isLong ? { ...header, "x-should-retry": "false" } : header
}

/** In milliseconds; the longest `retry-after` that OpenAI's client heeds. */
const longestWait = 60_000

/** The code of a prompt that is too long. */
export const contextExceeded = "context_length_exceeded"

/** What the reader of a stream is told when it ends before the answer does. */
export const brokenOff = (error: TailError | undefined): Refusal => {
  if (error === undefined) return make(502, "stream_broken", "the answer ended before it began")
  if (error._tag === "DeadlineExceeded") return make(504, "deadline_exceeded", error.message)
  if (error._tag === "ContextExceeded") return make(400, contextExceeded, error.message)
  const [status] = statusOf([classOf(error)])
  return make(status, "stream_broken", `the answer broke off: ${error.message}`)
}
