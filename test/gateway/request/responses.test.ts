import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import OpenAI from "openai"
import * as FaultServer from "../../support/FaultServer.ts"
import { ask, chat, openai, provider, start } from "../../support/gateway.ts"

const item = (text: string) => ({
  id: "msg_1",
  type: "message",
  role: "assistant",
  status: "completed",
  content: text === "" ? [] : [{ type: "output_text", text, annotations: [] }]
})

const response = (more: object = {}) => ({
  id: "resp_1",
  object: "response",
  created_at: 1_700_000_000,
  model: "m",
  status: "completed",
  error: null,
  incomplete_details: null,
  output: [item("hello")],
  ...more
})

const sse = (type: string, more: object = {}) =>
  `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: 0, ...more })}\n\n`

const place = { item_id: "msg_1", output_index: 0, content_index: 0 }
const delta = (text: string) => sse("response.output_text.delta", { ...place, delta: text })

const opening = [
  sse("response.created", { response: response({ status: "in_progress", output: [] }) }),
  sse("response.in_progress", { response: response({ status: "in_progress", output: [] }) }),
  sse("response.output_item.added", { output_index: 0, item: item("") }),
  sse("response.content_part.added", {
    ...place,
    part: { type: "output_text", text: "", annotations: [] }
  })
]
const events = [
  ...opening,
  delta("hel"),
  delta("lo"),
  sse("response.output_item.done", { output_index: 0, item: item("hello") }),
  sse("response.completed", { response: response() })
]

const failed = response({
  status: "failed",
  output: [],
  error: { code: "server_error", message: "It broke." }
})
const cutShort = { status: "incomplete", incomplete_details: { reason: "max_output_tokens" }, output: [] }

/** A gateway with a chain of two. */
const gateway = Effect.gen(function* () {
  const [a, b] = [yield* FaultServer.make, yield* FaultServer.make]
  const url = yield* start({
    providers: { a: provider("openai", a), b: provider("openai", b) },
    models: { smart: ["a/m", "b/m"] },
    policy: { retries: { times: 0 }, threshold: { transient: 100 }, timeouts: { idle: "150 millis" } }
  })
  const post = (more: object = {}) =>
    ask(`${url}/v1/responses`, { body: { model: "smart", input: "hi", ...more } })
  const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "k", maxRetries: 0 })
  return { a, b, url, post, client }
})

