/**
 * Where one request is in its chain: tiers in chain order; inside a tier the targets (its models × their credentials) in the
 * strategy's order.
 */
import type * as Context from "effect/Context"
import { itemAt, type Order } from "../choice/Order.ts"
import type { Backend } from "../domain/Backend.ts"
import type { Target } from "../domain/Target.ts"
import type { Next } from "../policy/Rule.ts"
import type { Exclusions } from "./Exclusions.ts"
import type { PreparedChain } from "./PreparedChain.ts"
import type { TierOrder } from "./TierOrder.ts"

/** Orders the targets of tiers with several. */
export interface Ordering<R> {
  ordering(): TierOrder<R>
}

/** A position in a chain. */
export class Position<P extends Backend, R> {
  /** The chain. */
  prepared: PreparedChain<P, R>
  /** The index of the current tier. */
  tier = -1
  /** The targets of the current tier. */
  order: Order<Target> = nothing
  /** The index of the next target in them. */
  at = 0
  /** The endpoint that is skipped in this tier. */
  #avoid: string | undefined
  /** Models, as `provider/model`, of which no other credential is tried in this tier. */
  #left: Set<string> | undefined
  /** Models, as `provider/model`, that a rule with `next: "model"` has left in this chain. */
  #leftForGood: Set<string> | undefined
  readonly context: Context.Context<R>
  readonly #owner: Ordering<R>

  constructor(prepared: PreparedChain<P, R>, context: Context.Context<R>, owner: Ordering<R>) {
    this.prepared = prepared
    this.context = context
    this.#owner = owner
  }

  /** The next target, whether or not it can be called; `undefined` at the end of the chain. */
  next(excluded: Exclusions | undefined): Target | undefined {
    while (true) {
      const target = itemAt(this.order, this.at)
      if (target === undefined) {
        if (!this.#nextTier(excluded)) return undefined
      } else {
        this.at++
        if (!this.hasLeft(target)) return target
      }
    }
  }

  #nextTier(excluded: Exclusions | undefined): boolean {
    const tier = this.prepared.tiers[++this.tier]
    if (tier === undefined) return false
    this.#avoid = undefined
    this.#left = undefined
    this.at = 0
    if (tier.single !== undefined) {
      this.order = nothing
      if (excluded?.fits(tier.single.model.contextWindow) === false) return true
    }
    const targets = tier.targetsIn(this.context)
    this.order = targets.length < 2 ? targets : this.#owner.ordering().of(tier, targets)
    return true
  }

  /** The backend of a target of the current tier. */
  backendOf(target: Target): P {
    return this.prepared.tiers[this.tier]!.backendOf(target, this.context)
  }

  /** Whether no other credential of the target's model is tried in this tier. */
  hasLeft({ benchKeys }: Target): boolean {
    return this.#left?.has(benchKeys.model) === true
  }

  /** Whether the target shares the endpoint of one that failed. */
  avoids({ endpoint }: Target): boolean {
    return endpoint === this.#avoid
  }

  /** Leaves a target. `next` is the rule's field: which targets of the same model may still be tried. */
  leave({ benchKeys, endpoint }: Target, next: Next): void {
    if (next === "endpoint") this.#avoid = endpoint
    else if (next !== "credential") {
      this.#left ??= new Set()
      this.#left.add(benchKeys.model)
      this.#leftForGood ??= new Set()
      this.#leftForGood.add(benchKeys.model)
    }
  }

  /** Whether a rule with `next: "model"` has left the target's model, in this or an earlier tier. */
  hasLeftForGood({ benchKeys }: Target): boolean {
    return this.#leftForGood?.has(benchKeys.model) === true
  }

  /** Goes to the start of another chain. */
  switchTo(prepared: PreparedChain<P, R>): void {
    this.prepared = prepared
    this.#leftForGood = undefined
    this.rewind()
  }

  /** Goes back to the start of the chain. */
  rewind(): void {
    this.tier = -1
    this.order = nothing
    this.at = 0
    this.#avoid = undefined
    this.#left = undefined
  }
}

const nothing: Order<never> = []
