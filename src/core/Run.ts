/**
 * One request on its way through the chain: candidate, attempt, decision, and again.
 *
 * Everything here belongs to one request; what is shared is the bench, the retry budget and the turns. As long as
 * attempts end in the turn in which they begin, the walk is a plain loop; it becomes an Effect where it has to wait.
 *
 * A decision and its record happen in the turn in which the attempt ends, so no interruption can come between.
 */
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import * as Attempt from "./Attempt.ts"
import * as Bench from "./Bench.ts"
import type { BenchRegistry } from "./BenchRegistry.ts"
import { Candidates, type Turns } from "./Candidates.ts"
import type { FailoverEvent, Observer, RunInfo, Then } from "./FailoverEvent.ts"
import * as Failure from "./Failure.ts"
import type { Policy } from "./Policy.ts"
import type { Pool } from "./Pool.ts"
import type { Prepared } from "./Prepared.ts"
import type { RetryBudget } from "./RetryBudget.ts"
import type { Next, Rule } from "./Rule.ts"
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
  readonly specialChain: (name: "onContextExceeded" | "onContentPolicy") => Prepared<P, R> | undefined
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

const nobody: ReadonlyArray<never> = []

let runs = 0

/** One request on its way. */
export class Run<P extends Pool, R, A> {
  readonly #shared: Shared
  readonly #options: RunOptions<P, R, A>
  readonly #context: Context.Context<R>
  readonly #candidates: Candidates<P, R>
  readonly #info: RunInfo | undefined

  #attempts = 0
  #failed: Array<RunError.FailedAttempt> | undefined
  #deadlineAt: number | undefined
  #running: Attempt.Running<A> | undefined
  #attemptAt = 0
  #last: Failure.Failure | undefined
  #anyway = false
  #usedChains: ReadonlyArray<string> = nobody

  // The visit: all attempts at one target.
  #visitEndsAt: number | undefined
  #waited = false
  #capped: Failure.BadRequest | undefined
  #step:
    | Effect.Success<ReturnType<typeof Schedule.toStep<unknown, Failure.Failure, never, never>>>
    | undefined

