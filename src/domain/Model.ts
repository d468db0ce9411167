/** One model of a pool, as a value: what chains are built from. */
import * as Context from "effect/Context"
import type { Options } from "../policy/Policy.ts"
import * as PolicyChecks from "../policy/PolicyChecks.ts"
import * as Checks from "../util/Checks.ts"
import * as ModelSpec from "./ModelSpec.ts"
import type { Pool } from "./Pool.ts"

/** What may be said of a model. */
export interface ModelOptions {
  /** Its window in tokens. Known windows keep the run from sending a prompt that was too long to one no larger. */
  readonly contextWindow?: number | undefined
  /** Laid over the provider's policy for this model. */
  readonly policy?: Options | undefined
}

/**
 * A model of a pool. `R` is the service the pool is taken from when the model is used, `never` when the pool is
 * already at hand.
 *
 * @category models
 */
export interface Model<out P extends Pool, out R = never> extends ModelOptions {
  readonly spec: ModelSpec.ModelSpec
  readonly pool: Context.Key<R, P> | P
  /**
   * True for a model that a caller named and that stands in no configuration. Anybody can make up such names, so what
   * the bench knows of them has a small room of its own. Models that code makes are listed.
   */
  readonly unlisted?: boolean | undefined
}

/**
 * A model of a pool that is at hand, or of one that is a service.
 *
 * @example
 * import { Model, Pool } from "effect-failover"
 *
 * const oslo = Pool.make("oslo", { today: () => "rain" })
 * Model.make(oslo, "forecast").spec // => { provider: "oslo", model: "forecast" }
 */
export const make = <P extends Pool>(pool: P, model: string, options?: ModelOptions): Model<P> => {
  check(pool.name, model, options)
  return { ...options, spec: ModelSpec.make(pool.name, model), pool }
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

/** A model of a pool that is a service: the service stands in the type until its layer is provided. */
export const fromService = <R, P extends Pool>(
  key: Context.Key<R, P>,
  provider: string,
  model: string,
  options?: ModelOptions
): Model<P, R> => {
  check(provider, model, options)
  return { ...options, spec: ModelSpec.make(provider, model), pool: key }
}

/** The pool of a model, from the context where it is a service. */
export const poolOf = <P extends Pool, R>(model: Model<P, R>, context: Context.Context<R>): P =>
  isKey(model.pool) ? Context.get(context, model.pool) : model.pool

/** The pool of a model where it is at hand; `undefined` where it is a service. */
export const poolAtHand = <P extends Pool, R>({ pool }: Model<P, R>): P | undefined =>
  isKey(pool) ? undefined : pool

const isKey = <R, P extends Pool>(pool: Context.Key<R, P> | P): pool is Context.Key<R, P> =>
  Context.isKey(pool)
