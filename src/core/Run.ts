/**
 * One request on its way through the chain: candidate, attempt, decision, and again.
 *
 * Everything here belongs to one request; what is shared is the bench, the retry budget and the turns. As long as
 * attempts end in the turn in which they begin, the walk is a plain loop; it becomes an Effect where it has to wait.
 * An outcome is recorded in the turn in which it is known, so no interruption can come between.
 */
import type * as Cause from "effect/Cause"
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
import * as Decision from "./Decision.ts"
import * as Ending from "./Ending.ts"
import type { Action, Observer, RunInfo } from "./FailoverEvent.ts"
import * as Failure from "./Failure.ts"
import { Now } from "./Now.ts"
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
  readonly budget: RetryBudget
  readonly turns: Turns
}

/** What makes one run. */
export interface RunOptions<P extends Pool, R, A> {
  readonly prepared: Prepared<P, R>
  /** For the whole run: deadline, attempts, reserve and what to do when everything rests. */
  readonly policy: Policy
  readonly kind: RunInfo["kind"]
  readonly request: unknown
  readonly observer: Observer | undefined
  /** Starts an attempt. `capped` is the failure of an attempt whose token cap was too high: leave the cap out. */
  readonly start: (pool: P, target: Target, capped: Failure.BadRequest | undefined) => Attempt.Running<A>
  /** Whether an attempt without the token cap would differ. */
  readonly canUncap: (pool: P, failure: Failure.BadRequest) => boolean
  /** Turns whatever an attempt failed with into a failure. */
  readonly classify: (cause: Cause.Cause<unknown>, target: Target) => Failure.Failure
  readonly specialChain: (name: SpecialChain) => Prepared<P, R> | undefined
}

/** A chain that is used for one kind of failure only. */
export type SpecialChain = "onContextExceeded" | "onContentPolicy"

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

/** The steps of a run. `undefined`: the visit is over without an answer, and the next candidate's turn has come. */
type Step<A> = Effect.Effect<Served<A>, RunError.RunError> | undefined

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

/** One request on its way. */
export class Run<P extends Pool, R, A> implements Decision.Situation {
  readonly reporter: Reporter | undefined
  readonly now: Now
  readonly #shared: Shared
  readonly #options: RunOptions<P, R, A>
  readonly #context: Context.Context<R>
  readonly #candidates: Candidates<P, R>
  #attempts = 0
  #failed: Array<RunError.FailedAttempt> | undefined
  #deadlineAt: number | undefined
  #running: Attempt.Running<A> | undefined
  #visit: Visit | undefined
  #lastResort = false
  #switched = false

  constructor(shared: Shared, options: RunOptions<P, R, A>, context: Context.Context<R>) {
    const { kind, observer, prepared, request } = options
    this.#shared = shared
    this.#options = options
    this.#context = context
    this.now = new Now(context)
    this.reporter = observer && new Reporter(observer, kind, request, this.now)
    this.#candidates = new Candidates(prepared, context, this.now, shared, this.reporter?.skipped)
    shared.budget.deposit()
  }

