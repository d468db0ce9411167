/** One model of a backend, as a value: what chains are built from. */
import * as Context from "effect/Context"
import type { Options } from "../policy/Policy.ts"
import * as PolicyChecks from "../policy/PolicyChecks.ts"
import * as Checks from "../util/Checks.ts"
import type { Backend } from "./BackendShape.ts"
import * as ModelSpec from "./ModelSpec.ts"

/** The options of a model. */
export interface ModelOptions {
  /** Its context window in tokens. After a prompt was too long for one model, models with a known window that is no larger are skipped. */
  readonly contextWindow?: number | undefined
  /** Policy options for this model. They override the provider's. */
  readonly policy?: Options | undefined
}

/**
 * A model of a backend. `R` is the service that provides the backend, or `never` when the model holds the backend itself.
 *
 * @category models
 */
export interface Model<out P extends Backend, out R = never> extends ModelOptions {
  readonly spec: ModelSpec.ModelSpec
  readonly backend: Context.Key<R, P> | P
  /** Its share among equal models (`Chain.equals`), relative to their weights. Default 1. */
  readonly weight?: number | undefined
  /**
   * True for a model that a caller named and no configuration lists. Callers can make up such names, so the bench keeps a
   * bounded number of entries for them. Models that are built in code count as listed.
   */
  readonly unlisted?: boolean | undefined
}

/**
 * Makes a model of a backend, or of a service that provides one.
 *
 * @example
 * import { Model, Backend } from "effect-failover"
 *
 * const oslo = Backend.make("oslo", { today: () => "rain" })
 * Model.make(oslo, "forecast").spec // => { provider: "oslo", model: "forecast" }
 */
export const make = <P extends Backend>(backend: P, model: string, options?: ModelOptions): Model<P> => {
  Checks.fields("Model.make", { backend }, { backend: isBackend })
  check(backend.name, model, options)
  return { ...options, spec: ModelSpec.make(backend.name, model), backend }
}

/** For code without type checks. */
const isBackend: Checks.Check = (value) =>
  typeof value === "object" && value !== null && "name" in value && "credentials" in value
    ? undefined
    : `is ${Checks.quoted(value)}; it has to be a provider, or a backend such as Backend.make("name", service)`

/** Throws `InvalidOptions` when the name or the options are invalid. */
const check = (provider: string, model: string, options: ModelOptions | undefined): void => {
  const where = `Model.make(${Checks.quoted(provider)}, ${Checks.quoted(model)})`
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
 * Makes a model of a service: its requirement stays in the type until the layer is provided.
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
 * The backend of a model: the model's own, or the one in the context.
 *
 * @internal
 */
export const backendOf = <P extends Backend, R>(model: Model<P, R>, context: Context.Context<R>): P =>
  isKey(model.backend) ? Context.get(context, model.backend) : model.backend

/**
 * The model's own backend; `undefined` when a service provides it.
 *
 * @internal
 */
export const backendAtHand = <P extends Backend, R>({ backend }: Model<P, R>): P | undefined =>
  isKey(backend) ? undefined : backend

const isKey = <R, P extends Backend>(backend: Context.Key<R, P> | P): backend is Context.Key<R, P> =>
  Context.isKey(backend)
