/**
 * Which target a run tries next.
 *
 * The position gives the targets in order. The bench is read when a target is used, not once at the start, so a cooldown that
 * has just begun is seen. A skipped target is no error.
 */
import type * as Context from "effect/Context"
import type { Backend } from "../domain/Backend.ts"
import type { Target } from "../domain/Target.ts"
import type { ContextExceeded } from "../failure/Failure.ts"
import type * as Bench from "../health/Bench.ts"
import type { Next } from "../policy/Rule.ts"
import type { RunClock } from "../time/RunClock.ts"
import * as Availability from "./Availability.ts"
import type { RestingTarget } from "./BenchedTargets.ts"
import { Exclusions } from "./Exclusions.ts"
import * as Lookahead from "./Lookahead.ts"
import { Position } from "./Position.ts"
import type { PreparedChain } from "./PreparedChain.ts"
import { mayCall, type Place } from "./queue/WaitQueue.ts"
import { type Candidate, Skipped } from "./Skipped.ts"
import { type Choosing, TierOrder, type Turns } from "./TierOrder.ts"
import { Visit } from "./Visit.ts"

export type { Turns } from "./TierOrder.ts"

/** After so many benched targets the others are checked by the cheaper lookup `restingUnsafe`. */
const several = 4

/** What the runs of a runtime share, as far as it is needed here. */
interface Shared extends Availability.Limits {
  readonly turns: Turns
}

/** The candidates of one run. The current attempt belongs to the visit. */
export class Candidates<P extends Backend, R> {
  readonly position: Position<P, R>
  /** What the request leaves out; made when it is first needed. */
  #excluded: Exclusions | undefined
  /** What it has skipped; made when it is first needed. */
  #skipped: Skipped<P> | undefined
  /** Orders the targets of tiers that have several; made when it is first needed. */
  #tierOrder: TierOrder<R> | undefined
  readonly #shared: Shared
  readonly #now: RunClock
  readonly #choosing: Choosing
  readonly #onSkip: ((target: Target, why: Bench.Resting) => void) | undefined

  constructor(
    prepared: PreparedChain<P, R>,
    context: Context.Context<R>,
    now: RunClock,
    shared: Shared,
    onSkip: ((target: Target, why: Bench.Resting) => void) | undefined,
    choosing: Choosing = unchosen
  ) {
    this.position = new Position(prepared, context, this)
    this.#now = now
    this.#shared = shared
    this.#onSkip = onSkip
    this.#choosing = choosing
  }

  // -- the next target ------------------------------------------------------------------------------------------

  /** The next target that can be called; one that was given up before only if `again`. `undefined` at the end of the chain. */
  next(again = true): Visit<P> | undefined {
    let resting = 0
    // Read once several are benched, so that skipping a thousand costs little.
    let now: number | undefined
    while (true) {
      const target = this.position.next(this.#excluded)
      if (target === undefined) return undefined
      if (!this.allows(target)) continue
      const backend = this.position.backendOf(target)
      if (this.#isAvoided(target)) {
        this.#skips().avoid(backend, target)
        continue
      }
      if (!again && this.hasTried(target)) continue
      if (now !== undefined && this.#isSkipped(target, now)) continue
      const visit = this.admit(backend, target)
      if (visit !== undefined) return visit
      if (++resting >= several) now ??= this.#now.millis()
    }
  }

  #isAvoided(target: Target): boolean {
    if (this.position.avoids(target)) return true
    return this.#excluded?.hasHung === true && Availability.mayHang(this.#shared, target, this.#now)
  }

  #isSkipped(target: Target, now: number): boolean {
    if (target.credential.rpm !== undefined) return false
    const why = this.#shared.registry.restingUnsafe(target, now)
    if (why !== undefined) this.#onSkip?.(target, why)
    return why !== undefined
  }

