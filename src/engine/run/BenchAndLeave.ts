/** The end of a visit after a failure: records it at the bench, then stops or goes on to another target. */
import * as Exhaustion from "../../candidates/Exhaustion.ts"
import * as Lookahead from "../../candidates/Lookahead.ts"
import type { PreparedChain } from "../../candidates/PreparedChain.ts"
import type { Visit } from "../../candidates/Visit.ts"
import type { Backend } from "../../domain/Backend.ts"
import type { Action } from "../../events/FailoverEvent.ts"
import * as Failure from "../../failure/Failure.ts"
import * as Bench from "../../health/Bench.ts"
import { retryWindow } from "../../health/FailureStreaks.ts"
import type { Next, Rest, Rule } from "../../policy/Rule.ts"
import type { RunState } from "./RunState.ts"
import * as Step from "./Step.ts"

/** Ends the visit: records the failure at the bench, then stops or goes on as its rule says. */
export const leave = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  failure: Failure.Failure,
  rule: Rule,
  now: number
): Step.Step<A> => {
  const { candidates, visit } = run
  learn(run, failure, rule, now)
  const special = specialChain(run, failure)
  if (special !== undefined || rule.next !== "stop") {
    candidates.giveUp(visit.target, rule.next)
    if (special !== undefined) candidates.switchTo(special)
    if (run.reporter !== undefined) report(run, failure, nextAction(run))
    tellQueue(run, failure)
    return Step.findTarget
  }
  report(run, failure, { _tag: "Stop" })
  tellQueue(run, failure)
  if (!isFinal(failure)) return run.exhausted()
  return run.fail(
    visit.amendedFor?.reason === "MaxTokens" ? Exhaustion.refusedWithoutLimit(failure) : failure
  )
}

/** Records the failure at the bench, and its consequences for other targets. */
const learn = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  failure: Failure.Failure,
  rule: Rule,
  now: number
): void => {
  const { candidates, visit } = run
  run.record(failure, restAfter(visit, failure, rule), now)
  keepVisitAfterWait(run, failure, rule, now)
  if (failure._tag === "ContextExceeded") candidates.needWindow(visit.target, failure)
  if (isFinal(failure)) candidates.refused(visit.target)
}

/**
 * How the visit counts. If the target answered another request between the failures of this visit, it is not down, and may fail only on
 * this request. One such visit benches nothing; a second one in a row does.
 */
const restAfter = (visit: Visit<Backend>, failure: Failure.Failure, { rest }: Rule): Rest | undefined =>
  rest !== undefined &&
  visit.hasAnsweredOthers &&
  failure._tag === "Transient" &&
  failure.retryAfter === undefined
    ? { ...rest, threshold: Math.max(2, rest.threshold) }
    : rest

/**
 * A retry is due, but another attempt is under way. The visit may continue from `again` on when no other target is left. Like a
 * visit that a budget cuts short, it is no evidence against the target.
 */
const putOff = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  failure: Failure.Failure,
  rule: Rule,
  again: number,
  now: number
): void => {
  run.keepVisit(again, rule.next)
  run.waits.retryBy(again + turnTime)
  run.record(failure, run.shared.streaks.cutShort(run.visit.target, now) ? rule.rest : undefined, now)
}

/** The first of two attempts failed with a retry due: the run goes on with the hedge. */
export const giveWay = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  failure: Failure.Failure,
  rule: Rule,
  again: number,
  now: number
): Step.Step<A> => {
  putOff(run, failure, rule, again, now)
  run.candidates.giveUp(run.visit.target, rule.next === "stop" ? "credential" : rule.next)
  if (run.reporter !== undefined) report(run, failure, nextAction(run))
  tellQueue(run, failure)
  return Step.findTarget
}

/**
 * A hedge failed. It is the current visit while its failure is recorded. Then the run continues with its first attempt, whatever the
 * rule's `next`. Without `again` the target is left.
 */
export const leaveHedge = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  failure: Failure.Failure,
  rule: Rule,
  again: number | undefined,
  now: number
): void => {
  const { candidates, reporter, visit } = run
  if (again === undefined) learn(run, failure, rule, now)
  else putOff(run, failure, rule, again, now)
  candidates.giveUp(visit.target, "credential")
  reporter?.hedgeFailed(visit.target, failure, candidates.why(visit.target))
  tell(run, failure)
}

/**
 * The target refused the attempt because of its load. It is not benched, since its limit was just learned. If no other target is
 * left, the run waits for room at this one.
 */
export const leaveFull = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  failure: Failure.Failure,
  rule: Rule,
  now: number
): Step.Step<A> => {
  run.keepForRoom(rule.next)
  return leave(run, failure, { ...rule, rest: undefined }, now)
}

