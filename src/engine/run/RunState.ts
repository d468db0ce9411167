/**
 * The state of one run: the current visit, the counts and the failures.
 *
 * Everything here belongs to one run. `shared` has what runs share: the bench, the retry budget and the wait queues.
 */
import type * as Context from "effect/Context"
import * as Exit from "effect/Exit"
import { Candidates } from "../../candidates/Candidates.ts"
import * as Exhaustion from "../../candidates/Exhaustion.ts"
import * as Lookahead from "../../candidates/Lookahead.ts"
import type { Line } from "../../candidates/queue/WaitQueue.ts"
import { Waits } from "../../candidates/queue/Waits.ts"
import { RunCaller } from "../../candidates/RunCaller.ts"
import type { Visit } from "../../candidates/Visit.ts"
import type { Backend } from "../../domain/Backend.ts"
import type { Target } from "../../domain/Target.ts"
import { Reporter } from "../../events/Reporter.ts"
import { type BadRequest, type Failure, isOnlyThisRequest } from "../../failure/Failure.ts"
import * as RunError from "../../failure/RunError.ts"
import * as Bench from "../../health/Bench.ts"
import type { Next, Rest } from "../../policy/Rule.ts"
import { RunClock } from "../../time/RunClock.ts"
import type * as Running from "../../util/Running.ts"
import type { Situation } from "../failures/PolicyDecision.ts"
import * as BenchRecord from "./BenchRecord.ts"
import type { RunOptions, Shared } from "./RunOptions.ts"
import type * as Step from "./Step.ts"
import * as VisitTime from "./VisitTime.ts"
import type { LaterVisit, RunPlace } from "./WhenAllBenched.ts"

const none: ReadonlyArray<never> = []

const always = () => true

/** A hedge that is under way: a second attempt, started because the current one takes long. */
export interface Hedge<out P extends Backend, out A> {
  readonly visit: Visit<P>
  readonly running: Running.Running<A>
  /** Stops waiting for its end as a hedge. */
  readonly leave: () => void
}

/** The state of one run. */
export class RunState<P extends Backend, R, A> implements Situation {
  readonly shared: Shared
  readonly options: RunOptions<P, R, A>
  readonly context: Context.Context<R>
  readonly clock: RunClock
  readonly reporter: Reporter | undefined
  /** The caller, whom a bench may concern alone. */
  readonly who: RunCaller
  /** The current visit, from the first target on. */
  visit!: Visit<P>
  /** Attempts made. */
  attempts = 0
  /** Targets that were called for the first time. */
  visits = 0
  /** Whether the run has changed to the chain for one kind of failure. */
  hasSwitched = false
  /** The queue that admitted the current attempt. */
  queue: Line | undefined
  /** The hedge beside the current attempt. */
  hedge: Hedge<P, A> | undefined
  /** Whether the request may be hedged; computed on first use. */
  mayHedge: boolean | undefined
  /** The target of the last attempt that was stopped because another one had content first. */
  dropped: Target | undefined
  #candidates: Candidates<P, R> | undefined
  #waits: Waits<RunPlace<P>> | undefined
  #later: LaterVisit<P> | undefined
  #failed: Array<RunError.FailedAttempt> | undefined
  #deadlineAt: number | undefined

  constructor(shared: Shared, options: RunOptions<P, R, A>, context: Context.Context<R>) {
    const { about, kind, observer, request, since } = options
    this.shared = shared
    this.options = options
    this.context = context
    this.clock = new RunClock(context)
    this.reporter = observer && new Reporter({ observer, kind, request, about, since, context }, this.clock)
    this.who = new RunCaller(options, context, this.clock, shared)
    shared.budget.deposit()
  }

  /**
   * The candidates; made on first use. A call whose first target answers at once makes none (`NextTarget.first`), and takes
   * 0.42 µs instead of 0.48 (thread CPU, 2026-11-30).
   */
  get candidates(): Candidates<P, R> {
    return this.#candidates ?? this.#makeCandidates()
  }

