/**
 * One request on its way through the chain: candidate, attempt, decision, and again.
 *
 * Everything here belongs to one request; what is shared is the bench, the retry budget and the turns. As long as
 * attempts end in the turn in which they begin, the walk is a plain loop; it becomes an Effect where it has to wait.
 * An outcome is recorded in the turn in which it is known, so no interruption can come between.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Schedule from "effect/Schedule"
import { Candidates } from "../candidates/Candidates.ts"
import * as Exhaustion from "../candidates/Exhaustion.ts"
import type { PreparedChain } from "../candidates/PreparedChain.ts"
import { type Turn, Waiter } from "../candidates/Waiter.ts"
import type { WaitQueue } from "../candidates/WaitQueue.ts"
import type { Backend } from "../domain/Backend.ts"
import type { Target } from "../domain/Target.ts"
import type { Action } from "../events/FailoverEvent.ts"
import { Reporter } from "../events/Reporter.ts"
import * as Failure from "../failure/Failure.ts"
import * as RunError from "../failure/RunError.ts"
import * as Bench from "../health/Bench.ts"
import type { Next, Rest, Rule } from "../policy/Rule.ts"
import { RunClock } from "../time/RunClock.ts"
import * as Running from "../util/Running.ts"
import * as AttemptPermission from "./AttemptPermission.ts"
import * as Decision from "./Decision.ts"
import { failureOf } from "./FailureOf.ts"
import * as FailureShare from "./FailureShare.ts"
import type { RunOptions, Served, Shared } from "./RunOptions.ts"
import { Visit } from "./Visit.ts"
import * as WhenAllBenched from "./WhenAllBenched.ts"

/** What a run goes on with. */
type Onward<A> = Effect.Effect<Served<A>, RunError.RunError>

/** Goes on with something, in the caller's fiber. */
type Resume<A> = (onward: Onward<A>) => void

/** Something that a run has to wait for, parked; it returns what is to be done when the caller is interrupted. */
type Wait<A> = (resume: Resume<A>) => Effect.Effect<void>

/** A step of a run; `undefined` when the visit is over without an answer, and the next candidate's turn has come. */
type Step<A> = Onward<A> | Wait<A> | undefined

const nobody: ReadonlyArray<never> = []

/** One request on its way. */
export class Run<P extends Backend, R, A, E> implements Decision.Situation {
  readonly reporter: Reporter | undefined
  readonly now: RunClock
  readonly #shared: Shared
  readonly #options: RunOptions<P, R, A, E>
  readonly #context: Context.Context<R>
  readonly #candidates: Candidates<P, R>
  #attempts = 0
  #visits = 0
  #failed: Array<RunError.FailedAttempt> | undefined
  #deadlineAt: number | undefined
  #visit: Visit | undefined
  #lastResort = false
  #switched = false
  /** Targets whose visit may go on, when there is nowhere else to go. */
  #unfinished: ReadonlyArray<WhenAllBenched.RunPlace<P>> = nobody
  /** Until when this run waits for targets. */
  #waitsUntil: number | undefined
  #hasWaited = false
  /** When the attempt under way began to be waited for. */
  #askedAt: number | undefined
  /** The line in which this run has waited for the attempt that it makes now. */
  #line: WaitQueue | undefined
  /** Whether that attempt is a retry. */
  #isTurn = false

  constructor(shared: Shared, options: RunOptions<P, R, A, E>, context: Context.Context<R>) {
    const { about, kind, observer, prepared, request, since } = options
    this.#shared = shared
    this.#options = options
    this.#context = context
    this.now = new RunClock(context)
    this.reporter = observer && new Reporter({ observer, kind, request, about, since, context }, this.now)
    this.#candidates = new Candidates(prepared, context, this.now, shared, this.reporter?.skipped, options)
    shared.budget.deposit()
  }

