/** Decisions for each target: which thoughts it gets, what is tried again, which betas are requested. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FaultServer from "../../support/FaultServer.ts"
import { anthropic, ask, openai, provider, start } from "../../support/gateway.ts"

const gateway = Effect.gen(function* () {
  const [deepseek, claude] = [yield* FaultServer.make, yield* FaultServer.make]
  const url = yield* start({
    providers: {
      deepseek: provider("anthropic", deepseek),
      anthropic: { ...provider("anthropic", claude), headers: { "anthropic-beta": "context-1m-2025-08-07" } }
    },
    models: { both: ["deepseek/deepseek-v4", "anthropic/claude-sonnet-5"] },
    policy: { retries: { times: 0 } }
  })
  const post = (body: object, path = "/v1/messages", headers = {}) => ask(`${url}${path}`, { body, headers })
  return { deepseek, claude, post }
})

const thinking = (signature?: string) => ({
  type: "thinking",
  thinking: "Hm.",
  ...(signature && { signature })
})
const conversation = (...thoughts: ReadonlyArray<object>) => ({
  max_tokens: 100,
  messages: [
    { role: "user", content: "hi" },
    { role: "assistant", content: [...thoughts, { type: "text", text: "Hello." }] },
    { role: "user", content: "and?" }
  ]
})
const last = (server: FaultServer.FaultServer) => server.requests.at(-1)?.body ?? ""

describe("thoughts in a conversation", () => {
  it.live("go back to a server that does not sign them, and not to Claude, in one chain", () =>
    Effect.gen(function* () {
      const { claude, deepseek, post } = yield* gateway
      deepseek.play(FaultServer.json(anthropic.error("overloaded_error", "Overloaded"), 529))
      claude.play(FaultServer.json(anthropic.answer))
      const got = yield* post({ model: "both", ...conversation(thinking()) })
      assert.strictEqual(got.status, 200, got.text)
      assert.include(last(deepseek), '"thinking":"Hm."')
      assert.notInclude(last(claude), "Hm.")
    })
  )

  for (const stream of [false, true]) {
    it.live(
      `with a signature that is not Claude's are left out once Claude has refused them${stream ? ", streamed" : ""}`,
      () =>
        Effect.gen(function* () {
          const { claude, post } = yield* gateway
          const said = "messages.1.content.0: Invalid `signature` in `thinking` block"
          claude.play(
            FaultServer.json(anthropic.error("invalid_request_error", said), 400),
            stream ? FaultServer.sse(anthropic.events) : FaultServer.json(anthropic.answer)
          )
          const body = { model: "anthropic/claude-sonnet-5", ...conversation(thinking("foreign")), stream }
          const got = yield* post(body)
          assert.strictEqual(got.status, 200, got.text)
          assert.lengthOf(claude.requests, 2)
          assert.include(claude.requests[0]?.body ?? "", "foreign")
          assert.notInclude(last(claude), "Hm.")
        })
    )
  }

  it.live("that are valid are passed on byte for byte", () =>
    Effect.gen(function* () {
      const { claude, post } = yield* gateway
      claude.play(FaultServer.json(anthropic.answer))
      const body = { model: "claude-sonnet-5", ...conversation(thinking("its own")) }
      yield* post({ ...body, model: "anthropic/claude-sonnet-5" })
      assert.strictEqual(last(claude), JSON.stringify(body))
    })
  )
})

describe("a field that a server refuses by its name", () => {
  it.live("is replaced once: a tool instead of a schema", () =>
    Effect.gen(function* () {
      const { claude, post } = yield* gateway
      const call = { type: "tool_use", id: "toolu_1", name: "answer_with_json", input: { city: "Oslo" } }
      claude.play(
        FaultServer.json(
          anthropic.error("invalid_request_error", "output_config.format: Extra inputs are not permitted"),
          400
        ),
        FaultServer.json({ ...anthropic.answer, content: [call], stop_reason: "tool_use" })
      )
      const schema = { type: "object", properties: { city: { type: "string" } } }
      const got = yield* post(
        {
          model: "anthropic/claude-sonnet-5",
          messages: [{ role: "user", content: "Where?" }],
          response_format: { type: "json_schema", json_schema: { name: "a", schema } }
        },
        "/v1/chat/completions"
      )
      assert.strictEqual(got.status, 200, got.text)
      assert.strictEqual(got.at("choices.0.message.content"), '{"city":"Oslo"}')
      assert.strictEqual(got.at("choices.0.finish_reason"), "stop")
      assert.notInclude(last(claude), "output_config")
    })
  )
})

describe("a forced call that a server refuses with thinking on", () => {
  it.live("is left to the model once", () =>
    Effect.gen(function* () {
      const { claude, post } = yield* gateway
      claude.play(
        FaultServer.json(
          anthropic.error("invalid_request_error", "Thinking mode does not support this tool_choice"),
          400
        ),
        FaultServer.json(anthropic.answer)
      )
      const got = yield* post(
        {
          model: "anthropic/claude-sonnet-5",
          messages: [{ role: "user", content: "Where?" }],
          tools: [{ type: "function", function: { name: "look", parameters: { type: "object" } } }],
          tool_choice: "required"
        },
        "/v1/chat/completions"
      )
      assert.strictEqual(got.status, 200, got.text)
      assert.lengthOf(claude.requests, 2)
      assert.include(claude.requests[0]?.body ?? "", '"tool_choice":{"type":"any"}')
      assert.include(last(claude), '"tool_choice":{"type":"auto"}')
    })
  )
})

describe("the header anthropic-beta", () => {
  it.live("is the operator's and the caller's together", () =>
    Effect.gen(function* () {
      const { claude, post } = yield* gateway
      claude.play(FaultServer.json(anthropic.answer))
      yield* post({ model: "anthropic/claude-sonnet-5", ...conversation() }, "/v1/messages", {
        "anthropic-beta": "interleaved-thinking-2025-05-14,context-1m-2025-08-07"
      })
      assert.strictEqual(
        claude.requests[0]?.headers["anthropic-beta"],
        "context-1m-2025-08-07,interleaved-thinking-2025-05-14"
      )
    })
  )
})

describe("betas that a target does not take", () => {
  it.live("are not requested from it", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      const url = yield* start({
        providers: { box: { ...provider("anthropic", server), dialect: { betas: ["a-1"] } } }
      })
      server.play(FaultServer.json(anthropic.answer))
      const headers = { "anthropic-beta": "a-1, b-2" }
      yield* ask(`${url}/v1/messages`, { body: { model: "box/m", ...conversation() }, headers })
      assert.strictEqual(server.requests[0]?.headers["anthropic-beta"], "a-1")
    })
  )
})

describe("a dialect that is applied always", () => {
  it.live("also fits requests of its own protocol, keeps unknown fields, and affects no other model", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      const url = yield* start({
        providers: {
          box: {
            ...provider("openai", server),
            models: { strict: { dialect: { row: "mistral", apply: "always" } } }
          }
        }
      })
      server.play(FaultServer.json(openai.answer), FaultServer.json(openai.answer))
      const body = (model: string) => ({
        model,
        seed: 7,
        messages: [
          { role: "user", content: "hi" },
          { role: "system", content: "Be brief." },
          {
            role: "assistant",
            content: null,
            tool_calls: [{ id: "call_1", type: "function", function: { name: "a", arguments: "{}" } }]
          },
          { role: "tool", tool_call_id: "call_1", content: "rain" },
          { role: "user", content: "and?" }
        ]
      })
      const got = yield* ask(`${url}/v1/chat/completions`, { body: body("box/strict") })
      assert.strictEqual(got.status, 200, got.text)
      const sent = JSON.parse(server.requests[0]?.body ?? "{}")
      assert.strictEqual(sent.seed, 7)
      assert.deepStrictEqual(
        sent.messages.map(({ role }: { readonly role: string }) => role),
        ["user", "assistant", "tool", "assistant", "user"]
      )
      assert.match(sent.messages[2].tool_call_id, /^[a-zA-Z0-9]{9}$/)
      yield* ask(`${url}/v1/chat/completions`, { body: body("box/plain") })
      assert.strictEqual(server.requests[1]?.body, JSON.stringify(body("plain")))
    })
  )
})