  #makeCandidates(): Candidates<P, R> {
    const { clock, context, options, reporter, shared, who } = this
    const made = new Candidates(options.prepared, context, clock, shared, reporter?.skipped, options, who)
    // The first target has been called already.
    if (this.visits > 0) made.position.next(undefined)
    this.#candidates = made
    return made
  }

  /** The attempts that failed, in order. */
  get failed(): ReadonlyArray<RunError.FailedAttempt> {
    return this.#failed ?? none
  }

  /** What it remembers for its waits. */
  get waits(): Waits<RunPlace<P>> {
    this.#waits ??= new Waits()
    if (this.#later !== undefined) this.#waits.keepAll(this.#placesOfLater())
    return this.#waits
  }

  /** Whether the run waits for room at a target. */
  isKeptForRoom(target: Target): boolean {
    const places = this.#waits?.unfinished ?? none
    return places.some((place) => place.forRoom === true && place.target === target)
  }

  // -- time -----------------------------------------------------------------------------------------------------

  /** Milliseconds since the epoch. The deadline runs from when the clock is first read. */
  now(): number {
    const now = this.clock.millis()
    this.#deadlineAt ??= now + this.deadline
    return now
  }

  /** The deadline, in milliseconds from the start. */
  get deadline(): number {
    return this.options.policy.deadline
  }

  /** The deadline, in milliseconds since the epoch. */
  get deadlineAt(): number {
    this.#deadlineAt ??= this.clock.millis() + this.deadline
    return this.#deadlineAt
  }

  /** Whether the deadline has passed. Reads no clock as long as none has been read. */
  get isOverdue(): boolean {
    return this.#deadlineAt !== undefined && this.now() >= this.#deadlineAt
  }

  /**
   * When the current visit has to end, in milliseconds since the epoch. Until then it does not matter whether another target can be
   * called: that is checked when the time comes, and if none can, the visit lasts longer.
   */
  get visitEndsAt(): number {
    const { visit } = this
    if (visit.endsAt === undefined) {
      // A hedge that has become the current attempt began earlier.
      visit.timedFrom = visit.suspendedAt ?? this.now()
      visit.endsAt = this.#endOfVisit(always)
    } else if (visit.endsAt < this.deadlineAt && visit.endsAt <= this.now()) {
      visit.endsAt = this.#laterEndOfVisit()
    }
    return visit.endsAt
  }

  /**
   * The end of the current visit if time is kept for those targets for which `holds` is true, by default those that can be called
   * now; the deadline if there are none.
   */
  #endOfVisit(holds?: (target: Target) => boolean): number {
    const { candidates, deadline, deadlineAt, options, visit } = this
    if (!this.mayMove) return deadlineAt
    // The visit would end by a timeout, so the targets that are tried after a timeout count.
    const { next } = visit.target.policy.rules.Timeout
    const others = (most: number) => Lookahead.count(candidates, visit.target, next, most, holds)
    const left = deadlineAt - visit.timedFrom
    return visit.timedFrom + VisitTime.of(left, deadline, options.policy.fallbackReserve, others)
  }

  /** The time of the visit is over: its end by what can be called now, or the time of the next check. */
  #laterEndOfVisit(): number {
    const { candidates, deadline, deadlineAt, options } = this
    const now = this.now()
    const check = now + VisitTime.longer(deadlineAt - now, deadline, options.policy.fallbackReserve)
    // At the last check a probe that is under way is waited for rather than a target that has not answered for so long. With `fail`
    // the run would not wait for it.
    const waits = check >= deadlineAt && options.policy.whenAllBenched !== "fail"
    const end = this.#endOfVisit((target) => {
      const why = candidates.whySeen(target, now)
      return why === undefined || (waits && why.probing)
    })
    return end < deadlineAt ? end : check
  }

  /**
   * The longest time of the current attempt until its first content, in milliseconds, if it is a probe after a timeout and
   * another target is free; `undefined` for the target's own timeout. If no other target answers, the run returns to this
   * one with that timeout.
   */
  get probeTime(): number | undefined {
    const { admission } = this.visit
    return admission._tag === "Probe" ? this.#timeOf(admission) : undefined
  }

  #timeOf(admission: Bench.Probe): number | undefined {
    const { candidates, shared } = this
    const { target } = this.visit
    const inRow = Bench.inRow(shared.registry.stateUnsafe(), admission, "Timeout")
    if (inRow === 0) return undefined
    // A target that would be probed as well may hang too.
    const isFree = (other: Target) => candidates.why(other) === undefined && candidates.isFree(other)
    const { next } = target.policy.rules.Timeout
    if (Lookahead.count(candidates, target, next, 1, isFree) === 0) return undefined
    return VisitTime.ofProbe(shared.cutOffs.usualOf(target), inRow)
  }

  // -- the situation that a decision is made in -----------------------------------------------------------------

  get single(): boolean {
    return this.visit.isSingle
  }

  get maxWait(): number {
    return this.visit.target.policy.maxWait
  }

  /** Whether it may call a target that it has not called yet. */
  get mayMove(): boolean {
    return this.visits < this.options.policy.targets
  }

  /** The first attempt at each target is free: the budget limits retries. */
  get attemptsLeft(): number {
    return this.options.policy.attempts - 1 - (this.attempts - this.visits)
  }

  get hasMoved(): boolean {
    return this.visits > 1
  }

  get waited(): boolean {
    return this.visit.waited
  }

  get amended(): boolean {
    return this.visit.amendedFor !== undefined
  }

  hasSibling(): boolean {
    return Lookahead.hasSibling(this.candidates)
  }

  canAmend(failure: BadRequest): boolean {
    return this.options.canAmend(this.visit.backend, failure)
  }

  hasTimeFor(delay: number): boolean {
    // A timer takes whole milliseconds.
    const then = this.now() + Math.ceil(delay)
    return then < this.visitEndsAt || then < this.#endOfVisit()
  }

  // -- records --------------------------------------------------------------------------------------------------

  /** Keeps a failure for the run's error. After a timeout, targets that were benched for a timeout come last. */
  remember(failure: Failure): void {
    if (failure._tag === "Transient" && failure.reason === "Timeout") this.candidates.hung()
    this.#failed ??= []
    this.#failed.push({ target: this.visit.target.key, failure })
  }

  /** Records a failed attempt at the bench. With a `rest` the visit is exhausted and counts towards a bench. */
  record(failure: Failure, rest: Rest | undefined, now: number): void {
    const { admission, target } = this.visit
    BenchRecord.record(this.shared, target, admission, failure, rest, this.options.kind, now, this.who)
  }

  /**
   * Learns the target's limits from a failure. True for a refusal without a named wait that the target's load explains. There will
   * be room when an attempt ends, while a bench would keep all requests out.
   */
  learn(failure: Failure, now: number): boolean {
    if (isOnlyThisRequest(failure)) return false
    const { begun, isSingle, suspendedAt, target } = this.visit
    const isCounted = this.options.kind === "stream" && suspendedAt !== undefined
    const isFull = this.shared.room.failed(target, begun, failure, isCounted, isSingle, now)
    return isFull && !isSingle && failure._tag === "RateLimit" && failure.retryAfter === undefined
  }

  /** Keeps the current visit, to continue it from `notBefore` on if no other target is left. `next`: where the run goes if it is not permitted then. */
  keepVisit(notBefore: number, next: Next | undefined, isFirst = false): void {
    const { visit } = this
    const forRoom = this.candidates.isFull(visit.target) && notBefore <= this.now()
    this.waits.keep(this.#placeOf({ visit, notBefore, next }, { isFirst, forRoom }))
  }

  /** Keeps the current visit, to continue it when the target has room, if no other target is left. With `fail` there is no wait. */
  keepForRoom(next: Next): void {
    const { visit } = this
    if (this.options.policy.whenAllBenched === "fail") return
    const kept = { visit, notBefore: this.now(), next }
    this.waits.keep(this.#placeOf(kept, { forRoom: true, anyway: false }))
  }

  /**
   * Keeps the current visit, which cannot continue now, like `keepVisit`. It is among the waits when these are next used. Most runs find
   * another target and never use them: such a run takes 1.12 instead of 1.19 µs (thread CPU, 2026-12-01).
   */
  keepForLater(notBefore: number, next: Next, isThrottled: boolean): void {
    this.#later = { visit: this.visit, notBefore, next, isThrottled, earlier: this.#later }
  }

  /** The places of the visits that were kept for later, the earliest first. */
  #placesOfLater(): ReadonlyArray<RunPlace<P>> {
    const places: Array<RunPlace<P>> = []
    for (let later = this.#later; later !== undefined; later = later.earlier) {
      places.push(this.#placeOf(later, { isThrottled: later.isThrottled }))
    }
    this.#later = undefined
    return places.reverse()
  }

  #placeOf(
    { next, notBefore, visit }: Pick<LaterVisit<P>, "visit" | "notBefore" | "next">,
    {
      anyway = this.options.policy.whenAllBenched === "tryAnyway",
      forRoom = false,
      isFirst = false,
      isThrottled = false
    }: Partial<Pick<RunPlace<P>, "isFirst" | "isThrottled" | "anyway" | "forRoom">>
  ): RunPlace<P> {
    const { backend, target } = visit
    const again = isFirst ? undefined : visit
    return { backend, target, notBefore, isFirst, isThrottled, anyway, visit: again, next, forRoom }
  }

  /** Releases the slot of a probe without a result. */
  release(): void {
    const { admission } = this.visit
    if (admission._tag === "Probe") this.shared.registry.releaseUnsafe(admission, this.now())
  }

  /** Another request may call the target now. */
  freed(target: Target): void {
    this.shared.queues.changed(target)
    this.leaveQueue()
  }

  /** The attempt that the queue admitted is over, so the queue may admit the next request. */
  leaveQueue(): void {
    const { queue } = this
    this.queue = undefined
    queue?.left()
  }

  /** The caller was interrupted between attempts: releases everything. */
  interrupted(): void {
    this.release()
    this.freed(this.visit.target)
  }

  // -- the hedge ------------------------------------------------------------------------------------------------

  /** Stops the hedge. It counts neither for nor against its target. */
  dropHedge(): void {
    const { hedge } = this
    if (hedge === undefined) return
    const { leave, running, visit } = hedge
    this.hedge = undefined
    this.dropped = visit.target
    leave()
    running.interruptUnsafe()
    this.reporter?.dropped(visit.target, true)
    this.shared.queues.changed(visit.target)
  }

  /** Makes the hedge the current attempt. */
  takeHedge(hedge: Hedge<P, A>): void {
    this.hedge = undefined
    hedge.leave()
    this.visit = hedge.visit
    this.reporter?.hedgeTakesOver()
  }

  // -- the end --------------------------------------------------------------------------------------------------

  /** Ends the run with an error. */
  fail(error: RunError.RunError): Step.End<A> {
    this.dropHedge()
    this.reporter?.runFailed(error)
    return Exit.fail(error)
  }

  /** Ends the run: all targets have failed or cannot be called. */
  exhausted(): Step.End<A> {
    return this.fail(Exhaustion.exhausted(this.candidates, this.failed))
  }

  /** Ends the run: its deadline has passed. */
  outOfTime(): Step.End<A> {
    return this.fail(new RunError.DeadlineExceeded({ deadline: this.deadline, attempts: this.failed }))
  }
}
