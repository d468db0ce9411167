/**
 * The decision of a run that can call no target: wait for one, or end. It depends on the policy's `whenAllBenched` and `maxWait`.
 *
 * The run may wait for five kinds of targets:
 *
 * - targets with an unfinished visit: a budget cut it short, or the provider named a short wait
 * - benched targets that were not tried yet (benched by hand: only if the bench ends in time)
 * - with `wait`, all benched targets
 * - targets that were skipped for their own limit
 * - targets at a learned limit, until they have room
 */
import * as BenchedTargets from "../../candidates/BenchedTargets.ts"
import type { Candidates } from "../../candidates/Candidates.ts"
import * as Exhaustion from "../../candidates/Exhaustion.ts"
import type { Place } from "../../candidates/queue/WaitQueue.ts"
import type { Visit } from "../../candidates/Visit.ts"
import type { Backend } from "../../domain/Backend.ts"
import type { Target } from "../../domain/Target.ts"
import type { BadRequest, ContextExceeded, Failure } from "../../failure/Failure.ts"
import type * as RunError from "../../failure/RunError.ts"
import type { WhenAllBenched } from "../../policy/Policy.ts"
import { type Next, ruleOf } from "../../policy/Rule.ts"

/** A place in the wait queue of a target. */
export interface RunPlace<out P extends Backend> extends Place {
  readonly backend: P
  /** The visit to continue, and where the run goes if the target cannot be called. */
  readonly visit?: Visit<P> | undefined
  readonly next?: Next | undefined
}

/** A visit that is kept, but not yet as a place, and the one that was kept before it. */
export interface LaterVisit<out P extends Backend> {
  readonly visit: Visit<P>
  readonly notBefore: number
  readonly next: Next | undefined
  readonly isThrottled: boolean
  readonly earlier: LaterVisit<P> | undefined
}

/** The decision. Times are milliseconds since the epoch. */
export type Decision<P extends Backend> =
  /** Wait until one of these places admits the run; if none does by then, return to `goBack`, if there is one. */
  | {
      readonly _tag: "Wait"
      readonly places: ReadonlyArray<RunPlace<P>>
      readonly until: number
      readonly goBack: BenchedTargets.BenchedTarget<P> | undefined
    }
  /** Return to a target that was skipped for its own limit, when the limit allows it. */
  | { readonly _tag: "GoBack"; readonly to: BenchedTargets.BenchedTarget<P> }
  | { readonly _tag: "End"; readonly error: RunError.RunError }

/** The inputs of the decision. */
export interface Situation<P extends Backend, R> {
  readonly candidates: Candidates<P, R>
  readonly whenAllBenched: WhenAllBenched
  /** Whether the run may call targets that it has not called yet. Default: true. */
  readonly mayMove?: boolean | undefined
  /** The attempts that failed, in order. */
  readonly failed: ReadonlyArray<RunError.FailedAttempt>
  /** Visits that may be continued. */
  readonly unfinished: ReadonlyArray<RunPlace<P>>
  /** The deadline. */
  readonly deadlineAt: number
  /** Whether the run has waited without result. If so, it does not wait again. */
  readonly hasWaited: boolean
  /** Whether the run has waited for room at a target without result. If so, it does not wait for room again. */
  readonly hasWaitedForRoom?: boolean | undefined
  /** Retries left in the attempt budget. */
  readonly attemptsLeft: number
  /** Until when the run waits for targets: `maxWait`, or with `wait` the deadline. */
  readonly waitsUntil: () => number
}

/** Decides. `now` is in milliseconds since the epoch. */
export const decide = <P extends Backend, R>(situation: Situation<P, R>, now: number): Decision<P> => {
  const { candidates, failed } = situation
  const limited = situation.mayMove === false ? undefined : goBack(situation)
  if (limited !== undefined && limited.to.why.until <= now) return limited
  const places = situation.hasWaited ? [] : placesOf(situation, now)
  if (places.length > 0) {
    const until = Math.min(situation.waitsUntil(), limited?.to.why.until ?? Number.POSITIVE_INFINITY)
    return { _tag: "Wait", places, until, goBack: limited?.to }
  }
  if (limited !== undefined) return limited
  const last = failed.at(-1)?.failure
  if (isOwnFault(last) && !Exhaustion.mayBeTaken(candidates)) return { _tag: "End", error: last }
  return {
    _tag: "End",
    error:
      failed.length > 0
        ? Exhaustion.exhausted(candidates, failed)
        : Exhaustion.allBenched(
            BenchedTargets.all(candidates).benched,
            candidates.position.prepared.models.length
          )
  }
}

/** A request that no model of the chain can take: waiting for benched ones would not help. */
const isOwnFault = (failure: Failure | undefined): failure is BadRequest | ContextExceeded =>
  failure?._tag === "ContextExceeded" || (failure?._tag === "BadRequest" && failure.reason === "Unsupported")

const placesOf = <P extends Backend, R>(all: Situation<P, R>, now: number): ReadonlyArray<RunPlace<P>> => {
  // Since a visit was put off, another credential of its model may have refused the request.
  const unfinished = all.unfinished.filter(({ target }) => all.candidates.isWilling(target))
  const situation = { ...all, unfinished }
  if (situation.mayMove === false) return placesAgain(situation, now)
  const places = benchedPlaces(situation, now)
  const isOpen = ({ forRoom }: RunPlace<P>) => forRoom !== true || !situation.hasWaitedForRoom
  if (situation.whenAllBenched === "fail" || situation.hasWaitedForRoom) return places.filter(isOpen)
  const isThere = (target: Target) => places.some((place) => place.target.key === target.key)
  const full = situation.candidates.full().filter(({ target }) => !isThere(target))
  const rest = { notBefore: now, isFirst: true, forRoom: true }
  // The credential's own limit holds for last attempts too: such a place waits until the limit allows a request.
  const isOpenAnyway = ({ credential }: Target) =>
    situation.whenAllBenched === "tryAnyway" && credential.rpm === undefined
  return [
    ...places,
    ...full.map(({ backend, target }) => ({ backend, target, ...rest, anyway: isOpenAnyway(target) }))
  ]
}

