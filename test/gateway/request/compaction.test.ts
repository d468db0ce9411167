import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import OpenAI from "openai"
import * as FaultServer from "../../support/FaultServer.ts"
import { ask, openai, provider, start } from "../../support/gateway.ts"

/** OpenAI's answer. https://developers.openai.com/api/docs/guides/conversation-state */
const compacted = {
  id: "resp_1",
  object: "response.compaction",
  created_at: 1,
  output: [
    { id: "msg_1", type: "message", role: "user", status: "completed", content: [] },
    { id: "cmp_1", type: "compaction", encrypted_content: "gAAAAB-sealed" }
  ],
  usage: { input_tokens: 139, output_tokens: 438, total_tokens: 577 }
}

/** Codex's request. https://github.com/openai/codex/blob/main/codex-rs/codex-api/src/common.rs */
const codex = {
  model: "smart",
  input: [{ type: "message", role: "user", content: [{ type: "input_text", text: "hi" }] }],
  instructions: "You are Codex",
  tools: [],
  parallel_tool_calls: true,
  reasoning: { effort: "high" }
}

const gateway = Effect.gen(function* () {
  const [a, b, chats, claude] = [
    yield* FaultServer.make,
    yield* FaultServer.make,
    yield* FaultServer.make,
    yield* FaultServer.make
  ]
  const url = yield* start({
    providers: {
      a: provider("openai", a),
      b: provider("openai", b),
      chats: { ...provider("openai", chats), responses: false },
      claude: provider("anthropic", claude)
    },
    models: { smart: ["chats/m", "claude/m", "a/m", "b/m"], few: ["chats/m", "claude/m"], one: ["a/m"] },
    fallbacks: ["b/m"],
    policy: { retries: { times: 0 }, threshold: { transient: 100 } }
  })
  const sdk = new OpenAI({ baseURL: `${url}/v1`, apiKey: "k", maxRetries: 0 })
  return { a, b, chats, claude, sdk, url }
})

const missing = FaultServer.json({ detail: "Not Found" }, 404)

describe("the compaction of a conversation", () => {
  it.live("comes from a target that serves responses, byte for byte, and fails over", () =>
    Effect.gen(function* () {
      const { a, b, chats, claude, url } = yield* gateway
      a.play(FaultServer.json(openai.error("server_error", "overloaded"), 503))
      b.play(FaultServer.json(compacted))
      const got = yield* ask(`${url}/v1/responses/compact`, { body: codex })
      assert.deepStrictEqual([got.status, got.json], [200, compacted])
      assert.strictEqual(b.requests[0]?.path, "/v1/responses/compact")
      assert.deepStrictEqual(JSON.parse(b.requests[0]?.body ?? ""), { ...codex, model: "m" })
      assert.deepStrictEqual([chats.requests.length, claude.requests.length], [0, 0])
    })
  )

  it.live("is called by the SDK, also with one /v1 too few in its base URL", () =>
    Effect.gen(function* () {
      const { a, url } = yield* gateway
      a.play(FaultServer.json(compacted))
      const sdk = new OpenAI({ baseURL: url, apiKey: "k", maxRetries: 0 })
      const got = yield* Effect.promise(() =>
        sdk.responses.compact({ model: "one" as "gpt-5.2", input: "hello" })
      )
      assert.strictEqual(got.output.at(-1)?.type, "compaction")
    })
  )

  it.live("without output is none: the next target is called", () =>
    Effect.gen(function* () {
      const { a, b, url } = yield* gateway
      a.play(FaultServer.json({ id: "r", object: "response.compaction", output: [] }))
      b.play(FaultServer.json(compacted))
      const got = yield* ask(`${url}/v1/responses/compact`, { body: codex })
      assert.deepStrictEqual([got.status, got.headers["x-failover-trail"]], [200, "empty,ok"])
    })
  )

  it.live("fails over from a server that lacks it, and benches nothing there", () =>
    Effect.gen(function* () {
      const { a, b, url } = yield* gateway
      a.play(missing, FaultServer.json(openai.answer))
      b.play(FaultServer.json(compacted))
      const got = yield* ask(`${url}/v1/responses/compact`, { body: codex })
      assert.deepStrictEqual([got.status, got.json], [200, compacted])
      const chat = yield* ask(`${url}/v1/chat/completions`, {
        body: { model: "one", messages: [{ role: "user", content: "hi" }] }
      })
      assert.strictEqual(chat.headers["x-failover-target"], "a/m#k1")
    })
  )

  for (const [name, behaviour] of [
    ["404", missing],
    ["405", FaultServer.json({ detail: "Method Not Allowed" }, 405)],
    ["501", FaultServer.json({ error: { message: "not implemented", type: "server_error" } }, 501)],
    [
      "500 of a relay that has not implemented it",
      FaultServer.json(
        { error: { message: "not implemented", type: "new_api_error", code: "convert_request_failed" } },
        500
      )
    ]
  ] as const) {
    it.live(`that no target serves (${name}) is a 404 that names them, without a fallback`, () =>
      Effect.gen(function* () {
        const { a, b, url } = yield* gateway
        a.play(behaviour)
        const got = yield* ask(`${url}/v1/responses/compact`, { body: { ...codex, model: "one" } })
        assert.deepStrictEqual([got.status, got.at("error.code")], [404, "operation_not_served"])
        assert.include(String(got.at("error.message")), "a/m#k1")
        assert.strictEqual(b.requests.length, 0)
        const benches = yield* ask(`${url}/v1/chat/completions`, {
          body: { model: "one", messages: [{ role: "user", content: "hi" }] }
        })
        assert.notInclude(benches.text, "benched")
      })
    )
  }

  it.live("for models without responses is a 404 with the reason", () =>
    Effect.gen(function* () {
      const { chats, url } = yield* gateway
      const got = yield* ask(`${url}/v1/responses/compact`, { body: { ...codex, model: "few" } })
      assert.deepStrictEqual([got.status, got.at("error.code")], [404, "operation_not_served"])
      assert.include(String(got.at("error.message")), "responses")
      assert.strictEqual(chats.requests.length, 0)
    })
  )

  it.live("keeps a refusal of the request as the server wrote it", () =>
    Effect.gen(function* () {
      const { a, url } = yield* gateway
      const said = openai.error("invalid_request_error", "Missing required parameter: 'input'.")
      a.play(FaultServer.json(said, 400))
      const got = yield* ask(`${url}/v1/responses/compact`, { body: { model: "one" } })
      assert.deepStrictEqual([got.status, got.json], [400, said])
    })
  )

  it.live("as a last item of a conversation goes to the target that accepts it", () =>
    Effect.gen(function* () {
      const { a, b, chats, claude, url } = yield* gateway
      a.play(FaultServer.json({ ...compacted, object: "response", status: "completed" }))
      const input = [...codex.input, { type: "compaction_trigger" }]
      const got = yield* ask(`${url}/v1/responses`, { body: { ...codex, input, store: false } })
      assert.deepStrictEqual([got.status, got.headers["x-failover-target"]], [200, "a/m#k1"])
      assert.deepStrictEqual([chats.requests.length, claude.requests.length], [0, 0])
      b.play(FaultServer.json({ ...compacted, object: "response", status: "completed" }))
      const fell = yield* ask(`${url}/v1/responses`, { body: { ...codex, input, model: "few" } })
      assert.deepStrictEqual([fell.status, fell.headers["x-failover-target"]], [200, "b/m#k1"])
      assert.deepStrictEqual([chats.requests.length, claude.requests.length], [0, 0])
    })
  )
})

