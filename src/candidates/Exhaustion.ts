/** How a run ends when nobody could answer: what rests, when it makes sense to come back, what the caller can change. */

import type { Target } from "../domain/Target.ts"
import { BadRequest, ContextExceeded } from "../failure/Failure.ts"
import { AllBenched, ChainExhausted, type FailedAttempt, type RestingKey } from "../failure/RunError.ts"
import type * as Bench from "../health/Bench.ts"
import { transientClasses } from "../policy/Rule.ts"

/** A target that rests, with its backend and the reason. */
export interface RestingTarget<out P> {
  readonly backend: P
  readonly target: Target
  readonly why: Bench.Resting
}

/** Rests that are nobody's will (not put by hand, no limit of one's own), the one that ends soonest first. */
export const inOrder = <P>(resting: ReadonlyArray<RestingTarget<P>>): ReadonlyArray<RestingTarget<P>> =>
  resting
    .filter(({ why }) => why.reason !== "Manual" && why.reason !== "OwnLimit")
    .sort((a, b) => a.why.until - b.why.until)

/** The soonest end of all, by hand or not, in milliseconds since the epoch; infinite when there is none. */
export const soonestEnd = (resting: ReadonlyArray<RestingTarget<unknown>>): number =>
  resting.reduce((end, { why }) => Math.min(end, why.until), Number.POSITIVE_INFINITY)

/** The error's field for the soonest end; absent when there is none. */
const retryAt = (resting: ReadonlyArray<RestingTarget<unknown>>): { readonly retryAt?: number } => {
  const end = soonestEnd(resting)
  return end === Number.POSITIVE_INFINITY ? {} : { retryAt: end }
}

/** What of a chain decides about its end. */
interface Walked {
  readonly models: number
  readonly restingOfWilling: () => {
    readonly all: boolean
    readonly resting: ReadonlyArray<RestingTarget<unknown>>
  }
}

/**
 * Everything that was tried has failed. There is a time to come back when all rest who may yet take the request; those
 * who have refused it would do so again.
 */
export const exhausted = (candidates: Walked, attempts: ReadonlyArray<FailedAttempt>): ChainExhausted => {
  const { all, resting } = candidates.restingOfWilling()
  const passedBy = resting.filter(({ target }) => !attempts.some((failed) => failed.target === target.key))
  return new ChainExhausted({
    attempts,
    ...(passedBy.length > 0 && { benches: benches(passedBy) }),
    models: candidates.models,
    ...(all && retryAt(resting))
  })
}

/** True when somebody may take the request later: nothing but what passes by itself keeps a willing target away. */
export const mayBeTaken = (candidates: Walked): boolean => {
  const { all, resting } = candidates.restingOfWilling()
  return !all || resting.some(({ why }) => passing.has(why.reason))
}

/** What passes by itself. */
export const passing: ReadonlySet<string> = new Set(["RateLimit", "OwnLimit", ...transientClasses])

/** What keeps these targets from being called, each key once. */
const benches = (resting: ReadonlyArray<RestingTarget<unknown>>): ReadonlyArray<RestingKey> => {
  const byKey = new Map<string, RestingKey>()
  for (const { why } of resting) {
    byKey.set(why.key, {
      key: why.key,
      reason: why.reason,
      ...(why.evidence !== undefined && { evidence: why.evidence }),
      ...(why.until !== Number.POSITIVE_INFINITY && { until: why.until })
    })
  }
  return [...byKey.values()]
}

/** Nothing was callable in a chain of so many models. */
export const allBenched = (resting: ReadonlyArray<RestingTarget<unknown>>, models: number): AllBenched =>
  new AllBenched({ benches: benches(resting), models, ...retryAt(resting) })

/**
 * A request that was refused for its token cap, and without the cap as well: only the caller can help, and is told
 * what to lower.
 */
export const refusedUncapped = (failure: BadRequest | ContextExceeded): BadRequest | ContextExceeded => {
  const advice =
    failure._tag === "ContextExceeded" || failure.reason === "TooLarge"
      ? "lower the length of the prompt"
      : "lower max_tokens (the limit on output tokens) to what this model may write, or the length of the prompt"
  const { _tag, ...fields } = failure
  const told = {
    ...fields,
    message: `${failure.message} (leaving the token limit out did not help: ${advice})`
  }
  return failure._tag === "BadRequest"
    ? new BadRequest({ ...told, reason: failure.reason })
    : new ContextExceeded(told)
}
