/**
 * Which target a run tries next.
 *
 * Models in chain order; inside a model the credentials in the strategy's order. The bench is asked at the moment of
 * use, not once at the start, so a rest that began a moment ago is seen. Passing a resting target by makes no error.
 */
import * as Context from "effect/Context"
import * as Random from "effect/Random"
import type { Backend } from "../domain/Backend.ts"
import * as ModelSpec from "../domain/ModelSpec.ts"
import * as Strategy from "../domain/Strategy.ts"
import type { Target } from "../domain/Target.ts"
import type { ContextExceeded } from "../failure/Failure.ts"
import * as Bench from "../health/Bench.ts"
import type { BenchRegistry } from "../health/BenchRegistry.ts"
import type { CredentialLimits } from "../health/CredentialLimits.ts"
import type { Next } from "../policy/Rule.ts"
import type { RunClock } from "../time/RunClock.ts"
import * as Exhaustion from "./Exhaustion.ts"
import type { PreparedChain, PreparedModel } from "./PreparedChain.ts"
import { mayCall, type Place } from "./WaitQueue.ts"

/** Requests seen per backend: where `roundRobin` goes on. */
export type Turns = Map<string, number>

/** Targets of a chain that rest, and whether these are all. */
export interface Resting<out P> {
  readonly all: boolean
  readonly resting: ReadonlyArray<Exhaustion.RestingTarget<P>>
}

/** So many targets are asked for one by one; those that rest behind them are passed by at a glance. */
const several = 4

/** A walk over one chain. After `next()` has said true, `backend`, `target` and `admission` are the current candidate. */
export class Candidates<P extends Backend, R> {
  backend!: P
  target!: Target
  admission!: Bench.Go | Bench.Probe

  #models: ReadonlyArray<PreparedModel<P, R>>
  #model = -1
  #order: ReadonlyArray<Target> = []
  #at = 0
  #avoid: string | undefined
  #tried: Set<string> | undefined
  /** Every target that has been given up, also before the chain was begun anew. */
  #asked: Set<string> | undefined
  #ownTurns: Map<string, number> | undefined
  /** Targets that were passed by because of their own limit. */
  #limited: Array<Exhaustion.RestingTarget<P>> | undefined
  /** Targets that were passed by because they are at the place of one that failed. */
  #avoided: Array<{ readonly backend: P; readonly target: Target }> | undefined
  /** Models, as `provider/model`, that have refused this request. */
  #refusedBy: Set<string> | undefined
  #windowAbove = 0
  #windowAtLeast = 0
  readonly #context: Context.Context<R>
  readonly #now: RunClock
  readonly #registry: BenchRegistry["Service"]
  readonly #limits: CredentialLimits
  readonly #turns: Turns
  readonly #onSkip: ((target: Target, why: Bench.Resting) => void) | undefined

  constructor(
    prepared: PreparedChain<P, R>,
    context: Context.Context<R>,
    now: RunClock,
    shared: {
      readonly registry: BenchRegistry["Service"]
      readonly limits: CredentialLimits
      readonly turns: Turns
    },
    onSkip: ((target: Target, why: Bench.Resting) => void) | undefined
  ) {
    this.#models = prepared.models
    this.#context = context
    this.#now = now
    this.#registry = shared.registry
    this.#limits = shared.limits
    this.#turns = shared.turns
    this.#onSkip = onSkip
  }

