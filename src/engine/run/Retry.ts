/** Applies the policy to a failure: retries the same target, now or later, or leaves it. */
import * as Effect from "effect/Effect"
import type * as Schedule from "effect/Schedule"
import type { Visit } from "../../candidates/Visit.ts"
import type { Backend } from "../../domain/Backend.ts"
import * as Failure from "../../failure/Failure.ts"
import * as Bench from "../../health/Bench.ts"
import { type Next, type Rule, ruleOf } from "../../policy/Rule.ts"
import * as Running from "../../util/Running.ts"
import * as PolicyDecision from "../failures/PolicyDecision.ts"
import * as BenchAndLeave from "./BenchAndLeave.ts"
import type { RunState } from "./RunState.ts"
import * as Step from "./Step.ts"

/** Decides about a failure and returns the next step. */
export const decide = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  failure: Failure.Failure
): Step.Step<A> => {
  const { visit } = run
  const rule = ruleOf(visit.target.policy.rules, failure)
  const now = run.now()
  run.remember(failure)
  const isFull = run.learn(failure, now)
  const decision = PolicyDecision.decide(failure, rule, run, now)
  if (run.hedge !== undefined) return besideHedge(run, failure, rule, decision, isFull, now)
  switch (decision._tag) {
    case "Leave":
      if (isFull) return BenchAndLeave.leaveFull(run, failure, rule, now)
      return visit.hasTakenTurn
        ? leaveTurn(run, failure, rule, now)
        : BenchAndLeave.leave(run, failure, rule, now)
    case "Amend":
      visit.amendedFor = decision.failure
      run.record(failure, undefined, now)
      return again(run, failure, 0, "credential")
    case "AfterWait":
      if (!run.shared.budget.withdraw(now)) return BenchAndLeave.leave(run, failure, rule, now)
      visit.waited = true
      run.record(failure, rule.rest, now)
      return again(run, failure, decision.delay, rule.next)
    case "CutShort":
      return BenchAndLeave.cutShort(run, failure, rule, undefined, now)
    case "Backoff":
      return Step.after(delayOf(run, decision.schedule, failure, now), (delay) =>
        backoff(run, failure, rule, delay, decision.least)
      )
  }
}

/** There is no retry while a hedge is under way: the run goes on with the hedge, and keeps a due retry for later. */
const besideHedge = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  failure: Failure.Failure,
  rule: Rule,
  decision: PolicyDecision.Decision,
  isFull: boolean,
  now: number
): Step.Step<A> => {
  const again = againAt(run, failure, decision, now)
  if (decision._tag === "CutShort") return BenchAndLeave.cutShort(run, failure, rule, undefined, now)
  if (again !== undefined) return BenchAndLeave.giveWay(run, failure, rule, again, now)
  if (isFull) return BenchAndLeave.leaveFull(run, failure, rule, now)
  return BenchAndLeave.leave(run, failure, rule, now)
}

/** A hedge failed: its failure is recorded like any other, and the run goes on with its first attempt. */
export const hedgeFailed = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  visit: Visit<P>,
  failure: Failure.Failure
): void => {
  const first = run.visit
  run.visit = visit
  const ownRule = ruleOf(visit.target.policy.rules, failure)
  const now = run.now()
  const isFull = run.learn(failure, now)
  run.remember(failure)
  const decision = PolicyDecision.decide(failure, ownRule, run, now)
  const isCut = decision._tag === "CutShort" && !run.shared.streaks.cutShort(visit.target, now)
  const rule = isFull || isCut ? { ...ownRule, rest: undefined } : ownRule
  const again = againAt(run, failure, decision, now)
  if (isFull) run.keepForRoom(rule.next)
  BenchAndLeave.leaveHedge(run, failure, rule, again, now)
  run.visit = first
}

/** The time of a retry that cannot be made now because another attempt is under way; `undefined` without a retry. */
const againAt = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  failure: Failure.Failure,
  decision: PolicyDecision.Decision,
  now: number
): number | undefined => {
  if (decision._tag === "Backoff") {
    const delay = run.shared.budget.isNone ? done : delayAtOnce(run, decision.schedule, failure, now)
    return delay === done
      ? undefined
      : timeOfRetry(run, Math.max(delay, Bench.shortestCooldown), decision.least, now)
  }
  if (decision._tag !== "Amend") return undefined
  run.visit.amendedFor = decision.failure
  return now
}

/** No retry. */
const done = Number.POSITIVE_INFINITY

/**
 * The delay of a schedule, 0 for a schedule that does not return it in this turn. It is not waited for, since the other attempt
 * continues meanwhile.
 */
