/** The errors of a run without an answer: what is benched, when to retry, and what the caller can change. */

import type { Backend } from "../domain/Backend.ts"
import { BadRequest, ContextExceeded } from "../failure/Failure.ts"
import { AllBenched, type BenchedKey, ChainExhausted, type FailedAttempt } from "../failure/RunError.ts"
import * as BenchedTargets from "./BenchedTargets.ts"

/** The soonest end of all cooldowns, manual or not, in milliseconds since the epoch; infinite when there is none. */
export const soonestEnd = (benched: ReadonlyArray<BenchedTargets.BenchedTarget<unknown>>): number =>
  benched.reduce((end, { why }) => Math.min(end, why.until), Number.POSITIVE_INFINITY)

/** The error's field for the soonest end; absent when there is none. */
const retryAt = (
  benched: ReadonlyArray<BenchedTargets.BenchedTarget<unknown>>
): { readonly retryAt?: number } => {
  const end = soonestEnd(benched)
  return end === Number.POSITIVE_INFINITY ? {} : { retryAt: end }
}

/**
 * Every target that was tried has failed. `retryAt` is set when all targets that may accept the request are benched. Those that
 * refused it do not count, since they would refuse it again.
 */
export const exhausted = <P extends Backend, R>(
  candidates: BenchedTargets.Candidates<P, R>,
  attempts: ReadonlyArray<FailedAttempt>
): ChainExhausted => {
  const { all, benched } = BenchedTargets.ofWilling(candidates)
  const skipped = benched.filter(({ target }) => !attempts.some((failed) => failed.target === target.key))
  return new ChainExhausted({
    attempts,
    ...(skipped.length > 0 && { benches: benches(skipped) }),
    models: candidates.position.prepared.models.length,
    ...(all && retryAt(benched))
  })
}

/** True when a target may accept the request now or later: it is free, or benched for a temporary reason. */
export const mayBeTaken = <P extends Backend, R>(candidates: BenchedTargets.Candidates<P, R>): boolean => {
  const { all, benched } = BenchedTargets.ofWilling(candidates)
  return !all || benched.some(({ why }) => BenchedTargets.passing.has(why.reason))
}

/** The bench keys of these targets, each once. */
const benches = (
  benched: ReadonlyArray<BenchedTargets.BenchedTarget<unknown>>
): ReadonlyArray<BenchedKey> => {
  const byKey = new Map<string, BenchedKey>()
  for (const { why } of benched) {
    byKey.set(why.key, {
      key: why.key,
      reason: why.reason,
      ...(why.evidence !== undefined && { evidence: why.evidence }),
      ...(why.until !== Number.POSITIVE_INFINITY && { until: why.until })
    })
  }
  return [...byKey.values()]
}

/** The error when no target of a chain could be called. */
export const allBenched = (
  benched: ReadonlyArray<BenchedTargets.BenchedTarget<unknown>>,
  models: number
): AllBenched => new AllBenched({ benches: benches(benched), models, ...retryAt(benched) })

/**
 * The error for a request that was refused for its output limit, and without the limit as well. The message says what to lower.
 */
export const refusedWithoutLimit = (failure: BadRequest | ContextExceeded): BadRequest | ContextExceeded => {
  const advice =
    failure._tag === "ContextExceeded" || failure.reason === "TooLarge"
      ? "lower the length of the prompt"
      : "lower max_tokens (the limit on output tokens) to what this model may write, or the length of the prompt"
  const { _tag, ...fields } = failure
  const amended = {
    ...fields,
    message: `${failure.message} (leaving the output limit out did not help: ${advice})`
  }
  return failure._tag === "BadRequest"
    ? new BadRequest({ ...amended, reason: failure.reason })
    : new ContextExceeded(amended)
}
