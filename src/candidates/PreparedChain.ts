/** What a runtime works out once per chain: the policy in force and the targets of every model. */
import type * as Context from "effect/Context"
import type { Backend } from "../domain/Backend.ts"
import type { Chain } from "../domain/Chain.ts"
import * as Model from "../domain/Model.ts"
import * as Target from "../domain/Target.ts"
import * as Policy from "../policy/Policy.ts"

/** A chain, ready to be walked. */
export interface PreparedChain<out P extends Backend, out R> {
  readonly chain: Chain<P, R>
  /** For what concerns the whole run: deadline, attempts, fallbackReserve, commit. */
  readonly policy: Policy.Policy
  readonly models: ReadonlyArray<PreparedModel<P, R>>
}

/** One model of a prepared chain. Its targets belong to one backend, and are made again if the service is replaced. */
export class PreparedModel<out P extends Backend, out R> {
  readonly model: Model.Model<P, R>
  readonly #poolAtHand: P | undefined
  readonly #runtime: Policy.Layers
  readonly #chain: Policy.Options | undefined
  #backend: P | undefined
  #targets: ReadonlyArray<Target.Target> = []

  constructor(model: Model.Model<P, R>, runtime: Policy.Layers, chain: Policy.Options | undefined) {
    this.model = model
    this.#poolAtHand = Model.poolAtHand(model)
    this.#runtime = runtime
    this.#chain = chain
  }

  /** The backend, from the context where it is a service. */
  poolIn(context: Context.Context<R>): P {
    return this.#poolAtHand ?? Model.poolOf(this.model, context)
  }

  /** One target for each credential that is enabled, in the backend's order. */
  targetsOf(backend: Backend): ReadonlyArray<Target.Target> {
    if (this.#backend === backend) return this.#targets
    const { contextWindow, policy, spec, unlisted } = this.model
    const inForce = Policy.make(...this.#runtime, backend.policy, policy, this.#chain)
    this.#targets = backend.credentials
      .filter((credential) => credential.enabled)
      .map((credential) =>
        Target.make({
          provider: spec.provider,
          model: spec.model,
          credential,
          policy: inForce,
          baseUrl: backend.baseUrl,
          contextWindow,
          unlisted
        })
      )
    this.#backend = backend as P
    return this.#targets
  }
}

/** Prepares a chain. `runtime` are the options it is laid over: those of the process, and those of the runtime. */
export const prepare = <P extends Backend, R>(
  chain: Chain<P, R>,
  runtime: Policy.Layers
): PreparedChain<P, R> => ({
  chain,
  policy: Policy.make(...runtime, chain.policy),
  models: chain.models.map((model) => new PreparedModel(model, runtime, chain.policy))
})