describe("the count of a response's tokens", () => {
  it.live("comes from a target that serves responses, and fails over", () =>
    Effect.gen(function* () {
      const { a, b, sdk } = yield* gateway
      a.play(missing)
      b.play(FaultServer.json({ object: "response.input_tokens", input_tokens: 11 }))
      const got = yield* Effect.promise(() =>
        sdk.responses.inputTokens.count({ model: "smart", input: "hi" })
      )
      assert.strictEqual(got.input_tokens, 11)
      assert.strictEqual(b.requests[0]?.path, "/v1/responses/input_tokens")
    })
  )

  it.live("is a marked estimate where no target counts", () =>
    Effect.gen(function* () {
      const { a, url } = yield* gateway
      a.play(missing)
      for (const model of ["few", "one"]) {
        const got = yield* ask(`${url}/v1/responses/input_tokens`, { body: { ...codex, model } })
        assert.deepStrictEqual([got.status, got.headers["x-failover-estimated"]], [200, "true"])
        assert.strictEqual(got.at("object"), "response.input_tokens")
        assert.isAbove(Number(got.at("input_tokens")), 0)
      }
    })
  )
})

describe("the count of a chat's tokens", () => {
  const body = { messages: [{ role: "user", content: "hi" }] }

  it.live("comes from a server that supports it, as llama.cpp does", () =>
    Effect.gen(function* () {
      const { chats, url } = yield* gateway
      chats.play(FaultServer.json({ input_tokens: 9 }))
      const got = yield* ask(`${url}/v1/chat/completions/input_tokens`, {
        body: { ...body, model: "chats/m" }
      })
      assert.deepStrictEqual([got.status, got.json], [200, { input_tokens: 9 }])
      assert.strictEqual(chats.requests[0]?.path, "/v1/chat/completions/input_tokens")
    })
  )

  it.live("is a marked estimate elsewhere", () =>
    Effect.gen(function* () {
      const { chats, url } = yield* gateway
      chats.play(missing)
      for (const model of ["chats/m", "claude/m"]) {
        const got = yield* ask(`${url}/v1/chat/completions/input_tokens`, { body: { ...body, model } })
        assert.deepStrictEqual([got.status, got.headers["x-failover-estimated"]], [200, "true"])
        assert.isAbove(Number(got.at("input_tokens")), 0)
      }
    })
  )
})