  /**
   * Tries candidates until one answers or none is left. It is what an `Effect.callback` registers, so that all of it
   * happens in one operation of the caller's fiber, up to where something has to be waited for: in between, neither a
   * probe's slot nor an attempt could be left to nobody.
   */
  begin(resume: Resume<A>): Effect.Effect<void> | void {
    return this.#goOn(undefined, resume)
  }

  #goOn(step: Step<A>, resume: Resume<A>): Effect.Effect<void> | void {
    let next = step
    while (next === undefined) next = this.#nextVisit()
    return typeof next === "function" ? next(resume) : resume(next)
  }

  /** Begins with a step and goes on, in one operation too. */
  #walk(step: () => Step<A>): Onward<A> {
    return Effect.callback((resume) => this.#goOn(step(), resume))
  }

  #nextVisit(): Step<A> {
    if (this.#visits >= this.#options.policy.targets) return this.#exhausted()
    if (this.#deadlineAt !== undefined && this.#now() >= this.#deadlineAt) return this.#outOfTime()
    return this.#candidates.next(this.attemptsLeft > 0) ? this.#begin() : this.#nothingLeft()
  }

  /** When the run's time is up, in milliseconds since the epoch. Its clock starts when it is first looked at. */
  get deadlineAt(): number {
    this.#deadlineAt ??= this.now.millis() + this.deadline
    return this.#deadlineAt
  }

  /** The run's time, in milliseconds. */
  get deadline(): number {
    return this.#options.policy.deadline
  }

  // -- one attempt ----------------------------------------------------------------------------------------------

  #begin(): Step<A> {
    this.#visit = undefined
    this.#lastResort = false
    if (!this.#candidates.hasTried(this.#candidates.target)) this.#visits++
    return this.#enter(undefined)
  }

  /** Makes an attempt, once it may be made. `next` is where a run goes whose retry is turned away. */
  #enter(next: Next | undefined): Step<A> {
    const permission = AttemptPermission.ask(
      this.#shared,
      this.#candidates.target,
      this.#candidates.admission
    )
    if (permission === undefined) return this.#call()
    const asking = Running.start(permission, this.#context)
    const exit = asking.pollUnsafe()
    return exit === undefined ? this.#waitForWord(asking, next) : this.#admitted(exit, next)
  }

  /** Nothing has been sent yet, but a probe's slot may be held. */
  #waitForWord(
    asking: Running.Running<AttemptPermission.AttemptPermission>,
    next: Next | undefined
  ): Wait<A> {
    const waiter = {
      dueAt: this.deadlineAt,
      context: this.#context,
      onEnd: (ended: Running.Ended<AttemptPermission.AttemptPermission>) => {
        if (ended !== "timeout") return this.#walk(() => this.#admitted(ended, next))
        this.#release()
        this.#freed(this.#candidates.target)
        return this.#outOfTime()
      },
      onInterrupt: () => {
        this.#release()
        this.reporter?.interrupted(undefined)
        this.#freed(this.#candidates.target)
      }
    }
    return (resume) => Running.park(asking, waiter, resume)
  }

  #admitted(word: Exit.Exit<AttemptPermission.AttemptPermission, unknown>, next: Next | undefined): Step<A> {
    if (Exit.isFailure(word) || word.value === "granted") return this.#call()
    if (word.value === "probing") {
      this.#candidates.passBy()
      // It is well again in a moment, or rests: a request with nowhere else to go waits for that.
      const isFirst = next === undefined
      if (!isFirst || this.#options.policy.whenAllBenched !== "fail") {
        this.#keepPlace(this.#now() + Bench.shortestRest, next ?? "credential", isFirst)
      }
    } else {
      this.#release()
      this.#candidates.passByLimit()
    }
    this.#leaveLine()
    if (next !== undefined) this.#candidates.move(next)
    return undefined
  }

  #call(): Step<A> {
    const { admission, backend, target } = this.#candidates
    this.#attempts++
    this.#askedAt = undefined
    this.reporter?.started(target, this.#attempts, admission._tag === "Probe")
    const running = this.#options.start(backend, target, this.#visit?.capped)
    const exit = running.pollUnsafe()
    return exit === undefined ? this.#waitFor(running) : this.#settle(exit, running)
  }

  /** Waits for the attempt under way. */
  #waitFor(running: Running.Running<A>): Wait<A> {
    const { policy } = this.#candidates.target
    // A stream keeps its own clock.
    const own = this.#options.kind === "effect" ? policy.timeouts.answer : Number.POSITIVE_INFINITY
    const askedAt = this.#now()
    this.#askedAt = askedAt
    const ownDueAt = askedAt + own
    const waiter = {
      dueAt: Math.min(ownDueAt, this.#visiting().endsAt),
      context: this.#context,
      onEnd: (ended: Running.Ended<A>) =>
        this.#onward(ended === "timeout" ? this.#late(ownDueAt, running) : this.#settle(ended, running)),
      onInterrupt: () => this.#abandoned()
    }
    return (resume) => Running.park(running, waiter, resume)
  }

  /** For an outcome that comes while the caller's fiber is parked: a next attempt begins when it is awake again. */
  #onward(step: Onward<A> | undefined): Onward<A> {
    return step ?? this.#walk(() => undefined)
  }

  #settle(exit: Exit.Exit<A, unknown>, running: Running.Running<A>): Onward<A> | undefined {
    const { admission, target } = this.#candidates
    if (Exit.isFailure(exit)) {
      running.interruptUnsafe()
      const failure = failureOf(exit.cause, target, this.#options.classify)
      return failure._tag === "NotMine" ? this.#notMine(exit) : this.#decide(failure)
    }
    const { kind, policy } = this.#options
    this.reporter?.succeeded(target, kind === "stream" ? policy.commit : undefined)
    const { lines, rows, silences } = this.#shared
    rows.succeeded(target)
    silences.answered(target, this.#askedAt === undefined ? 0 : this.#now() - this.#askedAt)
    if (kind === "effect") this.#shared.registry.succeedUnsafe(target, admission, this.now)
    else if (admission._tag === "Probe") this.#shared.registry.reopenUnsafe(admission, this.#now())
    lines.succeeded(target)
    this.#leaveLine()
    return Exit.succeed({
      value: exit.value,
      target,
      admission,
      attempts: this.#attempts,
      failed: this.#failed ?? nobody
    })
  }

  /**
   * An error that speaks of no target goes to the caller as it is: to those who watch, the target has answered. Its type
   * is that of the effect, which only the type of `use` knows.
   */
  #notMine(exit: Exit.Failure<A, unknown>): Onward<A> {
    const { target } = this.#candidates
    this.#release()
    this.reporter?.succeeded(target, undefined)
    if (this.#options.kind === "stream") this.reporter?.streamEnded(target, undefined, false)
    return exit as Exit.Failure<never, never>
  }

  /** The attempt's time was up. Only its own timeout speaks against the target; the request's time does not. */
  #late(ownDueAt: number, running: Running.Running<A>): Onward<A> | undefined {
    const { target } = this.#candidates
    const now = this.#now()
    const own = now >= Math.min(ownDueAt, running.dueAt?.() ?? Number.POSITIVE_INFINITY)
    const failure = new Failure.Transient({
      target: target.key,
      reason: "Timeout",
      message: this.#options.kind === "stream" ? "no content in time" : "no answer in time",
      evidence: own ? "timeout" : "the request's time"
    })
    if (own) return this.#decide(failure)
    if (this.#isSilence()) this.#record(failure, target.policy.rules.Timeout.rest)
    else this.#release()
    this.#remember(failure)
    const isOver = now >= this.deadlineAt
    if (!isOver) this.#candidates.move(target.policy.rules.Timeout.next)
    this.reporter?.cutOff(target, failure, isOver ? { _tag: "Stop" } : this.#next())
    this.#freed(target)
    return isOver ? this.#outOfTime() : undefined
  }

  #abandoned(): void {
    const { target } = this.#candidates
    if (this.#isSilence()) this.#record(hungUpOn(target), target.policy.rules.Timeout.rest)
    else this.#release()
    this.reporter?.interrupted(target)
    this.#freed(target)
  }

  /** Whether an attempt that is given up before its own timeout counts as silence all the same. */
  #isSilence(): boolean {
    if (this.#askedAt === undefined) return false
    const { target } = this.#candidates
    const { answer, firstContent } = target.policy.timeouts
    const own = this.#options.kind === "effect" ? answer : firstContent
    const now = this.#now()
    return this.#shared.silences.cutOff(target, now - this.#askedAt, own, now)
  }

  /** Gives the slot of a probe back that has proved nothing. */
  #release(): void {
    const { admission } = this.#candidates
    if (admission._tag === "Probe") this.#shared.registry.releaseUnsafe(admission, this.#now())
  }

  /** Nothing was learnt of a target, and somebody else may ask it now. */
  #freed(target: Target): void {
    this.#shared.lines.changed(target)
    this.#leaveLine()
  }

  /** What this run has waited for is over: the next one's turn may have come. */
  #leaveLine(): void {
    const line = this.#line
    this.#line = undefined
    line?.left()
  }

  // -- one decision ---------------------------------------------------------------------------------------------

  #decide(failure: Failure.Failure): Onward<A> | undefined {
    const { target } = this.#candidates
    const rule = target.policy.rules[Failure.classOf(failure)]
    const now = this.#now()
    this.#remember(failure)
    const decision = Decision.decide(failure, rule, this, now)
    switch (decision._tag) {
      case "Leave":
        return this.#isTurn ? this.#leaveTurn(failure, rule, now) : this.#leave(failure, rule)
      case "Uncapped":
        this.#visiting().capped = decision.capped
        this.#record(failure, undefined)
        return this.#again(failure, 0, "credential")
      case "AfterWait":
        if (!this.#shared.budget.withdraw(now)) return this.#leave(failure, rule)
        this.#visiting().waited = true
        this.#record(failure, rule.rest)
        return this.#again(failure, decision.delay, rule.next)
      case "CutShort":
        return this.#cutShort(failure, rule, undefined)
      case "Backoff":
        return Effect.flatMap(this.#delay(decision.schedule, failure, now), (delay) =>
          this.#backoff(failure, rule, Math.max(delay, decision.least))
        )
    }
  }

  /** The schedule's word. A caller who hangs up on one that is slow to say it leaves nothing behind. */
  #delay(schedule: Schedule.Schedule<unknown, Failure.Failure>, failure: Failure.Failure, now: number) {
    const { target } = this.#candidates
    return Effect.onInterrupt(this.#visiting().backoff(schedule, failure, now), () =>
      Effect.sync(() => {
        this.#release()
        this.reporter?.interrupted(undefined)
        this.#freed(target)
      })
    )
  }

  /** The schedule has said when: the retry is made, waits for its turn, or is not made at all. */
  #backoff(failure: Failure.Failure, rule: Rule, delay: number): Onward<A> {
    const { budget } = this.#shared
    if (delay === Number.POSITIVE_INFINITY || budget.isNone) return this.#onward(this.#leave(failure, rule))
    if (!this.hasTimeFor(delay)) return this.#onward(this.#cutShort(failure, rule, undefined))
    if (!budget.withdraw(this.#now())) {
      return this.#onward(this.#cutShort(failure, rule, this.#now() + delay))
    }
    this.#record(failure, undefined)
    return this.#again(failure, delay, rule.next)
  }

  /**
   * A budget of ours cuts the visit short, which is no evidence against the target: it rests only when that has gone
   * on for a while. The run moves on, and comes back when there is nowhere else to go: `again` is when its retry was due.
   */
  #cutShort(failure: Failure.Failure, rule: Rule, again: number | undefined): Onward<A> | undefined {
    const { target } = this.#candidates
    if (rule.next === "stop" || this.#shared.rows.cutShort(target, this.#now())) {
      if (again !== undefined) this.#keepPlace(again, rule.next)
      return this.#leave(failure, rule)
    }
    if (again !== undefined) this.#keepPlace(again, rule.next)
    this.#record(failure, undefined)
    this.#candidates.move(rule.next)
    if (this.reporter !== undefined) this.#report(failure, this.#next())
    this.#tellLine(failure)
    return undefined
  }

  /** The visit goes on, from that moment on, when the run has nowhere else to go. */
  #keepPlace(notBefore: number, next: Next, isFirst = false): void {
    const { backend, target } = this.#candidates
    const { whenAllBenched } = this.#options.policy
    const anyway = whenAllBenched === "tryAnyway"
    const place = { backend, target, notBefore, isFirst, anyway, visit: this.#visit, next }
    this.#unfinished = [...this.#unfinished.filter((other) => other.target !== target), place]
  }

  /** Waits, then asks the bench once more: another request may have benched the target, or be probing it. */
  #again(failure: Failure.Failure, delay: number, next: Next): Onward<A> {
    this.#report(failure, { _tag: "Retry", delay })
    this.#tellLine(failure)
    const onTime = this.#walk(() => {
      if (this.#candidates.admit(this.#candidates.target)) return this.#enter(next)
      // It rests by now, or is being probed: if there is nowhere else to go, the retry that was promised is made.
      this.#keepPlace(this.#now(), next)
      this.#candidates.move(next)
      return undefined
    })
    return delay > 0 ? this.#after(this.#now() + delay, onTime) : onTime
  }

  /**
   * Who was let in first while others waited is not lost for it: it has as many retries as its schedule says, and waits
   * for the next of them in the line.
   */
  #leaveTurn(failure: Failure.Failure, rule: Rule, now: number): Onward<A> | undefined {
    const { retry } = rule
    if (typeof retry === "string" || this.attemptsLeft < 1) return this.#leave(failure, rule)
    return Effect.flatMap(this.#delay(retry, failure, now), (delay) => {
      if (delay < Number.POSITIVE_INFINITY) this.#keepPlace(this.#now() + delay, rule.next)
      return this.#onward(this.#leave(failure, rule))
    })
  }

  /** The visit is over: record it, and stop or move on. */
  #leave(failure: Failure.Failure, rule: Rule): Onward<A> | undefined {
    this.#record(failure, rule.rest)
    this.#keepPlaceAfterWait(failure, rule)
    if (failure._tag === "ContextExceeded") this.#candidates.needWindow(failure)
    if (isFinal(failure)) this.#candidates.refused()
    const special = this.#special(failure)
    if (special !== undefined || rule.next !== "stop") {
      this.#candidates.move(special === undefined ? rule.next : "credential")
      if (special !== undefined) this.#candidates.switchTo(special)
      if (this.reporter !== undefined) this.#report(failure, this.#next())
      this.#tellLine(failure)
      return undefined
    }
    this.#report(failure, { _tag: "Stop" })
    this.#tellLine(failure)
    if (!isFinal(failure)) return this.#exhausted()
    return this.#fail(
      this.#visit?.capped?.reason === "MaxTokens" ? Exhaustion.refusedUncapped(failure) : failure
    )
  }

  /** A throttle asks for a wait that is short enough: it is waited for when there is nowhere else to go. */
  #keepPlaceAfterWait(failure: Failure.Failure, { next, retry }: Rule): void {
    if (retry !== "afterWait" || next === "stop") return
    const now = this.#now()
    const asked = Failure.waitMillis(failure, now)
    if (asked === undefined || asked > this.maxWait) return
    this.#keepPlace(now + Math.max(asked, Bench.shortestRest), next)
  }

  /** For the observer: on to the next, and which model that is. */
  #next(): Action {
    const isLast = this.#visits >= this.#options.policy.targets
    const model = isLast ? undefined : this.#candidates.following()
    return model === undefined ? { _tag: "Next" } : { _tag: "Next", model }
  }

  /** The chain that is there for just this failure. A run changes to one once. */
  #special(failure: Failure.Failure): PreparedChain<P, R> | undefined {
    const { chain } = this.#options.prepared
    const special =
      failure._tag === "ContextExceeded"
        ? chain.onContextExceeded
        : Failure.classOf(failure) === "ContentPolicy"
          ? chain.onContentPolicy
          : undefined
    if (special === undefined || special.models.length === 0 || this.#switched) return undefined
    this.#switched = true
    return this.#shared.prepared(special)
  }

  // -- the end --------------------------------------------------------------------------------------------------

  #nothingLeft(): Step<A> {
    const { maxWait, whenAllBenched } = this.#options.policy
    const now = this.#now()
    const situation = {
      candidates: this.#candidates,
      whenAllBenched,
      failed: this.#failed ?? nobody,
      deadlineAt: this.deadlineAt,
      attemptsLeft: this.attemptsLeft,
      unfinished: this.#unfinished,
      hasWaited: this.#hasWaited,
      waitsUntil: () =>
        (this.#waitsUntil ??=
          whenAllBenched === "wait" ? this.deadlineAt : Math.min(this.deadlineAt, now + maxWait))
    }
    const decision = WhenAllBenched.decide(situation, now)
    switch (decision._tag) {
      case "End":
        return this.#fail(decision.error)
      case "Wait":
        return this.#waitInLine(decision.places, decision.until)
      case "GoBack":
        return this.#after(
          decision.to.why.until,
          this.#walk(() => (this.#candidates.goBack(decision.to) ? this.#begin() : undefined))
        )
    }
  }

  /** Waits for the first of these places to come up. What follows happens in the turn in which it does. */
  #waitInLine(places: ReadonlyArray<WhenAllBenched.RunPlace<P>>, until: number): Wait<A> {
    return (resume) => {
      let finalizer: Effect.Effect<void> | void
      let isOver = false
      const waiter = new Waiter<WhenAllBenched.RunPlace<P>>(
        { deadlineAt: this.deadlineAt, until },
        (turn) => {
          isOver = true
          this.reporter?.waited()
          finalizer = this.#goOn(turn === undefined ? this.#inVain() : this.#take(turn), resume)
        }
      )
      waiter.join(this.#shared.lines, this.#context, places)
      return Effect.suspend(() => {
        if (isOver) return finalizer ?? Effect.void
        isOver = true
        waiter.leave()
        this.reporter?.interrupted(undefined)
        return Effect.void
      })
    }
  }

  #inVain(): Step<A> {
    if (this.#now() >= this.deadlineAt) return this.#outOfTime()
    this.#hasWaited = true
    return this.#nothingLeft()
  }

  /** Its turn has come: the visit goes on, or begins. */
  #take({ line, place }: Turn<WhenAllBenched.RunPlace<P>>): Step<A> {
    if (this.#now() >= this.deadlineAt) {
      line.left()
      return this.#outOfTime()
    }
    this.#line = line
    this.#unfinished = this.#unfinished.filter(({ target }) => target !== place.target)
    if (this.#options.policy.whenAllBenched === "wait") this.#candidates.restart(this.attemptsLeft > 0)
    const how = this.#candidates.goTo(place.backend, place.target, place)
    if (how === undefined) {
      if (!place.isFirst) this.#unfinished = [...this.#unfinished, place]
      this.#leaveLine()
      return undefined
    }
    if (place.visit === undefined) {
      this.#visit = undefined
      if (place.isFirst) this.#visits++
    } else {
      this.#visit = place.visit
      this.#visit.endsAt = this.#endOfVisit()
    }
    this.#lastResort = how === "rests"
    this.#isTurn = !place.isFirst
    return this.#enter(place.next ?? "credential")
  }

  /** Goes on at a moment. A caller who hangs up meanwhile is heard of, too. */
  #after(moment: number, onward: Onward<A>): Onward<A> {
    const { reporter } = this
    const pause = this.now.sleepUntil(moment)
    if (reporter === undefined) return Effect.andThen(pause, onward)
    const heard = Effect.onInterrupt(pause, () => Effect.sync(() => reporter.interrupted(undefined)))
    return Effect.flatMap(heard, () => {
      reporter.waited()
      return onward
    })
  }

  #exhausted(): Effect.Effect<never, RunError.RunError> {
    return this.#fail(Exhaustion.exhausted(this.#candidates, this.#failed ?? nobody))
  }

  #outOfTime(): Effect.Effect<never, RunError.RunError> {
    return this.#fail(
      new RunError.DeadlineExceeded({ deadline: this.deadline, attempts: this.#failed ?? nobody })
    )
  }

  #fail(error: RunError.RunError): Effect.Effect<never, RunError.RunError> {
    this.reporter?.runFailed(error)
    return Exit.fail(error)
  }

  // -- the situation a decision is made in ------------------------------------------------------------------------

  get single(): boolean {
    return this.#lastResort || this.#candidates.admission._tag === "Probe"
  }

  get maxWait(): number {
    return this.#candidates.target.policy.maxWait
  }

  get attemptsLeft(): number {
    // The first attempt at each target is free: what is bounded is how often a target is asked again.
    return this.#options.policy.attempts - 1 - (this.#attempts - this.#visits)
  }

  get hasMoved(): boolean {
    return this.#visits > 1
  }

  get waited(): boolean {
    return this.#visit?.waited ?? false
  }

  get uncapped(): boolean {
    return this.#visit?.capped !== undefined
  }

  hasSibling(): boolean {
    return this.#candidates.hasSibling()
  }

  canUncap(failure: Failure.BadRequest): boolean {
    return this.#options.canUncap(this.#candidates.backend, failure)
  }

  hasTimeFor(delay: number): boolean {
    return this.#now() + delay < this.#visiting().endsAt
  }

  // -- small things ---------------------------------------------------------------------------------------------

  #visiting(): Visit {
    this.#visit ??= new Visit(this.#endOfVisit())
    return this.#visit
  }

  /** A visit may use all the time there is, less the share that is kept for the targets behind it. */
  #endOfVisit(): number {
    const now = this.#now()
    const left = this.deadlineAt - now
    // What takes too long is silent: the targets that matter are those a silence leads to.
    const { next } = this.#candidates.target.policy.rules.Timeout
    const isKept = left < Number.POSITIVE_INFINITY && this.#candidates.ahead(next, 1) > 0
    return now + left * (1 - (isKept ? this.#options.policy.fallbackReserve : 0))
  }

  #remember(failure: Failure.Failure): void {
    this.#failed ??= []
    this.#failed.push({ target: this.#candidates.target.key, failure })
  }

  /** Counts a failed attempt; with a rest the visit is over, and the bench decides who rests. */
  #record(failure: Failure.Failure, rest: Rest | undefined): void {
    const { admission, target } = this.#candidates
    FailureShare.record(this.#shared, target, admission, failure, rest, this.#options.kind, this.#now())
  }

  /** Those who wait for the target hear how the attempt went, once an observer has heard it. */
  #tellLine(failure: Failure.Failure): void {
    const { target } = this.#candidates
    // A request that is at fault itself says nothing about the target.
    if (isFinal(failure)) this.#shared.lines.changed(target)
    else this.#shared.lines.failed(target)
    this.#leaveLine()
  }

  #report(failure: Failure.Failure, action: Action): void {
    if (this.reporter === undefined) return
    this.reporter.failed(this.#candidates.target, failure, action, this.#candidates.rest())
  }

  /** Milliseconds since the epoch. The first look at the clock starts the run's time. */
  #now(): number {
    const now = this.now.millis()
    this.#deadlineAt ??= now + this.deadline
    return now
  }
}

const hungUpOn = (target: Target) =>
  new Failure.Transient({
    target: target.key,
    reason: "Timeout",
    message: "no answer before its callers gave up",
    evidence: "several callers in a row"
  })

const isFinal = (failure: Failure.Failure): failure is Failure.BadRequest | Failure.ContextExceeded =>
  failure._tag === "BadRequest" || failure._tag === "ContextExceeded"
