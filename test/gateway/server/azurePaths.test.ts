import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { AzureOpenAI } from "openai"
import * as FaultServer from "../../support/FaultServer.ts"
import { ask, openai, provider, start } from "../../support/gateway.ts"

const gateway = Effect.gen(function* () {
  const a = yield* FaultServer.make
  const url = yield* start({
    providers: { a: provider("openai", a) },
    models: { smart: "a/m", other: "a/n" }
  })
  return { a, url }
})

const messages = [{ role: "user" as const, content: "hi" }]
const version = "?api-version=2024-10-21"

describe("a path of Azure", () => {
  it.live("names the model, which its own SDK writes there", () =>
    Effect.gen(function* () {
      const { a, url } = yield* gateway
      a.play(FaultServer.json(openai.answer))
      const sdk = new AzureOpenAI({ endpoint: url, apiKey: "k", apiVersion: "2024-10-21", maxRetries: 0 })
      yield* Effect.promise(() => sdk.chat.completions.create({ model: "smart", messages }))
      const fixed = new AzureOpenAI({
        endpoint: url,
        apiKey: "k",
        apiVersion: "2024-10-21",
        deployment: "smart",
        maxRetries: 0
      })
      yield* Effect.promise(() => fixed.chat.completions.create({ model: "", messages }))
      assert.deepStrictEqual(
        a.requests.map(({ model, path }) => [path, model]),
        [
          ["/v1/chat/completions", "m"],
          ["/v1/chat/completions", "m"]
        ]
      )
    })
  )

  it.live("needs no model in the body, overrides one there, and keeps the rest of the text unchanged", () =>
    Effect.gen(function* () {
      const { a, url } = yield* gateway
      a.play(FaultServer.json(openai.answer))
      const post = (body: string, name = "smart") =>
        ask(`${url}/openai/deployments/${name}/chat/completions${version}`, { body })
      yield* post('{"seed": 12345678901234567890, "messages": []}')
      yield* post('{"model":"other","seed": 12345678901234567890}')
      yield* post("{}", "a%2Fm")
      assert.deepStrictEqual(
        a.requests.map(({ body }) => body),
        [
          '{"seed": 12345678901234567890, "messages": [],"model":"m"}',
          '{"model":"m","seed": 12345678901234567890}',
          '{"model":"m"}'
        ]
      )
      const none = yield* post("{}", "nobody")
      assert.deepStrictEqual([none.status, none.at("error.code")], [404, "model_not_found"])
      const empty = yield* post("{}", "%20")
      assert.deepStrictEqual([empty.status, empty.at("error.code")], [400, "missing_model"])
      const broken = yield* post('{"model":"smart"}', "%E0%A4%A")
      assert.deepStrictEqual([broken.status, broken.at("error.code")], [400, "missing_model"])
    })
  )

  for (const path of [
    "/openai/v1/chat/completions",
    "/openai/chat/completions",
    "/openai/v1/chat/completions/"
  ]) {
    it.live(`without a deployment is served too: ${path}`, () =>
      Effect.gen(function* () {
        const { a, url } = yield* gateway
        a.play(FaultServer.json(openai.answer))
        const got = yield* ask(`${url}${path}${version}`, { body: { model: "smart", messages } })
        assert.deepStrictEqual([got.status, a.requests[0]?.path], [200, "/v1/chat/completions"])
      })
    )
  }

  it.live("serves the other operations and the list of models", () =>
    Effect.gen(function* () {
      const { a, url } = yield* gateway
      a.play(FaultServer.json({ object: "list", data: [{ embedding: [1], index: 0 }] }))
      const got = yield* ask(`${url}/openai/deployments/smart/embeddings${version}`, { body: { input: "x" } })
      assert.deepStrictEqual([got.status, a.requests[0]?.path], [200, "/v1/embeddings"])
      assert.strictEqual((yield* ask(`${url}/openai/v1/models`)).status, 200)
      assert.strictEqual((yield* ask(`${url}/openai/models${version}`)).status, 200)
    })
  )
})

describe("a path that nothing serves", () => {
  for (const path of [
    "/api/chat",
    "/api/tags",
    "/v1beta/models/gemini-3-pro:generateContent",
    "/model/claude/invoke",
    "/v1/images/generations",
    "/openai/deployments/smart/images/generations",
    "/openai/deployments/smart"
  ]) {
    it.live(`gets the list of the served paths: ${path}`, () =>
      Effect.gen(function* () {
        const { url } = yield* gateway
        const got = yield* ask(`${url}${path}`, { body: {} })
        assert.deepStrictEqual([got.status, got.at("error.code")], [404, "not_found"])
        for (const served of ["/v1/chat/completions", "/v1/responses", "/v1/messages", "/v1/models"]) {
          assert.include(String(got.at("error.message")), served)
        }
      })
    )
  }

  it.live("below messages gets an error of Anthropic's", () =>
    Effect.gen(function* () {
      const { url } = yield* gateway
      const got = yield* ask(`${url}/v1/messages/batches`, { body: {} })
      assert.strictEqual(got.at("error.type"), "not_found_error")
      assert.include(String(got.at("error.message")), "/v1/messages")
    })
  )
})
