/**
 * What a run does that has nobody left to try: wait for a target that it may call, or end. The policy's `whenAllBenched`
 * and `maxWait` decide.
 *
 * Four kinds of targets are worth a wait: those whose visit a budget of ours cut short, or that asked for a short wait;
 * those that rest and were not tried yet; all that rest, with `wait`; and those that were passed by for their own limit.
 */
import type { Candidates } from "../../candidates/Candidates.ts"
import * as Exhaustion from "../../candidates/Exhaustion.ts"
import type { Visit } from "../../candidates/Visit.ts"
import type { Place } from "../../candidates/WaitQueue.ts"
import type { Backend } from "../../domain/Backend.ts"
import type { Target } from "../../domain/Target.ts"
import type { BadRequest, ContextExceeded, Failure } from "../../failure/Failure.ts"
import type * as RunError from "../../failure/RunError.ts"
import type { WhenAllBenched } from "../../policy/Policy.ts"
import type { Next } from "../../policy/Rule.ts"

/** A place in the line of a target. */
export interface RunPlace<out P extends Backend> extends Place {
  readonly backend: P
  /** The visit that goes on then, and where the run goes when the target cannot be called after all. */
  readonly visit?: Visit<P> | undefined
  readonly next?: Next | undefined
}

/** What is decided. Moments are milliseconds since the epoch. */
export type Decision<P extends Backend> =
  /** Wait for the first of these places to come up. */
  | { readonly _tag: "Wait"; readonly places: ReadonlyArray<RunPlace<P>>; readonly until: number }
  /** Come back to a target that was passed by because of its own limit, when that allows it. */
  | { readonly _tag: "GoBack"; readonly to: Exhaustion.RestingTarget<P> }
  | { readonly _tag: "End"; readonly error: RunError.RunError }

/** What it depends on. */
export interface Situation<P extends Backend, R> {
  readonly candidates: Candidates<P, R>
  readonly whenAllBenched: WhenAllBenched
  /** The attempts that failed, in order. */
  readonly failed: ReadonlyArray<RunError.FailedAttempt>
  /** Targets whose visit may go on. */
  readonly unfinished: ReadonlyArray<RunPlace<P>>
  /** When the run's time is up. */
  readonly deadlineAt: number
  /** It has waited in vain, and does not wait again. */
  readonly hasWaited: boolean
  /** Attempts left for asking a target again. */
  readonly attemptsLeft: number
  /** Until when it waits for targets: its maxWait, and with `wait` its deadline. */
  readonly waitsUntil: () => number
}

/** Decides. `now` is in milliseconds since the epoch. */
export const decide = <P extends Backend, R>(situation: Situation<P, R>, now: number): Decision<P> => {
  const { candidates, failed } = situation
  const limited = goBack(situation)
  if (limited !== undefined && limited.to.why.until <= now) return limited
  const places = situation.hasWaited ? [] : placesOf(situation, now)
  if (places.length > 0) {
    const until = Math.min(situation.waitsUntil(), limited?.to.why.until ?? Number.POSITIVE_INFINITY)
    return { _tag: "Wait", places, until }
  }
  if (limited !== undefined) return limited
  const last = failed.at(-1)?.failure
  if (isOwnFault(last) && !Exhaustion.mayBeTaken(candidates)) return { _tag: "End", error: last }
  return {
    _tag: "End",
    error:
      failed.length > 0
        ? Exhaustion.exhausted(candidates, failed)
        : Exhaustion.allBenched(candidates.resting().resting, candidates.models)
  }
}

/** What no model here can take does not become another request while the others rest. */
const isOwnFault = (failure: Failure | undefined): failure is BadRequest | ContextExceeded =>
  failure?._tag === "ContextExceeded" || (failure?._tag === "BadRequest" && failure.reason === "Unsupported")

const placesOf = <P extends Backend, R>(
  situation: Situation<P, R>,
  now: number
): ReadonlyArray<RunPlace<P>> => {
  const { attemptsLeft, candidates, failed, unfinished, whenAllBenched } = situation
  const first = (whom: ReadonlyArray<{ readonly backend: P; readonly target: Target }>, anyway: boolean) =>
    whom.map(({ backend, target }) => ({ backend, target, notBefore: now, isFirst: true, anyway }))
  // A key at the place of one that failed most likely meets the same fault. Before all is lost it is asked once.
  const avoided = candidates.avoided()
  if (avoided.length > 0) return first(avoided, false)
  const goOn = attemptsLeft > 0 && now < situation.waitsUntil() ? unfinished : []
  if (whenAllBenched === "fail") return goOn
  const isUnfinished = (target: Target) => goOn.some((place) => place.target.key === target.key)
  if (whenAllBenched === "tryAnyway") {
    // Who has tried others already does not try dead keys as well: they do not come back by themselves.
    const untried = candidates
      .toTry()
      .filter(({ why }) => failed.length === 0 || Exhaustion.passing.has(why.reason))
    return [...goOn, ...first(untried, true)]
  }
  if (isOwnFault(failed.at(-1)?.failure)) return goOn
  const { all, resting } = candidates.resting()
  // Those that were tried are worth a wait when there is nobody else, and an attempt left.
  const awaited = resting.filter(
    ({ target }) => !isUnfinished(target) && (!candidates.hasTried(target) || (all && attemptsLeft > 0))
  )
  return [
    ...goOn,
    ...awaited.map(({ backend, target }) => ({
      backend,
      target,
      notBefore: now,
      isFirst: !candidates.hasTried(target),
      anyway: false
    }))
  ]
}

/**
 * A target that was passed by because of its own limit is well: it is worth a wait, in all no longer than `maxWait`;
 * with `wait` as long as there is time. Its limit is not exceeded even when everything else rests.
 */
const goBack = <P extends Backend, R>({
  candidates,
  deadlineAt,
  waitsUntil,
  whenAllBenched
}: Situation<P, R>): { readonly _tag: "GoBack"; readonly to: Exhaustion.RestingTarget<P> } | undefined => {
  const to = whenAllBenched === "fail" ? undefined : candidates.soonestLimited()
  return to === undefined || to.why.until > waitsUntil() || to.why.until >= deadlineAt
    ? undefined
    : { _tag: "GoBack", to }
}
