/**
 * The candidates of a run: which target it tries next.
 *
 * `Position` gives the targets in order. The bench is read when a target is used, not at the start, so a cooldown that has just
 * begun counts. A skipped target is not an error.
 */
import type * as Context from "effect/Context"
import type { Asking } from "../callers/CallerId.ts"
import type { Backend } from "../domain/Backend.ts"
import type { Target } from "../domain/Target.ts"
import type { ContextExceeded } from "../failure/Failure.ts"
import * as Bench from "../health/Bench.ts"
import type { Next } from "../policy/Rule.ts"
import type { RunClock } from "../time/RunClock.ts"
import * as Availability from "./Availability.ts"
import type { BenchedTarget } from "./BenchedTargets.ts"
import { Exclusions } from "./Exclusions.ts"
import * as Lookahead from "./Lookahead.ts"
import { Position } from "./Position.ts"
import type { PreparedChain } from "./PreparedChain.ts"
import { mayCall, type Place } from "./queue/WaitQueue.ts"
import { type Remembered, RunCaller } from "./RunCaller.ts"
import { type Candidate, Skipped } from "./Skipped.ts"
import { type Choosing, TierOrder, type Turns } from "./TierOrder.ts"
import { Visit } from "./Visit.ts"

export type { Turns } from "./TierOrder.ts"

/** After this many benched targets the others are checked by the cheaper lookup `whyBenchedUnsafe`. */
const several = 4

/** What the runs of a runtime share, as far as it is needed here. */
interface Shared extends Availability.Limits, Remembered {
  readonly turns: Turns
}

/** The candidates of one run. The current attempt belongs to the visit. */
export class Candidates<P extends Backend, R> {
  readonly position: Position<P, R>
  /** The caller, whom a bench may concern alone. */
  readonly who: Bench.Who
  /** The targets that are not tried; made on first use. */
  #excluded: Exclusions | undefined
  /** The targets that were skipped; made on first use. */
  #skipped: Skipped<P> | undefined
  /** Orders the targets of tiers with several; made on first use. */
  #tierOrder: TierOrder<R> | undefined
  readonly #shared: Shared
  readonly #now: RunClock
  readonly #choosing: Choosing & Partial<Asking>
  readonly #onSkip: ((target: Target, why: Bench.Benched) => void) | undefined

  constructor(
    prepared: PreparedChain<P, R>,
    context: Context.Context<R>,
    now: RunClock,
    shared: Shared,
    onSkip: ((target: Target, why: Bench.Benched) => void) | undefined,
    choosing: Choosing & Partial<Asking> = unchosen,
    who: Bench.Who = new RunCaller(choosing, context, now, shared)
  ) {
    this.position = new Position(prepared, context, this)
    this.#now = now
    this.#shared = shared
    this.#onSkip = onSkip
    this.#choosing = choosing
    this.who = who
  }

  // -- the next target ------------------------------------------------------------------------------------------

  /** Begins a visit to the next target that can be called; targets that were given up before are included only if `again`. `undefined` at the end of the chain. */
  next(again = true): Visit<P> | undefined {
    let benched = 0
    // Read once several are benched, so that skipping a thousand costs little.
    let now: number | undefined
    while (true) {
      const target = this.position.next(this.#excluded)
      if (target === undefined) return undefined
      if (this.#excluded !== undefined && !this.#isNext(target, again)) continue
      if (now !== undefined && this.#isSkipped(target, now)) continue
      const visit = this.admit(this.position.backendOf(target), target)
      if (visit !== undefined) return visit
      if (++benched >= several) now ??= this.#now.millis()
    }
  }

  #isNext(target: Target, again: boolean): boolean {
    if (!this.allows(target)) return false
    if (this.#isAvoided(target)) {
      this.#skips().avoid(this.position.backendOf(target), target)
      return false
    }
    return again || !this.hasTried(target)
  }

  #isAvoided(target: Target): boolean {
    if (this.position.avoids(target)) return true
    return this.#excluded?.hasHung === true && Availability.mayHang(this.#shared, target, this.#now, this.who)
  }

  #isSkipped(target: Target, now: number): boolean {
    if (target.credential.rpm !== undefined) return false
    const why = this.#shared.registry.whyBenchedUnsafe(target, now, this.who)
    if (why !== undefined) this.#onSkip?.(target, why)
    return why !== undefined
  }

