/** An embedding model that is a chain of our own providers. */
import { assert, describe, it } from "@effect/vitest"
import * as EmbeddingModel from "effect/ai/EmbeddingModel"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ChainEmbeddingModel from "../../src/ai/ChainEmbeddingModel.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as ProviderService from "../../src/domain/ProviderService.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import { OpenAi } from "../../src/providers/OpenAi.ts"
import * as UndiciTransport from "../../src/providers/transport/UndiciTransport.ts"
import { failing } from "../support/ai.ts"
import * as FaultServer from "../support/FaultServer.ts"

class Router extends ProviderService.Service<Router, OpenAi.Provider>()("router") {}

const small = OpenAi.model("text-embedding-3-small")
const routed = Router.model("openai/text-embedding-3-small")

/** https://platform.openai.com/docs/api-reference/embeddings/create, with the vectors of the inputs' lengths. */
const embeddings = (seen: FaultServer.Seen, dimensions = 2) => {
  const { input } = JSON.parse(seen.body) as { readonly input: ReadonlyArray<string> }
  const data = input.map((text, index) => ({
    object: "embedding",
    index,
    embedding: Array.from({ length: dimensions }, () => text.length)
  }))
  return FaultServer.json({
    object: "list",
    data: data.reverse(),
    model: "text-embedding-ada-002",
    usage: { prompt_tokens: 8, total_tokens: 8 }
  })
}

const withChain = <A, E>(
  chain: Chain.Chain<ChainEmbeddingModel.EmbeddingProvider, OpenAi | Router>,
  test: (servers: {
    readonly openai: FaultServer.FaultServer
    readonly router: FaultServer.FaultServer
  }) => Effect.Effect<A, E, EmbeddingModel.EmbeddingModel | BenchRegistry>,
  options: ChainEmbeddingModel.Options = {}
) =>
  Effect.gen(function* () {
    const servers = { openai: yield* FaultServer.make, router: yield* FaultServer.make }
    const providers = Layer.merge(
      OpenAi.layer({
        baseUrl: `${servers.openai.origin}/v1`,
        credentials: [
          Credential.make("primary", { apiKey: "sk-1" }),
          Credential.make("backup", { apiKey: "sk-2" })
        ]
      }),
      Layer.effect(Router, OpenAi.make({ name: "router", baseUrl: `${servers.router.origin}/v1` }))
    ).pipe(Layer.provide(Layer.fresh(UndiciTransport.layer())))
    const policy = { retries: { times: 0 } }
    const layer = Layer.provide(ChainEmbeddingModel.layer(chain, { ...options, policy }), providers)
    return yield* Effect.provide(test(servers), Layer.fresh(layer))
  })

const embed = (...inputs: ReadonlyArray<string>) =>
  Effect.flatMap(EmbeddingModel.EmbeddingModel, (model) => model.embedMany(inputs))

describe("embeddings", () => {
  it.live("come in the order of their inputs, with the usage", () =>
    withChain(
      Chain.make(small),
      ({ openai }) =>
        Effect.gen(function* () {
          openai.answer((seen) => embeddings(seen))
          const response = yield* embed("a", "bc")
          assert.deepStrictEqual(
            response.embeddings.map(({ vector }) => vector),
            [
              [1, 1],
              [2, 2]
            ]
          )
          assert.strictEqual(response.usage.inputTokens, 8)
          assert.deepStrictEqual(JSON.parse(openai.requests[0]?.body ?? ""), {
            model: "text-embedding-3-small",
            input: ["a", "bc"],
            dimensions: 2,
            encoding_format: "float"
          })
        }),
      { dimensions: 2 }
    )
  )

  it.live("rotate the keys, then fall back to another endpoint of the same model", () =>
    withChain(Chain.make(small, routed), ({ openai, router }) =>
      Effect.gen(function* () {
        openai.play(
          FaultServer.json({ error: { message: "Incorrect API key", code: "invalid_api_key" } }, 401)
        )
        router.answer((seen) => embeddings(seen))
        const model = yield* EmbeddingModel.EmbeddingModel
        assert.deepStrictEqual((yield* model.embed("abc")).vector, [3, 3])
        const rests = (yield* (yield* BenchRegistry).list).map(({ key }) => key)
        assert.deepStrictEqual(rests, ["openai#primary", "openai#backup"])
        assert.strictEqual(JSON.parse(router.requests[0]?.body ?? "").model, "openai/text-embedding-3-small")
      })
    )
  )

  it.live("of another length, or too few of them, are rejected", () =>
    withChain(Chain.make(small, routed), ({ openai, router }) =>
      Effect.gen(function* () {
        openai.play(FaultServer.json({ data: [{ index: 0, embedding: [1, "2"] }] }))
        router.answer((seen) => embeddings(seen, 3))
        assert.deepStrictEqual((yield* embed("abc")).embeddings[0]?.vector, [3, 3, 3])
        openai.answer((seen) => embeddings(seen, 2))
        router.answer(() => FaultServer.json({ data: [{ index: 1, embedding: [1, 2, 3] }] }))
        const failed = yield* failing(embed("abc"))
        assert.deepStrictEqual([...new Set(failed)], ["InvalidResponseError"])
      })
    )
  )

  it.live("of several models are a defect", () =>
    Effect.gen(function* () {
      const chain = Chain.make(small, OpenAi.model("text-embedding-3-large"))
      const failed = yield* failing(withChain(chain, () => embed("abc")))
      assert.match(failed.join(), /die .*text-embedding-3-small, openai\/text-embedding-3-large/)
    })
  )
})
