/**
 * The five ways in which one attempt can fail.
 *
 * Every failed step of a run is exactly one of these, in whatever form the provider returned it. What a
 * failure means (retry, bench, fall back, stop) is decided by `Policy`.
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
 * This target is throttled now; another one may serve. It ends without an operator.
 *
 * `retryAfter` is the provider's own hint, when it gave one.
 *
 * @category failures
 */
export class RateLimit extends Schema.TaggedError<RateLimit>()("RateLimit", {
  ...fields,
  retryAfter: Schema.optionalKey(Schema.DurationFromMillis)
}) {}

/**
 * Why a credential or a model cannot serve. `Blocked` is a refusal that does not say that the key is at fault: a
 * firewall's page, or a bare 403. It benches nothing, since the content of one prompt may cause it.
 */
export const AuthDeadReason = Schema.Literals([
  "InvalidKey",
  "Forbidden",
  "Balance",
  "ModelMissing",
  "Blocked"
])

/**
 * This credential (or, with `ModelMissing`, this model) cannot serve until a person acts: the key is wrong or
 * revoked, the account is blocked or out of credit, the model does not exist for it. With `Blocked`, a firewall or
 * proxy refused the request.
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

/**
 * What kind of fault it was. `Timeout` means that nothing (or nothing more) arrived in time. `Local` is a fault of our
 * own process (no free file descriptor, no memory, a client certificate that cannot be read): it says nothing about any
 * target and benches nothing.
 */
export const TransientReason = Schema.Literals([
  "Overloaded",
  "ServerError",
  "Connection",
  "Timeout",
  "Truncated",
  "Empty",
  "Malformed",
  "Unknown",
  "Local"
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

/**
 * What is wrong with the request. `Unsupported` is about this request at this model: it has no image input, no tools,
 * not this parameter, or not this endpoint. Another model may take the same request.
 */
export const BadRequestReason = Schema.Literals([
  "Invalid",
  "ContentPolicy",
  "MaxTokens",
  "TooLarge",
  "Unsupported"
])

/**
 * The request is at fault. Every provider would refuse it and the caller has to change it; with `Unsupported` only this
 * model refuses it.
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
 * What a failure concerns. Only a failure of the target, its credential or its endpoint benches anything.
 *
 * - `request`: every provider would refuse it
 * - `pair`: this request at this model (or, for `Blocked`, on this way)
 * - `target`, `credential`, `place`: the one that failed
 * - `ourselves`: our own process
 */
export type Subject = "request" | "pair" | "target" | "credential" | "place" | "ourselves"

/** One of the five failures. */
export type Failure = RateLimit | AuthDead | Transient | BadRequest | ContextExceeded

/** The schema of a failure. */
export interface FailureSchema
  extends Schema.Union<
    readonly [typeof RateLimit, typeof AuthDead, typeof Transient, typeof BadRequest, typeof ContextExceeded]
  > {
  readonly Type: Failure
}

/**
 * The union of the five, as a schema: it decodes what it encodes, so that failures can cross a wire.
 *
 * @category failures
 */
export const Failure: FailureSchema = Schema.Union([
  RateLimit,
  AuthDead,
  Transient,
  BadRequest,
  ContextExceeded
])

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

const subjects: { readonly [C in FailureClass]: Subject } = {
  RateLimit: "target",
  InvalidKey: "credential",
  Forbidden: "credential",
  Balance: "credential",
  ModelMissing: "target",
  Blocked: "pair",
  Overloaded: "place",
  ServerError: "place",
  Connection: "place",
  Timeout: "place",
  Truncated: "target",
  Empty: "target",
  Malformed: "target",
  Unknown: "target",
  Local: "ourselves",
  Invalid: "request",
  ContentPolicy: "request",
  MaxTokens: "pair",
  TooLarge: "request",
  Unsupported: "pair",
  ContextExceeded: "pair"
}

/**
 * What a failure concerns.
 *
 * @example
 * import { Failure } from "effect-failover"
 *
 * Failure.aboutOf(new Failure.AuthDead({ reason: "Balance", message: "out of credit" })) // => "credential"
 * Failure.aboutOf(new Failure.BadRequest({ reason: "Unsupported", message: "no images" })) // => "pair"
 */
export const aboutOf = (failure: Failure): Subject => subjects[classOf(failure)]

/** True for a value that is one of the five failures. */
export const isFailure = (u: unknown): u is Failure =>
  u instanceof RateLimit ||
  u instanceof AuthDead ||
  u instanceof Transient ||
  u instanceof BadRequest ||
  u instanceof ContextExceeded

/**
 * How long the provider asked us to wait, seen from `now` (milliseconds since the epoch); `undefined` when it named
 * no time. Never negative.
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