  /** Goes to the next callable target, to one that was tried before only if `again`; false when there is none left. */
  next(again = true): boolean {
    let resting = 0
    // Read when several rest: passing a thousand by is to cost little.
    let now: number | undefined
    while (true) {
      if (this.#at >= this.#order.length && !this.#nextModel()) return false
      const target = this.#order[this.#at++]
      if (target === undefined || this.#tried?.has(target.key)) continue
      if (target.endpoint === this.#avoid) {
        this.#avoided ??= []
        this.#avoided.push({ backend: this.backend, target })
        continue
      }
      if (!again && this.hasTried(target)) continue
      if (now !== undefined && this.#isPassedBy(target, now)) continue
      if (this.admit(target)) return true
      if (++resting >= several) now ??= this.#now.millis()
    }
  }

  #isPassedBy(target: Target, now: number): boolean {
    if (target.credential.rpm !== undefined) return false
    const why = this.#registry.restingUnsafe(target, now)
    if (why !== undefined) this.#onSkip?.(target, why)
    return why !== undefined
  }

  /** Asks the bench for a target and makes it the current one; false when it rests, or is over its own limit. */
  admit(target: Target): boolean {
    if (target.credential.rpm !== undefined) {
      const why = this.#limits.why(target, this.#now.millis())
      if (why !== undefined) return this.#limit(target, why)
    }
    const admission = this.#registry.admitUnsafe(target, this.#now)
    if (admission._tag === "Resting") {
      this.#onSkip?.(target, admission)
      return false
    }
    this.target = target
    this.admission = admission
    return true
  }

  /** Another process is probing the current target. */
  passBy(): void {
    const why = this.rest()
    if (why !== undefined) this.#onSkip?.(this.target, why)
  }

  /** The current target turned out to be over its own limit. */
  passByLimit(): void {
    this.#limit(this.target, this.#limits.whyNot(this.target, this.#now.millis()))
  }

  /** Of the targets that were passed by because of their own limit, the one that may be called soonest. */
  soonestLimited(): Exhaustion.RestingTarget<P> | undefined {
    if (this.#limited === undefined) return undefined
    const now = this.#now.millis()
    let soonest: Exhaustion.RestingTarget<P> | undefined
    for (const { backend, target, why } of this.#limited) {
      if (this.#tried?.has(target.key) || !this.#fits(target.contextWindow)) continue
      // Somebody else may have been faster meanwhile.
      const known = this.#limits.why(target, now) ?? why
      if (soonest === undefined || known.until < soonest.why.until) soonest = { backend, target, why: known }
    }
    return soonest
  }

  /** Makes a target the current one that was passed by because of its own limit; false when it cannot be called yet. */
  goBack({ backend, target }: Exhaustion.RestingTarget<P>): boolean {
    this.#limited = this.#limited?.filter((limited) => limited.target !== target)
    this.backend = backend
    return this.admit(target)
  }

  #limit(target: Target, why: Bench.Resting): false {
    this.#onSkip?.(target, why)
    this.#limited ??= []
    this.#limited.push({ backend: this.backend, target, why })
    return false
  }

  /** The current target has failed for good: what of the rest of its model is still worth a try? */
  move(next: Next): void {
    this.#tried ??= new Set()
    this.#tried.add(this.target.key)
    this.#asked ??= new Set()
    this.#asked.add(this.target.key)
    if (next === "endpoint") this.#avoid = this.target.endpoint
    else if (next !== "credential") this.#at = this.#order.length
  }

  /** The current target has refused the request, and would do so again, with another credential too. */
  refused(): void {
    this.#refusedBy ??= new Set()
    this.#refusedBy.add(this.target.benchKeys.model)
  }

  /** A prompt was too long here: models whose window is known to be no larger are passed by from now on. */
  needWindow({ actual, limit }: ContextExceeded): void {
    this.#windowAbove = Math.max(this.#windowAbove, limit ?? 0, this.target.contextWindow ?? 0)
    this.#windowAtLeast = Math.max(this.#windowAtLeast, actual ?? 0)
  }

  /** Goes on with another chain. Targets that were tried are not tried again. */
  switchTo(prepared: PreparedChain<P, R>): void {
    this.#models = prepared.models
    this.#limited = undefined
    this.#rewind()
  }

  /** Begins again, after a wait: with those that were tried, too, if `again`. */
  restart(again: boolean): undefined {
    this.#tried = again ? undefined : this.#asked
    this.#limited = undefined
    this.#rewind()
  }

  /** Is there another credential of the current model that could be called now? */
  hasSibling(): boolean {
    for (let at = this.#at; at < this.#order.length; at++) {
      const target = this.#order[at]!
      if (target.endpoint !== this.#avoid && this.#why(target) === undefined) return true
    }
    return false
  }

  /** What keeps the current target from being called now. */
  rest(): Bench.Resting | undefined {
    return this.#why(this.target)
  }

  /** The model, as `provider/model`, of the target that would come next; the bench is looked at and not asked. */
  following(): string | undefined {
    const isOpen = (target: Target) =>
      this.#tried?.has(target.key) !== true && this.#why(target) === undefined
    for (let at = this.#at; at < this.#order.length; at++) {
      const target = this.#order[at]!
      if (target.endpoint !== this.#avoid && isOpen(target)) return ModelSpec.format(this.target)
    }
    for (let at = this.#model + 1; at < this.#models.length; at++) {
      const model = this.#models[at]!
      if (this.#fits(model.model.contextWindow) && this.#targetsOf(model).some(isOpen)) {
        return ModelSpec.format(model.model.spec)
      }
    }
    return undefined
  }

  /** How many models the chain has. */
  get models(): number {
    return this.#models.length
  }

  /**
   * How many targets could be called now by a run that leaves the current one this way. Counts up to `most` only: what
   * is asked is whether there is one more, or so many more, and a chain can be long.
   */
  ahead(next: Next, most: number): number {
    if (next === "stop" || most < 1) return 0
    const { endpoint } = this.target
    let count = 0
    for (let at = next === "model" ? this.#order.length : this.#at; at < this.#order.length; at++) {
      const target = this.#order[at]!
      if ((next === "credential" || target.endpoint !== endpoint) && this.#why(target) === undefined) count++
      if (count >= most) return count
    }
    for (let at = this.#model + 1; at < this.#models.length; at++) {
      const model = this.#models[at]!
      if (!this.#fits(model.model.contextWindow)) continue
      for (const target of this.#targetsOf(model)) {
        if (this.#why(target) === undefined && ++count >= most) return count
      }
    }
    return count
  }

  /** Whether a target has been tried and given up. */
  hasTried(target: Target): boolean {
    return this.#asked?.has(target.key) === true
  }

  /** Everything in the chain that rests now, and whether that is all of it. */
  resting(): Resting<P> {
    return this.#restingOf(() => true)
  }

  /** The same of those who may yet take this request: not the models that refused it, nor those that hold too little. */
  restingOfWilling(): Resting<P> {
    return this.#restingOf((target) => this.#isWilling(target))
  }

  #isWilling({ benchKeys, contextWindow }: Target): boolean {
    return this.#refusedBy?.has(benchKeys.model) !== true && this.#fits(contextWindow)
  }

  #restingOf(isCounted: (target: Target) => boolean): Resting<P> {
    const resting: Array<Exhaustion.RestingTarget<P>> = []
    let all = true
    for (const model of this.#models) {
      const backend = this.#poolOf(model)
      for (const target of model.targetsOf(backend)) {
        if (!isCounted(target)) continue
        const why = this.#why(target)
        if (why === undefined) all = false
        else resting.push({ backend, target, why })
      }
    }
    return { all, resting }
  }

  /** Targets that are free, and were passed by only because they are at the place of one that failed. */
  avoided(): ReadonlyArray<{ readonly backend: P; readonly target: Target }> {
    return (this.#avoided ?? []).filter(
      ({ target }) => !this.hasTried(target) && this.#isWilling(target) && this.#why(target) === undefined
    )
  }

  /** Of those that rest, and were not tried yet, the ones that a request may try all the same; what ends soonest first. */
  toTry(): ReadonlyArray<Exhaustion.RestingTarget<P>> {
    const now = this.#now.millis()
    const { resting } = this.restingOfWilling()
    return Exhaustion.inOrder(
      resting.filter(({ target }) => !this.hasTried(target) && this.#limits.why(target, now) === undefined)
    )
  }

  /** Goes to a target whose turn it is: `rests` when it is called although it rests, `undefined` when it may not be. */
  goTo(backend: P, target: Target, place: Place): "open" | "rests" | undefined {
    this.backend = backend
    const why = this.#why(target)
    if (why === undefined) return this.admit(target) ? "open" : undefined
    if (!mayCall(place, why)) return undefined
    this.take(backend, target)
    return "rests"
  }

  /** Makes a resting target the current one all the same. */
  take(backend: P, target: Target): void {
    this.backend = backend
    this.target = target
    this.admission = { _tag: "Go", generation: this.#registry.stateUnsafe().generation }
  }

  #nextModel(): boolean {
    const model = this.#models[++this.#model]
    if (model === undefined) return false
    this.#avoid = undefined
    this.#at = 0
    if (!this.#fits(model.model.contextWindow)) {
      this.#order = []
      return true
    }
    this.backend = this.#poolOf(model)
    this.#order = this.#ordered(model.targetsOf(this.backend))
    return true
  }

  #ordered(targets: ReadonlyArray<Target>): ReadonlyArray<Target> {
    const { name, strategy } = this.backend
    if (targets.length < 2 || strategy === "sequential") return targets
    const turn = strategy === "roundRobin" ? this.#turnOf(name) : 0
    const random = Context.get(this.#context, Random.Random)
    return Strategy.order(
      strategy,
      targets,
      (target) => target.credential.weight,
      turn,
      () => random.nextDoubleUnsafe()
    )
  }

  /** The turn of this request at a backend, the same for all models of it. */
  #turnOf(backend: string): number {
    let turn = this.#ownTurns?.get(backend)
    if (turn === undefined) {
      turn = this.#turns.get(backend) ?? 0
      this.#turns.set(backend, turn + 1)
      this.#ownTurns ??= new Map()
      this.#ownTurns.set(backend, turn)
    }
    return turn
  }

  #fits(contextWindow: number | undefined): boolean {
    return (
      contextWindow === undefined ||
      (contextWindow > this.#windowAbove && contextWindow >= this.#windowAtLeast)
    )
  }

  #why(target: Target): Bench.Resting | undefined {
    const state = this.#registry.stateUnsafe()
    const isLimited = target.credential.rpm !== undefined
    if (state.entries.size === 0 && !isLimited) return undefined
    const now = this.#now.millis()
    const resting = Bench.peek(state, target, now)
    return isLimited ? Bench.weightier(resting, this.#limits.why(target, now)) : resting
  }

  #poolOf(model: PreparedModel<P, R>): P {
    return model.poolIn(this.#context)
  }

  #targetsOf(model: PreparedModel<P, R>): ReadonlyArray<Target> {
    return model.targetsOf(this.#poolOf(model))
  }

  #rewind(): void {
    this.#model = -1
    this.#order = []
    this.#at = 0
    this.#avoid = undefined
  }
}
