/**
 * Converts between the errors of `effect/ai` and the failures of the runtime.
 *
 * An `AiError` of an attempt is returned as the same `AiError`: a caller sees what it would have seen without
 * failover. The runtime's own failures (a timeout, an empty answer, a cut) are converted to errors of `effect/ai`.
 */
import * as AiError from "effect/ai/AiError"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import type * as Option from "effect/Option"
import { fromAiError } from "../../classifier/AiError.ts"
import { classify } from "../../classifier/Classifier.ts"
import type { Target } from "../../domain/Target.ts"
import * as Failure from "../../failure/Failure.ts"
import type { RunError, StreamBroken } from "../../failure/RunError.ts"
import { Rejected } from "./Validation.ts"

/** The origin named in an error: `FailoverLanguageModel.generateText`. */
export interface Origin {
  readonly module: string
  readonly method: string
}

/** The failures that were converted here, so that they can be converted back unchanged. */
const origins = new WeakMap<AiError.AiError, Failure.Failure>()

/** Wraps an error that is not an `AiError`, so that the caller gets it back unchanged. */
class CallerError extends Error {
  readonly error: unknown
  constructor(error: unknown) {
    super("an error of the caller's own")
    this.error = error
  }
}

/**
 * The failure of a model's error, at a time in milliseconds since the epoch. An error that is not an `AiError` is the
 * caller's own and does not affect the target; with `Rejected` the next model is tried.
 */
export const fromError = (error: unknown, target: Target, now: number): Failure.Failure => {
  if (Failure.isFailure(error)) return error
  if (error instanceof Rejected) {
    return new Failure.BadRequest({
      target: target.key,
      reason: "Unsupported",
      message: "the application rejected the answer",
      evidence: "validation",
      cause: new CallerError(error)
    })
  }
  if (!AiError.isAiError(error)) {
    return new Failure.BadRequest({
      target: target.key,
      reason: "Invalid",
      message: "an error of the caller's own",
      cause: new CallerError(error)
    })
  }
  const known = origins.get(error)
  if (known !== undefined) return known
  return fromAiError(error, { target: target.key, provider: target.provider, now })
}

/**
 * The same for a call with tools: if `effect/ai` cannot read the parts of its answer, they name a tool that was not offered. The
 * next model may name the right one, and no target is at fault.
 */
export const fromErrorWithTools = (error: unknown, target: Target, now: number): Failure.Failure =>
  AiError.isAiError(error) && error.module === "LanguageModel" && error.reason._tag === "InvalidOutputError"
    ? new Failure.BadRequest({
        target: target.key,
        reason: "Unsupported",
        message: "the answer has a part that cannot be read, such as a call of a tool that was not offered",
        evidence: `AiError ${error.reason._tag}`,
        cause: error
      })
    : fromError(error, target, now)

/** The failure of an error part of a stream: an `AiError`, or the provider's JSON. */
export const fromErrorPart = (error: unknown, target: Target, now: number): Failure.Failure => {
  if (Failure.isFailure(error)) return error
  if (AiError.isAiError(error)) return fromError(error, target, now)
  const { key, provider } = target
  return classify({ provider, target: key, body: error, inStream: true, now, cause: error })
}

/** Converts a failure to an error of `effect/ai`. */
export const toAiError = (failure: Failure.Failure, origin: Origin): AiError.AiError => {
  if (AiError.isAiError(failure.cause)) return failure.cause
  const error = AiError.make({ ...origin, reason: reasonOf(failure) })
  origins.set(error, failure)
  return error
}

