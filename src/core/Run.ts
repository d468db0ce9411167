/**
 * One request on its way through the chain: candidate, attempt, decision, and again.
 *
 * Everything here belongs to one request; what is shared is the bench, the retry budget and the turns. As long as
 * attempts end in the turn in which they begin, the walk is a plain loop; it becomes an Effect where it has to wait.
 * An outcome is recorded in the turn in which it is known, so no interruption can come between.
 */
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import * as Attempt from "./Attempt.ts"
import * as Bench from "./Bench.ts"
import type { BenchRegistry } from "./BenchRegistry.ts"
import { Candidates, type Turns } from "./Candidates.ts"
import type { Chain } from "./Chain.ts"
import * as Decision from "./Decision.ts"
import * as Ending from "./Ending.ts"
import type { About, Action, Observer, RunInfo } from "./FailoverEvent.ts"
import * as Failure from "./Failure.ts"
import { failureOf } from "./FailureOf.ts"
import { Now } from "./Now.ts"
import { isAllowed, type OwnLimits } from "./OwnLimits.ts"
import type { Policy } from "./Policy.ts"
import type { Pool } from "./Pool.ts"
import type { Prepared } from "./Prepared.ts"
import { Reporter } from "./Reporter.ts"
import type { RetryBudget } from "./RetryBudget.ts"
import type { Next, Rest, Rule } from "./Rule.ts"
import * as RunError from "./RunError.ts"
import type { Target } from "./Target.ts"

/** What all runs share. */
export interface Shared {
  readonly registry: BenchRegistry["Service"]
  readonly limits: OwnLimits
  readonly budget: RetryBudget
  readonly turns: Turns
  /** A chain, ready to be walked. */
  readonly prepared: <P extends Pool, R>(chain: Chain<P, R>) => Prepared<P, R>
}

/** What makes one run. */
export interface RunOptions<P extends Pool, R, A, E> {
  readonly prepared: Prepared<P, R>
  /** For the whole run: deadline, attempts, reserve and what to do when everything rests. */
  readonly policy: Policy
  readonly kind: RunInfo["kind"]
  readonly request: unknown
  readonly observer: Observer | undefined
  /** For the observer; see `CallOptions`. */
  readonly about: About | undefined
  readonly since: bigint | undefined
  /** Starts an attempt. `capped` is the failure of an attempt whose token cap was too high: leave the cap out. */
  readonly start: (pool: P, target: Target, capped: Failure.BadRequest | undefined) => Attempt.Running<A>
  /** Whether an attempt without the token cap would differ. */
  readonly canUncap: (pool: P, failure: Failure.BadRequest) => boolean
  /** What an error means that is no failure yet. */
  readonly classify: ((error: E, target: Target) => Failure.Failure) | undefined
}

/** What a run gives: who answered, and what had failed before. */
export interface Served<out A> {
  readonly value: A
  readonly target: Target
  readonly admission: Bench.Go | Bench.Probe
  /** Attempts made, the successful one included. */
  readonly attempts: number
  /** The attempts that failed, in order. */
  readonly failed: ReadonlyArray<RunError.FailedAttempt>
}

/** What a run goes on with. */
type Onward<A> = Effect.Effect<Served<A>, RunError.RunError>

/**
 * A step of a run: what it goes on with; `undefined` when the visit is over without an answer, and the next
 * candidate's turn has come; that an attempt is under way and has to be waited for; that others have to be asked
 * whether this probe may be sent; or the limiter, whether this attempt may be made.
 */
type Step<A> = Onward<A> | undefined | "under way" | "asking" | "counting"

/** What the attempts at one target share. Made when the first of them fails or waits. */
interface Visit {
  readonly endsAt: number
  waited: boolean
  capped: Failure.BadRequest | undefined
  backoff:
    | Effect.Success<ReturnType<typeof Schedule.toStep<unknown, Failure.Failure, never, never>>>
    | undefined
}

const nobody: ReadonlyArray<never> = []

const atTheNextVisit = () => undefined

