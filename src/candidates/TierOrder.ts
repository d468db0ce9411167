/**
 * The order in which one request tries the targets of a tier with several. It is made when such a tier is reached, so chains of
 * single targets do not pay for it.
 */
import * as Context from "effect/Context"
import * as Random from "effect/Random"
import { Affinity, type AffinityKey } from "../callers/Affinity.ts"
import type { Request } from "../choice/Equals.ts"
import * as Hash from "../choice/Hash.ts"
import type { Kind } from "../choice/Load.ts"
import type { Order } from "../choice/Order.ts"
import type { Benched } from "../domain/Admission.ts"
import type { Backend } from "../domain/Backend.ts"
import type { Strategy } from "../domain/Strategy.ts"
import type { Target } from "../domain/Target.ts"
import type { EngineBench } from "../health/EngineBench.ts"
import type { RunClock } from "../time/RunClock.ts"
import type { PreparedTier } from "./PreparedChain.ts"

/** Requests seen per backend, or per tier of several models: the position from which `roundRobin` continues. */
export type Turns = Map<string, number>

/** What the choice among equals depends on for one request. */
export interface Choosing {
  /** Which times of targets are compared: to the first content, or to the whole answer. */
  readonly kind: Kind
  /** The affinity key; `undefined` for the one in the context. */
  readonly affinity: AffinityKey | undefined
}

/** What the orders of all requests depend on. */
interface Shared {
  readonly registry: EngineBench
  readonly turns: Turns
}

/** Knows why a target cannot be called now; `undefined` if it can. */
interface Benches {
  why(target: Target): Benched | undefined
}

/** The orders of the tiers for one request. */
export class TierOrder<R> implements Request<Target> {
  readonly #shared: Shared
  readonly #choosing: Choosing
  readonly #context: Context.Context<R>
  readonly #clock: RunClock
  readonly #benches: Benches
  /** The hash of the affinity key, once it has been read. */
  #key: number | "none" | undefined
  /** The key of the turn that is read. */
  #turnsAt = ""
  #ownTurns: Map<string, number> | undefined
  #random: Context.Service.Shape<typeof Random.Random> | undefined
  /** The order of a later tier that was read before the run reached it. */
  #known: { readonly tier: object; readonly order: Order<Target> } | undefined

  constructor(
    shared: Shared,
    choosing: Choosing,
    context: Context.Context<R>,
    clock: RunClock,
    benches: Benches
  ) {
    this.#shared = shared
    this.#choosing = choosing
    this.#context = context
    this.#clock = clock
    this.#benches = benches
  }

  /** The order of a tier's targets. There are at least two. */
  of<P extends Backend>(tier: PreparedTier<P, R>, targets: ReadonlyArray<Target>): Order<Target> {
    const known = this.#known
    this.#known = undefined
    return known?.tier === tier ? known.order : this.#make(tier, targets)
  }

  /** The order of a tier that the run may reach later. The next `of` returns the same one. */
  ahead<P extends Backend>(tier: PreparedTier<P, R>, targets: ReadonlyArray<Target>): Order<Target> {
    const order = this.of(tier, targets)
    this.#known = { tier, order }
    return order
  }

  #make<P extends Backend>(tier: PreparedTier<P, R>, targets: ReadonlyArray<Target>): Order<Target> {
    const strategy = tier.strategyIn(this.#context)
    if (strategy === "sequential") return targets
    if (strategy === "roundRobin") this.#turnsAt = tier.name
    return tier.equalsOf(targets).order(strategy, this.#keyOf(strategy), this)
  }

  get kind(): Kind {
    return this.#choosing.kind
  }

  now(): number {
    return this.#clock.millis()
  }

  chance(): number {
    this.#random ??= Context.get(this.#context, Random.Random)
    return this.#random.nextDoubleUnsafe()
  }

  someOut(): boolean {
    return this.#shared.registry.stateUnsafe().entries.size > 0
  }

  isOut(target: Target): boolean {
    return this.#benches.why(target) !== undefined
  }

  /** The turn of this request at a backend or in a tier, the same for all models of a backend. */
  turn(): number {
    const { turns } = this.#shared
    const name = this.#turnsAt
    let turn = this.#ownTurns?.get(name)
    if (turn === undefined) {
      turn = turns.get(name) ?? 0
      turns.set(name, turn + 1)
      this.#ownTurns ??= new Map()
      this.#ownTurns.set(name, turn)
    }
    return turn
  }

  /** The hash of the affinity key. `roundRobin` uses only a key that the caller set. */
  #keyOf(strategy: Strategy): number | undefined {
    const { affinity } = this.#choosing
    if (strategy === "roundRobin" && typeof affinity === "function") return undefined
    if (this.#key === undefined) {
      const key =
        typeof affinity === "function" ? affinity() : (affinity ?? Context.get(this.#context, Affinity))
      this.#key = typeof key === "string" ? Hash.ofText(key) : "none"
    }
    return this.#key === "none" ? undefined : this.#key
  }
}