const reasonOf = (failure: Failure.Failure): AiError.AiErrorReason => {
  const description = failure.message
  const metadata = { failover: { class: Failure.classOf(failure), target: failure.target ?? null } }
  switch (failure._tag) {
    case "RateLimit":
      return new AiError.RateLimitError({ retryAfter: failure.retryAfter, metadata })
    case "AuthDead":
      switch (failure.reason) {
        case "InvalidKey":
          return new AiError.AuthenticationError({ kind: "InvalidKey", description, metadata })
        case "Forbidden":
          return new AiError.AuthenticationError({ kind: "InsufficientPermissions", description, metadata })
        case "Balance":
          return new AiError.QuotaExhaustedError({ resetAt: utc(failure.until), metadata })
        case "ModelMissing":
          return new AiError.InvalidRequestError({ parameter: "model", description, metadata })
        case "Blocked":
          return new AiError.InternalProviderError({ description, metadata })
      }
      break
    case "Transient":
      switch (failure.reason) {
        case "Malformed":
        case "Truncated":
          return new AiError.InvalidResponseError({ description, metadata })
        case "Empty":
          return new AiError.InvalidOutputError({ description, metadata })
        case "Unknown":
          return new AiError.UnknownError({ description, metadata })
        default:
          return new AiError.InternalProviderError({ description, metadata })
      }
    case "BadRequest":
      return failure.reason === "ContentPolicy"
        ? new AiError.ContentPolicyError({ description, metadata })
        : new AiError.InvalidRequestError({ description, metadata })
    case "ContextExceeded":
      return new AiError.InvalidRequestError({ parameter: "prompt", description, metadata })
  }
}

const utc = (millis: number | undefined): DateTime.Utc | undefined =>
  millis === undefined ? undefined : DateTime.makeUnsafe(millis)

/** The error of the run, as an annotation of the cause. */
class FailedRun extends Context.Service<FailedRun, RunError>()("effect-failover/ai/FailedRun") {}

/**
 * The error of a failed run: the targets that were tried with their failures, and the benched ones with the ends of
 * their cooldowns. It is an annotation of the cause that a call through a failover layer fails with.
 *
 * @example
 * import { FailoverLanguageModel } from "effect-failover/ai"
 * import * as LanguageModel from "effect/ai/LanguageModel"
 * import { Effect, Option } from "effect"
 *
 * const answer = LanguageModel.generateText({ prompt: "hello" }).pipe(
 *   Effect.tapCause((cause) =>
 *     Option.match(FailoverLanguageModel.failedRun(cause), {
 *       onNone: () => Effect.void,
 *       onSome: (error) => Effect.logError(error.message)
 *     })
 *   )
 * )
 */
export const failedRun = (cause: Cause.Cause<unknown>): Option.Option<RunError> =>
  Context.getOption(Cause.annotations(cause), FailedRun)

/**
 * The cause of a failed run for the caller: the errors of all its attempts, in order. `now` is in milliseconds since
 * the epoch.
 */
export const toCause = (
  error: RunError | StreamBroken | Failure.Failure,
  origin: Origin,
  now: number
): Cause.Cause<unknown> => {
  if (error._tag === "StreamBroken") return toCause(error.failure, origin, now)
  if (Failure.isFailure(error)) {
    const cause = Cause.fail(wordsOf(error, origin))
    return error._tag === "BadRequest" || error._tag === "ContextExceeded" ? annotate(cause, error) : cause
  }
  const failed = "attempts" in error ? error.attempts : []
  const errors = failed.map(({ failure }) => wordsOf(failure, origin))
  const own =
    error._tag === "ChainExhausted" && errors.length > 0
      ? []
      : [AiError.make({ ...origin, reason: ownReason(error, now) })]
  return annotate(Cause.fromReasons([...own, ...errors].map(Cause.makeFailReason)), error)
}

const annotate = (cause: Cause.Cause<unknown>, error: RunError): Cause.Cause<unknown> =>
  Cause.annotate(cause, FailedRun.context(error))

/** One failure, in the form for the caller. */
const wordsOf = (failure: Failure.Failure, origin: Origin): unknown =>
  failure.cause instanceof CallerError ? failure.cause.error : toAiError(failure, origin)

const ownReason = (error: RunError, now: number): AiError.AiErrorReason => {
  const retryAt = "retryAt" in error ? error.retryAt : undefined
  return retryAt === undefined
    ? new AiError.InternalProviderError({ description: error.message })
    : new AiError.RateLimitError({
        retryAfter: Duration.millis(Math.max(0, retryAt - now)),
        metadata: { failover: { description: error.message } }
      })
}
