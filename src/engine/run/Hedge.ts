/**
 * Hedges: if an attempt has no content after a delay, the next target is called as well. The first content wins; the other
 * attempt is stopped and does not count.
 *
 * The first attempt is the run's current one, and `run.hedge` the other. When the first one fails, the run goes on with the
 * hedge (`Step.join`) as if it had moved on to it; when the hedge fails, the run waits for the first one as before. What
 * follows happens in the turn in which an attempt ends, so that no interruption can come between.
 */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Visit } from "../../candidates/Visit.ts"
import type { Backend } from "../../domain/Backend.ts"
import type { Target } from "../../domain/Target.ts"
import type { Failure } from "../../failure/Failure.ts"
import type * as RunError from "../../failure/RunError.ts"
import * as Hedging from "../../policy/Hedging.ts"
import type { HedgeSettings } from "../../policy/Policy.ts"
import * as Running from "../../util/Running.ts"
import * as UserCode from "../../util/UserCode.ts"
import { failureOf, type NotMine } from "../failures/Classify.ts"
import * as AttemptPermission from "./AttemptPermission.ts"
import * as Outcome from "./Outcome.ts"
import * as Retry from "./Retry.ts"
import type { Served } from "./RunOptions.ts"
import type { RunState } from "./RunState.ts"
import * as Step from "./Step.ts"

/** Whether the request may be hedged. Each request that may be adds to the budget of hedges. */
export const mayHedge = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  { share }: HedgeSettings
): boolean => {
  if (run.mayHedge === undefined) {
    run.mayHedge = run.options.hedge !== false && isAllowed(run)
    if (run.mayHedge) run.shared.signals.hedges.deposit(share)
  }
  return run.mayHedge
}

/** A `mayHedge` that throws or returns no boolean forbids the hedge. */
const isAllowed = <P extends Backend, R, A>({
  context,
  options,
  shared,
  visit
}: RunState<P, R, A>): boolean => {
  let did = "returned neither true nor false"
  try {
    const may: unknown = options.mayHedge(visit.backend, options.request)
    if (typeof may === "boolean") return may
    UserCode.isPromise(may)
  } catch (error) {
    did = UserCode.threw(error)
  }
  UserCode.name(shared, "mayHedge", did, "the request is not hedged", context)
  return false
}

/** How the first attempt is waited for. */
export interface Options<A> {
  /** The end of its own timeout, in milliseconds since the epoch. */
  readonly ownDueAt: number
  readonly hedging: HedgeSettings
  readonly waiting: Step.Waiting<A>
}

/** Waits for an attempt that has begun, and hedges it. Returns the finalizer for an interruption of the caller. */
export const begin = <P extends Backend, R, A>(
  run: RunState<P, R, A>,
  first: Running.Running<A>,
  options: Options<A>
): Effect.Effect<void> => new Race(run, first, options).onInterrupt

/** The caller's fiber stays parked. */
const nothing: Effect.Effect<never> = Effect.never

class Race<P extends Backend, R, A> {
  readonly #run: RunState<P, R, A>
  readonly #first: Running.Running<A>
  readonly #options: Options<A>
  readonly #watching: Running.Watching<A, Served<A>, RunError.RunError>
  #timer: Running.Running<void> | undefined
  /** The pending request for a permission of the hedge. */
  #asking: Running.Running<AttemptPermission.AttemptPermission> | undefined
  /** One of the two has content, or has ended the race. */
  #isDecided = false
  #isOver = false
  /** Events during the start of the hedge are handled after it. */
  #isStarting = false
  readonly #meanwhile: Array<() => void> = []
  #afterwards: Effect.Effect<void> | void = undefined

