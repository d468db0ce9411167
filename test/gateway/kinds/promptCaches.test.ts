/** Cache control reaches the servers that accept it, and the billing header, which would defeat caches, reaches no other. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { completion, message, stage } from "../../support/kinds.ts"

const cache_control = { type: "ephemeral" }
const billing = "x-anthropic-billing-header: cc_version=2.1; cch=36ee5;"
const said = (text: string) => ({ type: "text", text, cache_control })
const claude = {
  protocol: "anthropic",
  reply: () => ({ json: message([{ type: "text", text: "ok" }]) })
} as const
const chats = { protocol: "openai", reply: () => ({ json: completion({ content: "ok" }) }) } as const

const request = (model: string) => ({
  model,
  max_tokens: 9,
  system: [{ type: "text", text: billing }, { type: "text", text: "You are terse." }, said("In English.")],
  tools: [{ name: "bash", input_schema: { type: "object" }, cache_control }],
  messages: [
    { role: "user", content: [said("hi")] },
    { role: "assistant", content: [{ type: "tool_use", id: "toolu_1", name: "bash", input: {} }] },
    { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_1", content: "ok", cache_control }] }
  ]
})

describe("cache control", () => {
  it.live("is sent to a chat server that accepts it, and is not named as dropped", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({ openrouter: chats })
      const got = yield* post("/v1/messages", request("openrouter/anthropic/claude-sonnet-5"))
      assert.strictEqual(got.status, 200, got.text)
      const { messages, tools } = seen.openrouter![0]!.body
      assert.deepStrictEqual(messages[0].content, [
        { type: "text", text: "You are terse." },
        said("In English.")
      ])
      assert.deepStrictEqual(messages[1].content, [said("hi")])
      assert.deepStrictEqual(messages[3].content, [said("ok")])
      assert.deepStrictEqual(tools[0].cache_control, cache_control)
      assert.isUndefined(got.headers["x-failover-dropped"])
    })
  )

  it.live("is left out for a server of chats that does not, and named", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({ corp: chats })
      const got = yield* post("/v1/messages", request("corp/m"))
      assert.notInclude(JSON.stringify(seen.corp![0]!.body), "cache_control")
      assert.include(got.headers["x-failover-dropped"], "cache_control")
    })
  )

  it.live("is sent to Claude for the model's own messages", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({ claude })
      yield* post("/v1/chat/completions", {
        model: "claude/claude-sonnet-5",
        messages: [
          { role: "user", content: "hi" },
          { role: "assistant", content: [said("Hello.")] },
          { role: "user", content: "well?" }
        ]
      })
      assert.deepStrictEqual(seen.claude![0]!.body.messages[1].content, [said("Hello.")])
    })
  )
})

describe("a cache of the whole prompt", () => {
  const messages = [{ role: "user", content: "hi" }]
  for (const [path, body] of [
    ["/v1/chat/completions", { messages }],
    ["/v1/responses", { input: "hi" }]
  ] as const) {
    it.live(`is requested from Claude, from ${path}`, () =>
      Effect.gen(function* () {
        const { post, seen } = yield* stage({ claude })
        const got = yield* post(path, { ...body, model: "claude/claude-sonnet-5", cache_control })
        assert.deepStrictEqual(seen.claude![0]!.body.cache_control, cache_control)
        assert.isUndefined(got.headers["x-failover-dropped"])
      })
    )
  }

  it.live("is left out where a server of Claude refuses the field, and named", () =>
    Effect.gen(function* () {
      const refusal = {
        type: "invalid_request_error",
        message: "cache_control: Extra inputs are not permitted"
      }
      const { post, seen } = yield* stage({
        cloud: {
          protocol: "anthropic",
          reply: (asked) =>
            asked.cache_control === undefined
              ? { json: message([{ type: "text", text: "ok" }]) }
              : { status: 400, json: { type: "error", error: refusal } }
        }
      })
      const got = yield* post("/v1/chat/completions", {
        model: "cloud/claude-sonnet-5",
        messages,
        cache_control
      })
      assert.strictEqual(got.status, 200, got.text)
      assert.strictEqual(seen.cloud!.length, 2)
      assert.strictEqual(got.headers["x-failover-dropped"], "cache_control")
    })
  )

  it.live("is named as dropped for servers that do not support it", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({ corp: chats, minimax: claude })
      for (const [path, model] of [
        ["/v1/messages", "corp/m"],
        ["/v1/chat/completions", "minimax/minimax-m2"]
      ] as const) {
        const got = yield* post(path, { model, max_tokens: 9, messages, cache_control })
        assert.strictEqual(got.headers["x-failover-dropped"], "cache_control", path)
      }
      assert.isUndefined(seen.corp![0]!.body.cache_control)
      assert.isUndefined(seen.minimax![0]!.body.cache_control)
    })
  )
})

describe("Anthropic's billing header", () => {
  it.live("reaches Anthropic, and no other server of its protocol", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({ claude, glm: claude })
      yield* post("/v1/messages", request("claude/claude-sonnet-5"))
      yield* post("/v1/messages", request("glm/glm-5"))
      assert.deepStrictEqual(seen.claude![0]!.body, { ...request("claude-sonnet-5") })
      assert.deepStrictEqual(seen.glm![0]!.body, {
        ...request("glm-5"),
        system: request("").system.slice(1)
      })
    })
  )
})
