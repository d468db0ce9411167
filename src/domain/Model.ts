/** One model of a backend, as a value: what chains are built from. */
import * as Context from "effect/Context"
import type { Options } from "../policy/Policy.ts"
import * as PolicyChecks from "../policy/PolicyChecks.ts"
import * as Checks from "../util/Checks.ts"
import type { Backend } from "./BackendShape.ts"
import * as ModelSpec from "./ModelSpec.ts"

/** The options of a model. */
export interface ModelOptions {
  /** Its window in tokens. Known windows keep the run from sending a prompt that was too long to one no larger. */
  readonly contextWindow?: number | undefined
  /** Laid over the provider's policy for this model. */
  readonly policy?: Options | undefined
}

/**
 * A model of a backend. `R` is the service the backend is taken from when the model is used, `never` when the backend is
 * already at hand.
 *
 * @category models
 */
export interface Model<out P extends Backend, out R = never> extends ModelOptions {
  readonly spec: ModelSpec.ModelSpec
  readonly backend: Context.Key<R, P> | P
  /** Its share among the models that count as the same (`Chain.equals`), beside theirs. Default 1. */
  readonly weight?: number | undefined
  /**
   * True for a model that a caller named and no configuration has. Callers can make up such names, so the bench keeps
   * a bounded number of their entries. Models that code makes are listed.
   */
  readonly unlisted?: boolean | undefined
}

/**
 * A model of a backend that is at hand, or of one that is a service.
 *
 * @example
 * import { Model, Backend } from "effect-failover"
 *
 * const oslo = Backend.make("oslo", { today: () => "rain" })
 * Model.make(oslo, "forecast").spec // => { provider: "oslo", model: "forecast" }
 */
export const make = <P extends Backend>(backend: P, model: string, options?: ModelOptions): Model<P> => {
  check(backend.name, model, options)
  return { ...options, spec: ModelSpec.make(backend.name, model), backend }
}

/** Throws unless this can be a model. */
const check = (provider: string, model: string, options: ModelOptions | undefined): void => {
  const where = `Model.make(${JSON.stringify(provider)}, ${JSON.stringify(model)})`
  Checks.refuse(where, [
    ...Checks.fieldProblems({ provider }, { provider: Checks.name }),
    ...(typeof model === "string" && model.trim() !== "" ? [] : ["the name of the model is empty"]),
    ...(options === undefined
      ? []
      : Checks.fieldProblems(options, {
          contextWindow: Checks.number("a number of tokens, more than 0", { above: 0 })
        }))
  ])
  PolicyChecks.check(`the policy of ${provider}/${model}`, options?.policy)
}

/**
 * A model of a backend that is a service: the service stands in the type until its layer is provided.
 *
 * @internal
 */
export const fromService = <R, P extends Backend>(
  key: Context.Key<R, P>,
  provider: string,
  model: string,
  options?: ModelOptions
): Model<P, R> => {
  check(provider, model, options)
  return { ...options, spec: ModelSpec.make(provider, model), backend: key }
}

/**
 * The model with a share among its equals: with 95 and 5 the second one is a canary.
 *
 * @example
 * import { Backend, Chain, Model } from "effect-failover"
 *
 * const backend = Backend.make("oslo", {})
 * const stable = Model.withWeight(Model.make(backend, "stable"), 95)
 * const canary = Model.withWeight(Model.make(backend, "canary"), 5)
 * Chain.specs(Chain.equals(stable, canary)) // => ["oslo/stable", "oslo/canary"]
 */
export const withWeight = <P extends Backend, R>(model: Model<P, R>, weight: number): Model<P, R> => {
  Checks.fields(
    "Model.withWeight",
    { weight },
    { weight: Checks.number("a number, at least 0", { least: 0 }) }
  )
  return { ...model, weight }
}

/**
 * The backend of a model, from the context where it is a service.
 *
 * @internal
 */
export const backendOf = <P extends Backend, R>(model: Model<P, R>, context: Context.Context<R>): P =>
  isKey(model.backend) ? Context.get(context, model.backend) : model.backend

/**
 * The backend of a model where it is at hand; `undefined` where it is a service.
 *
 * @internal
 */
export const backendAtHand = <P extends Backend, R>({ backend }: Model<P, R>): P | undefined =>
  isKey(backend) ? undefined : backend

const isKey = <R, P extends Backend>(backend: Context.Key<R, P> | P): backend is Context.Key<R, P> =>
  Context.isKey(backend)