/** One request on its way. */
export class Run<P extends Pool, R, A, E> implements Decision.Situation {
  readonly reporter: Reporter | undefined
  readonly now: Now
  readonly #shared: Shared
  readonly #options: RunOptions<P, R, A, E>
  readonly #context: Context.Context<R>
  readonly #candidates: Candidates<P, R>
  #attempts = 0
  #failed: Array<RunError.FailedAttempt> | undefined
  #deadlineAt: number | undefined
  #running: Attempt.Running<A> | undefined
  #counting: Attempt.Running<boolean> | undefined
  #turnedAway: Next | undefined
  #ownDueAt = 0
  #visit: Visit | undefined
  #lastResort = false
  #switched = false
  /** Until when this run waits for limits of its targets' own. */
  #limitedUntil: number | undefined

  constructor(shared: Shared, options: RunOptions<P, R, A, E>, context: Context.Context<R>) {
    const { about, kind, observer, prepared, request, since } = options
    this.#shared = shared
    this.#options = options
    this.#context = context
    this.now = new Now(context)
    this.reporter = observer && new Reporter({ observer, kind, request, about, since, context }, this.now)
    this.#candidates = new Candidates(prepared, context, this.now, shared, this.reporter?.skipped)
    shared.budget.deposit()
  }

  /** Tries candidates until one answers or none is left. */
  next(): Onward<A> {
    return this.#walk(atTheNextVisit)
  }

  /**
   * Begins with a step and walks on. All of it happens in one operation of the caller's fiber, up to where an attempt
   * has to be waited for: in between, neither a probe's slot nor an attempt could be left to nobody.
   */
  #walk(begin: () => Step<A>): Onward<A> {
    return Effect.callback((resume) => this.#steps(begin, resume))
  }

