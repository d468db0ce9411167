/** How an attempt ended: with an answer, a failure, a timeout, or because the caller was interrupted. */
import * as Exit from "effect/Exit"
import type { Backend } from "../../domain/Backend.ts"
import type { Target } from "../../domain/Target.ts"
import * as Failure from "../../failure/Failure.ts"
import type * as Running from "../../util/Running.ts"
import { failureOf } from "../failures/Classify.ts"
import * as BenchAndLeave from "./BenchAndLeave.ts"
import * as Retry from "./Retry.ts"
import type { Shared } from "./RunOptions.ts"
import type { RunState } from "./RunState.ts"
import * as Step from "./Step.ts"

/** Records the end of an attempt after a wait. `ownDueAt` is the end of its own timeout. */
export const ended = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  how: Running.Ended<A>,
  ownDueAt: number,
  running: Running.Running<A>
): Step.Step<A> => (how === "timeout" ? timedOut(run, ownDueAt, running) : settle(run, how, running))

/** Records the end of an attempt. An answer ends the run, and a failure leads to a decision. */
export const settle = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  exit: Exit.Exit<A, unknown>,
  running: Running.Running<A>
): Step.Step<A> => {
  if (Exit.isSuccess(exit)) return answered(run, exit.value)
  running.interruptUnsafe()
  const failure = failureOf(exit.cause, run.visit.target, run.options.classify)
  return failure._tag === "NotMine" ? notMine(run, exit) : Retry.decide(run, failure)
}

const answered = <P extends Backend, R, A>(run: RunState<P, R, A>, value: A): Step.End<A> => {
  const { admission, suspendedAt, target } = run.visit
  const { kind, policy } = run.options
  const { queues, registry } = run.shared
  run.dropHedge()
  run.reporter?.succeeded(target, kind === "stream" ? policy.commit : undefined)
  const now = suspendedAt === undefined ? undefined : run.now()
  const took = now === undefined ? 0 : now - suspendedAt!
  if (took > 0 || remembersFailures(run.shared)) learn(run, took, now)
  if (kind === "effect") registry.succeedUnsafe(target, admission, run.clock, run.who)
  else if (admission._tag === "Probe") registry.reopenUnsafe(admission, run.now())
  queues.succeeded(target)
  run.leaveQueue()
  return Exit.succeed({
    value,
    target,
    admission,
    attempts: run.attempts,
    failed: run.failed,
    dropped: run.dropped
  })
}

/** Whether any failures are remembered that an answer may change. */
const remembersFailures = ({ answers, cutOffs, room, streaks }: Shared): boolean =>
  !answers.isEmpty || !streaks.isEmpty || !cutOffs.isEmpty || room.mayBeFull

/**
 * Learns from an answer that took `took` milliseconds. `now` is absent for an answer that came at once: it read no clock.
 */
const learn = <P extends Backend, R, A>(
  { clock, shared, visit }: RunState<P, R, A>,
  took: number,
  now: number | undefined
): void => {
  const { answers, cutOffs, mixed, room, streaks } = shared
  const { begun, target } = visit
  answers.answered(target)
  if (visit.hasRetried) mixed.rescued(target, now ?? clock.millis())
  streaks.succeeded(target)
  if (room.mayBeFull) room.answered(target, begun)
  cutOffs.answered(target, took, now)
}

/**
 * An error that is no evidence against the target goes to the caller unchanged. For observers the target has answered. The
 * error's type is that of the caller's effect; only the type of `use` has it.
 */
const notMine = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  exit: Exit.Failure<A, unknown>
): Step.End<A> => {
  const { target } = run.visit
  run.dropHedge()
  run.release()
  run.reporter?.succeeded(target, undefined)
  if (run.options.kind === "stream") run.reporter?.streamEnded(target, "answered", false, undefined)
  run.freed(target)
  return exit as Exit.Failure<never, never>
}

/** The other attempt had content first. This one counts neither for nor against its target, and releases what it held. */
export const lost = <P extends Backend, R, A>(run: RunState<P, R, A>): void => {
  const { target } = run.visit
  run.release()
  run.dropped = target
  run.reporter?.dropped(target, false)
  run.freed(target)
}

/**
 * The time for an attempt is up. Its own timeout is a failure of the target; the end of the visit, or the deadline, is
 * not.
 */
const timedOut = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  ownDueAt: number,
  running: Running.Running<A>
): Step.Step<A> => {
  const { target } = run.visit
  const now = run.now()
  const isOwn = now >= Math.min(ownDueAt, running.dueAt?.() ?? Number.POSITIVE_INFINITY)
  const failure = late(run, target, isOwn)
  if (isOwn) {
    if (run.visit.isShort) run.keepVisit(now, target.policy.rules.Timeout.next)
    return Retry.decide(run, failure)
  }
  const counted = giveUp(run, failure)
  run.remember(failure)
  const isOver = now >= run.deadlineAt
  run.candidates.giveUp(target, target.policy.rules.Timeout.next)
  run.reporter?.cutOff(target, failure, isOver ? { _tag: "Stop" } : BenchAndLeave.nextAction(run), counted)
  run.freed(target)
  return isOver ? run.outOfTime() : Step.findTarget
}

/** The failure of an attempt that took too long, by its own timeout or by the time of the request. */
export const late = <P extends Backend, R, A>(
  { options }: RunState<P, R, A>,
  target: Target,
  isOwn: boolean
): Failure.Transient =>
  new Failure.Transient({
    target: target.key,
    reason: "Timeout",
    message: options.kind === "stream" ? "no content in time" : "no answer in time",
    evidence: isOwn ? "timeout" : "the request's time"
  })

/** The caller was interrupted while the attempt was under way. */
export const interrupted = <P extends Backend, R, A>(run: RunState<P, R, A>): void => {
  const { target } = run.visit
  run.dropHedge()
  const failure = hungUp(target)
  // Recorded with or without an observer.
  const counted = giveUp(run, failure)
  run.reporter?.interrupted(target, counted ? failure : undefined)
  run.freed(target)
}

/**
 * An attempt is given up before its own timeout. Returns whether that counts as a failure: only if it keeps happening to the target.
 */
const giveUp = <P extends Backend, R, A>(run: RunState<P, R, A>, failure: Failure.Failure): boolean => {
  const counts = countsAsTimeout(run)
  if (counts) run.record(failure, run.visit.target.policy.rules.Timeout.rest, run.now())
  else run.release()
  return counts
}

const countsAsTimeout = <P extends Backend, R, A>(run: RunState<P, R, A>): boolean => {
  const now = run.now()
  const { suspendedAt = now, target } = run.visit
  const { answer, firstContent } = target.policy.timeouts
  const timeout = run.options.kind === "effect" ? answer : firstContent
  return run.shared.cutOffs.cutOff(target, now - suspendedAt, timeout, now)
}

const hungUp = (target: Target) =>
  new Failure.Transient({
    target: target.key,
    reason: "Timeout",
    message: "no answer before its callers gave up",
    evidence: "several callers in a row"
  })