  constructor(run: RunState<P, R, A>, first: Running.Running<A>, options: Options<A>) {
    this.#run = run
    this.#first = first
    this.#options = options
    const { hedging, ownDueAt } = options
    const onEnd = (ended: Running.Ended<A>) => this.#end(() => Outcome.ended(run, ended, ownDueAt, first))
    this.#watching = this.#watch(first, ownDueAt, onEnd, run)
    first.onContent?.(() => this.#guarded(() => this.#firstHasContent()))
    const { kind } = run.options
    const { target } = run.visit
    const delay = Hedging.delayOf(hedging, () => run.shared.signals.ofTarget(target).times[kind])
    if (delay === undefined || this.#isOver || this.#isDecided) return
    this.#timer = Running.start(run.clock.sleepUntil(run.now() + delay), run.context)
    this.#timer.addObserver(() => this.#guarded(() => this.#due()))
  }

  /** The caller is interrupted: stops both attempts and waits for their ends. */
  readonly onInterrupt: Effect.Effect<void> = Effect.suspend(() => {
    if (this.#isOver) return this.#afterwards ?? Effect.void
    this.#over()
    this.#watching.leave()
    const { hedge } = this.#run
    Outcome.interrupted(this.#run)
    const stopped = Running.stop(this.#first)
    return hedge === undefined ? stopped : Effect.andThen(stopped, Running.stop(hedge.running))
  })

  #watch(
    running: Running.Running<A>,
    dueAt: number,
    onEnd: (ended: Running.Ended<A>) => void,
    within?: RunState<P, R, A>
  ) {
    const waiter = {
      dueAt,
      within,
      context: this.#run.context,
      onEnd: (ended: Running.Ended<A>) => {
        onEnd(ended)
        return nothing
      },
      onInterrupt: () => {}
    }
    return new Running.Watching<A, Served<A>, RunError.RunError>(running, waiter, (onward) => {
      if (onward !== nothing) this.#options.waiting.resume(onward)
    })
  }

  /** A defect ends the run. Otherwise the defect would be lost. */
  #guarded(f: () => void): void {
    try {
      f()
    } catch (defect) {
      this.#over()
      this.#watching.leave()
      this.#first.interruptUnsafe()
      this.#run.dropHedge()
      this.#options.waiting.resume(Effect.die(defect))
    }
  }

  /** The race is over, and the run continues with a step. */
  #end(next: () => Step.Step<A>): void {
    if (this.#isStarting) return void this.#meanwhile.push(() => this.#end(next))
    if (this.#isOver) return
    this.#over()
    this.#afterwards = this.#options.waiting.goOn(next())
  }

  #over(): void {
    this.#isOver = true
    this.#decided()
  }

  /** No hedge begins from now on. */
  #decided(): void {
    this.#isDecided = true
    this.#timer?.interruptUnsafe()
    this.#asking?.interruptUnsafe()
  }

  #firstHasContent(): void {
    if (this.#isStarting) return void this.#meanwhile.push(() => this.#firstHasContent())
    if (this.#isDecided) return
    this.#decided()
    const run = this.#run
    const { hedge, visit } = run
    run.dropHedge()
    if (hedge === undefined) return
    run.visit = hedge.visit
    this.#keepDropped()
    run.visit = visit
  }

  /** A stream with a later commit point may still fail. Then the dropped target can be called again if no other is left. */
  #keepDropped(): void {
    const run = this.#run
    run.keepVisit(run.now(), "credential")
    run.candidates.giveUp(run.visit.target, "credential")
  }

  // -- the hedge ------------------------------------------------------------------------------------------------

  #due(): void {
    const { candidates, context, options, shared, visit: first, visits } = this.#run
    const { hedges } = shared.signals
    if (this.#isDecided || hedges.left < 1 || visits >= options.policy.targets) return
    const visit = candidates.besides(first.target, this.#options.hedging.to)
    if (visit === undefined || !hedges.withdraw()) return
    const permission = AttemptPermission.ask(shared, visit.target, visit.admission)
    if (permission === undefined) this.#start(visit)
    else {
      this.#asking = Running.start(permission, context)
      this.#asking.addObserver((exit) => this.#guarded(() => this.#permitted(visit, exit)))
    }
  }

  /** The first attempt may have content by now, and the hedge's target may be benched. */
  #permitted(visit: Visit<P>, exit: Exit.Exit<AttemptPermission.AttemptPermission, unknown>): void {
    const isGranted = Exit.isFailure(exit) || exit.value === "granted"
    if (isGranted && !this.#isDecided && this.#run.candidates.isFree(visit.target)) this.#start(visit)
    else this.#run.shared.signals.hedges.giveBack()
  }

  #start(visit: Visit<P>): void {
    const run = this.#run
    const { backend, target } = visit
    run.attempts++
    run.visits++
    run.candidates.taken(target)
    visit.suspendedAt = run.now()
    visit.begun = run.shared.room.began(target, run.clock)
    run.reporter?.hedged(target, run.attempts)
    this.#isStarting = true
    const running = run.options.start(backend, target, undefined)
    this.#isStarting = false
    let watching: Running.Watching<A, Served<A>, RunError.RunError> | undefined
    run.hedge = { visit, running, leave: () => watching?.leave() }
    // Starting the hedge may have ended the first attempt.
    for (const happened of this.#meanwhile.splice(0)) happened()
    const exit = running.pollUnsafe()
    if (this.#isOver) run.dropHedge()
    else if (this.#isDecided) return
    else if (exit !== undefined) this.#hedgeEnded(visit, running, exit)
    else {
      const timeout = run.options.kind === "effect" ? target.policy.timeouts.answer : Number.POSITIVE_INFINITY
      watching = this.#watch(running, visit.suspendedAt + timeout, (ended) =>
        this.#hedgeEnded(visit, running, ended)
      )
      running.onContent?.(() => this.#guarded(() => this.#won()))
    }
  }

  #hedgeEnded(visit: Visit<P>, running: Running.Running<A>, ended: Running.Ended<A>): void {
    if (this.#isDecided) return
    const failure = this.#failureOf(visit.target, ended)
    // An error classified as `notMine` is an answer of the application's own service.
    if (failure === undefined || failure._tag === "NotMine") this.#won()
    else {
      this.#run.hedge = undefined
      running.interruptUnsafe()
      Retry.hedgeFailed(this.#run, visit, failure)
    }
  }

  #failureOf(target: Target, ended: Running.Ended<A>): Failure | NotMine | undefined {
    if (ended === "timeout") return Outcome.late(this.#run, target, true)
    return Exit.isSuccess(ended) ? undefined : failureOf(ended.cause, target, this.#run.options.classify)
  }

  /** The hedge has content, or a whole answer: the first attempt is stopped. */
  #won(): void {
    if (this.#isDecided) return
    this.#watching.leave()
    this.#first.interruptUnsafe()
    this.#keepDropped()
    Outcome.lost(this.#run)
    this.#end(() => Step.join)
  }
}