  /** The order of the targets of tiers that have several. */
  ordering(): TierOrder<R> {
    this.#tierOrder ??= new TierOrder({
      choosing: this.#choosing,
      context: this.position.context,
      clock: this.#now,
      registry: this.#shared.registry,
      turns: this.#shared.turns,
      isOut: (target) => this.why(target) !== undefined
    })
    return this.#tierOrder
  }

  // -- admission ------------------------------------------------------------------------------------------------

  /**
   * Begins a visit to a target if the bench admits it; `undefined` when it is benched, or at a limit. `isNext`: it is this
   * request's turn among those that wait for room.
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
    visit.isLastResort = false
    return true
  }

  #admission(backend: P, target: Target, isNext: boolean): Bench.Go | Bench.Probe | undefined {
    const admission = Availability.admit(this.#shared, target, this.#now, isNext)
    if (admission._tag !== "Resting") return admission
    this.#onSkip?.(target, admission)
    if (admission.reason === "OwnLimit") this.#skips().limit(backend, target, admission)
    else if (admission.reason === "LearnedLimit") this.#skips().fill(backend, target)
    return undefined
  }

  /**
   * Begins or continues a visit to a target whose turn in its wait queue has come, if need be although it is benched.
   * `undefined` when it may not be called.
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
    visit.isLastResort = true
    return visit
  }

  /** What keeps a target from being called now: the bench, or a limit. */
  why(target: Target, isNext = false): Bench.Resting | undefined {
    return Availability.why(this.#shared, target, this.#now, isNext)
  }

  /** Whether a target is not benched, and has no room for another attempt. */
  isFull(target: Target): boolean {
    return Availability.isFull(this.#shared, target, this.#now)
  }

  /** Whether the bench would admit a target now, and not as a probe. */
  isFree(target: Target): boolean {
    return Availability.isFree(this.#shared, target, this.#now)
  }

  /** Whether its credential is over its own limit, or the target at a learned one. */
  isLimited(target: Target): boolean {
    return (
      this.#shared.limits.why(target, this.#now.millis()) !== undefined ||
      Availability.whyFull(this.#shared, target, this.#now) !== undefined
    )
  }

  // -- skipped targets ------------------------------------------------------------------------------------------

  /** Skips a target after it was admitted: another process is probing it. */
  skip(target: Target): void {
    this.taken(target)
    const why = this.why(target)
    if (why !== undefined) this.#onSkip?.(target, why)
  }

  /** Skips a target after it was admitted: it turned out to be over its own limit. */
  skipLimited(backend: P, target: Target): void {
    const why = this.#shared.limits.whyNot(target, this.#now.millis())
    this.#onSkip?.(target, why)
    this.#skips().limit(backend, target, why)
  }

  /** Of the targets that were skipped because of their own limit, the one that may be called soonest. */
  soonestLimited(): RestingTarget<P> | undefined {
    if (this.#skipped === undefined) return undefined
    const now = this.#now.millis()
    return this.#skipped.soonestLimited(
      (target) => this.allows(target),
      (target) => this.#shared.limits.why(target, now)
    )
  }

  /** Admits a target that was skipped because of its own limit; `undefined` when it cannot be called yet. */
  goBack({ backend, target }: RestingTarget<P>): Visit<P> | undefined {
    this.#skipped?.comeBackTo(target)
    return this.admit(backend, target)
  }

  /** Targets that were skipped because they are at a learned limit, and were not tried. */
  full(): ReadonlyArray<Candidate<P>> {
    const full = this.#skipped?.full ?? []
    return full.filter(({ target }) => !this.hasTried(target) && this.isWilling(target))
  }

  /**
   * Targets that can be called now and were not tried: those that were skipped for others that seemed better, and without any
   * of these the ones that were benched when the run passed them.
   */
  untried(): ReadonlyArray<Candidate<P>> {
    const isOpen = (target: Target) =>
      !this.hasTried(target) && this.isWilling(target) && this.why(target) === undefined
    const avoided = this.#skipped?.avoided.filter(({ target }) => isOpen(target)) ?? []
    return avoided.length > 0 ? avoided : Lookahead.passed(this, isOpen)
  }

  #skips(): Skipped<P> {
    this.#skipped ??= new Skipped()
    return this.#skipped
  }

  // -- exclusions -----------------------------------------------------------------------------------------------

  /** Whether a target is left for this request: it was not tried since the last restart, and its window is large enough. */
  allows(target: Target): boolean {
    return this.#excluded === undefined || this.#excluded.allows(target)
  }

  /** Whether a target has been tried and given up. */
  hasTried(target: Target): boolean {
    return this.#excluded?.hasTried(target) === true
  }

  /** Whether a target may take the request: its model has not refused it, and its window is large enough. */
  isWilling(target: Target): boolean {
    return this.#excluded === undefined || this.#excluded.isWilling(target)
  }

  /** A target is called by a hedge, or probed by another process: it is not the next one any more. */
  taken(target: Target): void {
    this.#exclusions().take(target)
  }

  /** Gives a target up. `next` is the rule's: which targets of the same model are still worth an attempt. */
  giveUp(target: Target, next: Next): void {
    this.#exclusions().giveUp(target)
    this.position.leave(target, next)
  }

  /** An attempt took too long. Targets that may hang too are called from now on only when no others are left. */
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

  /** Goes on with another chain. Targets that were tried are not tried again. */
  switchTo(prepared: PreparedChain<P, R>): void {
    this.position.switchTo(prepared)
    this.#skipped = undefined
  }

  /** Begins again, after a wait: with those that were tried, too, if `again`. */
  restart(again: boolean): void {
    this.#excluded?.restart(again)
    this.#skipped?.restart()
    this.position.rewind()
  }

  // -- the target of a hedge ------------------------------------------------------------------------------------

  /**
   * Begins a visit to the target that a hedge calls beside `current`: the next one in the current tier, or with `chain` in a
   * later one, that is free, was not tried, and is not over its own limit. It is no probe, and the position stays as it is.
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
