/** What a runtime computes once per chain: the policy in force, and the targets of each tier and model. */

import type * as Context from "effect/Context"
import { Equals } from "../choice/Equals.ts"
import { SignalsOf } from "../choice/Signals.ts"
import type { Backend } from "../domain/Backend.ts"
import { type Chain, type Tier, tiersOf } from "../domain/Chain.ts"
import * as Model from "../domain/Model.ts"
import * as ModelSpec from "../domain/ModelSpec.ts"
import type { Strategy } from "../domain/Strategy.ts"
import * as Target from "../domain/Target.ts"
import * as Policy from "../policy/Policy.ts"

/** A chain with its policies and targets resolved. */
export interface PreparedChain<out P extends Backend, out R> {
  readonly chain: Chain<P, R>
  /** For the whole run: deadline, attempts, fallbackReserve, commit. */
  readonly policy: Policy.Policy
  readonly models: ReadonlyArray<PreparedModel<P, R>>
  /** The same models in tiers. */
  readonly tiers: ReadonlyArray<PreparedTier<P, R>>
  /** Whether no backend comes from the context, where it may change between calls. */
  readonly isFixed: boolean
}

/** Called when a model is used with a backend for the first time, or with another one than before. */
export type OnBackend = (provider: string, backend: Backend) => void

/** One model of a prepared chain. Its targets belong to one backend, and are rebuilt if the service is replaced. */
export class PreparedModel<out P extends Backend, out R> {
  readonly model: Model.Model<P, R>
  readonly #backendAtHand: P | undefined
  readonly #policies: Policies
  readonly #isAlone: boolean
  readonly #onBackend: OnBackend | undefined
  #backend: P | undefined
  #targets: ReadonlyArray<Target.Target> = []

  /** `isAlone`: no other model is in its tier. */
  constructor(
    model: Model.Model<P, R>,
    policies: Policies,
    isAlone: boolean,
    onBackend: OnBackend | undefined
  ) {
    this.model = model
    this.#onBackend = onBackend
    this.#isAlone = isAlone
    this.#backendAtHand = Model.backendAtHand(model)
    this.#policies = policies
  }

  /** The backend: the model's own, or the one in the context. */
  backendIn(context: Context.Context<R>): P {
    return this.#backendAtHand ?? Model.backendOf(this.model, context)
  }

  /** One target for each enabled credential, in the backend's order. */
  targetsOf(backend: Backend): ReadonlyArray<Target.Target> {
    if (this.#backend === backend) return this.#targets
    const { contextWindow, policy, spec, unlisted } = this.model
    const inForce = this.#policies.of(backend.policy, policy)
    const enabled = backend.credentials.filter((credential) => credential.enabled)
    const hasEquals = !this.#isAlone || enabled.length > 1
    this.#targets = enabled.map((credential) =>
      Target.make({
        provider: spec.provider,
        model: spec.model,
        credential,
        policy: inForce,
        baseUrl: backend.baseUrl,
        contextWindow,
        unlisted,
        hasEquals,
        backend
      })
    )
    this.#backend = backend as P
    this.#onBackend?.(spec.provider, backend)
    return this.#targets
  }
}

/** One tier of a prepared chain. */
export class PreparedTier<out P extends Backend, out R> {
  readonly models: ReadonlyArray<PreparedModel<P, R>>
  /** The only model; `undefined` with several. */
  readonly single: PreparedModel<P, R> | undefined
  /** The key of its turn in `roundRobin`. */
  readonly name: string
  readonly #strategy: Strategy | undefined
  readonly #signals: SignalsOf
  /** Whether no backend comes from the context, where it may change between calls. */
  readonly #isFixed: boolean
  #equals: Equals<Target.Target> | undefined
  #lists: ReadonlyArray<ReadonlyArray<Target.Target>> = []
  #targets: ReadonlyArray<Target.Target> = []

  constructor(tier: Tier<P, R>, models: ReadonlyArray<PreparedModel<P, R>>, signals: SignalsOf) {
    this.models = models
    this.single = models.length === 1 ? models[0] : undefined
    // All models of a backend share its turns.
    this.name =
      models.length === 1
        ? models[0]!.model.spec.provider
        : models.map(({ model }) => ModelSpec.format(model.spec)).join("|")
    this.#isFixed = tier.models.every((model) => Model.backendAtHand(model) !== undefined)
    this.#strategy = tier.strategy
    this.#signals = signals
  }

