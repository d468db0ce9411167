import Anthropic from "@anthropic-ai/sdk"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import OpenAI from "openai"
import * as FaultServer from "../support/FaultServer.ts"
import { anthropic, openai, provider, start } from "../support/gateway.ts"

const openAiAt = (url: string) => new OpenAI({ baseURL: `${url}/v1`, apiKey: "let-me-in", maxRetries: 0 })
const anthropicAt = (url: string) => new Anthropic({ baseURL: url, apiKey: "let-me-in", maxRetries: 0 })

const server = { tokens: ["let-me-in"] }
const policy = { retries: { times: 0 }, threshold: { transient: 100 }, timeouts: { idle: "200 millis" } }

const rejected = <A>(promise: () => PromiseLike<A>) =>
  Effect.promise(async () =>
    promise().then(
      () => assert.fail("it should not have been answered"),
      (error: unknown) => error
    )
  )

const overloaded = FaultServer.json(openai.error("server_error", "The server is overloaded"), 503)

describe("the official openai client", () => {
  it.live("reads answers, and the way to them", () =>
    Effect.gen(function* () {
      const fault = yield* FaultServer.make
      fault.play(overloaded, FaultServer.json(openai.answer))
      const url = yield* start({
        providers: { a: provider("openai", fault) },
        models: { smart: ["a/1", "a/2"] },
        policy,
        server
      })
      const { data, response } = yield* Effect.promise(() =>
        openAiAt(url)
          .chat.completions.create({ model: "smart", messages: [{ role: "user", content: "hi" }] })
          .withResponse()
      )
      assert.strictEqual(data.choices[0]?.message.content, "hello 漢🦊")
      assert.strictEqual(response.headers.get("x-failover-trail"), "overloaded,ok")
      assert.match(String(response.headers.get("x-request-id")), /^req_/)
    })
  )

  it.live("reads streams to their end, and gets the error of one that breaks", () =>
    Effect.gen(function* () {
      const fault = yield* FaultServer.make
      fault.play(FaultServer.sse(openai.events), [
        FaultServer.sseHead,
        { send: openai.events.slice(0, 3).join("") },
        { wait: 20 },
        { reset: true }
      ])
      const url = yield* start({ providers: { a: provider("openai", fault) }, policy, server })
      let text = ""
      const read = async () => {
        text = ""
        const stream = await openAiAt(url).chat.completions.create({
          model: "a/1",
          stream: true,
          messages: [{ role: "user", content: "hi" }]
        })
        for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? ""
      }
      yield* Effect.promise(read)
      assert.strictEqual(text, "hello 漢🦊")
      const error = yield* rejected(read)
      assert.isTrue(error instanceof OpenAI.APIError)
      assert.strictEqual(text, "hel")
    })
  )

  it.live("gets embeddings and the list of models", () =>
    Effect.gen(function* () {
      const fault = yield* FaultServer.make
      fault.play(
        FaultServer.json({
          object: "list",
          model: "m",
          data: [{ object: "embedding", index: 0, embedding: [0.25] }]
        })
      )
      const url = yield* start({
        providers: { a: provider("openai", fault) },
        models: { smart: "a/1" },
        server
      })
      const client = openAiAt(url)
      const vectors = yield* Effect.promise(() =>
        client.embeddings.create({ model: "a/e", input: "x", encoding_format: "float" })
      )
      assert.deepStrictEqual(vectors.data[0]?.embedding, [0.25])
      const models = yield* Effect.promise(() => client.models.list())
      assert.deepStrictEqual(
        models.data.map(({ id }) => id),
        ["smart"]
      )
    })
  )

  it.live("throws the error class of the status", () =>
    Effect.gen(function* () {
      const fault = yield* FaultServer.make
      const url = yield* start({
        providers: { a: provider("openai", fault) },
        policy: { ...policy, whenAllBenched: "fail" },
        server: { ...server, maxBodyBytes: 5_000_000 }
      })
      const failing = (model: string, content = "hi") =>
        rejected(() =>
          openAiAt(url).chat.completions.create({ model, messages: [{ role: "user", content }] })
        )
      fault.play(FaultServer.json(openai.error("invalid_request_error", "no such parameter"), 400))
      const bad = yield* failing("a/1")
      assert.isTrue(bad instanceof OpenAI.BadRequestError)
      assert.include(String(bad), "no such parameter")
      assert.isTrue((yield* failing("nobody")) instanceof OpenAI.NotFoundError)
      fault.play(FaultServer.json(openai.error("rate_limit_exceeded", "slow down"), 429))
      assert.isTrue((yield* failing("a/2")) instanceof OpenAI.RateLimitError)
      fault.play(FaultServer.json(openai.error("invalid_api_key", "no"), 401))
      assert.isTrue((yield* failing("a/3")) instanceof OpenAI.InternalServerError)
      const large = yield* failing("a/1", "x".repeat(6_000_000))
      assert.isTrue(large instanceof OpenAI.APIError && large.status === 413, String(large))
      const stranger = new OpenAI({ baseURL: `${url}/v1`, apiKey: "wrong", maxRetries: 0 })
      assert.isTrue((yield* rejected(() => stranger.models.list())) instanceof OpenAI.AuthenticationError)
    })
  )
})

