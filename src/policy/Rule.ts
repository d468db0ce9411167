/**
 * The decision table: what follows from each class of failure.
 *
 * Every rule about failures is in this table. A policy overrides rows of it, for all targets, for a provider, a model or a chain.
 */
import type * as Schedule from "effect/Schedule"
import {
  classOf,
  type Failure,
  type FailureClass,
  isOnlyThisRequest,
  TransientReason
} from "../failure/Failure.ts"
import { fromNumbers } from "./Backoff.ts"

/**
 * Whether the same target is called again.
 *
 * - `"never"`
 * - `"afterWait"`: once, after the wait that the provider asked for, if that is at most the policy's `maxWait` and
 *   a fallback would change the model; if it named none, once after half a second, when no other target is left
 * - `"withoutOutputLimit"`: once, with the request as the provider amends it: without its output limit, or with a lower one
 * - a `Schedule`: as often and after such delays as the schedule gives; its input is the failure
 */
export type Retry =
  | "never"
  | "afterWait"
  | "withoutOutputLimit"
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
  /** The first cooldown, if the provider named no time. It doubles with each further bench in a row. */
  readonly base: number
  /** The longest such cooldown. */
  readonly max: number
}

/**
 * Where the run goes: to the next `credential` of the same model, to a credential at another `endpoint` (base URL), to the next
 * `model`, or nowhere (`stop`). If there is no such credential, to the next model.
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

/**
 * The row of a failure. A failure that concerns only one request is not retried, and benches nothing.
 *
 * @internal
 */
export const ruleOf = (rules: Rules, failure: Failure): Rule => {
  const rule = rules[classOf(failure)]
  return isOnlyThisRequest(failure) ? { ...rule, retry: "never", rest: undefined } : rule
}

const seconds = (n: number) => n * 1000
const minutes = (n: number) => seconds(60 * n)
const hours = (n: number) => minutes(60 * n)

/** Retries for faults: these end within seconds or last for minutes. */
const twice = fromNumbers({})

/** The cooldown of a throttle, which ends within seconds or minutes. */
const throttled: Rest = { scope: "target", threshold: 1, base: seconds(5), max: seconds(300) }

/** The cooldown of a dead key. A person has to act, so probes every few minutes, and later every few hours, are enough. */
const keyDead: Rest = { scope: "credential", threshold: 1, base: minutes(5), max: hours(6) }

/** The cooldown of a model that does not exist for a key. The other models of the key work. */
const modelGone: Rest = { scope: "target", threshold: 1, base: hours(1), max: hours(24) }

/** The cooldown of a fault. A probe finds a recovery within 15 s, at the cost of one call each 15 s of an outage (docs/defaults.md). */
const faulty: Rest = { scope: "target", threshold: 1, base: seconds(5), max: seconds(15) }

/**
 * For unknown errors and failures that the content or the limits of a single request can cause: a target is benched only after
 * three such visits in a row, without an answer between them.
 */
const doubtful: Rest = { ...faulty, threshold: 3 }

const dead: Rule = { retry: "never", rest: keyDead, next: "credential" }
const transient: Rule = { retry: twice, rest: faulty, next: "endpoint" }
const odd: Rule = { ...transient, rest: doubtful }
/** The failure concerns this request at this model: another model may accept it. */
const unfit: Rule = { retry: "never", rest: undefined, next: "model" }
const refused: Rule = { retry: "never", rest: undefined, next: "stop" }

/** The table's defaults. */
export const defaults: Rules = {
  RateLimit: { retry: "afterWait", rest: throttled, next: "credential" },
  InvalidKey: dead,
  Forbidden: dead,
  Balance: dead,
  ModelMissing: { retry: "never", rest: modelGone, next: "credential" },
  // A firewall protects an endpoint, so another key at the same endpoint does not help.
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
  // No retry after a timeout: the caller has already waited that long.
  Timeout: { ...transient, retry: "never" },
  Invalid: refused,
  ContentPolicy: refused,
  TooLarge: refused,
  MaxTokens: { ...refused, retry: "withoutOutputLimit" },
  Unsupported: unfit,
  ContextExceeded: unfit
}

/**
 * The classes of faults at the provider or on the way to it. `Local` is not among them.
 *
 * @internal
 */
export const transientClasses = TransientReason.literals.filter((reason) => reason !== "Local")

/**
 * Those of them that a single request may cause, or with an unknown cause.
 *
 * @internal
 */
export const doubtfulClasses: ReadonlySet<FailureClass> = new Set<FailureClass>([
  "Truncated",
  "Empty",
  "Malformed",
  "Unknown"
])