  /** The strategy: the backend's for one model, otherwise the tier's own. */
  strategyIn(context: Context.Context<R>): Strategy {
    return this.single === undefined
      ? (this.#strategy ?? "leastLoaded")
      : this.single.backendIn(context).strategy
  }

  /** Its only target, from the second run on; `undefined` with several targets, or with a backend that may change between calls. */
  get sole(): Target.Target | undefined {
    return this.#isFixed && this.#targets.length === 1 ? this.#targets[0] : undefined
  }

  /** The targets of its models, one model after another. */
  targetsIn(context: Context.Context<R>): ReadonlyArray<Target.Target> {
    if (this.#isFixed && this.#targets.length > 0) return this.#targets
    return this.single === undefined
      ? this.#targetsOfAll(context)
      : this.#known(this.single.targetsOf(this.single.backendIn(context)))
  }

  #targetsOfAll(context: Context.Context<R>): ReadonlyArray<Target.Target> {
    const lists = this.models.map((model) => model.targetsOf(model.backendIn(context)))
    if (lists.some((list, index) => list !== this.#lists[index])) {
      this.#lists = lists
      this.#known(lists.flat())
    }
    return this.#targets
  }

  /** Registers the group of targets that have equals, for the ejection of failing ones. */
  #known(targets: ReadonlyArray<Target.Target>): ReadonlyArray<Target.Target> {
    if (targets === this.#targets) return targets
    this.#targets = targets
    if (targets.length < 2) return targets
    const group = {
      items: targets,
      signals: targets.map((target) => this.#signals.ofTarget(target))
    }
    for (const target of targets) this.#signals.groups.set(target, group)
    return targets
  }

  /** The backend of one of its targets. A run may still use those of a backend that another run has replaced. */
  backendOf(target: Target.Target, context: Context.Context<R>): P {
    return this.single?.backendIn(context) ?? (target.kept.backend as P)
  }

  /** Its targets as equals; only with several targets. */
  equalsOf(targets: ReadonlyArray<Target.Target>): Equals<Target.Target> {
    if (this.#equals?.items !== targets) {
      this.#equals = new Equals(
        targets,
        targets.map(({ key }) => key),
        weightsOf(this.models, targets),
        targets.map((target) => this.#signals.ofTarget(target))
      )
    }
    return this.#equals
  }
}

/** The weight of a model is divided among its credentials in proportion to their weights. `targets` are those of one model after another. */
const weightsOf = (
  models: ReadonlyArray<PreparedModel<Backend, unknown>>,
  targets: ReadonlyArray<Target.Target>
): ReadonlyArray<number> => {
  if (models.length === 1) return targets.map(({ credential }) => credential.weight)
  const weights: Array<number> = []
  for (const { model } of models) {
    const first = weights.length
    let sum = 0
    while (isOf(targets[weights.length], model.spec)) {
      const weight = Math.max(0, targets[weights.length]!.credential.weight)
      sum += weight
      weights.push(weight)
    }
    const share = sum > 0 ? (model.weight ?? 1) / sum : 0
    for (let at = first; at < weights.length; at++) weights[at]! *= share
  }
  return weights
}

const isOf = (target: Target.Target | undefined, spec: ModelSpec.ModelSpec): boolean =>
  target?.model === spec.model && target.provider === spec.provider

/** Policies are kept for at most this many different options of backends. */
const mostPolicies = 100

/** The policies of a chain's models. Models with the same options share one. */
class Policies {
  readonly #runtime: Policy.Layers
  readonly #chain: Policy.Options | undefined
  readonly #known = new Map<Policy.Options | undefined, Map<Policy.Options | undefined, Policy.Policy>>()

  constructor(runtime: Policy.Layers, chain: Policy.Options | undefined) {
    this.#runtime = runtime
    this.#chain = chain
  }

  /** The policy for the options of a backend and a model. */
  of(backend: Policy.Options | undefined, model: Policy.Options | undefined): Policy.Policy {
    // Services that are replaced for each request may have options of their own each time.
    if (this.#known.size >= mostPolicies) this.#known.clear()
    const known = this.#known.get(backend) ?? new Map<Policy.Options | undefined, Policy.Policy>()
    const policy = known.get(model) ?? Policy.make(...this.#runtime, backend, model, this.#chain)
    this.#known.set(backend, known.set(model, policy))
    return policy
  }
}

/**
 * Prepares a chain. `runtime` are the options of the process and of the runtime; the chain's own override them. `signals`
 * keeps what is learned about its targets. `onBackend` is called with the backends of its models.
 */
export const prepare = <P extends Backend, R>(
  chain: Chain<P, R>,
  runtime: Policy.Layers,
  signals: SignalsOf = new SignalsOf(),
  onBackend?: OnBackend
): PreparedChain<P, R> => {
  const policies = new Policies(runtime, chain.policy)
  const tiers = tiersOf(chain).map((tier) => {
    const isAlone = tier.models.length === 1
    const models = tier.models.map((model) => new PreparedModel(model, policies, isAlone, onBackend))
    return new PreparedTier(tier, models, signals)
  })
  return {
    chain,
    policy: Policy.make(...runtime, chain.policy),
    models: tiers.flatMap(({ models }) => models),
    tiers,
    isFixed: chain.models.every((model) => Model.backendAtHand(model) !== undefined)
  }
}