describe("the official Anthropic client", () => {
  it.live("reads answers and streams, and gets the error of one that breaks", () =>
    Effect.gen(function* () {
      const fault = yield* FaultServer.make
      const url = yield* start({
        providers: { c: provider("anthropic", fault) },
        models: { claude: "c/1" },
        policy,
        server
      })
      const client = anthropicAt(url)
      const ask = { model: "claude", max_tokens: 100, messages: [{ role: "user" as const, content: "hi" }] }
      fault.play(FaultServer.json(anthropic.answer))
      const { data, response } = yield* Effect.promise(() => client.messages.create(ask).withResponse())
      assert.deepInclude(data.content[0], { type: "text", text: "hello 漢🦊" })
      assert.strictEqual(response.headers.get("x-failover-target"), "c/1#k1")

      let text = ""
      const read = async () => {
        text = ""
        for await (const event of await client.messages.create({ ...ask, stream: true })) {
          if (event.type === "content_block_delta" && event.delta.type === "text_delta")
            text += event.delta.text
        }
      }
      fault.play(FaultServer.sse(anthropic.events))
      yield* Effect.promise(read)
      assert.strictEqual(text, "hello 漢🦊")
      fault.play([FaultServer.sseHead, { send: anthropic.events.slice(0, 4).join("") }, { hang: true }])
      assert.isTrue((yield* rejected(read)) instanceof Anthropic.APIError)
      assert.strictEqual(text, "hel")
    })
  )

  it.live("throws the error class of the status, and lists the models", () =>
    Effect.gen(function* () {
      const fault = yield* FaultServer.make
      const url = yield* start({
        providers: { c: provider("anthropic", fault) },
        models: { claude: "c/1" },
        policy,
        server
      })
      const failing = (model: string, client = anthropicAt(url)) =>
        rejected(() =>
          client.messages.create({ model, max_tokens: 1, messages: [{ role: "user", content: "hi" }] })
        )
      assert.isTrue((yield* failing("nobody")) instanceof Anthropic.NotFoundError)
      fault.play(FaultServer.json(anthropic.error("invalid_request_error", "messages: too few"), 400))
      const bad = yield* failing("claude")
      assert.isTrue(bad instanceof Anthropic.BadRequestError)
      assert.include(String(bad), "messages: too few")
      const stranger = new Anthropic({ baseURL: url, apiKey: "wrong", maxRetries: 0 })
      assert.isTrue((yield* failing("claude", stranger)) instanceof Anthropic.AuthenticationError)
      const models = yield* Effect.promise(() => anthropicAt(url).models.list())
      assert.strictEqual(models.data[0]?.id, "claude")
    })
  )
})