describe("a response", () => {
  it.live("is given whole and byte for byte, and one that failed or is empty fails over", () =>
    Effect.gen(function* () {
      const { a, b, client, post } = yield* gateway
      b.play(FaultServer.json(response()))
      for (const [given, word] of [
        [failed, "server-error"],
        [response({ output: [] }), "empty"],
        [response({ output: [item("")] }), "empty"]
      ] as const) {
        a.play(FaultServer.json(given))
        const got = yield* post()
        assert.deepStrictEqual(
          [got.status, got.headers["x-failover-trail"], got.text],
          [200, `${word},ok`, JSON.stringify(response())]
        )
      }
      assert.strictEqual(b.requests[0]?.path, "/v1/responses")
      const answer = yield* Effect.promise(() => client.responses.create({ model: "smart", input: "hi" }))
      assert.strictEqual(answer.output_text, "hello")
    })
  )

  it.live("that the length limit cut short before any content is an answer", () =>
    Effect.gen(function* () {
      const { a, post } = yield* gateway
      const short = response(cutShort)
      a.play(
        FaultServer.json(short),
        FaultServer.sse([...opening, sse("response.incomplete", { response: short })])
      )
      assert.strictEqual((yield* post()).headers["x-failover-trail"], "ok")
      const streamed = yield* post({ stream: true })
      assert.strictEqual(streamed.headers["x-failover-trail"], "ok")
      assert.include(streamed.text, "response.incomplete")
    })
  )

  it.live("is streamed byte for byte, and fails over until its first real output", () =>
    Effect.gen(function* () {
      const { a, client, post } = yield* gateway
      for (const [death, word] of [
        [{ cut: true }, "truncated"],
        [{ send: sse("response.failed", { response: failed }) }, "server-error"],
        [{ send: sse("error", { code: "rate_limit_exceeded", message: "Slow", param: null }) }, "rate-limit"]
      ] as const) {
        const { a, b, post } = yield* gateway
        a.play([FaultServer.sseHead, { send: opening.join("") }, { wait: 20 }, death, { end: true }])
        b.play(FaultServer.sse(events))
        const got = yield* post({ stream: true })
        assert.deepStrictEqual([got.status, got.headers["x-failover-trail"]], [200, `${word},ok`])
        assert.strictEqual(got.text, events.join(""))
      }
      a.play(FaultServer.sse(events))
      const said: Array<string> = []
      yield* Effect.promise(async () => {
        const stream = await client.responses.create({ model: "smart", input: "hi", stream: true })
        for await (const event of stream) {
          if (event.type === "response.output_text.delta") said.push(event.delta)
        }
      })
      assert.deepStrictEqual(said, ["hel", "lo"])
      assert.strictEqual((yield* post({ stream: true })).headers["x-failover-trail"], "ok")
    })
  )

  it.live("with a call of a function is committed by the call's name", () =>
    Effect.gen(function* () {
      const { a, post } = yield* gateway
      const call = { type: "function_call", call_id: "c", name: "weather", arguments: "" }
      const added = sse("response.output_item.added", { output_index: 0, item: call })
      a.play([FaultServer.sseHead, { send: opening[0] + added }, { hang: true }])
      const got = yield* post({ stream: true })
      assert.strictEqual(got.headers["x-failover-trail"], "ok")
      assert.include(got.text, "stream_broken")
    })
  )

  it.live("that breaks after its first output ends with an error that the official client throws", () =>
    Effect.gen(function* () {
      const { a, client } = yield* gateway
      a.play([FaultServer.sseHead, { send: opening.join("") + delta("hel") }, { wait: 20 }, { reset: true }])
      const thrown = yield* Effect.promise(async () => {
        const stream = await client.responses.create({ model: "smart", input: "hi", stream: true })
        try {
          for await (const _ of stream) void _
        } catch (error) {
          return error
        }
        return undefined
      })
      assert.instanceOf(thrown, OpenAI.APIError)
    })
  )

  it.live("that breaks after its first output is a failed response with its own id, as Codex reads it", () =>
    Effect.gen(function* () {
      const { a, post } = yield* gateway
      a.play([FaultServer.sseHead, { send: opening.join("") + delta("hel") }, { wait: 20 }, { reset: true }])
      const got = yield* post({ stream: true })
      const [last, thrown] = got.text
        .split("\n\n")
        .flatMap((event) => /^data: (.*)$/m.exec(event)?.[1] ?? [])
        .map((data) => JSON.parse(data))
        .slice(-2)
      assert.strictEqual(last.type, "response.failed", got.text)
      assert.strictEqual(last.response.id, response().id)
      assert.strictEqual(last.response.status, "failed")
      assert.strictEqual(last.response.error.code, "stream_broken")
      assert.deepStrictEqual([thrown.type, thrown.code], ["error", "stream_broken"])
    })
  )

  it.live("that breaks is an error of the stream to the official client's helper, too", () =>
    Effect.gen(function* () {
      const { a, client } = yield* gateway
      a.play([FaultServer.sseHead, { send: opening.join("") + delta("hel") }, { wait: 20 }, { reset: true }])
      const thrown = yield* Effect.promise(() =>
        client.responses
          .stream({ model: "smart", input: "hi" })
          .finalResponse()
          .catch((error: unknown) => error)
      )
      assert.instanceOf(thrown, OpenAI.APIError)
    })
  )

  it.live("that a server does not support does not bench the model; a missing model does", () =>
    Effect.gen(function* () {
      const { a, b, post, url } = yield* gateway
      b.play(FaultServer.json(response()))
      const notImplemented = {
        error: { message: "not implemented", type: "new_api_error", code: "convert_request_failed" }
      }
      for (const [status, body] of [
        [404, { detail: "Not Found" }],
        [500, notImplemented],
        [405, { detail: "Method Not Allowed" }]
      ] as const) {
        a.play(FaultServer.json(body, status), FaultServer.json(openai.answer))
        const elsewhere = yield* post()
        assert.deepStrictEqual(
          [elsewhere.status, elsewhere.headers["x-failover-trail"]],
          [200, "unsupported,ok"]
        )
        const chats = yield* ask(`${url}/v1/chat/completions`, { body: chat("a/m") })
        assert.strictEqual(chats.status, 200)
      }
      const missing = {
        code: "model_not_found",
        message: "The model `m` does not exist",
        type: "invalid_request_error"
      }
      a.play(FaultServer.json({ error: missing }, 404))
      const got = yield* post()
      assert.deepStrictEqual([got.status, got.headers["x-failover-trail"]], [200, "model-missing,ok"])
    })
  )
})