  constructor(shared: Shared, options: RunOptions<P, R, A>, context: Context.Context<R>) {
    this.#shared = shared
    this.#options = options
    this.#context = context
    const observer = options.observer
    if (observer !== undefined) {
      const { kind, request } = options
      this.#info = { id: ++runs, kind, request, startedAt: this.#now() }
    }
    this.#candidates = new Candidates(
      options.prepared,
      context,
      shared.registry,
      shared.turns,
      observer === undefined
        ? undefined
        : (target, { key, reason, until }) => this.#emit({ _tag: "Skipped", target, key, reason, until })
    )
    shared.budget.deposit()
  }

  /** Tries candidates until one answers or none is left. */
  next(): Effect.Effect<Served<A>, RunError.RunError> {
    while (true) {
      if (this.#attempts >= this.#options.policy.attempts) return this.#exhausted()
      if (this.#deadlineAt !== undefined && this.#now() >= this.#deadlineAt) return this.#outOfTime()
      if (!this.#candidates.next()) return this.#nothingLeft()
      const effect = this.#visit()
      if (effect !== undefined) return effect
    }
  }

  /** What the observer knows the run by. */
  get info(): RunInfo | undefined {
    return this.#info
  }

  /** Who listens. */
  get observer(): Observer | undefined {
    return this.#options.observer
  }

  /** The run's time, in milliseconds. */
  get deadline(): number {
    return this.#options.policy.deadline
  }

  /** When the run's time is up, in milliseconds since the epoch. Reads the clock the first time. */
  get deadlineAt(): number {
    return this.#deadlineAt ?? this.#startClock(this.#now())
  }

  // -- one visit ------------------------------------------------------------------------------------------------

  #visit(): Effect.Effect<Served<A>, RunError.RunError> | undefined {
    this.#visitEndsAt = undefined
    this.#waited = false
    this.#capped = undefined
    this.#step = undefined
    return this.#attempt()
  }

  /** One attempt at the current candidate. `undefined`: it has failed, and the next candidate's turn has come. */
  #attempt(): Effect.Effect<Served<A>, RunError.RunError> | undefined {
    const { pool, target } = this.#candidates
    this.#attempts++
    if (this.#info !== undefined) {
      this.#attemptAt = this.#now()
      const probe = this.#candidates.admission._tag === "Probe"
      this.#emit({ _tag: "AttemptStarted", target, attempt: this.#attempts, probe })
    }
    const running = this.#options.start(pool, target, this.#capped)
    this.#running = running
    const exit = running.pollUnsafe()
    if (exit !== undefined) return this.#settle(exit)
    return Attempt.wait(
      running,
      this.#dueAt(target),
      this.#context,
      (ended) => (ended === "timeout" ? this.#late() : this.#settle(ended)) ?? this.next(),
      () => this.#abandoned()
    )
  }

  /** When the attempt that now waits has to be over: its own timeout, its visit's share of the time, the deadline. */
  #dueAt(target: Target): number {
    const now = this.#now()
    const own =
      this.#options.kind === "effect" ? now + target.policy.timeouts.answer : Number.POSITIVE_INFINITY
    return Math.min(own, this.#visitEnd(now))
  }

  /** A visit may use all the time there is, less what is kept for the targets behind it. */
  #visitEnd(now: number): number {
    if (this.#visitEndsAt === undefined) {
      const deadlineAt = this.#deadlineAt ?? this.#startClock(now)
      const kept = this.#candidates.ahead() > 0 ? this.#options.policy.reserve : 0
      this.#visitEndsAt =
        kept === 0 || deadlineAt === Number.POSITIVE_INFINITY
          ? deadlineAt
          : deadlineAt - (deadlineAt - now) * kept
    }
    return this.#visitEndsAt
  }

  #settle(exit: Exit.Exit<A, unknown>): Effect.Effect<Served<A>, RunError.RunError> | undefined {
    const { admission, target } = this.#candidates
    if (Exit.isFailure(exit)) {
      this.#running?.interruptUnsafe()
      return this.#decide(this.#options.classify(exit.cause, target))
    }
    if (this.#info !== undefined) {
      const { policy, kind } = this.#options
      this.#emit({
        _tag: "AttemptSucceeded",
        target,
        attempt: this.#attempts,
        duration: this.#now() - this.#attemptAt,
        commit: kind === "stream" ? policy.commit : undefined
      })
    }
    if (this.#options.kind === "effect") {
      this.#shared.registry.succeedUnsafe(target, admission, this.#clock())
    } else if (admission._tag === "Probe") {
      this.#shared.registry.reopenUnsafe(admission, this.#now())
    }
    return Exit.succeed({
      value: exit.value,
      target,
      admission,
      attempts: this.#attempts,
      failed: this.#failed ?? nobody
    })
  }

  /** The attempt's time was up. Only its own timeout speaks against the target. */
  #late(): Effect.Effect<Served<A>, RunError.RunError> | undefined {
    const { admission, target } = this.#candidates
    const now = this.#now()
    const ownTime = now < this.#visitEnd(now)
    const failure = new Failure.Transient({
      target: target.key,
      reason: "Silent",
      message: this.#options.kind === "stream" ? "no content in time" : "no answer in time",
      evidence: ownTime ? "timeout" : "the request's time"
    })
    if (ownTime) return this.#decide(failure)
    if (admission._tag === "Probe") this.#shared.registry.releaseUnsafe(admission, now)
    this.#remember(failure)
    if (now >= this.deadlineAt) return this.#outOfTime()
    this.#report(failure, { _tag: "Next" })
    this.#candidates.move(target.policy.rules.Silent.next)
    return undefined
  }

  #abandoned(): void {
    const { admission, target } = this.#candidates
    if (admission._tag === "Probe") this.#shared.registry.releaseUnsafe(admission, this.#now())
    if (this.#info !== undefined) {
      this.#emit({ _tag: "RunInterrupted", target, duration: this.#now() - this.#info.startedAt })
    }
  }

  // -- the decision ---------------------------------------------------------------------------------------------

  #decide(failure: Failure.Failure): Effect.Effect<Served<A>, RunError.RunError> | undefined {
    const { admission, pool, target } = this.#candidates
    const rule = target.policy.rules[Failure.classOf(failure)]
    this.#remember(failure)
    if (admission._tag === "Probe" || this.#anyway || rule.retry === "never")
      return this.#leave(failure, rule)
    if (rule.retry === "afterWait") return this.#afterWait(failure, rule)
    if (rule.retry !== "withoutTokenCap") return this.#bySchedule(failure, rule, rule.retry)
    if (failure._tag !== "BadRequest" || this.#capped !== undefined || this.#attemptsLeft() < 1) {
      return this.#leave(failure, rule)
    }
    if (!this.#options.canUncap(pool, failure)) return this.#leave(failure, rule)
    this.#capped = failure
    this.#report(failure, { _tag: "Retry", delay: 0 })
    return this.#attempt()
  }

  /** A throttle that passes soon is waited for, where leaving would change the model. The rest is recorded at once. */
  #afterWait(failure: Failure.Failure, rule: Rule): Effect.Effect<Served<A>, RunError.RunError> | undefined {
    const { admission, target } = this.#candidates
    const now = this.#now()
    const asked = Failure.waitMillis(failure, now)
    if (asked === undefined || this.#waited || asked > target.policy.patience || this.#attemptsLeft() < 1) {
      return this.#leave(failure, rule)
    }
    const delay = Math.max(asked, Bench.shortestRest)
    if (
      this.#candidates.hasSibling() ||
      now + delay >= this.#visitEnd(now) ||
      !this.#shared.budget.withdraw(now)
    ) {
      return this.#leave(failure, rule)
    }
    this.#waited = true
    this.#shared.registry.failUnsafe(target, admission, failure, rule.rest, now)
    this.#report(failure, { _tag: "Retry", delay })
    return this.#again(delay, rule.next)
  }

  #bySchedule(
    failure: Failure.Failure,
    rule: Rule,
    schedule: Exclude<Rule["retry"], string>
  ): Effect.Effect<Served<A>, RunError.RunError> | undefined {
    const now = this.#now()
    const asked = Failure.waitMillis(failure, now) ?? 0
    const { patience } = this.#candidates.target.policy
    // Attempts are kept for the targets behind this one, up to the reserved share of what is left.
    const kept = Math.min(
      this.#candidates.ahead(),
      Math.floor(this.#attemptsLeft() * this.#options.policy.reserve)
    )
    if (asked > patience || this.#attemptsLeft() - kept < 1) return this.#leave(failure, rule)
    const step =
      this.#step === undefined
        ? Effect.tap(Schedule.toStep(schedule), (made) => Effect.sync(() => void (this.#step = made)))
        : Effect.succeed(this.#step)
    const backoff = Effect.flatMap(step, (next) => Pull.catchDone(next(now, failure), () => Effect.undefined))
    return Effect.flatMap(backoff, (stepped) => {
      const delay =
        stepped === undefined ? Number.POSITIVE_INFINITY : Math.max(Duration.toMillis(stepped[1]), asked)
      if (now + delay >= this.#visitEnd(now) || !this.#shared.budget.withdraw(now)) {
        return this.#leave(failure, rule) ?? this.next()
      }
      this.#report(failure, { _tag: "Retry", delay })
      return this.#again(delay, rule.next)
    })
  }

  /** Waits, then asks the bench once more: another request may have benched the target, or be probing it. */
  #again(delay: number, next: Next): Effect.Effect<Served<A>, RunError.RunError> {
    const onTime = Effect.suspend(() => {
      if (this.#candidates.admit(this.#candidates.target)) return this.#attempt() ?? this.next()
      this.#candidates.move(next)
      return this.next()
    })
    return delay <= 0 ? onTime : Effect.andThen(Effect.sleep(delay), onTime)
  }

  /** The visit is over: record it, and stop or move on. */
  #leave(failure: Failure.Failure, rule: Rule): Effect.Effect<Served<A>, RunError.RunError> | undefined {
    const { admission, target } = this.#candidates
    this.#shared.registry.failUnsafe(target, admission, failure, rule.rest, this.#now())
    if (failure._tag === "ContextExceeded") this.#candidates.needWindow(failure)
    const special = this.#special(failure)
    if (special !== undefined) {
      this.#report(failure, { _tag: "Next" })
      this.#candidates.move("credential")
      this.#candidates.switchTo(special)
      return undefined
    }
    if (rule.next === "stop" || this.#anyway) {
      this.#report(failure, { _tag: "Stop" })
      return failure._tag === "BadRequest" || failure._tag === "ContextExceeded"
        ? this.#fail(failure)
        : this.#exhausted()
    }
    this.#report(failure, { _tag: "Next" })
    this.#candidates.move(rule.next)
    return undefined
  }

  /** The chain that is there for just this failure, once. */
  #special(failure: Failure.Failure): Prepared<P, R> | undefined {
    const name =
      failure._tag === "ContextExceeded"
        ? "onContextExceeded"
        : failure._tag === "BadRequest" && failure.reason === "ContentPolicy"
          ? "onContentPolicy"
          : undefined
    if (name === undefined || this.#usedChains.includes(name)) return undefined
    this.#usedChains = [...this.#usedChains, name]
    return this.#options.specialChain(name)
  }

  // -- the end --------------------------------------------------------------------------------------------------

  #nothingLeft(): Effect.Effect<Served<A>, RunError.RunError> {
    if (this.#last?._tag === "ContextExceeded") return this.#fail(this.#last)
    const { whenAllBenched } = this.#options.policy
    const { all, benches } = this.#candidates.resting()
    if (whenAllBenched === "wait" && all) {
      const now = this.#now()
      // Somebody else's probe has no end that is known: look again soon.
      const at = Math.max(retryAt(benches).retryAt ?? Number.POSITIVE_INFINITY, now + Bench.shortestRest)
      if (at < this.deadlineAt) {
        const again = Effect.suspend(() => {
          this.#candidates.restart()
          return this.next()
        })
        return Effect.andThen(Effect.sleep(at - now), again)
      }
    }
    if (this.#attempts > 0) return this.#exhausted()
    if (whenAllBenched === "tryAnyway") {
      const soonest = soonestOf(benches)
      if (soonest !== undefined) {
        this.#anyway = true
        this.#candidates.pool = soonest[0]
        this.#candidates.target = soonest[1]
        this.#candidates.admission = {
          _tag: "Go",
          generation: this.#shared.registry.stateUnsafe().generation
        }
        return this.#visit() ?? this.next()
      }
    }
    return this.#fail(
      new RunError.AllBenched({
        benches: unique(benches.map(([, , why]) => why)),
        ...retryAt(benches)
      })
    )
  }

  #exhausted(): Effect.Effect<never, RunError.RunError> {
    const { all, benches } = this.#candidates.resting()
    return this.#fail(
      new RunError.ChainExhausted({ attempts: this.#failed ?? nobody, ...(all ? retryAt(benches) : {}) })
    )
  }

  #outOfTime(): Effect.Effect<never, RunError.RunError> {
    const { deadline } = this.#options.policy
    return this.#fail(new RunError.DeadlineExceeded({ deadline, attempts: this.#failed ?? nobody }))
  }

  #fail(error: RunError.RunError): Effect.Effect<never, RunError.RunError> {
    if (this.#info !== undefined) {
      this.#emit({ _tag: "RunFailed", error, duration: this.#now() - this.#info.startedAt })
    }
    return Exit.fail(error)
  }

  // -- small things ---------------------------------------------------------------------------------------------

  #remember(failure: Failure.Failure): void {
    this.#last = failure
    this.#failed ??= []
    this.#failed.push({ target: this.#candidates.target.key, failure })
  }

  #report(failure: Failure.Failure, then: Then): void {
    if (this.#info === undefined) return
    const { target } = this.#candidates
    const duration = this.#now() - this.#attemptAt
    this.#emit({ _tag: "AttemptFailed", target, attempt: this.#attempts, duration, failure, then })
  }

  #emit(event: DistributiveOmit<FailoverEvent, "run" | "at">): void {
    this.#options.observer?.({ ...event, run: this.#info!, at: this.#now() })
  }

  #attemptsLeft(): number {
    return this.#options.policy.attempts - this.#attempts
  }

  #startClock(now: number): number {
    this.#deadlineAt = now + this.#options.policy.deadline
    return this.#deadlineAt
  }

  #clock(): Clock.Clock {
    return Context.get(this.#context, Clock.Clock)
  }

  #now(): number {
    const now = this.#clock().currentTimeMillisUnsafe()
    if (this.#deadlineAt === undefined) this.#startClock(now)
    return now
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never

type Bench3<P> = readonly [P, Target, Bench.Resting]

/** The rest that ends soonest, of those that nobody put by hand. */
const soonestOf = <P>(benches: ReadonlyArray<Bench3<P>>): Bench3<P> | undefined =>
  benches
    .filter(([, , why]) => why.reason !== "Manual")
    .reduce<Bench3<P> | undefined>((a, b) => (a === undefined || b[2].until < a[2].until ? b : a), undefined)

const retryAt = <P>(benches: ReadonlyArray<Bench3<P>>): { readonly retryAt?: number } => {
  const ends = benches.map(([, , why]) => why.until).filter((until) => until !== Number.POSITIVE_INFINITY)
  return ends.length === 0 ? {} : { retryAt: Math.min(...(ends as [number, ...Array<number>])) }
}

const unique = (whys: ReadonlyArray<Bench.Resting>): ReadonlyArray<RunError.RestingKey> =>
  [...new Map(whys.map((why) => [why.key, why])).values()].map(({ evidence, key, reason, until }) => ({
    key,
    reason,
    ...(evidence !== undefined && { evidence }),
    ...(until !== Number.POSITIVE_INFINITY && { until })
  }))
