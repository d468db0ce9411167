/**
 * An embedding model that fails over between the endpoints and the keys of one model.
 *
 * Vectors of different models are not comparable, so there is only one model: its members are endpoints that serve
 * it. Vectors with another number of dimensions are rejected.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as EmbeddingModel from "effect/ai/EmbeddingModel"
import * as EffectModel from "effect/ai/Model"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as BenchKey from "../domain/BenchKey.ts"
import type { Strategy } from "../domain/Strategy.ts"
import type { Failover, FailoverOptions, Runtime } from "../engine/Failover.ts"
import type { BenchRegistry } from "../health/BenchRegistry.ts"
import type { Options as PolicyOptions } from "../policy/Policy.ts"
import * as Embeddings from "./calls/Embeddings.ts"
import * as Members from "./calls/Members.ts"
import { withRuntime } from "./calls/WithRuntime.ts"

export { failedRun } from "./calls/AiFailure.ts"

/** An endpoint of the model: `provider` or `provider#credential`, and its layer. */
export type Endpoint<E, R> = Members.Member<EmbeddingModel.EmbeddingModel, E, R>

/** One of the endpoints: made by `member`, or an `optional` one. */
export type Link = Endpoint<unknown, unknown> | Members.Optional<EmbeddingModel.EmbeddingModel, unknown>

/** Options of a failover layer. */
export interface Options {
  /** Overrides all other policies for the requests through this layer. */
  readonly policy?: PolicyOptions | undefined
  /** The order in which the keys of one provider are tried. Default `sequential`. */
  readonly strategy?: Strategy | undefined
  /**
   * The length of the model's vectors. Default: the members' `EmbeddingModel.Dimensions`, otherwise the length in the
   * first answer.
   */
  readonly dimensions?: number | undefined
  /** The timeout for building a member's layer. Default 30 seconds. */
  readonly buildTimeout?: Duration.Input | undefined
  /** Requests are batched only if this returns the same value for their contexts; see `EmbeddingModel.make`. */
  readonly batchKey?: ((context: Context.Context<never>) => unknown) | undefined
}

/** Options of a layer with its own runtime, for itself and for the runtime. */
export interface LayerOptions extends Options, Pick<FailoverOptions, "observer" | "retryBudget"> {}

/**
 * An endpoint of the model, named by its provider and, if it has several keys, by its credential.
 *
 * @example
 * import { FailoverEmbeddingModel } from "effect-failover/ai"
 * import * as EmbeddingModel from "effect/ai/EmbeddingModel"
 * import { Effect, Layer } from "effect"
 *
 * const at = (endpoint: number) => Layer.effect(EmbeddingModel.EmbeddingModel, EmbeddingModel.make({
 *   embedMany: ({ inputs }) => Effect.succeed({
 *     results: inputs.map((input) => [endpoint, input.length]),
 *     usage: { inputTokens: undefined }
 *   })
 * }))
 *
 * const layer = FailoverEmbeddingModel.layer("text-embedding-3-small", [
 *   FailoverEmbeddingModel.member("openai#primary", at(1)),
 *   FailoverEmbeddingModel.member("openai#backup", at(2)),
 *   FailoverEmbeddingModel.member("azure", at(3))
 * ], { dimensions: 2 })
 *
 * const program = Effect.flatMap(EmbeddingModel.EmbeddingModel, (model) => model.embed("hello"))
 * program.pipe(Effect.provide(layer))
 */
export const member = <E, R>(
  name: string,
  layer: Layer.Layer<EmbeddingModel.EmbeddingModel, E, R>,
  options?: Members.MemberOptions
): Endpoint<E, R> => ({ ...options, name, layer })

export { optional } from "./calls/Members.ts"

/** An `EmbeddingModel` over several endpoints, using the runtime of the context. See `layer`. */
export const layerNoDeps = <const Links extends NonEmptyReadonlyArray<Link>>(
  model: string,
  members: Links,
  options: Options = {}
): Layer.Layer<
  EmbeddingModel.EmbeddingModel,
  Members.ErrorOf<Links[number]>,
  Members.ServicesOf<Links[number]> | Failover
