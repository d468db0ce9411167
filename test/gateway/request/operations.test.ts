import Anthropic from "@anthropic-ai/sdk"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import OpenAI from "openai"
import * as FaultServer from "../../support/FaultServer.ts"
import { anthropic, ask, message, openai, provider, start } from "../../support/gateway.ts"

const quick = { retries: { times: 0 }, threshold: { transient: 100 } }

/** A gateway with two providers of each protocol: a and b, c and d; and chains of the first two and of all. */
const gateway = Effect.gen(function* () {
  const [a, b] = [yield* FaultServer.make, yield* FaultServer.make]
  const [c, d] = [yield* FaultServer.make, yield* FaultServer.make]
  const url = yield* start({
    providers: {
      a: provider("openai", a),
      b: provider("openai", b),
      c: provider("anthropic", c),
      d: provider("anthropic", d)
    },
    models: { gpt: ["a/m", "b/m"], claude: ["c/m", "d/m"], smart: ["a/m", "c/m"] },
    policy: quick
  })
  const openAi = new OpenAI({ baseURL: `${url}/v1`, apiKey: "k", maxRetries: 0 })
  const claude = new Anthropic({ baseURL: url, apiKey: "k", maxRetries: 0 })
  return { a, b, c, d, url, openAi, claude }
})

describe("the count of a message's tokens", () => {
  const asked = { messages: [{ role: "user" as const, content: "hi" }] }

  it.live("comes from a model of Anthropic's protocol, and fails over", () =>
    Effect.gen(function* () {
      const { c, claude, d } = yield* gateway
      c.play(FaultServer.json(anthropic.error("overloaded_error", "Overloaded"), 529))
      d.play(FaultServer.json({ input_tokens: 14 }))
      const counted = yield* Effect.promise(() => claude.messages.countTokens({ model: "claude", ...asked }))
      assert.strictEqual(counted.input_tokens, 14)
      assert.strictEqual(d.requests[0]?.path, "/v1/messages/count_tokens")
      assert.strictEqual(JSON.parse(d.requests[0]?.body ?? "").model, "m")
    })
  )

  it.live("skips models with another protocol, and is a marked estimate if there are no others", () =>
    Effect.gen(function* () {
      const { a, c, url } = yield* gateway
      c.play(FaultServer.json({ input_tokens: 14 }))
      const count = (model: string) => ask(`${url}/v1/messages/count_tokens`, { body: { model, ...asked } })
      const got = yield* count("smart")
      assert.deepStrictEqual([got.status, got.at("input_tokens")], [200, 14])
      const none = yield* count("gpt")
      assert.deepStrictEqual([none.status, none.headers["x-failover-estimated"]], [200, "true"])
      assert.isAbove(Number(none.at("input_tokens")), 0)
      assert.isUndefined(got.headers["x-failover-estimated"])
      assert.strictEqual(a.requests.length, 0)
    })
  )

  it.live("is an estimate if the server has no counts, and the model is not benched", () =>
    Effect.gen(function* () {
      const { c, url } = yield* gateway
      c.play(
        FaultServer.json(anthropic.error("not_found_error", "Not found"), 404),
        FaultServer.json(anthropic.answer)
      )
      const body = { model: "c/m", ...asked }
      const missing = yield* ask(`${url}/v1/messages/count_tokens`, { body })
      assert.deepStrictEqual([missing.status, missing.headers["x-failover-estimated"]], [200, "true"])
      assert.strictEqual((yield* ask(`${url}/v1/messages`, { body: message("c/m") })).status, 200)
    })
  )
})

describe("a completion of the older kind", () => {
  const choice = (text: string, finish_reason: string | null = null, index = 0) => ({
    id: "cmpl-1",
    object: "text_completion",
    model: "m",
    choices: [{ index, text, logprobs: null, finish_reason }]
  })
  const sse = (json: object) => `data: ${JSON.stringify(json)}\n\n`
  const events = [sse(choice("")), sse(choice("hel")), sse(choice("lo", "stop")), "data: [DONE]\n\n"]

  it.live("is given whole, and an empty one fails over", () =>
    Effect.gen(function* () {
      const { a, b, openAi } = yield* gateway
      a.play(FaultServer.json(choice("", "stop")))
      b.play(FaultServer.json(choice("hello", "stop")))
      const { data, response } = yield* Effect.promise(() =>
        openAi.completions.create({ model: "gpt", prompt: "say hello" }).withResponse()
      )
      assert.strictEqual(data.choices[0]?.text, "hello")
      assert.strictEqual(response.headers.get("x-failover-trail"), "empty,ok")
      assert.strictEqual(b.requests[0]?.path, "/v1/completions")
    })
  )

  it.live("is streamed byte for byte, and fails over before its first text", () =>
    Effect.gen(function* () {
      const { a, b, openAi, url } = yield* gateway
      a.play([FaultServer.sseHead, { send: events[0] ?? "" }, { cut: true }])
      b.play(FaultServer.sse(events))
      const body = { model: "gpt", prompt: "say hello", stream: true }
      const got = yield* ask(`${url}/v1/completions`, { body })
      assert.deepStrictEqual(
        [got.status, got.headers["x-failover-trail"], got.text],
        [200, "truncated,ok", events.join("")]
      )
      const text = yield* Effect.promise(async () => {
        let said = ""
        const stream = await openAi.completions.create({ ...body, stream: true })
        for await (const { choices } of stream) said += choices[0]?.text ?? ""
        return said
      })
      assert.strictEqual(text, "hello")
    })
  )

  it.live("for several prompts is complete when all of them are", () =>
    Effect.gen(function* () {
      const { a, url } = yield* gateway
      const both = [sse(choice("one", "stop", 0)), sse(choice("two", "stop", 1))]
      const post = () =>
        ask(`${url}/v1/completions`, { body: { model: "a/m", prompt: ["1", "2"], stream: true } })
      a.play(FaultServer.sse(both.slice(0, 1)), FaultServer.sse(both))
      const cut = yield* post()
      assert.include(cut.text, "stream_broken")
      assert.strictEqual((yield* post()).text, both.join(""))
    })
  )

  it.live("that a chat model does not support does not bench the model", () =>
    Effect.gen(function* () {
      const { a, url } = yield* gateway
      const said = "This is a chat model and not supported in the v1/completions endpoint."
      a.play(
        FaultServer.json(openai.error("invalid_request_error", said), 404),
        FaultServer.json(openai.answer)
      )
      const refused = yield* ask(`${url}/v1/completions`, { body: { model: "a/m", prompt: "x" } })
      assert.deepStrictEqual([refused.status, refused.at("error.message")], [404, said])
      const chat = yield* ask(`${url}/v1/chat/completions`, { body: message("a/m") })
      assert.strictEqual(chat.status, 200)
    })
  )
})
