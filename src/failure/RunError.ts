/**
 * The errors of a whole run.
 *
 * A `BadRequest` or `ContextExceeded` that no fallback can avoid reaches the caller unchanged. The other errors contain what
 * was tried and when a retry makes sense.
 */
import * as Schema from "effect/Schema"
import { few } from "../util/ShortList.ts"
import { type BadRequest, type ContextExceeded, classOf, Failure, type FailureSchema } from "./Failure.ts"
import type { TargetKey } from "./TargetKey.ts"

/** One failed attempt of a run. */
export interface FailedAttempt {
  readonly target: TargetKey
  readonly failure: Failure
}

/** The schema of a failed attempt. */
export interface FailedAttemptSchema
  extends Schema.Struct<{ readonly target: Schema.String; readonly failure: FailureSchema }> {
  readonly Type: FailedAttempt
}

/** One failed attempt of a run. */
export const FailedAttempt: FailedAttemptSchema = Schema.Struct({ target: Schema.String, failure: Failure })

/** One key that kept a target from being called. */
export interface BenchedKey {
  /** A target, a credential, a model or a provider: `openai/gpt-5.2#backup`, `openai#backup`, … */
  readonly key: string
  /** The failure class, `Manual`, `OwnLimit` or `LearnedLimit`. */
  readonly reason: string
  readonly evidence?: string
  /** In milliseconds since the epoch; absent for a bench without an end. */
  readonly until?: number
}

/** The schema of a benched key. */
export interface BenchedKeySchema
  extends Schema.Struct<{
    readonly key: Schema.String
    readonly reason: Schema.String
    readonly evidence: Schema.optionalKey<Schema.String>
    readonly until: Schema.optionalKey<Schema.Finite>
  }> {
  readonly Type: BenchedKey
}

/** One key that kept a target from being called. */
export const BenchedKey: BenchedKeySchema = Schema.Struct({
  key: Schema.String,
  reason: Schema.String,
  evidence: Schema.optionalKey(Schema.String),
  until: Schema.optionalKey(Schema.Finite)
})

const attempts = Schema.Array(FailedAttempt)

/** How many models the chain had; after a change to a special chain, that one. */
const models = Schema.optionalKey(Schema.Int)

const list = (failed: ReadonlyArray<FailedAttempt>): string =>
  few(failed, ({ failure, target }) => `${target}: ${classOf(failure)} (${failure.message})`, "; ")

const keysIn = (benches: ReadonlyArray<BenchedKey>): string =>
  few(benches, ({ key, reason }) => `${key} (${reason})`, ", ")

const ofModels = (preposition: string, n: number | undefined): string =>
  n === undefined ? "" : ` ${preposition} a chain of ${n} ${n === 1 ? "model" : "models"}`

/**
 * Every target that could be tried was tried, and every attempt failed. `retryAt` is the soonest time (milliseconds since the
 * epoch) at which a new request makes sense.
 *
 * @category errors
 */
export class ChainExhausted extends Schema.TaggedError<ChainExhausted>()("ChainExhausted", {
  attempts,
  /** Why other targets of the chain could not be called. */
  benches: Schema.optionalKey(Schema.Array(BenchedKey)),
  models,
  retryAt: Schema.optionalKey(Schema.Finite)
}) {
  override get message() {
    const n = this.attempts.length
    const others = this.benches === undefined ? "" : `; others could not be called: ${keysIn(this.benches)}`
    const all = n === 1 ? "the only attempt" : `all ${n} attempts`
    return `${all}${ofModels("at", this.models)} failed: ${list(this.attempts)}${others}`
  }
}

/**
 * Nothing was called, because all targets of the chain are benched. `retryAt` is the soonest end of a cooldown; a
 * manual bench without an end has none.
 *
 * @category errors
 */
export class AllBenched extends Schema.TaggedError<AllBenched>()("AllBenched", {
  benches: Schema.Array(BenchedKey),
  models,
  retryAt: Schema.optionalKey(Schema.Finite)
}) {
  override get message() {
    return this.benches.length === 0
      ? "no target can be called: the chain has no model with an enabled credential"
      : `no target${ofModels("of", this.models)} can be called: ${keysIn(this.benches)}`
  }
}

/**
 * The deadline passed. The attempt under way was interrupted, which does not count as a failure of its target.
 *
 * @category errors
 */
export class DeadlineExceeded extends Schema.TaggedError<DeadlineExceeded>()("DeadlineExceeded", {
  /** The deadline, in milliseconds from the start of the run. */
  deadline: Schema.Finite,
  attempts
}) {
  override get message() {
    const before = this.attempts.length === 0 ? "" : ` after ${list(this.attempts)}`
    return `no answer within ${this.deadline} ms${before}`
  }
}

/**
 * A committed stream ended before its answer was complete. Part of the answer has been delivered, so no other target was
 * tried. `target` is `provider/model#credential`, and `failure` is what happened.
 *
 * @category errors
 */
export class StreamBroken extends Schema.TaggedError<StreamBroken>()("StreamBroken", {
  target: Schema.String,
  failure: Failure
}) {
  override get message() {
    return `the stream broke off: ${this.failure.message}`
  }
}

/**
 * The name is neither a configured model nor a spec of a known provider.
 *
 * @category errors
 */
export class UnknownModel extends Schema.TaggedError<UnknownModel>()("UnknownModel", {
  model: Schema.String,
  /** The known names. */
  known: Schema.Array(Schema.String)
}) {
  override get message() {
    const known = this.known.length === 0 ? "" : ` (known: ${few(this.known, String, ", ", 20)})`
    return `unknown model ${JSON.stringify(this.model)}${known}`
  }
}

/**
 * No chain can be made of a list of names: the list is empty, or one of its entries is blank.
 *
 * @category errors
 */
export class EmptyChain extends Schema.TaggedError<EmptyChain>()("EmptyChain", {
  /** The index of the blank entry, from 0; absent when the list is empty. */
  index: Schema.optionalKey(Schema.Int)
}) {
  override get message() {
    return this.index === undefined
      ? "a chain needs at least one model"
      : `link ${this.index + 1} of the chain is blank`
  }
}

/** The error of a run. */
export type RunError = BadRequest | ContextExceeded | ChainExhausted | AllBenched | DeadlineExceeded