  /** Tries candidates until one answers or none is left. */
  next(): Effect.Effect<Served<A>, RunError.RunError> {
    while (true) {
      if (this.attemptsLeft < 1) return this.#exhausted()
      if (this.#deadlineAt !== undefined && this.#now() >= this.#deadlineAt) return this.#outOfTime()
      if (!this.#candidates.next()) return this.#nothingLeft()
      const step = this.#begin()
      if (step !== undefined) return step
    }
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
    return this.#attempt()
  }

  #attempt(): Step<A> {
    const { admission, pool, target } = this.#candidates
    this.#attempts++
    this.reporter?.started(target, this.#attempts, admission._tag === "Probe")
    const running = this.#options.start(pool, target, this.#visit?.capped)
    this.#running = running
    const exit = running.pollUnsafe()
    if (exit !== undefined) return this.#settle(exit)
    const own = this.#options.kind === "effect" ? target.policy.timeouts.answer : Number.POSITIVE_INFINITY
    return Attempt.wait(
      running,
      Math.min(this.#now() + own, this.#visiting().endsAt),
      this.#context,
      (ended) => (ended === "timeout" ? this.#late() : this.#settle(ended)) ?? this.next(),
      () => this.#abandoned()
    )
  }

  #settle(exit: Exit.Exit<A, unknown>): Step<A> {
    const { admission, target } = this.#candidates
    if (Exit.isFailure(exit)) {
      this.#running?.interruptUnsafe()
      return this.#decide(this.#options.classify(exit.cause, target))
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
  #late(): Step<A> {
    const { admission, target } = this.#candidates
    const now = this.#now()
    const own = now < this.#visiting().endsAt
    const failure = new Failure.Transient({
      target: target.key,
      reason: "Silent",
      message: this.#options.kind === "stream" ? "no content in time" : "no answer in time",
      evidence: own ? "timeout" : "the request's time"
    })
    if (own) return this.#decide(failure)
    if (admission._tag === "Probe") this.#shared.registry.releaseUnsafe(admission, now)
    this.#remember(failure)
    const isOver = now >= this.deadlineAt
    this.reporter?.cutOff(target, failure, { _tag: isOver ? "Stop" : "Next" })
    if (isOver) return this.#outOfTime()
    this.#candidates.move(target.policy.rules.Silent.next)
    return undefined
  }

  #abandoned(): void {
    const { admission, target } = this.#candidates
    if (admission._tag === "Probe") this.#shared.registry.releaseUnsafe(admission, this.#now())
    this.reporter?.interrupted(target)
  }

  // -- one decision ---------------------------------------------------------------------------------------------

  #decide(failure: Failure.Failure): Step<A> {
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
        this.#report(failure, { _tag: "Retry", delay: 0 })
        return this.#attempt()
      case "AfterWait":
        if (!this.#shared.budget.withdraw(now)) return this.#leave(failure, rule)
        this.#visiting().waited = true
        this.#record(failure, rule.rest)
        return this.#again(failure, decision.delay, rule.next)
      case "Backoff":
        return Effect.flatMap(this.#backoff(decision.schedule, failure, now), (backoff) => {
          const delay = Math.max(backoff, decision.least)
          if (!this.hasTimeFor(delay) || !this.#shared.budget.withdraw(now)) {
            return this.#leave(failure, rule) ?? this.next()
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
  #again(failure: Failure.Failure, delay: number, next: Next): Effect.Effect<Served<A>, RunError.RunError> {
    this.#report(failure, { _tag: "Retry", delay })
    const onTime = Effect.suspend(() => {
      if (this.#candidates.admit(this.#candidates.target)) return this.#attempt() ?? this.next()
      this.#candidates.move(next)
      return this.next()
    })
    return delay > 0 ? Effect.andThen(this.now.sleepUntil(this.#now() + delay), onTime) : onTime
  }

  /** The visit is over: record it, and stop or move on. */
  #leave(failure: Failure.Failure, rule: Rule): Step<A> {
    this.#record(failure, rule.rest)
    if (failure._tag === "ContextExceeded") this.#candidates.needWindow(failure)
    const special = this.#special(failure)
    if (special !== undefined) {
      const step = this.#move(failure, "credential")
      this.#candidates.switchTo(special)
      return step
    }
    if (rule.next !== "stop" && !this.#lastResort) return this.#move(failure, rule.next)
    this.#report(failure, { _tag: "Stop" })
    return isFinal(failure) ? this.#fail(failure) : this.#exhausted()
  }

  #move(failure: Failure.Failure, next: Next): Step<A> {
    this.#report(failure, { _tag: "Next" })
    this.#candidates.move(next)
    return undefined
  }

  /** The chain that is there for just this failure. A run changes to one once. */
  #special(failure: Failure.Failure): Prepared<P, R> | undefined {
    const name =
      failure._tag === "ContextExceeded"
        ? "onContextExceeded"
        : Failure.classOf(failure) === "ContentPolicy"
          ? "onContentPolicy"
          : undefined
    const chain = name === undefined || this.#switched ? undefined : this.#options.specialChain(name)
    this.#switched ||= chain !== undefined
    return chain
  }

  // -- the end --------------------------------------------------------------------------------------------------

  #nothingLeft(): Effect.Effect<Served<A>, RunError.RunError> {
    const last = this.#failed?.at(-1)?.failure
    if (last?._tag === "ContextExceeded") return this.#fail(last)
    const { all, resting } = this.#candidates.resting()
    const { whenAllBenched } = this.#options.policy
    if (whenAllBenched === "wait" && all && resting.length > 0) {
      // Somebody else's probe has no end that is known: look again soon.
      const at = Math.max(Ending.soonestEnd(resting), this.#now() + Bench.shortestRest)
      if (at < this.deadlineAt) return this.#restartAt(at)
    }
    if (this.#attempts > 0) return this.#exhausted()
    const soonest = whenAllBenched === "tryAnyway" ? Ending.soonest(resting) : undefined
    if (soonest === undefined) return this.#fail(Ending.allBenched(resting))
    this.#lastResort = true
    this.#candidates.take(soonest)
    return this.#begin() ?? this.next()
  }

  #restartAt(at: number): Effect.Effect<Served<A>, RunError.RunError> {
    const again = Effect.suspend(() => {
      this.#candidates.restart()
      return this.next()
    })
    return Effect.andThen(this.now.sleepUntil(at), again)
  }

  #exhausted(): Effect.Effect<never, RunError.RunError> {
    const { all, resting } = this.#candidates.resting()
    const attempts = this.#failed ?? nobody
    return this.#fail(new RunError.ChainExhausted({ attempts, ...(all && Ending.retryAt(resting)) }))
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
    this.reporter?.failed(this.#candidates.target, failure, action)
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
