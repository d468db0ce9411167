/**
 * Which target a run tries next.
 *
 * Tiers in chain order; inside a tier the targets (its models × their credentials) in the strategy's order. The bench is
 * read when a target is used, not once at the start, so a cooldown that has just begun is seen. A skipped target is no error.
 */

import type * as Context from "effect/Context"
import type { Order } from "../choice/Order.ts"
import type { Backend } from "../domain/Backend.ts"
import type { Target } from "../domain/Target.ts"
import type { ContextExceeded } from "../failure/Failure.ts"
import * as Bench from "../health/Bench.ts"
import type { CredentialLimits } from "../health/CredentialLimits.ts"
import type { EngineBench } from "../health/EngineBench.ts"
import type { Next } from "../policy/Rule.ts"
import type { RunClock } from "../time/RunClock.ts"
import * as Exhaustion from "./Exhaustion.ts"
import type { PreparedChain, PreparedTier } from "./PreparedChain.ts"
import type { Room } from "./Room.ts"
import { type Choosing, TierOrder, type Turns } from "./TierOrder.ts"
import { Visit } from "./Visit.ts"
import { mayCall, type Place } from "./WaitQueue.ts"

export type { Turns } from "./TierOrder.ts"

/** Benched targets of a chain, and whether these are all of its targets. */
export interface Resting<out P> {
  readonly all: boolean
  readonly resting: ReadonlyArray<Exhaustion.RestingTarget<P>>
}

/** After so many benched targets the others are checked by the cheaper lookup `restingUnsafe`. */
const several = 4

/** Iterates over one chain. It holds a position and the targets that were given up; the current attempt belongs to the visit. */
export class Candidates<P extends Backend, R> {
  /** The backend of the target at the current position. */
  #backend!: P
  #prepared: PreparedChain<P, R>
  #tier = -1
  #order: Order<Target> = nothing
  #at = 0
  #avoid: string | undefined
  /** Models, as `provider/model`, of which no other credential is tried in this tier. */
  #left: Set<string> | undefined
  /** The current tier where it has several models, whose backends differ. */
  #mixed: PreparedTier<P, R> | undefined
  /** Orders the targets of tiers that have several; made when it is first needed. */
  #tierOrder: TierOrder<R> | undefined
  #tried: Set<string> | undefined
  /** Every target that has been given up, also before the last restart. */
  #asked: Set<string> | undefined
  /** Models, as `provider/model`, that a rule with `next: "model"` has left in this chain. */
  #leftForGood: Set<string> | undefined
  /** Targets that were skipped because of their own limit. */
  #limited: Array<Exhaustion.RestingTarget<P>> | undefined
  /** Targets that were skipped because they are at a learned limit. */
  #full: Array<{ readonly backend: P; readonly target: Target }> | undefined
  /** Targets that were skipped for others: they share the endpoint of one that failed, or may hang as another one did. */
  #avoided: Array<{ readonly backend: P; readonly target: Target }> | undefined
  /** Models, as `provider/model`, that have refused this request. */
  #refusedBy: Set<string> | undefined
  /** Whether an attempt of this run has hung. */
  #hasHung = false
  #windowAbove = 0
  #windowAtLeast = 0
  readonly #context: Context.Context<R>
  readonly #now: RunClock
  readonly #registry: EngineBench
  readonly #limits: CredentialLimits
  readonly #room: Room | undefined
  readonly #turns: Turns
  readonly #choosing: Choosing
  readonly #onSkip: ((target: Target, why: Bench.Resting) => void) | undefined

  constructor(
    prepared: PreparedChain<P, R>,
    context: Context.Context<R>,
    now: RunClock,
    shared: {
      readonly registry: EngineBench
      readonly limits: CredentialLimits
      readonly turns: Turns
      readonly room?: Room | undefined
    },
    onSkip: ((target: Target, why: Bench.Resting) => void) | undefined,
    choosing: Choosing = unchosen
  ) {
    this.#prepared = prepared
    this.#choosing = choosing
    this.#context = context
    this.#now = now
    this.#registry = shared.registry
    this.#limits = shared.limits
    this.#room = shared.room
    this.#turns = shared.turns
    this.#onSkip = onSkip
  }

