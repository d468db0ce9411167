/**
 * The decision table: what one class of failure means for the target that failed.
 *
 * Every rule of the product about failures is in this one table. A policy overrides rows of it, for all, per
 * provider or per model.
 */
import type * as Schedule from "effect/Schedule"
import { type Failure, type FailureClass, TransientReason } from "../failure/Failure.ts"
import { fromNumbers } from "./Backoff.ts"

/**
 * Whether the same target is called again.
 *
 * - `"never"`
 * - `"afterWait"`: once, after the wait the provider asked for, if that wait is within the policy's `maxWait` and
 *   leaving would change the model
 * - `"withoutTokenCap"`: once, with the request as the provider amends it: without its limit on output tokens
 * - a `Schedule`: as often and after such delays as it gives; its input is the failure
 */
export type Retry =
  | "never"
  | "afterWait"
  | "withoutTokenCap"
  | Schedule.Schedule<unknown, Failure, never, never>

/**
 * What is benched: one `target`, a `credential` with all its models, a `model` with all its credentials, or the whole
 * `provider`.
 */
export type Scope = "target" | "credential" | "model" | "provider"

/** What is benched, and for how long. Times are milliseconds. */
export interface Rest {
  readonly scope: Scope
  /** Consecutive exhausted visits before it is benched. */
  readonly threshold: number
  /** The first cooldown, if the provider named no time; doubles with every further one in a row. */
  readonly base: number
  /** The longest such cooldown. */
  readonly max: number
}

/**
 * Where the run goes: to the next `credential` of the same model, to a credential at another `endpoint` (base URL), to
 * the next `model`, or nowhere. When there is no such credential, the next model.
 */
export type Next = "credential" | "endpoint" | "model" | "stop"

/** One row of the table. */
export interface Rule {
  readonly retry: Retry
  readonly rest: Rest | undefined
  readonly next: Next
}

/** The whole table. */
export type Rules = { readonly [C in FailureClass]: Rule }

const seconds = (n: number) => n * 1000
const minutes = (n: number) => seconds(60 * n)
const hours = (n: number) => minutes(60 * n)

/** Faults pass within seconds or not soon. */
const twice = fromNumbers({})

/** A throttle ends within seconds or minutes: the cooldown doubles. */
const throttled: Rest = { scope: "target", threshold: 1, base: seconds(5), max: seconds(300) }

/** A person has to act: probes every few minutes at first, later every few hours, are enough. */
const keyDead: Rest = { scope: "credential", threshold: 1, base: minutes(5), max: hours(6) }

/** Retired or never allowed for this key: the other models of the key are fine. */
const modelGone: Rest = { scope: "target", threshold: 1, base: hours(1), max: hours(24) }

/** Faults are short. At most 15 s after a recovery a probe finds it, for one more call each 15 s of an outage (docs/defaults.md). */
const faulty: Rest = { scope: "target", threshold: 1, base: seconds(5), max: seconds(15) }

/**
 * Failures that the content or the limits of a single request can cause, or of unknown cause: a target is benched only after
 * three such visits in a row without an answer between them.
 */
const doubtful: Rest = { ...faulty, threshold: 3 }

const dead: Rule = { retry: "never", rest: keyDead, next: "credential" }
const transient: Rule = { retry: twice, rest: faulty, next: "endpoint" }
const odd: Rule = { ...transient, rest: doubtful }
/** About this request at this model: another model may take it. */
const unfit: Rule = { retry: "never", rest: undefined, next: "model" }
const refused: Rule = { retry: "never", rest: undefined, next: "stop" }

/** The table's defaults. */
export const defaults: Rules = {
  RateLimit: { retry: "afterWait", rest: throttled, next: "credential" },
  InvalidKey: dead,
  Forbidden: dead,
  Balance: dead,
  ModelMissing: { retry: "never", rest: modelGone, next: "credential" },
  // A firewall protects an endpoint, not a key.
  Blocked: { retry: "never", rest: undefined, next: "endpoint" },
  Overloaded: transient,
  ServerError: transient,
  Connection: transient,
  Truncated: odd,
  Empty: odd,
  Malformed: odd,
  Unknown: odd,
  // This process lacks a resource: benches nothing.
  Local: { ...transient, rest: undefined },
  // No retry after a timeout: the caller has waited once.
  Timeout: { ...transient, retry: "never" },
  Invalid: refused,
  ContentPolicy: refused,
  TooLarge: refused,
  MaxTokens: { ...refused, retry: "withoutTokenCap" },
  Unsupported: unfit,
  ContextExceeded: unfit
}

/**
 * The classes that are faults on the way or at the provider; not those of our own process.
 *
 * @internal
 */
export const transientClasses = TransientReason.literals.filter((reason) => reason !== "Local")

/**
 * Of these, the ones that a single request may cause, or of unknown cause.
 *
 * @internal
 */
export const doubtfulClasses: ReadonlySet<FailureClass> = new Set<FailureClass>([
  "Truncated",
  "Empty",
  "Malformed",
  "Unknown"
])
