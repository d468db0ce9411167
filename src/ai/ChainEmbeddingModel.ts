/**
 * An embedding model of `effect/ai` that is a chain of this package's own providers: one model, at OpenAI and at
 * compatible servers, with all their keys.
 */
import * as EmbeddingModel from "effect/ai/EmbeddingModel"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Chain from "../domain/Chain.ts"
import * as Model from "../domain/Model.ts"
import type { Target } from "../domain/Target.ts"
import { Failover, type FailoverOptions } from "../engine/Failover.ts"
import { type Failure, Transient } from "../failure/Failure.ts"
import type { BenchRegistry } from "../health/BenchRegistry.ts"
import type { Options as PolicyOptions } from "../policy/Policy.ts"
import type { HttpProvider } from "../providers/HttpProvider.ts"
import type * as Wire from "../providers/wire/Wire.ts"
import * as Json from "../translate/common/Json.ts"
import * as Embeddings from "./calls/Embeddings.ts"
import { withRuntime } from "./calls/WithRuntime.ts"

export { failedRun } from "./calls/AiFailure.ts"

/** A provider that can back an `EmbeddingModel`. */
export type EmbeddingProvider = HttpProvider<"embeddings">

/** Options of a layer. */
export interface Options {
  /** The length of the vectors, for models that can shorten them; vectors of another length are rejected. */
  readonly dimensions?: number | undefined
  /** Overrides all other policies for the requests through this layer. */
  readonly policy?: PolicyOptions | undefined
}

/** Options of a layer with its own runtime, for itself and for the runtime. */
export interface LayerOptions extends Options, Pick<FailoverOptions, "observer" | "retryBudget"> {}

/** An `EmbeddingModel` that is a chain, using the runtime of the context. See `layer`. */
export const layerNoDeps = <P extends EmbeddingProvider, R>(
  chain: Chain.Chain<P, R>,
  options: Options = {}
): Layer.Layer<EmbeddingModel.EmbeddingModel, never, R | Failover> =>
  Layer.effect(
    EmbeddingModel.EmbeddingModel,
    Effect.contextWith((context: Context.Context<R | Failover>) => {
      const names = new Set(chain.models.map(({ spec }) => spec.model.slice(spec.model.lastIndexOf("/") + 1)))
      if (names.size > 1) {
        return Effect.die(
          new Error(`vectors of different models are not comparable: ${Chain.specs(chain).join(", ")}`)
        )
      }
      return Embeddings.make<EmbeddingProvider>({
        failover: Context.get(context, Failover),
        chain: {
          policy: Chain.withPolicy(chain, options.policy ?? {}).policy,
          ...Chain.mapModels(
            chain,
            (model): Model.Model<P> => ({ ...model, backend: Model.backendOf(model, context) })
          )
        },
        module: "ChainEmbeddingModel",
        ask: (provider, target, inputs) => {
          const { dimensions } = options
          const body = Json.compact({
            model: target.model,
            input: inputs,
            dimensions,
            encoding_format: "float"
          })
          return Effect.flatMap(provider.complete({ operation: "embeddings", body }, target), (answer) =>
            read(answer, inputs.length, target)
          )
        },
        dimensions: options.dimensions,
        batchKey: undefined
      })
    })
  )

/**
 * An `EmbeddingModel` that is a chain of one model at several endpoints, with its own runtime and the bench of the
 * process. A chain of several models is a defect: their vectors are not comparable. (The part of a model's name
 * before the last slash is ignored: OpenRouter calls the model `openai/text-embedding-3-small`.)
 *
 * @example
 * import { Chain, Credential } from "effect-failover"
 * import { ChainEmbeddingModel } from "effect-failover/ai"
 * import { OpenAi, UndiciTransport } from "effect-failover/providers"
 * import { Layer } from "effect"
 *
 * const layer = ChainEmbeddingModel.layer(Chain.make(OpenAi.model("text-embedding-3-small"))).pipe(
 *   Layer.provide(OpenAi.layer({
 *     credentials: [Credential.make("primary", { apiKey: "sk-1" }), Credential.make("backup", { apiKey: "sk-2" })]
 *   })),
 *   Layer.provide(UndiciTransport.layer())
 * )
 */
export const layer = <P extends EmbeddingProvider, R>(
  chain: Chain.Chain<P, R>,
  options: LayerOptions = {}
): Layer.Layer<EmbeddingModel.EmbeddingModel | BenchRegistry, never, R> =>
  withRuntime(layerNoDeps(chain, options), options)

/** https://platform.openai.com/docs/api-reference/embeddings/object */
const read = (
  answer: Wire.Answer,
  asked: number,
  target: Target
): Effect.Effect<EmbeddingModel.EmbedManyResponse, Failure> => {
  const json = Json.object(answer.json ?? Json.parse(new TextDecoder().decode(answer.body)))
  const vectors = new Array<ReadonlyArray<number>>(asked)
  for (const [at, { embedding, index }] of Json.objects(json.data).entries()) {
    if (isVector(embedding)) vectors[Json.number(index) ?? at] = embedding
  }
  for (let at = 0; at < asked; at++) {
    if (vectors[at] === undefined) return Effect.fail(incomplete(target, asked))
  }
  const inputTokens = Json.number(Json.object(json.usage).prompt_tokens)
  return Effect.succeed(
    new EmbeddingModel.EmbedManyResponse({
      embeddings: vectors.slice(0, asked).map((vector) => new EmbeddingModel.EmbedResponse({ vector })),
      usage: new EmbeddingModel.EmbeddingUsage({ inputTokens })
    })
  )
}

const isVector = (u: unknown): u is ReadonlyArray<number> => Array.isArray(u) && u.every(Number.isFinite)

const incomplete = (target: Target, asked: number): Transient =>
  new Transient({
    target: target.key,
    reason: "Malformed",
    message: `the answer does not hold the ${asked} requested vectors`
  })