  /** The next target that can be called; one that was given up before only if `again`. `undefined` at the end of the chain. */
  next(again = true): Visit<P> | undefined {
    let resting = 0
    // Read once several are benched, so that skipping a thousand costs little.
    let now: number | undefined
    while (true) {
      if (this.#at >= this.#order.length && !this.#nextTier()) return undefined
      const target = this.#order.at(this.#at++)
      if (target === undefined || this.#isTried(target) || !this.#isMeant(target)) continue
      if (this.#mixed !== undefined) this.#backend = this.#mixed.backendOf(target, this.#context)
      if (target.endpoint === this.#avoid || (this.#hasHung && this.#mayHang(target))) {
        this.#avoided ??= []
        this.#avoided.push({ backend: this.#backend, target })
        continue
      }
      if (!again && this.hasTried(target)) continue
      if (now !== undefined && this.#isSkipped(target, now)) continue
      const visit = this.admit(this.#backend, target)
      if (visit !== undefined) return visit
      if (++resting >= several) now ??= this.#now.millis()
    }
  }

  /** Whether a target of the current tier may be tried: its model was not left, and its window is large enough. */
  #isMeant({ benchKeys, contextWindow }: Target): boolean {
    return this.#left?.has(benchKeys.model) !== true && this.#fits(contextWindow)
  }

  /** Whether it was given up, or taken by a hedge or another process, since the last restart. */
  #isTried({ key }: Target): boolean {
    return this.#tried?.has(key) === true
  }

  /** Whether a call would be a probe of a target that has hung before. */
  #mayHang(target: Target): boolean {
    return Bench.isProbeAfter(this.#registry.stateUnsafe(), target, "Timeout", this.#now.millis())
  }

  #isSkipped(target: Target, now: number): boolean {
    if (target.credential.rpm !== undefined) return false
    const why = this.#registry.restingUnsafe(target, now)
    if (why !== undefined) this.#onSkip?.(target, why)
    return why !== undefined
  }

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
    if (target.credential.rpm !== undefined) {
      const why = this.#limits.why(target, this.#now.millis())
      if (why !== undefined) {
        this.#limit(backend, target, why)
        return undefined
      }
    }
    const full = this.#fullness(target, isNext)
    // A bench is the weightier reason, and a probe is not admitted either where there is no room.
    if (
      full !== undefined &&
      Bench.peek(this.#registry.stateUnsafe(), target, this.#now.millis()) === undefined
    ) {
      this.#onSkip?.(target, full)
      this.#full ??= []
      this.#full.push({ backend, target })
      return undefined
    }
    const admission = this.#registry.admitUnsafe(target, this.#now)
    if (admission._tag !== "Resting") return admission
    this.#onSkip?.(target, admission)
    return undefined
  }

  /** Skips a target after it was admitted: another process is probing it. */
  skip(target: Target): void {
    this.taken(target)
    const why = this.why(target)
    if (why !== undefined) this.#onSkip?.(target, why)
  }

  /** Skips a target after it was admitted: it turned out to be over its own limit. */
  skipLimited(backend: P, target: Target): void {
    this.#limit(backend, target, this.#limits.whyNot(target, this.#now.millis()))
  }

  /** Of the targets that were skipped because of their own limit, the one that may be called soonest. */
  soonestLimited(): Exhaustion.RestingTarget<P> | undefined {
    if (this.#limited === undefined) return undefined
    const now = this.#now.millis()
    let soonest: Exhaustion.RestingTarget<P> | undefined
    for (const { backend, target, why } of this.#limited) {
      if (this.#isTried(target) || !this.#fits(target.contextWindow)) continue
      // Another request may have used the limit meanwhile.
      const known = this.#limits.why(target, now) ?? why
      if (soonest === undefined || known.until < soonest.why.until) soonest = { backend, target, why: known }
    }
    return soonest
  }

  /** Admits a target that was skipped because of its own limit; `undefined` when it cannot be called yet. */
  goBack({ backend, target }: Exhaustion.RestingTarget<P>): Visit<P> | undefined {
    this.#limited = this.#limited?.filter((limited) => limited.target !== target)
    return this.admit(backend, target)
  }

  /** Why a target has no room for another attempt, being at a learned limit. */
  #fullness(target: Target, isNext = false): Bench.Resting | undefined {
    return this.#room?.mayBeFull === true ? this.#room.why(target, this.#now.millis(), isNext) : undefined
  }

  /** Whether a target is not benched, and has no room for another attempt. */
  isFull(target: Target): boolean {
    return this.#room?.mayBeFull === true && this.why(target)?.reason === "LearnedLimit"
  }

  /** Targets that were skipped because they are at a learned limit, and were not tried. */
  full(): ReadonlyArray<{ readonly backend: P; readonly target: Target }> {
    return (this.#full ?? []).filter(({ target }) => !this.hasTried(target) && this.#isWilling(target))
  }

  #limit(backend: P, target: Target, why: Bench.Resting): void {
    this.#onSkip?.(target, why)
    this.#limited ??= []
    this.#limited.push({ backend, target, why })
  }

  /** A target is called by a hedge, or probed by another process: it is not the next one any more. */
  taken({ key }: Target): void {
    this.#tried ??= new Set()
    this.#tried.add(key)
  }

  /** Gives a target up. `next` is the rule's: which targets of the same model are still worth an attempt. */
  giveUp({ benchKeys, endpoint, key }: Target, next: Next): void {
    this.#tried ??= new Set()
    this.#tried.add(key)
    this.#asked ??= new Set()
    this.#asked.add(key)
    if (next === "endpoint") this.#avoid = endpoint
    else if (next !== "credential") {
      this.#left ??= new Set()
      this.#left.add(benchKeys.model)
      this.#leftForGood ??= new Set()
      this.#leftForGood.add(benchKeys.model)
    }
  }

  /** An attempt took too long. Targets that may hang too are called from now on only when no others are left. */
  hung(): void {
    this.#hasHung = true
  }

  /** A model has refused the request, and would refuse it with another credential too. */
  refused({ benchKeys }: Target): void {
    this.#refusedBy ??= new Set()
    this.#refusedBy.add(benchKeys.model)
  }

  /** The prompt was too long for a target: from now on models whose window is known to be no larger are skipped. */
  needWindow(target: Target, { actual, limit }: ContextExceeded): void {
    this.#windowAbove = Math.max(this.#windowAbove, limit ?? 0, target.contextWindow ?? 0)
    this.#windowAtLeast = Math.max(this.#windowAtLeast, actual ?? 0)
  }

  /** Goes on with another chain. Targets that were tried are not tried again. */
  switchTo(prepared: PreparedChain<P, R>): void {
    this.#prepared = prepared
    this.#limited = undefined
    this.#full = undefined
    this.#avoided = undefined
    this.#leftForGood = undefined
    this.#rewind()
  }

  /** Begins again, after a wait: with those that were tried, too, if `again`. */
  restart(again: boolean): undefined {
    this.#tried = again ? undefined : this.#asked
    this.#limited = undefined
    this.#full = undefined
    this.#rewind()
  }

  /** Whether another credential of the current model, or an equal of it, could be called now. */
  hasSibling(): boolean {
    return (
      this.#ahead((target) => target.endpoint !== this.#avoid && this.why(target) === undefined) !== undefined
    )
  }

  /** The first target behind the current one, in its tier, for which something holds. */
  #ahead(holds: (target: Target) => boolean): Target | undefined {
    for (let at = this.#at; at < this.#order.length; at++) {
      const target = this.#order.at(at)!
      if (this.#isMeant(target) && !this.#isTried(target) && holds(target)) return target
    }
    return undefined
  }

  /** The model, as `provider/model`, of the target that would come next. Takes no probe slot. */
  following(): string | undefined {
    const isOpen = (target: Target) => this.why(target) === undefined
    const here = this.#ahead((target) => target.endpoint !== this.#avoid && isOpen(target))
    return (here ?? this.#later(isOpen, ({ single }) => single !== undefined)?.target)?.benchKeys.model
  }

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
    const here = this.#ahead((target) => target.endpoint !== this.#avoid && isOpen(target))
    const tier = this.#prepared.tiers[this.#tier]!
    if (here !== undefined) return this.admit(tier.backendOf(here, this.#context), here)
    const later = to === "chain" ? this.#later(isOpen) : undefined
    return later && this.admit(later.tier.backendOf(later.target, this.#context), later.target)
  }

  /** Whether the bench would admit a target now, and not as a probe. */
  isFree(target: Target): boolean {
    const state = this.#registry.stateUnsafe()
    return state.entries.size === 0 || Bench.isFree(state, target, this.#now.millis())
  }

  /**
   * The first target of the later tiers for which something holds. Where the first one as listed is enough, the tier's order
   * is not worked out.
   */
  #later(
    holds: (target: Target) => boolean,
    isEnough: (tier: PreparedTier<P, R>) => boolean = () => false
  ): { readonly tier: PreparedTier<P, R>; readonly target: Target } | undefined {
    for (let at = this.#tier + 1; at < this.#prepared.tiers.length; at++) {
      const tier = this.#prepared.tiers[at]!
      const targets = tier.targetsIn(this.#context)
      const isNext = (target: Target) =>
        this.#fits(target.contextWindow) && !this.#isTried(target) && holds(target)
      const first = targets.find(isNext)
      if (first === undefined) continue
      if (isEnough(tier)) return { tier, target: first }
      const order = targets.length < 2 ? targets : this.#ordering().ahead(tier, targets)
      for (let place = 0; place < order.length; place++) {
        const target = order.at(place)!
        if (isNext(target)) return { tier, target }
      }
    }
    return undefined
  }

  /** How many models the chain has. */
  get models(): number {
    return this.#prepared.models.length
  }

  /**
   * How many targets could be called now by a run that leaves a target this way. Counts up to `most` only, since a chain
   * can be long.
   */
  ahead({ benchKeys, endpoint }: Target, next: Next, most: number): number {
    if (next === "stop" || most < 1) return 0
    let count = 0
    const isOnly = this.#prepared.tiers[this.#tier]?.single !== undefined
    const leaves = next === "model" && isOnly
    for (let at = leaves ? this.#order.length : this.#at; at < this.#order.length; at++) {
      const target = this.#order.at(at)!
      const isThere =
        next === "model" ? target.benchKeys.model !== benchKeys.model : target.endpoint !== endpoint
      const isNext = (next === "credential" || isThere) && this.#isMeant(target) && !this.#isTried(target)
      if (isNext && this.why(target) === undefined) count++
      if (count >= most) return count
    }
    for (let at = this.#tier + 1; at < this.#prepared.tiers.length; at++) {
      for (const target of this.#prepared.tiers[at]!.targetsIn(this.#context)) {
        if (this.#isTried(target) || !this.#fits(target.contextWindow)) continue
        if (this.why(target) === undefined && ++count >= most) return count
      }
    }
    return count
  }

  /** Whether a target has been tried and given up. */
  hasTried(target: Target): boolean {
    return this.#asked?.has(target.key) === true
  }

  /** All benched targets of the chain, and whether these are all of its targets. */
  resting(): Resting<P> {
    return this.#restingOf(() => true)
  }

  /** The same without the models that refused this request, and those whose window is too small. */
  restingOfWilling(): Resting<P> {
    return this.#restingOf((target) => this.#isWilling(target))
  }

  #isWilling({ benchKeys, contextWindow }: Target): boolean {
    return this.#refusedBy?.has(benchKeys.model) !== true && this.#fits(contextWindow)
  }

  #restingOf(isCounted: (target: Target) => boolean): Resting<P> {
    const resting: Array<Exhaustion.RestingTarget<P>> = []
    let all = true
    for (const model of this.#prepared.models) {
      const backend = model.backendIn(this.#context)
      for (const target of model.targetsOf(backend)) {
        if (!isCounted(target)) continue
        const why = this.why(target)
        if (why === undefined) all = false
        else resting.push({ backend, target, why })
      }
    }
    return { all, resting }
  }

  /**
   * Targets that can be called now and were not tried: those that were skipped for others that seemed better, and without any
   * of these the ones that were benched when the run passed them.
   */
  untried(): ReadonlyArray<{ readonly backend: P; readonly target: Target }> {
    const isOpen = (target: Target) =>
      !this.hasTried(target) && this.#isWilling(target) && this.why(target) === undefined
    const avoided = (this.#avoided ?? []).filter(({ target }) => isOpen(target))
    if (avoided.length > 0) return avoided
    const open: Array<{ readonly backend: P; readonly target: Target }> = []
    for (const tier of this.#prepared.tiers) {
      for (const target of tier.targetsIn(this.#context)) {
        const isPassed = this.#isTried(target) || this.#leftForGood?.has(target.benchKeys.model) === true
        if (!isPassed && isOpen(target)) open.push({ backend: tier.backendOf(target, this.#context), target })
      }
    }
    return open
  }

  /** Benched targets that were not tried yet and may be tried all the same; the soonest end of a cooldown first. */
  toTry(): ReadonlyArray<Exhaustion.RestingTarget<P>> {
    const now = this.#now.millis()
    const { resting } = this.restingOfWilling()
    return Exhaustion.inOrder(
      resting.filter(
        ({ target }) =>
          !this.hasTried(target) &&
          this.#limits.why(target, now) === undefined &&
          this.#fullness(target) === undefined
      )
    )
  }

  /** Targets benched by hand that were not tried yet, as far as their bench ends by then. */
  benchedByHand(until: number): ReadonlyArray<Exhaustion.RestingTarget<P>> {
    return this.restingOfWilling().resting.filter(
      ({ target, why }) => why.reason === "Manual" && why.until <= until && !this.hasTried(target)
    )
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
    const { generation } = this.#registry.stateUnsafe()
    if (visit === undefined) return new Visit(backend, target, { _tag: "Go", generation }, true)
    visit.admission = { _tag: "Go", generation }
    visit.isLastResort = true
    return visit
  }

  #nextTier(): boolean {
    const tier = this.#prepared.tiers[++this.#tier]
    if (tier === undefined) return false
    this.#avoid = undefined
    this.#left = undefined
    this.#at = 0
    this.#mixed = tier.single === undefined ? tier : undefined
    if (tier.single !== undefined) {
      this.#order = nothing
      if (!this.#fits(tier.single.model.contextWindow)) return true
      this.#backend = tier.single.backendIn(this.#context)
    }
    const targets = tier.targetsIn(this.#context)
    this.#order = targets.length < 2 ? targets : this.#ordering().of(tier, targets)
    return true
  }

  #ordering(): TierOrder<R> {
    this.#tierOrder ??= new TierOrder({
      choosing: this.#choosing,
      context: this.#context,
      clock: this.#now,
      registry: this.#registry,
      turns: this.#turns,
      isOut: (target) => this.why(target) !== undefined
    })
    return this.#tierOrder
  }

  #fits(contextWindow: number | undefined): boolean {
    return (
      contextWindow === undefined ||
      (contextWindow > this.#windowAbove && contextWindow >= this.#windowAtLeast)
    )
  }

  /** What keeps a target from being called now: the bench, or a limit. */
  why(target: Target, isNext = false): Bench.Resting | undefined {
    const state = this.#registry.stateUnsafe()
    const isLimited = target.credential.rpm !== undefined
    if (state.entries.size === 0 && !isLimited) return this.#fullness(target, isNext)
    const now = this.#now.millis()
    const benched = Bench.peek(state, target, now)
    const resting = isLimited ? Bench.weightier(benched, this.#limits.why(target, now)) : benched
    return resting ?? this.#fullness(target, isNext)
  }

  #rewind(): void {
    this.#tier = -1
    this.#order = nothing
    this.#at = 0
    this.#avoid = undefined
    this.#left = undefined
  }
}

const nothing: Order<never> = []

const unchosen: Choosing = { kind: "effect", affinity: undefined }
