/**
 * The decision table: what one class of failure means for the target that showed it.
 *
 * Every rule of the product about failures is in this one table. A policy overrides rows of it, for all, per
 * provider or per model.
 */
import type * as Schedule from "effect/Schedule"
import { type Failure, type FailureClass, TransientReason } from "../failure/Failure.ts"
import { fromNumbers } from "./Backoff.ts"

/**
 * Is the same target tried again?
 *
 * - `"never"`
 * - `"afterWait"`: once, after the wait the provider asked for, if that wait is within the policy's `maxWait` and
 *   leaving would change the model
 * - `"withoutTokenCap"`: once, with the request's output-token limit taken out
 * - a `Schedule`: as often and after such delays as it says; its input is the failure
 */
export type Retry =
  | "never"
  | "afterWait"
  | "withoutTokenCap"
  | Schedule.Schedule<unknown, Failure, never, never>

/**
 * What rests: one `target`, a `credential` with all its models, a `model` with all its credentials, or the whole
 * `provider`.
 */
export type Scope = "target" | "credential" | "model" | "provider"

/** How long it rests. Times are milliseconds. */
export interface Rest {
  readonly scope: Scope
  /** Exhausted visits in a row before it rests. */
  readonly threshold: number
  /** The first rest, when the provider named no time; doubles with every further one in a row. */
  readonly base: number
  /** The longest such rest. */
  readonly max: number
}

/**
 * Where the run goes: to the next `credential` of the same model, to a credential at another `place` (base URL), to
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

/** A throttle passes by itself within seconds or minutes; the ladder finds out which. */
const throttled: Rest = { scope: "target", threshold: 1, base: seconds(5), max: seconds(300) }

/** A person has to act; asking every few minutes at first, later every few hours, is enough to notice. */
const keyDead: Rest = { scope: "credential", threshold: 1, base: minutes(5), max: hours(6) }

/** Retired or never allowed for this key: the other models of the key are fine. */
const modelGone: Rest = { scope: "target", threshold: 1, base: hours(1), max: hours(24) }

/** Faults are short; half a minute at most keeps the way back to the primary short as well. */
const faulty: Rest = { scope: "target", threshold: 1, base: seconds(5), max: seconds(30) }

/**
 * What a single request can provoke by its words or its limits, or what nobody knows: only a target that shows it on
 * three visits in a row, with no answer between them, rests.
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
  // A firewall stands before a place and not before a key.
  Blocked: { retry: "never", rest: undefined, next: "endpoint" },
  Overloaded: transient,
  ServerError: transient,
  Connection: transient,
  Truncated: odd,
  Empty: odd,
  Malformed: odd,
  Unknown: odd,
  // Our own process is short of something: nobody else rests for it.
  Local: { ...transient, rest: undefined },
  // A silent target is not asked again: the caller has waited once.
  Timeout: { ...transient, retry: "never" },
  Invalid: refused,
  ContentPolicy: refused,
  TooLarge: refused,
  MaxTokens: { ...refused, retry: "withoutTokenCap" },
  Unsupported: unfit,
  ContextExceeded: unfit
}

/** The classes that are faults on the way or at the provider; not those of our own process. */
export const transientClasses = TransientReason.literals.filter((reason) => reason !== "Local")

/** Of these, what a single request may provoke, or what nobody knows. */
export const doubtfulClasses: ReadonlySet<FailureClass> = new Set<FailureClass>([
  "Truncated",
  "Empty",
  "Malformed",
  "Unknown"
])