  /** Returns what is to be done when the caller is interrupted, while there is something to wait for. */
  #steps(begin: () => Step<A>, resume: (onward: Onward<A>) => void): Effect.Effect<void> | void {
    let step = begin()
    while (step === undefined) step = this.#nextVisit()
    if (step === "under way") return this.#park(resume)
    if (step === "asking") return this.#ask(resume)
    if (step === "counting") return this.#count(resume)
    return resume(step)
  }

  #nextVisit(): Step<A> {
    if (this.attemptsLeft < 1) return this.#exhausted()
    if (this.#deadlineAt !== undefined && this.#now() >= this.#deadlineAt) return this.#outOfTime()
    return this.#candidates.next() ? this.#begin() : this.#nothingLeft()
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
    return this.#enter(undefined)
  }

  /** A bench that is shared has to be asked before a probe. `next` is where a run goes that is turned away. */
  #enter(next: Next | undefined): Step<A> {
    this.#turnedAway = next
    const isAsked = this.#shared.registry.claim !== undefined && this.#candidates.admission._tag === "Probe"
    return isAsked ? "asking" : this.#attempt()
  }

  /** Waits for the word of the others; the probe is sent, or the target passed by, in the turn in which it comes. */
  #ask(resume: (onward: Onward<A>) => void): Effect.Effect<void> {
    const { admission, target } = this.#candidates
    const claim = admission._tag === "Probe" ? this.#shared.registry.claim?.(admission) : undefined
    const asking = Attempt.start(claim ?? Effect.succeed(true), this.#context)
    let onInterrupt: Effect.Effect<void> | void = Effect.sync(() => {
      this.#release()
      this.reporter?.interrupted(undefined)
      asking.interruptUnsafe()
    })
    asking.addObserver((exit) => {
      if (onInterrupt === undefined) return
      const isGranted = Exit.isFailure(exit) || exit.value
      onInterrupt = this.#steps(() => (isGranted ? this.#attempt() : this.#candidates.passBy(target)), resume)
    })
    return Effect.suspend(() => {
      const left = onInterrupt
      onInterrupt = undefined
      return left ?? Effect.void
    })
  }

  /** Makes an attempt, unless that is over the credential's own limit. */
  #attempt(): Step<A> {
    const { target } = this.#candidates
    if (target.credential.rpm === undefined) return this.#call()
    this.#counting = Attempt.start(this.#shared.limits.take(target), this.#context)
    const exit = this.#counting.pollUnsafe()
    return exit === undefined ? "counting" : this.#counted(isAllowed(exit))
  }

  #counted(allowed: boolean): Step<A> {
    if (allowed) return this.#call()
    this.#release()
    this.#lastResort = false
    this.#candidates.passByLimit()
    if (this.#turnedAway !== undefined) this.#candidates.move(this.#turnedAway)
    return undefined
  }

  /** Waits for the word of the limiter. Nothing has been sent yet, but a probe's slot may be held. */
  #count(resume: (onward: Onward<A>) => void): Effect.Effect<void> {
    const waiter = {
      dueAt: this.deadlineAt,
      context: this.#context,
      onEnd: (ended: Attempt.Ended<boolean>) => {
        if (ended !== "timeout") return this.#walk(() => this.#counted(isAllowed(ended)))
        this.#release()
        return this.#outOfTime()
      },
      onInterrupt: () => {
        this.#release()
        this.reporter?.interrupted(undefined)
      }
    }
    return Attempt.park(this.#counting!, waiter, resume)
  }

  #call(): Step<A> {
    const { admission, pool, target } = this.#candidates
    this.#attempts++
    this.reporter?.started(target, this.#attempts, admission._tag === "Probe")
    const running = this.#options.start(pool, target, this.#visit?.capped)
    this.#running = running
    const exit = running.pollUnsafe()
    return exit === undefined ? "under way" : this.#settle(exit)
  }

  /** Waits for the attempt under way. */
  #park(resume: (onward: Onward<A>) => void): Effect.Effect<void> {
    const { policy } = this.#candidates.target
    // A stream keeps its own clock.
    const own = this.#options.kind === "effect" ? policy.timeouts.answer : Number.POSITIVE_INFINITY
    this.#ownDueAt = this.#now() + own
    const waiter = {
      dueAt: Math.min(this.#ownDueAt, this.#visiting().endsAt),
      context: this.#context,
      onEnd: (ended: Attempt.Ended<A>) =>
        this.#onward(ended === "timeout" ? this.#late() : this.#settle(ended)),
      onInterrupt: () => this.#abandoned()
    }
    return Attempt.park(this.#running!, waiter, resume)
  }

  /** For an outcome that comes while the caller's fiber is parked: a next attempt begins when it is awake again. */
  #onward(step: Onward<A> | undefined): Onward<A> {
    return step ?? this.next()
  }

  #settle(exit: Exit.Exit<A, unknown>): Onward<A> | undefined {
    const { admission, target } = this.#candidates
    if (Exit.isFailure(exit)) {
      this.#running?.interruptUnsafe()
      return this.#decide(failureOf(exit.cause, target, this.#options.classify))
    }
    const { kind, policy } = this.#options
    this.reporter?.succeeded(target, kind === "stream" ? policy.commit : undefined)
    if (kind === "effect") this.#shared.registry.succeedUnsafe(target, admission, this.now)
    else if (admission._tag === "Probe") this.#shared.registry.reopenUnsafe(admission, this.#now())
    return Exit.succeed({
      value: exit.value,
      target,
      admission,
      attempts: this.#attempts,
      failed: this.#failed ?? nobody
    })
  }

  /** The attempt's time was up. Only its own timeout speaks against the target; the request's time does not. */
  #late(): Onward<A> | undefined {
    const { target } = this.#candidates
    const now = this.#now()
    const own = now >= Math.min(this.#ownDueAt, this.#running?.dueAt?.() ?? Number.POSITIVE_INFINITY)
    const failure = new Failure.Transient({
      target: target.key,
      reason: "Silent",
      message: this.#options.kind === "stream" ? "no content in time" : "no answer in time",
      evidence: own ? "timeout" : "the request's time"
    })
    if (own) return this.#decide(failure)
    this.#release()
    this.#remember(failure)
    const isOver = now >= this.deadlineAt
    if (!isOver) this.#candidates.move(target.policy.rules.Silent.next)
    this.reporter?.cutOff(target, failure, isOver ? { _tag: "Stop" } : this.#next())
    return isOver ? this.#outOfTime() : undefined
  }

  #abandoned(): void {
    this.#release()
    this.reporter?.interrupted(this.#candidates.target)
  }

  /** Gives the slot of a probe back that has proved nothing. */
  #release(): void {
    const { admission } = this.#candidates
    if (admission._tag === "Probe") this.#shared.registry.releaseUnsafe(admission, this.#now())
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
        return this.#leave(failure, rule)
      case "Uncapped":
        this.#visiting().capped = decision.capped
        this.#record(failure, undefined)
        return this.#again(failure, 0, "credential")
      case "AfterWait":
        if (!this.#shared.budget.withdraw(now)) return this.#leave(failure, rule)
        this.#visiting().waited = true
        this.#record(failure, rule.rest)
        return this.#again(failure, decision.delay, rule.next)
      case "Backoff":
        return Effect.flatMap(this.#backoff(decision.schedule, failure, now), (backoff) => {
          const delay = Math.max(backoff, decision.least)
          if (!this.hasTimeFor(delay) || !this.#shared.budget.withdraw(now)) {
            return this.#onward(this.#leave(failure, rule))
          }
          this.#record(failure, undefined)
          return this.#again(failure, delay, rule.next)
        })
    }
  }

  /** The next delay of this visit's schedule; infinite when it is done. */
  #backoff(schedule: Schedule.Schedule<unknown, Failure.Failure>, failure: Failure.Failure, now: number) {
    const visit = this.#visiting()
    const step = visit.backoff === undefined ? Schedule.toStep(schedule) : Effect.succeed(visit.backoff)
    return Effect.flatMap(step, (next) => {
      visit.backoff = next
      const delay = Effect.map(next(now, failure), ([, backoff]) => Duration.toMillis(backoff))
      return Pull.catchDone(delay, () => Effect.succeed(Number.POSITIVE_INFINITY))
    })
  }

  /** Waits, then asks the bench once more: another request may have benched the target, or be probing it. */
  #again(failure: Failure.Failure, delay: number, next: Next): Onward<A> {
    this.#report(failure, { _tag: "Retry", delay })
    const onTime = this.#walk(() => {
      if (this.#candidates.admit(this.#candidates.target)) return this.#enter(next)
      this.#candidates.move(next)
      return undefined
    })
    return delay > 0 ? this.#after(this.#now() + delay, onTime) : onTime
  }

  /** The visit is over: record it, and stop or move on. */
  #leave(failure: Failure.Failure, rule: Rule): Onward<A> | undefined {
    this.#record(failure, rule.rest)
    if (failure._tag === "ContextExceeded") this.#candidates.needWindow(failure)
    const special = this.#special(failure)
    if (special !== undefined || (rule.next !== "stop" && !this.#lastResort)) {
      this.#candidates.move(special === undefined ? rule.next : "credential")
      if (special !== undefined) this.#candidates.switchTo(special)
      if (this.reporter !== undefined) this.#report(failure, this.#next())
      return undefined
    }
    this.#report(failure, { _tag: "Stop" })
    if (!isFinal(failure)) return this.#exhausted()
    return this.#fail(this.uncapped ? Ending.refusedUncapped(failure) : failure)
  }

  /** For the observer: on to the next, and which model that is. */
  #next(): Action {
    const model = this.attemptsLeft < 1 ? undefined : this.#candidates.following()
    return model === undefined ? { _tag: "Next" } : { _tag: "Next", model }
  }

  /** The chain that is there for just this failure. A run changes to one once. */
  #special(failure: Failure.Failure): Prepared<P, R> | undefined {
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
    const last = this.#failed?.at(-1)?.failure
    if (last?._tag === "ContextExceeded") return this.#whenAllowed() ?? this.#fail(last)
    const { all, resting } = this.#candidates.resting()
    const { whenAllBenched } = this.#options.policy
    if (whenAllBenched === "wait" && all && resting.length > 0) {
      // Somebody else's probe has no end that is known: look again soon.
      const at = Math.max(Ending.soonestEnd(resting), this.#now() + Bench.shortestRest)
      if (at < this.deadlineAt) return this.#restartAt(at)
    }
    const limited = this.#whenAllowed()
    if (limited !== undefined) return limited
    if (this.#attempts > 0) return this.#exhausted()
    const soonest = whenAllBenched === "tryAnyway" ? this.#candidates.soonestToTry(resting) : undefined
    if (soonest === undefined) return this.#fail(Ending.allBenched(resting, this.#candidates.models))
    this.#lastResort = true
    this.#candidates.take(soonest)
    return this.#begin()
  }

  /**
   * A target that was passed by because of its own limit is well: it is worth a wait, in all no longer than `patience`;
   * with `wait` as long as there is time. Its limit is not exceeded even when everything else rests.
   */
  #whenAllowed(): Onward<A> | undefined {
    const limited = this.#candidates.soonestLimited()
    const { patience, whenAllBenched } = this.#options.policy
    if (limited === undefined || whenAllBenched === "fail") return undefined
    this.#limitedUntil ??=
      whenAllBenched === "wait" ? this.deadlineAt : Math.min(this.deadlineAt, this.#now() + patience)
    if (limited.why.until > this.#limitedUntil || limited.why.until >= this.deadlineAt) return undefined
    const again = this.#walk(() => (this.#candidates.goBack(limited) ? this.#begin() : undefined))
    return this.#after(limited.why.until, again)
  }

  #restartAt(at: number): Onward<A> {
    const again = this.#walk(() => {
      this.#candidates.restart()
      return undefined
    })
    return this.#after(at, again)
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
    const { all, resting } = this.#candidates.resting()
    const attempts = this.#failed ?? nobody
    const { models } = this.#candidates
    return this.#fail(new RunError.ChainExhausted({ attempts, models, ...(all && Ending.retryAt(resting)) }))
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

  get patience(): number {
    return this.#candidates.target.policy.patience
  }

  get attemptsLeft(): number {
    return this.#options.policy.attempts - this.#attempts
  }

  get waited(): boolean {
    return this.#visit?.waited ?? false
  }

  get uncapped(): boolean {
    return this.#visit?.capped !== undefined
  }

  attemptsKept(next: Next): number {
    return Math.min(this.#candidates.ahead(next), Math.ceil(this.attemptsLeft * this.#options.policy.reserve))
  }

  hasSibling(): boolean {
    return this.#candidates.hasSibling()
  }

  canUncap(failure: Failure.BadRequest): boolean {
    return this.#options.canUncap(this.#candidates.pool, failure)
  }

  hasTimeFor(delay: number): boolean {
    return this.#now() + delay < this.#visiting().endsAt
  }

  // -- small things ---------------------------------------------------------------------------------------------

  /** A visit may use all the time there is, less the share that is kept for the targets behind it. */
  #visiting(): Visit {
    if (this.#visit === undefined) {
      const now = this.#now()
      const left = this.deadlineAt - now
      // What takes too long is silent: the targets that matter are those a silence leads to.
      const { next } = this.#candidates.target.policy.rules.Silent
      const kept =
        left < Number.POSITIVE_INFINITY && this.#candidates.ahead(next) > 0 ? this.#options.policy.reserve : 0
      this.#visit = { endsAt: now + left * (1 - kept), waited: false, capped: undefined, backoff: undefined }
    }
    return this.#visit
  }

  #remember(failure: Failure.Failure): void {
    this.#failed ??= []
    this.#failed.push({ target: this.#candidates.target.key, failure })
  }

  /** Counts a failed attempt; with a rest the visit is over, and the bench decides who rests. */
  #record(failure: Failure.Failure, rest: Rest | undefined): void {
    const { admission, target } = this.#candidates
    this.#shared.registry.failUnsafe(target, admission, failure, rest, this.#now())
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

const isFinal = (failure: Failure.Failure): failure is Failure.BadRequest | Failure.ContextExceeded =>
  failure._tag === "BadRequest" || failure._tag === "ContextExceeded"
