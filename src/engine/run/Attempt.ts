/** One attempt: asks for permission where that is needed, calls the target, and waits for the outcome. */
import type * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Backend } from "../../domain/Backend.ts"
import * as Bench from "../../health/Bench.ts"
import type { HedgeSettings } from "../../policy/Policy.ts"
import type { Next } from "../../policy/Rule.ts"
import * as Running from "../../util/Running.ts"
import * as AttemptPermission from "./AttemptPermission.ts"
import * as Hedge from "./Hedge.ts"
import * as Outcome from "./Outcome.ts"
import type { RunState } from "./RunState.ts"
import * as Step from "./Step.ts"

/** Makes an attempt at the target of the current visit when it is permitted. `retry` is the next step if a retry is not permitted; `undefined` for the first attempt. */
export const make = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  retry: Next | undefined
): Step.Step<A> => {
  const permission = AttemptPermission.ask(run.shared, run.visit.target, run.visit.admission)
  return permission === undefined ? call(run) : askFirst(run, permission, retry)
}

const askFirst = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  permission: Effect.Effect<AttemptPermission.AttemptPermission>,
  retry: Next | undefined
): Step.Step<A> => {
  const asking = Running.start(permission, run.context)
  const exit = asking.pollUnsafe()
  return exit === undefined ? waitForPermission(run, asking, retry) : permitted(run, exit, retry)
}

/** Waits for the permission. Nothing has been sent yet, but a probe's slot may be held. */
const waitForPermission = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  asking: Running.Running<AttemptPermission.AttemptPermission>,
  retry: Next | undefined
): Step.Step<A> =>
  Step.wait(({ onward, resume }) => {
    const waiter = {
      dueAt: run.deadlineAt,
      context: run.context,
      onEnd: (ended: Running.Ended<AttemptPermission.AttemptPermission>) => {
        if (ended !== "timeout") return onward(Step.later(() => permitted(run, ended, retry)))
        run.release()
        run.freed(run.visit.target)
        return onward(run.outOfTime())
      },
      onInterrupt: () => run.interrupted()
    }
    return Running.park(asking, waiter, resume)
  })

const permitted = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  permission: Exit.Exit<AttemptPermission.AttemptPermission, unknown>,
  retry: Next | undefined
): Step.Step<A> => {
  if (Exit.isFailure(permission) || permission.value === "granted") return call(run)
  const { backend, target } = run.visit
  // The target is not called after all.
  if (retry === undefined && !run.candidates.hasTried(target)) run.visits--
  if (permission.value === "probing") {
    run.candidates.skip(target)
    // The probe will soon show whether the target works. A request with no other target waits for it.
    const isFirst = retry === undefined
    if (!isFirst || run.options.policy.whenAllBenched !== "fail") {
      run.keepVisit(run.now() + Bench.shortestCooldown, retry, isFirst)
    }
  } else {
    run.release()
    run.candidates.skipLimited(backend, target)
  }
  run.leaveQueue()
  if (retry !== undefined) run.candidates.giveUp(target, retry)
  return Step.findTarget
}

const call = <P extends Backend, R, A>(run: RunState<P, R, A>): Step.Step<A> => {
  const { admission, amendedFor, backend, target } = run.visit
  run.attempts++
  run.visit.suspendedAt = undefined
  run.visit.begun = run.shared.room.began(target, run.clock)
  run.reporter?.started(target, run.attempts, admission._tag === "Probe")
  const most = run.probeTime
  run.visit.isShort = most !== undefined
  const running = run.options.start(backend, target, amendedFor, most)
  const exit = running.pollUnsafe()
  if (exit !== undefined) return Outcome.settle(run, exit, running)
  return waitForOutcome(run, running, target.policy.hedge, most)
}

/** Continues with the hedge that is under way. */
export const join = <P extends Backend, R, A>(run: RunState<P, R, A>): Step.Step<A> => {
  const { hedge } = run
  if (hedge === undefined) return Step.findTarget
  run.takeHedge(hedge)
  const exit = hedge.running.pollUnsafe()
  if (exit !== undefined) return Outcome.settle(run, exit, hedge.running)
  return waitForOutcome(run, hedge.running, undefined)
}

const waitForOutcome = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  running: Running.Running<A>,
  hedging: HedgeSettings | undefined,
  most = Number.POSITIVE_INFINITY
): Step.Step<A> =>
  Step.wait((waiting) => {
    const { visit } = run
    // A stream has its own timeouts.
    const timeout =
      run.options.kind === "effect"
        ? Math.min(most, visit.target.policy.timeouts.answer)
        : Number.POSITIVE_INFINITY
    // A hedge that has become the current attempt began earlier.
    visit.suspendedAt ??= run.now()
    const ownDueAt = visit.suspendedAt + timeout
    if (hedging !== undefined && Hedge.mayHedge(run, hedging)) {
      return Hedge.begin(run, running, { ownDueAt, hedging, waiting })
    }
    const waiter = {
      dueAt: ownDueAt,
      within: run,
      context: run.context,
      onEnd: (ended: Running.Ended<A>) => waiting.onward(Outcome.ended(run, ended, ownDueAt, running)),
      onInterrupt: () => Outcome.interrupted(run)
    }
    return Running.park(running, waiter, waiting.resume)
  })
