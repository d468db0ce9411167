/**
 * What a run does that has nobody left to try: wait until somebody may be called again, try one that rests all the
 * same, or end. The policy's `whenAllBenched` decides, and its `patience` with limits of one's own.
 */
import * as Bench from "./Bench.ts"
import type { Candidates } from "./Candidates.ts"
import * as Ending from "./Ending.ts"
import type { WhenAllBenched } from "./Policy.ts"
import type { Pool } from "./Pool.ts"
import type * as RunError from "./RunError.ts"

/** What is decided. Moments are milliseconds since the epoch. */
export type Decision<P> =
  /** Begin the chain anew at that moment. */
  | { readonly _tag: "Restart"; readonly at: number }
  /** Come back to a target that was passed by because of its own limit, when that allows it. */
  | { readonly _tag: "GoBack"; readonly to: Ending.RestingTarget<P> }
  /** Try a target once although it rests. */
  | { readonly _tag: "LastResort"; readonly take: Ending.RestingTarget<P> }
  | { readonly _tag: "End"; readonly error: RunError.RunError }

/** What it depends on. */
export interface Situation<P extends Pool, R> {
  readonly candidates: Candidates<P, R>
  readonly whenAllBenched: WhenAllBenched
  /** The attempts that failed, in order. */
  readonly failed: ReadonlyArray<RunError.FailedAttempt>
  /** When the run's time is up. */
  readonly deadlineAt: number
  /** Until when it waits for targets' own limits. */
  readonly limitedUntil: () => number
}

/** Decides. `now` is in milliseconds since the epoch. */
export const decide = <P extends Pool, R>(situation: Situation<P, R>, now: number): Decision<P> => {
  const { candidates, deadlineAt, failed, whenAllBenched } = situation
  const last = failed.at(-1)?.failure
  if (last?._tag === "ContextExceeded" || (last?._tag === "BadRequest" && last.reason === "Unsupported")) {
    // What no model here can take does not become another request while the others rest.
    const error = Ending.mayBeTaken(candidates) ? Ending.exhausted(candidates, failed) : last
    return goBack(situation) ?? { _tag: "End", error }
  }
  const { all, resting } = candidates.resting()
  if (whenAllBenched === "wait" && all && resting.length > 0) {
    // Somebody else's probe has no end that is known: look again soon.
    const at = Math.max(Ending.soonestEnd(resting), now + Bench.shortestRest)
    if (at < deadlineAt) return { _tag: "Restart", at }
  }
  const limited = goBack(situation)
  if (limited !== undefined) return limited
  if (failed.length > 0) return { _tag: "End", error: Ending.exhausted(candidates, failed) }
  const soonest = whenAllBenched === "tryAnyway" ? candidates.soonestToTry(resting) : undefined
  return soonest === undefined
    ? { _tag: "End", error: Ending.allBenched(resting, candidates.models) }
    : { _tag: "LastResort", take: soonest }
}

/**
 * A target that was passed by because of its own limit is well: it is worth a wait, in all no longer than `patience`;
 * with `wait` as long as there is time. Its limit is not exceeded even when everything else rests.
 */
const goBack = <P extends Pool, R>({
  candidates,
  deadlineAt,
  limitedUntil,
  whenAllBenched
}: Situation<P, R>): Decision<P> | undefined => {
  const to = whenAllBenched === "fail" ? undefined : candidates.soonestLimited()
  return to === undefined || to.why.until > limitedUntil() || to.why.until >= deadlineAt
    ? undefined
    : { _tag: "GoBack", to }
}