> =>
  Members.layerOver(EmbeddingModel.EmbeddingModel, members, {
    named: (link) => withModel(link, model),
    read,
    buildTimeout: options.buildTimeout,
    make: (failover, built) => make(failover, built, options)
  })

/**
 * An `EmbeddingModel` over several endpoints of one model, with its own runtime and the bench of the process. `embed`
 * still batches requests before they are sent. Members with different `Dimensions` are a defect of the layer.
 */
export const layer = <const Links extends NonEmptyReadonlyArray<Link>>(
  model: string,
  members: Links,
  options: LayerOptions = {}
): Layer.Layer<
  EmbeddingModel.EmbeddingModel | BenchRegistry,
  Members.ErrorOf<Links[number]>,
  Members.ServicesOf<Links[number]>
> => withRuntime(layerNoDeps(model, members, options), options)

/**
 * The endpoints as a `Model` of `effect/ai`, with the provider name `effect-failover` and a model name of your own. It has
 * its own runtime and the bench of the process, as with `layer`. The layers of its members must not fail.
 */
export const model = <const Name extends string, const Links extends NonEmptyReadonlyArray<Infallible>>(
  name: Name,
  members: Links,
  options?: LayerOptions
): EffectModel.Model<
  "effect-failover",
  EmbeddingModel.EmbeddingModel | BenchRegistry,
  Members.ServicesOf<Links[number]>
> =>
  // Such members cannot fail, but the compiler does not compute `ErrorOf` of a type parameter.
  EffectModel.make(
    "effect-failover",
    name,
    layer(name, members, options) as Layer.Layer<
      EmbeddingModel.EmbeddingModel | BenchRegistry,
      never,
      Members.ServicesOf<Links[number]>
    >
  )

type Infallible = Endpoint<never, unknown> | Members.Optional<EmbeddingModel.EmbeddingModel, unknown>

interface Service {
  readonly model: EmbeddingModel.EmbeddingModel
  readonly dimensions: number | undefined
}

const read = (context: Context.Context<EmbeddingModel.EmbeddingModel>): Service => ({
  model: Context.get(context, EmbeddingModel.EmbeddingModel),
  dimensions: Option.getOrUndefined(Context.getOption(context, EmbeddingModel.Dimensions))
})

const withModel = (link: Link, model: string): Link => {
  const rename = <E, R>(endpoint: Endpoint<E, R>): Endpoint<E, R> => {
    const { credential, model: foreign, provider } = BenchKey.parse(endpoint.name) ?? {}
    if (provider === undefined || foreign !== undefined) {
      throw new Error(`${JSON.stringify(endpoint.name)} is not a valid endpoint name: "provider#credential"`)
    }
    return { ...endpoint, name: BenchKey.format({ provider, model, credential }) }
  }
  return "member" in link ? { member: rename(link.member) } : rename(link)
}

const make = (
  failover: Runtime,
  members: ReadonlyArray<Members.Built<Service>>,
  { batchKey, dimensions, ...options }: Options
): Effect.Effect<EmbeddingModel.EmbeddingModel> => {
  const chain = Members.toChain(members, options)
  const said = new Set(members.flatMap(({ handle }) => handle.current()?.service.dimensions ?? []))
  if (dimensions !== undefined) said.add(dimensions)
  if (said.size > 1) {
    return Effect.die(
      new Error(`the members are different models: their vectors have ${[...said].join(" or ")} dimensions`)
    )
  }
  return Embeddings.make({
    failover,
    chain,
    module: "FailoverEmbeddingModel",
    ask: (backend, target, inputs, call) => {
      return Members.using(backend.service.at(target), (endpoint) =>
        Effect.updateContext(endpoint.service.model.embedMany(inputs), (context: Context.Context<never>) =>
          call.contextOf(context, endpoint)
        )
      )
    },
    dimensions: [...said][0],
    batchKey
  })
}