  /** Orders the targets of tiers with several. */
  ordering(): TierOrder<R> {
    this.#tierOrder ??= new TierOrder(this.#shared, this.#choosing, this.position.context, this.#now, this)
    return this.#tierOrder
  }

  // -- admission ------------------------------------------------------------------------------------------------

  /**
   * Begins a visit to a target if the bench admits it; `undefined` when it is benched or at a limit. `isNext`: this request is
   * the next one among those that wait for room.
   */
  admit(backend: P, target: Target, isNext = false): Visit<P> | undefined {
    const admission = this.#admission(backend, target, isNext)
    return admission === undefined ? undefined : new Visit(backend, target, admission)
  }

  /** Continues a visit if the bench still admits its target; false when it does not. */
  readmit(visit: Visit<P>, isNext = false): boolean {
    const admission = this.#admission(visit.backend, visit.target, isNext)
    if (admission === undefined) return false
    visit.admission = admission
    visit.isLastAttempt = false
    return true
  }

  #admission(backend: P, target: Target, isNext: boolean): Bench.Go | Bench.Probe | undefined {
    const admission = Availability.admit(this.#shared, target, this.#now, this.who, isNext)
    if (admission._tag !== "Benched") return admission
    this.#onSkip?.(target, admission)
    if (admission.reason === "OwnLimit") this.#skips().limit(backend, target, admission)
    else if (admission.reason === "LearnedLimit") this.#skips().fill(backend, target)
    return undefined
  }

  /**
   * Begins or continues a visit when the target's wait queue admits this request, even if the target is benched. `undefined`
   * when it may not be called.
   */
  takeTurn(
    place: Place & { readonly backend: P; readonly visit?: Visit<P> | undefined }
  ): Visit<P> | undefined {
    const { backend, forRoom = false, target, visit } = place
    const why = this.why(target, forRoom)
    if (why === undefined) {
      if (visit === undefined) return this.admit(backend, target, forRoom)
      return this.readmit(visit, forRoom) ? visit : undefined
    }
    if (!mayCall(place, why)) return undefined
    const { generation } = this.#shared.registry.stateUnsafe()
    if (visit === undefined) return new Visit(backend, target, { _tag: "Go", generation }, true)
    visit.admission = { _tag: "Go", generation }
    visit.isLastAttempt = true
    return visit
  }