/**
 * A retry that the retry budget or a new bench refused may be made up to this many milliseconds after its time, whatever
 * `maxWait` is. Its turn in the queue comes with the next answer, or within the pauses after some failures. If the budget
 * refused it, a request waits at least as long as the retries of one visit take.
 */
export const turnTime = 1_000

/**
 * A budget ends the visit early. That is no evidence against the target, which is benched only if it keeps happening. `again` is
 * the time of the retry. The run returns then if no other target is left.
 */
export const cutShort = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  failure: Failure.Failure,
  rule: Rule,
  again: number | undefined,
  now: number
): Step.Step<A> => {
  const { target } = run.visit
  const isLeft = rule.next === "stop" || run.shared.streaks.cutShort(target, now)
  if (again !== undefined) {
    run.keepVisit(again, rule.next)
    run.waits.retryBy(Math.max(again + turnTime, now + retryWindow))
  }
  if (isLeft) return leave(run, failure, rule, now)
  run.record(failure, undefined, now)
  run.candidates.giveUp(target, rule.next)
  if (run.reporter !== undefined) report(run, failure, nextAction(run))
  tellQueue(run, failure)
  return Step.findTarget
}

/** Reports a failed attempt to the observer. */
export const report = <P extends Backend, R, A>(
  { candidates, reporter, visit }: RunState<P, R, A>,
  failure: Failure.Failure,
  action: Action
): void => reporter?.failed(visit.target, failure, action, candidates.why(visit.target))

/** The action for the observer: the run goes on, and to which model. */
export const nextAction = <P extends Backend, R, A>(run: RunState<P, R, A>): Action => {
  const model = nextModel(run)
  return model === undefined ? { _tag: "Next" } : { _tag: "Next", model }
}

const nextModel = <P extends Backend, R, A>(run: RunState<P, R, A>): string | undefined => {
  if (run.hedge !== undefined) return run.hedge.visit.target.benchKeys.model
  return run.visits >= run.options.policy.targets ? undefined : Lookahead.following(run.candidates)
}

/** Reports the failure to the target's wait queue, after the observer. */
export const tellQueue = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  failure: Failure.Failure
): void => {
  tell(run, failure)
  run.leaveQueue()
}

const tell = <P extends Backend, R, A>(
  { shared, visit }: RunState<P, R, A>,
  failure: Failure.Failure
): void => {
  // A failure of the request itself is no evidence against the target.
  if (isFinal(failure) || Failure.isOnlyThisRequest(failure)) shared.queues.changed(visit.target)
  else shared.queues.failed(visit.target)
}

/** How long after a throttle without a named wait the target is called once more, in milliseconds: the longest first backoff. */
export const throttleBackoff = 500

/**
 * A throttled target named a wait within `maxWait`: the run waits for it if no other target is left. If it named none, the run calls
 * it once more after a backoff.
 */
const keepVisitAfterWait = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  failure: Failure.Failure,
  { next, retry }: Rule,
  now: number
): void => {
  if (retry !== "afterWait") return
  const wait = Failure.waitMillis(failure, now)
  if (wait === undefined) keepSecondTry(run, next, now)
  else if (wait <= run.maxWait) run.keepForLater(now + Math.max(wait, Bench.shortestCooldown), next, false)
}

/** Without a named wait the throttle may be short. With `wait` the run waits for the end of the bench, with `fail` not at all. */
const keepSecondTry = <P extends Backend, R, A>(run: RunState<P, R, A>, next: Next, now: number): void => {
  const { options, shared, visit } = run
  if (options.policy.whenAllBenched !== "tryAnyway" || visit.waited || shared.budget.isNone) return
  if (throttleBackoff > run.maxWait) return
  if (run.isKeptForRoom(visit.target)) return
  visit.waited = true
  run.keepForLater(now + throttleBackoff, next, true)
}

/** The chain for this failure (`onContextExceeded`, `onContentPolicy`). A run changes its chain at most once. */
const specialChain = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  failure: Failure.Failure
): PreparedChain<P, R> | undefined => {
  const { chain } = run.options.prepared
  const special =
    failure._tag === "ContextExceeded"
      ? chain.onContextExceeded
      : Failure.classOf(failure) === "ContentPolicy"
        ? chain.onContentPolicy
        : undefined
  if (special === undefined || special.models.length === 0 || run.hasSwitched) return undefined
  run.hasSwitched = true
  return run.shared.prepare(special)
}

const isFinal = (failure: Failure.Failure): failure is Failure.BadRequest | Failure.ContextExceeded =>
  failure._tag === "BadRequest" || failure._tag === "ContextExceeded"
