/**
 * The five failures of an attempt.
 *
 * Every failed attempt has exactly one of these, whatever form the provider's error had. The policy decides what follows from
 * a failure: retry, bench, fallback or stop.
 */
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"

/** The fields of every failure. */
const fields = {
  /** `provider/model#credential`; absent on a failure that belongs to no target. */
  target: Schema.optionalKey(Schema.String),
  /** The HTTP status, if there was a response. */
  status: Schema.optionalKey(Schema.Int),
  /** One sentence. It never contains keys or prompts. */
  message: Schema.String,
  /** The signal that decided the classification, as a short redacted excerpt: `code=insufficient_quota`, `header retry-after: 7`. */
  evidence: Schema.optionalKey(Schema.String),
  /** The original error or response. */
  cause: Schema.optionalKey(Schema.Defect())
}

/**
 * True if the provider refuses only this request, for its size: waiting and another key of the account do not help it, and other
 * requests are answered. It benches nothing and is not retried.
 */
const onlyThisRequest = Schema.optionalKey(Schema.Literal(true))

/** What a constructor takes in place of the schema's own fields: a wait may be any input of a duration. */
type WithWait<Fields> = Omit<Fields, "retryAfter"> & { readonly retryAfter?: Duration.Input }

/** The same wait as a `Duration`, as the schema has it. */
const wait = (retryAfter: Duration.Input | undefined): { readonly retryAfter?: Duration.Duration } =>
  retryAfter === undefined ? {} : { retryAfter: Duration.fromInputUnsafe(retryAfter) }

/**
 * The target is throttled now; another target may answer. The throttle ends by itself.
 *
 * `retryAfter` is the provider's hint, if it gave one.
 *
 * @category failures
 */
export class RateLimit extends Schema.TaggedError<RateLimit>()("RateLimit", {
  ...fields,
  retryAfter: Schema.optionalKey(Schema.DurationFromMillis),
  onlyThisRequest
}) {
  /** `retryAfter` may be any input of a duration, such as `"20 seconds"`. */
  constructor(fields: WithWait<(typeof RateLimit)["~type.make.in"]>, options?: Schema.MakeOptions) {
    const { retryAfter, ...others } = fields
    super({ ...others, ...wait(retryAfter) }, options)
  }
}

/**
 * Why a credential or a model does not work. `Blocked` is a refusal that need not be due to the key: a firewall's page, or a
 * 403 without an explanation. It benches nothing, since the content of one prompt may cause it.
 */
export const AuthDeadReason = Schema.Literals([
  "InvalidKey",
  "Forbidden",
  "Balance",
  "ModelMissing",
  "Blocked"
])

/**
 * The credential (with `ModelMissing`: the model) does not work until a person acts: the key is wrong or revoked, the account
 * is blocked or out of credit, or the model does not exist for this key. With `Blocked`, a firewall or proxy refused the request.
 *
 * `until` is the time that the provider named ("you will regain access on …"), in milliseconds since the epoch.
 *
 * @category failures
 */
export class AuthDead extends Schema.TaggedError<AuthDead>()("AuthDead", {
  ...fields,
  reason: AuthDeadReason,
  until: Schema.optionalKey(Schema.Finite),
  onlyThisRequest
}) {}

/**
 * The kind of fault. `Timeout`: nothing (or nothing more) arrived in time. `Local`: a fault of this process, such as no free
 * file descriptor, no memory, or an unreadable client certificate. It is no evidence against any target and benches nothing.
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
 * A fault or an overload, at the provider or on the way to it. A later attempt may succeed. `Unknown` is an error that could
 * not be classified.
 *
 * `retryAfter` is the provider's hint, if it gave one.
 *
 * @category failures
 */
export class Transient extends Schema.TaggedError<Transient>()("Transient", {
  ...fields,
  reason: TransientReason,
  retryAfter: Schema.optionalKey(Schema.DurationFromMillis)
}) {
  /** `retryAfter` may be any input of a duration, such as `"20 seconds"`. */
  constructor(fields: WithWait<(typeof Transient)["~type.make.in"]>, options?: Schema.MakeOptions) {
    const { retryAfter, ...others } = fields
    super({ ...others, ...wait(retryAfter) }, options)
  }
}

/**
 * What is wrong with the request. `Unsupported` concerns this request at this model: the model has no image input, no tools,
 * not this parameter, or not this endpoint. Another model may accept the same request.
 */
export const BadRequestReason = Schema.Literals([
  "Invalid",
  "ContentPolicy",
  "MaxTokens",
  "TooLarge",
  "Unsupported"
])

/**
 * The request is at fault. Every provider would refuse it, so the caller has to change it; with `Unsupported` only this model
 * refuses it.
 *
 * @category failures
 */
export class BadRequest extends Schema.TaggedError<BadRequest>()("BadRequest", {
  ...fields,
  reason: BadRequestReason
}) {}

/**
 * The prompt is longer than the model's context window. A model with a larger window may accept it. `limit` and `actual` are
 * in tokens, if the provider gave them.
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
 * - `requestAtModel`: this request at this model (for `Blocked`: through this endpoint); another one may accept it
 * - `target`, `credential`, `endpoint`: the one that failed
 * - `process`: this process
 */
export type Subject = "request" | "requestAtModel" | "target" | "credential" | "endpoint" | "process"

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
 * The schema of the five failures, for failures that are sent between processes.
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
 * The class of a failure, which selects the row of the decision table: its reason, or its tag if it has no reason.
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
  Blocked: "requestAtModel",
  Overloaded: "endpoint",
  ServerError: "endpoint",
  Connection: "endpoint",
  Timeout: "endpoint",
  Truncated: "target",
  Empty: "target",
  Malformed: "target",
  Unknown: "target",
  Local: "process",
  Invalid: "request",
  ContentPolicy: "request",
  MaxTokens: "requestAtModel",
  TooLarge: "request",
  Unsupported: "requestAtModel",
  ContextExceeded: "requestAtModel"
}

/**
 * What a failure concerns.
 *
 * @example
 * import { Failure } from "effect-failover"
 *
 * Failure.subjectOf(new Failure.AuthDead({ reason: "Balance", message: "out of credit" })) // => "credential"
 * Failure.subjectOf(new Failure.BadRequest({ reason: "Unsupported", message: "no images" })) // => "requestAtModel"
 */
export const subjectOf = (failure: Failure): Subject =>
  isOnlyThisRequest(failure) ? "requestAtModel" : subjects[classOf(failure)]

/**
 * True for a throttle or a used-up account that concerns only this request, for its size.
 *
 * @internal
 */
export const isOnlyThisRequest = (failure: Failure): boolean =>
  "onlyThisRequest" in failure && failure.onlyThisRequest === true

/** True for a value that is one of the five failures. */
export const isFailure = (u: unknown): u is Failure =>
  u instanceof RateLimit ||
  u instanceof AuthDead ||
  u instanceof Transient ||
  u instanceof BadRequest ||
  u instanceof ContextExceeded

/**
 * The wait that the provider asked for, in milliseconds from `now` (milliseconds since the epoch); `undefined` when it named
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
