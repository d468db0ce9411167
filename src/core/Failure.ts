/**
 * The five ways in which one attempt can fail.
 *
 * Every failed step of a run is exactly one of these, whatever the provider said and however it said it. What a
 * failure means (try again, rest, move on, stop) is not decided here but by `Policy`.
 */
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"

/** What every failure carries. */
const fields = {
  /** `provider/model#credential`; absent on a failure that was made outside of a target. */
  target: Schema.optionalKey(Schema.String),
  /** The HTTP status, where there was one. */
  status: Schema.optionalKey(Schema.Int),
  /** One sentence for people. Keys and prompts are never part of it. */
  message: Schema.String,
  /** Which signal decided, as a short redacted excerpt: `code=insufficient_quota`, `header retry-after: 7`. */
  evidence: Schema.optionalKey(Schema.String),
  /** What was thrown or answered underneath. */
  cause: Schema.optionalKey(Schema.Defect())
}

/**
 * This target is throttled now; another one may serve. Passes by itself.
 *
 * `retryAfter` is the provider's own hint, when it gave one.
 *
 * @category failures
 */
export class RateLimit extends Schema.TaggedError<RateLimit>()("RateLimit", {
  ...fields,
  retryAfter: Schema.optionalKey(Schema.DurationFromMillis)
}) {}

/** Why a credential or a model is dead. */
export const AuthDeadReason = Schema.Literals(["InvalidKey", "Forbidden", "Balance", "ModelMissing"])

/**
 * This credential (or, with `ModelMissing`, this model) cannot serve until a person acts: the key is wrong or
 * revoked, the account is blocked or out of credit, the model does not exist for it.
 *
 * `until` is the moment the provider named, as milliseconds since the epoch ("you will regain access on …").
 *
 * @category failures
 */
export class AuthDead extends Schema.TaggedError<AuthDead>()("AuthDead", {
  ...fields,
  reason: AuthDeadReason,
  until: Schema.optionalKey(Schema.Finite)
}) {}

/** What kind of fault it was. `Silent` means that nothing (or nothing more) arrived in time. */
export const TransientReason = Schema.Literals([
  "Overloaded",
  "ServerError",
  "Connection",
  "Silent",
  "Truncated",
  "Empty",
  "Malformed",
  "Unknown"
])

/**
 * A fault or an overload on the way or at the provider; it may work in a moment. `Unknown` is what could not be
 * placed anywhere else.
 *
 * `retryAfter` is the provider's own hint, when it gave one.
 *
 * @category failures
 */
export class Transient extends Schema.TaggedError<Transient>()("Transient", {
  ...fields,
  reason: TransientReason,
  retryAfter: Schema.optionalKey(Schema.DurationFromMillis)
}) {}

/** What is wrong with the request. */
export const BadRequestReason = Schema.Literals(["Invalid", "ContentPolicy", "MaxTokens", "TooLarge"])

/**
 * Every provider would refuse this request; the caller has to change it.
 *
 * @category failures
 */
export class BadRequest extends Schema.TaggedError<BadRequest>()("BadRequest", {
  ...fields,
  reason: BadRequestReason
}) {}

/**
 * The prompt is longer than this model's window; a model with a larger one may take it. `limit` and `actual` are
 * tokens, when the provider named them.
 *
 * @category failures
 */
export class ContextExceeded extends Schema.TaggedError<ContextExceeded>()("ContextExceeded", {
  ...fields,
  limit: Schema.optionalKey(Schema.Int),
  actual: Schema.optionalKey(Schema.Int)
}) {}

/**
 * The union of the five, as a schema: it decodes what it encodes, so that failures can cross a wire.
 *
 * @category failures
 */
export const Failure = Schema.Union([RateLimit, AuthDead, Transient, BadRequest, ContextExceeded])

/** One of the five failures. */
export type Failure = typeof Failure.Type

/** `RateLimit`, `AuthDead`, `Transient`, `BadRequest` or `ContextExceeded`. */
export type Kind = Failure["_tag"]

/**
 * The class of a failure that a policy distinguishes: the reason where there is one, else the tag.
 *
 * @category models
 */
export type FailureClass =
  | "RateLimit"
  | typeof AuthDeadReason.Type
  | typeof TransientReason.Type
  | typeof BadRequestReason.Type
  | "ContextExceeded"

/** Every failure class, in the order of the decision table. */
export const failureClasses: ReadonlyArray<FailureClass> = [
  "RateLimit",
  ...AuthDeadReason.literals,
  ...TransientReason.literals,
  ...BadRequestReason.literals,
  "ContextExceeded"
]

/**
 * The class of a failure.
 *
 * @example
 * import { Failure } from "effect-failover"
 *
 * Failure.classOf(new Failure.Transient({ reason: "Overloaded", message: "busy" })) // => "Overloaded"
 * Failure.classOf(new Failure.RateLimit({ message: "slow down" })) // => "RateLimit"
 */
export const classOf = (failure: Failure): FailureClass =>
  "reason" in failure ? failure.reason : failure._tag

/** True for a value that is one of the five failures. */
export const isFailure = (u: unknown): u is Failure =>
  u instanceof RateLimit ||
  u instanceof AuthDead ||
  u instanceof Transient ||
  u instanceof BadRequest ||
  u instanceof ContextExceeded

/**
 * How long the provider asked us to wait, seen from `now` (milliseconds since the epoch); `undefined` when it said
 * nothing. Never negative.
 */
export const waitMillis = (failure: Failure, now: number): number | undefined => {
  switch (failure._tag) {
    case "RateLimit":
    case "Transient":
      return failure.retryAfter === undefined ? undefined : Math.max(0, Duration.toMillis(failure.retryAfter))
    case "AuthDead":
      return failure.until === undefined ? undefined : Math.max(0, failure.until - now)
    default:
      return undefined
  }
}