const delayAtOnce = <P extends Backend, R, A>(
  { context, visit }: RunState<P, R, A>,
  schedule: Schedule.Schedule<unknown, Failure.Failure>,
  failure: Failure.Failure,
  now: number
): number => {
  const asked = Running.start(visit.backoff(schedule, failure, now, Number.POSITIVE_INFINITY), context)
  const exit = asked.pollUnsafe()
  asked.interruptUnsafe()
  return exit?._tag === "Success" ? exit.value : 0
}

/** The delay of a schedule. The schedule may need time to return it. */
const delayOf = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  schedule: Schedule.Schedule<unknown, Failure.Failure>,
  failure: Failure.Failure,
  now: number
): Effect.Effect<number> =>
  Effect.onInterrupt(run.visit.backoff(schedule, failure, now, run.visitEndsAt), () =>
    Effect.sync(() => run.interrupted())
  )

/** Retries after a delay, if the schedule, the time of the visit and the retry budget allow it. */
const backoff = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  failure: Failure.Failure,
  rule: Rule,
  planned: number,
  least: number
): Step.Step<A> => {
  const { budget } = run.shared
  const now = run.now()
  if (planned === done || budget.isNone) return BenchAndLeave.leave(run, failure, rule, now)
  const delay = Math.max(planned, least)
  if (!run.hasTimeFor(delay + timeOfAttempt(run, now))) {
    return BenchAndLeave.cutShort(run, failure, rule, timeOfRetry(run, delay, least, now), now)
  }
  if (!budget.withdraw(now)) return BenchAndLeave.cutShort(run, failure, rule, now + delay, now)
  run.visit.retried(run.shared.answers)
  run.record(failure, undefined, now)
  return again(run, failure, delay, rule.next)
}

/** How long the next attempt will most likely take: as long as the failed one, or as the target's recent answers. */
const timeOfAttempt = <P extends Backend, R, A>({ shared, visit }: RunState<P, R, A>, now: number): number =>
  Math.max(now - (visit.suspendedAt ?? now), shared.cutOffs.usualOf(visit.target))

/**
 * The time of a retry that is kept for later. If its delay leaves no time for an attempt before the deadline, it is made
 * after half of the time left at the latest, but not before the end of a wait that the provider named. `undefined` if that
 * is the deadline or later.
 */
const timeOfRetry = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  delay: number,
  least: number,
  now: number
): number | undefined => {
  const left = run.deadlineAt - now
  const isInTime = delay + timeOfAttempt(run, now) < left
  const wait = Math.max(least, isInTime ? delay : Math.min(delay, left / 2))
  return wait < left ? now + wait : undefined
}

/** Waits, then consults the bench again: another request may have benched the target or may be probing it. */
const again = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  failure: Failure.Failure,
  delay: number,
  next: Next
): Step.Step<A> => {
  const { visit } = run
  BenchAndLeave.report(run, failure, { _tag: "Retry", delay })
  BenchAndLeave.tellQueue(run, failure)
  const retry = (): Step.Step<A> => {
    const now = run.now()
    if (now < run.visitEndsAt && run.candidates.readmit(visit)) return Step.attemptAgain(next)
    // It is benched or being probed, or a late timer has used up the time of the visit: the retry is made later if no other target is left.
    run.keepVisit(now, next)
    run.waits.retryBy(now + BenchAndLeave.turnTime)
    run.candidates.giveUp(visit.target, next)
    return Step.findTarget
  }
  return delay > 0 ? waitUntil(run, run.now() + delay, retry) : Step.later(retry)
}

/**
 * A request that a wait queue admitted keeps the remaining retries of its schedule, and waits in the queue for the next one.
 */
const leaveTurn = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  failure: Failure.Failure,
  rule: Rule,
  now: number
): Step.Step<A> => {
  const { retry } = rule
  const requested = Failure.waitMillis(failure, now) ?? 0
  if (typeof retry === "string" || run.attemptsLeft < 1 || requested > run.maxWait) {
    return BenchAndLeave.leave(run, failure, rule, now)
  }
  return Step.after(delayOf(run, retry, failure, now), (delay) => {
    const then = run.now()
    const again = delay === done ? undefined : timeOfRetry(run, delay, requested, then)
    if (again !== undefined) run.keepVisit(again, rule.next)
    return BenchAndLeave.leave(run, failure, rule, then)
  })
}

/** Waits until a time in milliseconds since the epoch. */
export const waitUntil = <P extends Backend, R, A>(
  { clock, reporter }: RunState<P, R, A>,
  moment: number,
  next: () => Step.Step<A>
): Step.Step<A> =>
  Step.after(clock.sleepUntil(moment), () => {
    reporter?.waited()
    return next()
  })
