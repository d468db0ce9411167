/** No target can be called now: the run waits for one, or ends. */
import * as Effect from "effect/Effect"
import type { BenchedTarget } from "../../candidates/BenchedTargets.ts"
import { type Turn, Waiter } from "../../candidates/queue/Waiter.ts"
import type { Visit } from "../../candidates/Visit.ts"
import type { Backend } from "../../domain/Backend.ts"
import * as BenchAndLeave from "./BenchAndLeave.ts"
import * as NextTarget from "./NextTarget.ts"
import * as Retry from "./Retry.ts"
import type { RunState } from "./RunState.ts"
import * as Step from "./Step.ts"
import * as WhenAllBenched from "./WhenAllBenched.ts"

/** Decides whether the run waits or ends. */
export const decide = <P extends Backend, R, A>(run: RunState<P, R, A>): Step.Step<A> => {
  const now = run.now()
  const decision = WhenAllBenched.decide(situationOf(run, now), now)
  switch (decision._tag) {
    case "End":
      return run.fail(decision.error)
    case "Wait":
      return waitInQueues(run, decision)
    case "GoBack":
      return goBack(run, decision.to)
  }
}

/** Returns to a target that was skipped for its own limit, when the limit allows it. */
const goBack = <P extends Backend, R, A>(run: RunState<P, R, A>, to: BenchedTarget<P>): Step.Step<A> =>
  Retry.waitUntil(run, to.why.until, () => {
    const visit = run.candidates.goBack(to)
    return visit === undefined ? Step.findTarget : NextTarget.begin(run, visit)
  })

type Wait<P extends Backend> = WhenAllBenched.Decision<P> & { readonly _tag: "Wait" }

const situationOf = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  now: number
): WhenAllBenched.Situation<P, R> => {
  const { maxWait, whenAllBenched } = run.options.policy
  const { attemptsLeft, candidates, deadlineAt, failed, waits } = run
  const { hasWaited, hasWaitedForRoom, unfinished } = waits
  const longest = Math.max(now + maxWait, waits.retryUntil)
  const until = whenAllBenched === "wait" ? deadlineAt : Math.min(deadlineAt, longest)
  // Another attempt may have taken longer than the run waits for a retry that was put off.
  const isDue =
    waits.attempts !== run.attempts &&
    unfinished.some(({ forRoom, notBefore }) => forRoom !== true && notBefore <= now)
  const untilTurn = isDue ? Math.min(deadlineAt, now + BenchAndLeave.turnTime) : 0
  return {
    candidates,
    mayMove: run.mayMove,
    whenAllBenched,
    failed,
    deadlineAt,
    attemptsLeft,
    unfinished,
    hasWaited,
    hasWaitedForRoom,
    waitsUntil: () => {
      waits.until ??= until
      return Math.max(waits.until, untilTurn)
    }
  }
}

/** Waits until a queue of these targets admits the run. The next step happens in the same turn of the event loop. */
const waitInQueues = <P extends Backend, R, A>(run: RunState<P, R, A>, decision: Wait<P>): Step.Step<A> =>
  Step.wait(({ goOn }) => {
    let finalizer: Effect.Effect<void> | void
    let isOver = false
    const { places, until } = decision
    const waiting = { deadlineAt: run.deadlineAt, until, who: run.who }
    const waiter = new Waiter<WhenAllBenched.RunPlace<P>>(waiting, (turn) => {
      isOver = true
      run.reporter?.waited()
      finalizer = goOn(turn === undefined ? waitedInVain(run, decision) : takeTurn(run, turn, places))
    })
    waiter.join(run.shared.queues, run.context, places)
    return Effect.suspend(() => {
      if (isOver) return finalizer ?? Effect.void
      isOver = true
      waiter.leave()
      return Effect.void
    })
  })

const waitedInVain = <P extends Backend, R, A>(run: RunState<P, R, A>, decision: Wait<P>): Step.Step<A> => {
  if (run.now() >= run.deadlineAt) return run.outOfTime()
  const free = freeAgain(run)
  if (free !== undefined) return NextTarget.begin(run, free)
  if (decision.goBack !== undefined) return goBack(run, decision.goBack)
  run.waits.attempts = run.attempts
  run.waits.hasWaitedForRoom = true
  // A target without room may be benched by now, and may get a last attempt.
  run.waits.hasWaited = decision.places.every(({ forRoom }) => forRoom !== true)
  return Step.noTargetLeft
}

/** Begins a visit to a target that the run has skipped and not tried, and that can be called now. */
const freeAgain = <P extends Backend, R, A>({
  candidates,
  mayMove
}: RunState<P, R, A>): Visit<P> | undefined => {
  const [free] = mayMove ? candidates.untried() : []
  return free && candidates.admit(free.backend, free.target)
}

/** A queue admits this run: its visit continues, or a new one begins. */
const takeTurn = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  { place, queue }: Turn<WhenAllBenched.RunPlace<P>>,
  places: ReadonlyArray<WhenAllBenched.RunPlace<P>>
): Step.Step<A> => {
  if (run.now() >= run.deadlineAt) {
    queue.left()
    return run.outOfTime()
  }
  run.queue = queue
  run.waits.drop(place.target)
  if (run.options.policy.whenAllBenched === "wait") run.candidates.restart(run.attemptsLeft > 0)
  const other = place.isFirst ? openBefore(run, place, places) : undefined
  if (other !== undefined) {
    run.leaveQueue()
    return NextTarget.begin(run, other)
  }
  const visit = run.candidates.takeTurn(place)
  if (visit === undefined) {
    if (!place.isFirst) run.waits.keep(place)
    run.leaveQueue()
    return Step.findTarget
  }
  visit.hasTakenTurn = !place.isFirst
  if (place.isFirst) return NextTarget.begin(run, visit)
  run.visit = visit
  visit.endsAt = undefined
  return Step.attemptAgain(place.next ?? "credential")
}

/**
 * Begins a visit to an earlier place if that can be called as well: cooldowns may end at the same time. Before a benched target is
 * called anyway, every other place comes first. A place that waits for the probe of another process waits for its own time.
 */
const openBefore = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  place: WhenAllBenched.RunPlace<P>,
  places: ReadonlyArray<WhenAllBenched.RunPlace<P>>
): Visit<P> | undefined => {
  const { candidates } = run
  const now = run.now()
  const isOpen = ({ isFirst, notBefore, target }: WhenAllBenched.RunPlace<P>) =>
    isFirst && notBefore <= now && candidates.why(target) === undefined
  const isBenched = candidates.why(place.target, place.forRoom) !== undefined
  const other = places.find((each) => (each === place ? !isBenched : isOpen(each)))
  return other === undefined || other === place ? undefined : candidates.admit(other.backend, other.target)
}
