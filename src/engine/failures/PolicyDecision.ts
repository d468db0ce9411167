/**
 * The policy's decision about a failure: call the same target again (and when), or leave it.
 *
 * It is a pure function of the failure, its rule, the wait that the provider asked for, the budgets and the other targets. The
 * failure's `Rule` says what is benched and where the run goes next.
 */
import type * as Schedule from "effect/Schedule"
import * as Failure from "../../failure/Failure.ts"
import * as Bench from "../../health/Bench.ts"
import type { Rule } from "../../policy/Rule.ts"

/** The decision. `Leave` ends the visit. */
export type Decision =
  | { readonly _tag: "Leave" }
  /** The attempt budget of the request is used up: leave, without evidence against the target. */
  | { readonly _tag: "CutShort" }
  /** Retry after `delay` milliseconds; until then the target is benched for all requests. */
  | { readonly _tag: "AfterWait"; readonly delay: number }
  /** Retry at once, with the request that the provider amends after this failure. */
  | { readonly _tag: "Amend"; readonly failure: Failure.BadRequest }
  /** Retry after the delay of the schedule, but at least `least` milliseconds; leave if the schedule is done. */
  | {
      readonly _tag: "Backoff"
      readonly schedule: Schedule.Schedule<unknown, Failure.Failure>
      readonly least: number
    }

/** What a decision depends on, apart from the failure and its rule. */
export interface Situation {
  /** A probe, or the last attempt at a benched target, has no retries. */
  readonly single: boolean
  /** The policy's `maxWait`, in milliseconds. */
  readonly maxWait: number
  /** Retries left in the attempt budget. The first attempt at a target needs none. */
  readonly attemptsLeft: number
  /** Whether another target was called before this one. */
  readonly hasMoved: boolean
  /** Whether this visit has waited for the provider before, or has amended the request. */
  readonly waited: boolean
  readonly amended: boolean
  /** Whether another credential of the same model could be called now. */
  readonly hasSibling: () => boolean
  /** Whether the provider can amend the request after such a failure. */
  readonly canAmend: (failure: Failure.BadRequest) => boolean
  /** Whether a wait of this many milliseconds leaves the visit time for another attempt. */
  readonly hasTimeFor: (delay: number) => boolean
}

const cutShort: Decision = { _tag: "CutShort" }

const leave: Decision = { _tag: "Leave" }

/** Decides. `now` is in milliseconds since the epoch. */
export const decide = (failure: Failure.Failure, rule: Rule, situation: Situation, now: number): Decision => {
  const { retry } = rule
  if (isRefusal(failure) && !situation.single && situation.attemptsLeft > 0 && !situation.amended) {
    if (situation.canAmend(failure)) return { _tag: "Amend", failure }
  }
  if (retry === "never" || situation.single) return leave
  // If only this target has used the budget up, its retries are over. If others did too, the visit is cut short.
  if (situation.attemptsLeft < 1) return typeof retry === "string" || !situation.hasMoved ? leave : cutShort
  const requested = Failure.waitMillis(failure, now)
  if (retry === "withoutOutputLimit") {
    return failure._tag === "BadRequest" && !situation.amended && situation.canAmend(failure)
      ? { _tag: "Amend", failure }
      : leave
  }
  if ((requested ?? 0) > situation.maxWait) return leave
  if (retry === "afterWait") {
    if (requested === undefined || situation.waited || situation.hasSibling()) return leave
    const delay = Math.max(requested, Bench.shortestCooldown)
    return situation.hasTimeFor(delay) ? { _tag: "AfterWait", delay } : leave
  }
  return { _tag: "Backoff", schedule: retry, least: requested ?? 0 }
}

/** A refusal that may concern a single field, which the provider can leave out. */
const isRefusal = (failure: Failure.Failure): failure is Failure.BadRequest =>
  failure._tag === "BadRequest" && (failure.reason === "Invalid" || failure.reason === "Unsupported")