/** The places of a run that may not move: its visits that may go on, and with `wait` the benched targets that it has called. */
const placesAgain = <P extends Backend, R>(
  situation: Situation<P, R>,
  now: number
): ReadonlyArray<RunPlace<P>> => {
  const { attemptsLeft, candidates, unfinished, waitsUntil, whenAllBenched } = situation
  if (attemptsLeft < 1 || now >= waitsUntil()) return []
  // A target that another process was probing has not been called.
  const begun = unfinished.filter(({ isFirst }) => !isFirst)
  if (whenAllBenched !== "wait") return begun
  const benched = BenchedTargets.ofWilling(candidates).benched.filter(({ target }) =>
    candidates.hasTried(target)
  )
  const awaited = [...halfOpenIn(situation), ...benched].filter(
    ({ target }) => !begun.some((place) => place.target.key === target.key)
  )
  const again = { notBefore: now, isFirst: false, anyway: false }
  return [...begun, ...awaited.map(({ backend, target }) => ({ backend, target, ...again }))]
}

/** The targets whose last failure in this run benched them, if their cooldowns have ended since then. */
const halfOpenIn = <P extends Backend, R>({ candidates, failed }: Situation<P, R>) => {
  const last = new Map(failed.map(({ failure, target }) => [target, failure]))
  return BenchedTargets.halfOpen(candidates, ({ key, policy }) => {
    const failure = last.get(key)
    return failure !== undefined && ruleOf(policy.rules, failure).rest !== undefined
  })
}

const benchedPlaces = <P extends Backend, R>(
  situation: Situation<P, R>,
  now: number
): ReadonlyArray<RunPlace<P>> => {
  const { attemptsLeft, candidates, failed, unfinished, whenAllBenched } = situation
  const first = (targets: ReadonlyArray<{ readonly backend: P; readonly target: Target }>, anyway: boolean) =>
    targets.map(({ backend, target }) => ({ backend, target, notBefore: now, isFirst: true, anyway }))
  // A target that was benched when the run skipped it may have recovered. A credential at the endpoint of a failed one will
  // probably fail too; it is tried once before the run ends.
  const open = first(candidates.untried(), whenAllBenched === "tryAnyway")
  const isOpen = (target: Target) => open.some((place) => place.target.key === target.key)
  // A first visit that another process's probe had put off may have been made since then.
  const mayGoOn = ({ isFirst, target }: RunPlace<P>) =>
    (isFirst ? !candidates.hasTried(target) : attemptsLeft > 0) && !isOpen(target)
  const goOn = [...open, ...(now < situation.waitsUntil() ? unfinished.filter(mayGoOn) : [])]
  if (whenAllBenched === "fail") return goOn
  const isUnfinished = (target: Target) => goOn.some((place) => place.target.key === target.key)
  if (whenAllBenched === "tryAnyway") {
    // After another target was tried, dead keys are not: they do not recover by themselves.
    const benched = BenchedTargets.toTry(candidates).filter(
      ({ target, why }) =>
        !isUnfinished(target) && (failed.length === 0 || BenchedTargets.passing.has(why.reason))
    )
    // Nothing was called yet, so the known end of a manual bench is awaited.
    const byHand = failed.length === 0 ? BenchedTargets.benchedByHand(candidates, situation.waitsUntil()) : []
    return [...goOn, ...first([...benched, ...byHand], true)]
  }
  if (isOwnFault(failed.at(-1)?.failure)) return goOn
  // Targets that were tried are awaited only if no other is free and a retry remains. The cooldown of one may have ended meanwhile.
  const halfOpen = halfOpenIn(situation)
  const mayRetry = attemptsLeft > 0 && BenchedTargets.noneIsFree(candidates, halfOpen)
  const awaited = BenchedTargets.all(candidates).benched.filter(
    ({ target, why }) =>
      why.reason !== "LearnedLimit" && !isUnfinished(target) && (mayRetry || !candidates.hasTried(target))
  )
  const again = mayRetry ? halfOpen.filter(({ target }) => !isUnfinished(target)) : []
  return [
    ...goOn,
    ...[...again, ...awaited].map(({ backend, target }) => ({
      backend,
      target,
      notBefore: now,
      isFirst: !candidates.hasTried(target),
      anyway: false
    }))
  ]
}

/**
 * A target that was skipped for its own limit is healthy, so the run waits for it: up to `maxWait` in total, or with `wait` until
 * the deadline. The limit is not exceeded even if all other targets are benched.
 */
const goBack = <P extends Backend, R>({
  candidates,
  deadlineAt,
  waitsUntil,
  whenAllBenched
}: Situation<P, R>):
  | { readonly _tag: "GoBack"; readonly to: BenchedTargets.BenchedTarget<P> }
  | undefined => {
  const to = whenAllBenched === "fail" ? undefined : candidates.soonestLimited()
  return to === undefined || to.why.until > waitsUntil() || to.why.until >= deadlineAt
    ? undefined
    : { _tag: "GoBack", to }
}
