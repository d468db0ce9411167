/** The errors of a run that found no answer: what is benched, when to retry, what the caller can change. */

import type { Target } from "../domain/Target.ts"
import { BadRequest, ContextExceeded } from "../failure/Failure.ts"
import { AllBenched, type BenchedKey, ChainExhausted, type FailedAttempt } from "../failure/RunError.ts"
import type * as Bench from "../health/Bench.ts"
import { transientClasses } from "../policy/Rule.ts"

/** A benched target, with its backend and the reason. */
export interface RestingTarget<out P> {
  readonly backend: P
  readonly target: Target
  readonly why: Bench.Resting
}

/** Reasons that are not a cooldown: a target with one of them is never tried early. */
const limits: ReadonlySet<string> = new Set(["Manual", "OwnLimit", "LearnedLimit"])

/** Targets that are benched neither manually nor for a limit, the soonest end of a cooldown first. */
export const inOrder = <P>(resting: ReadonlyArray<RestingTarget<P>>): ReadonlyArray<RestingTarget<P>> =>
  resting.filter(({ why }) => !limits.has(why.reason)).sort((a, b) => a.why.until - b.why.until)

/** The soonest end of all cooldowns, manual or not, in milliseconds since the epoch; infinite when there is none. */
export const soonestEnd = (resting: ReadonlyArray<RestingTarget<unknown>>): number =>
  resting.reduce((end, { why }) => Math.min(end, why.until), Number.POSITIVE_INFINITY)

/** The error's field for the soonest end; absent when there is none. */
const retryAt = (resting: ReadonlyArray<RestingTarget<unknown>>): { readonly retryAt?: number } => {
  const end = soonestEnd(resting)
  return end === Number.POSITIVE_INFINITY ? {} : { retryAt: end }
}

/** What the errors are made from. */
interface Tried {
  readonly models: number
  readonly restingOfWilling: () => {
    readonly all: boolean
    readonly resting: ReadonlyArray<RestingTarget<unknown>>
  }
}

/**
 * Every target that was tried has failed. There is a `retryAt` when all targets are benched that may still take the request;
 * those that refused it would refuse it again.
 */
export const exhausted = (candidates: Tried, attempts: ReadonlyArray<FailedAttempt>): ChainExhausted => {
  const { all, resting } = candidates.restingOfWilling()
  const skipped = resting.filter(({ target }) => !attempts.some((failed) => failed.target === target.key))
  return new ChainExhausted({
    attempts,
    ...(skipped.length > 0 && { benches: benches(skipped) }),
    models: candidates.models,
    ...(all && retryAt(resting))
  })
}

/** True when a target may take the request now or later: it is free, or benched for a temporary reason. */
export const mayBeTaken = (candidates: Tried): boolean => {
  const { all, resting } = candidates.restingOfWilling()
  return !all || resting.some(({ why }) => passing.has(why.reason))
}

/** Temporary reasons: they end without an operator. */
export const passing: ReadonlySet<string> = new Set([
  "RateLimit",
  "OwnLimit",
  "LearnedLimit",
  ...transientClasses
])

/** The bench keys of these targets, each once. */
const benches = (resting: ReadonlyArray<RestingTarget<unknown>>): ReadonlyArray<BenchedKey> => {
  const byKey = new Map<string, BenchedKey>()
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

/** No target could be called in a chain of so many models. */
export const allBenched = (resting: ReadonlyArray<RestingTarget<unknown>>, models: number): AllBenched =>
  new AllBenched({ benches: benches(resting), models, ...retryAt(resting) })

/**
 * A request that was refused for its token limit, and without the limit as well. The message tells the caller what to lower.
 */
export const refusedUncapped = (failure: BadRequest | ContextExceeded): BadRequest | ContextExceeded => {
  const advice =
    failure._tag === "ContextExceeded" || failure.reason === "TooLarge"
      ? "lower the length of the prompt"
      : "lower max_tokens (the limit on output tokens) to what this model may write, or the length of the prompt"
  const { _tag, ...fields } = failure
  const amended = {
    ...fields,
    message: `${failure.message} (leaving the token limit out did not help: ${advice})`
  }
  return failure._tag === "BadRequest"
    ? new BadRequest({ ...amended, reason: failure.reason })
    : new ContextExceeded(amended)
}