  /** Why a target cannot be called now: it is benched or at a limit. `undefined` when it can. */
  why(target: Target, isNext = false): Bench.Benched | undefined {
    return Availability.why(this.#shared, target, this.#now, this.who, isNext)
  }

  /** Like `why`, but cheaper for thousands of targets: for a benched one it may return an earlier end than the current one. */
  whySeen(target: Target, now: number): Bench.Benched | undefined {
    return Availability.whySeen(this.#shared, target, this.#now, this.who, now)
  }

  /** Whether a target is not benched, and has no room for another attempt. */
  isFull(target: Target): boolean {
    return Availability.isFull(this.#shared, target, this.#now, this.who)
  }

  /** Whether the bench would admit a target now, and not as a probe. */
  isFree(target: Target): boolean {
    return Availability.isFree(this.#shared, target, this.#now, this.who)
  }

  /** Whether its credential is over its own limit, or the target at a learned one. Requests that wait for room do not matter at a benched target. */
  isLimited(target: Target): boolean {
    return (
      this.#shared.limits.why(target, this.#now.millis()) !== undefined ||
      Availability.whyFull(this.#shared, target, this.#now, true) !== undefined
    )
  }

  // -- skipped targets ------------------------------------------------------------------------------------------

  /** Skips a target that was admitted, because another process is probing it. */
  skip(target: Target): void {
    this.#skips().probing(target, this.#now.millis() + Bench.shortestCooldown)
    const why = this.why(target)
    if (why !== undefined) this.#onSkip?.(target, why)
  }

  /** Skips a target that was admitted, because its credential is over its own limit. */
  skipLimited(backend: P, target: Target): void {
    const why = this.#shared.limits.whyNot(target, this.#now.millis())
    this.#onSkip?.(target, why)
    this.#skips().limit(backend, target, why)
  }

  /** Among the targets that were skipped for their own limit, the one that can be called soonest. */
  soonestLimited(): BenchedTarget<P> | undefined {
    if (this.#skipped === undefined) return undefined
    const now = this.#now.millis()
    return this.#skipped.soonestLimited(
      (target) => this.allows(target),
      (target) => this.#shared.limits.why(target, now)
    )
  }

  /** Begins a visit to a target that was skipped for its own limit; `undefined` when it cannot be called yet. */
  goBack({ backend, target }: BenchedTarget<P>): Visit<P> | undefined {
    this.#skipped?.comeBackTo(target)
    return this.admit(backend, target)
  }

  /** Targets that were skipped at a learned limit and not tried. */
  full(): ReadonlyArray<Candidate<P>> {
    const full = this.#skipped?.full ?? []
    return full.filter(({ target }) => !this.hasTried(target) && this.isWilling(target))
  }

  /**
   * Targets that can be called now and were not tried: those that were skipped in favour of others; if there are none, those
   * that were benched when the run skipped them.
   */
  untried(): ReadonlyArray<Candidate<P>> {
    const isOpen = (target: Target) =>
      !this.hasTried(target) &&
      this.isWilling(target) &&
      this.why(target) === undefined &&
      this.#skipped?.isProbed(target, this.#now.millis()) !== true
    const avoided = this.#skipped?.avoided.filter(({ target }) => isOpen(target)) ?? []
    return avoided.length > 0 ? avoided : Lookahead.passed(this, isOpen)
  }

  #skips(): Skipped<P> {
    this.#skipped ??= new Skipped()
    return this.#skipped
  }

  // -- exclusions -----------------------------------------------------------------------------------------------

  /** Whether a target may be tried: it was not tried since the last restart, and its window is large enough. */
  allows(target: Target): boolean {
    return this.#excluded === undefined || this.#excluded.allows(target)
  }

  /** Whether a target has been tried and given up. */
  hasTried(target: Target): boolean {
    return this.#excluded?.hasTried(target) === true
  }

  /** Whether a target may accept the request: its model has not refused it, and its window is large enough. */
  isWilling(target: Target): boolean {
    return this.#excluded === undefined || this.#excluded.isWilling(target)
  }

  /** A hedge calls the target, so it is not a candidate any more. */
  taken(target: Target): void {
    this.#exclusions().take(target)
  }

  /** Gives a target up. `next` is the rule's field: which targets of the same model may still be tried. */
  giveUp(target: Target, next: Next): void {
    this.#exclusions().giveUp(target)
    this.position.leave(target, next)
  }

  /** An attempt timed out. From now on, targets that were benched for a timeout are probed only when no others are left. */
  hung(): void {
    this.#exclusions().hasHung = true
  }

  /** A model has refused the request, and would refuse it with another credential too. */
  refused(target: Target): void {
    this.#exclusions().refused(target)
  }

  /** The prompt was too long for a target: from now on models whose window is known to be no larger are skipped. */
  needWindow(target: Target, failure: ContextExceeded): void {
    this.#exclusions().needWindow(target, failure)
  }

  #exclusions(): Exclusions {
    this.#excluded ??= new Exclusions()
    return this.#excluded
  }

  // -- the position ---------------------------------------------------------------------------------------------

  /** Changes to another chain. Targets that were tried are not tried again. */
  switchTo(prepared: PreparedChain<P, R>): void {
    this.position.switchTo(prepared)
    this.#skipped = undefined
  }

  /** Starts again after a wait; targets that were tried are included if `again`. */
  restart(again: boolean): void {
    this.#excluded?.restart(again)
    this.#skipped?.restart()
    this.position.rewind()
  }

  // -- the target of a hedge ------------------------------------------------------------------------------------

  /**
   * Begins a visit to the target of a hedge beside `current`: the next one in the current tier, or with `chain` in a later one,
   * that is free, not tried, and not over its own limit. It is not a probe. The position does not change.
   */
  besides(current: Target, to: "tier" | "chain"): Visit<P> | undefined {
    // After a wait the current target may be ahead again.
    const isOpen = (target: Target) =>
      target.key !== current.key &&
      !this.hasTried(target) &&
      this.why(target) === undefined &&
      this.isFree(target)
    const found = Lookahead.find(this, to, isOpen)
    return found && this.admit(found.tier.backendOf(found.target, this.position.context), found.target)
  }
}

const unchosen: Choosing = { kind: "effect", affinity: undefined }
