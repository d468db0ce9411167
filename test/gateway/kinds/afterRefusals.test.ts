/** Refusals of a field that a server does not support, or misses because another model has answered: the second attempt sends it differently. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { completion, type Json, message, stage } from "../../support/kinds.ts"

const tools = [{ name: "f", input_schema: { type: "object", properties: {} } }]
const call = { type: "tool_use", id: "a", name: "f", input: {} }
const result = { role: "user", content: [{ type: "tool_result", tool_use_id: "a", content: "r" }] }

const claude = (text: string): Json => ({
  type: "error",
  error: { type: "invalid_request_error", message: text }
})

describe("a chat template without a place for system messages", () => {
  for (const [status, text] of [
    // https://github.com/stanfordnlp/dspy/issues/1627
    [400, "System role not supported"],
    // https://github.com/anomalyco/opencode/issues/5034
    [500, "Only user, assistant and tool roles are supported, got system."],
    // https://github.com/microsoft/autogen/issues/1037
    [400, "Conversation roles must alternate user/assistant/user/assistant/..."]
  ] as const)
    for (const stream of [false, true])
      it.live(`gets their text with the user's: ${text}${stream ? ", streamed" : ""}`, () =>
        Effect.gen(function* () {
          const { post, seen } = yield* stage({
            p: {
              protocol: "openai",
              reply: ({ messages }) =>
                messages.some(({ role }: Json) => role === "system")
                  ? { status, json: { object: "error", message: text, code: status } }
                  : { json: completion({ content: "Mild." }) }
            }
          })
          for (const [path, body] of [
            [
              "/v1/messages",
              { system: "Be brief.", max_tokens: 9, messages: [{ role: "user", content: "hi" }] }
            ],
            ["/v1/responses", { instructions: "Be brief.", input: "hi", store: false }]
          ] as const) {
            const got = yield* post(path, { ...body, model: "p/m", stream })
            assert.strictEqual(got.status, 200, got.text)
            assert.deepStrictEqual(seen.p!.at(-1)!.body.messages, [
              { role: "user", content: "Be brief.\n\nhi" }
            ])
          }
          // The second caller's request has the accepted form from the start.
          assert.lengthOf(seen.p!, 3)
        })
      )

  it.live("gets the user's text at the end where it cannot continue the model's", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({
        p: {
          protocol: "openai",
          reply: ({ messages }) =>
            messages.at(-1).role === "assistant"
              ? {
                  status: 400,
                  json: {
                    error: {
                      message:
                        "This model does not support assistant message prefill. The conversation must end with a user message."
                    }
                  }
                }
              : { json: completion({ content: "Mild." }) }
        }
      })
      const messages = [
        { role: "user", content: "hi" },
        { role: "assistant", content: "It is" }
      ]
      const got = yield* post("/v1/messages", { model: "p/m", max_tokens: 9, messages })
      assert.strictEqual(got.status, 200, got.text)
      assert.deepStrictEqual(seen.p!.at(-1)!.body.messages, [
        ...messages,
        { role: "user", content: "Continue." }
      ])
    })
  )
})

describe("Claude, in a conversation that another model has continued", () => {
  const history = (content: ReadonlyArray<Json>) => [
    { role: "user", content: "hi" },
    { role: "assistant", content },
    result
  ]
  for (const [what, text, content] of [
    [
      "without thoughts",
      "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`. When `thinking` is enabled, a final `assistant` message must start with a thinking block",
      [call]
    ],
    [
      "with thoughts of its own beside",
      "messages.1.content.1: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified.",
      [{ type: "thinking", thinking: "Hm.", signature: "abc" }, call]
    ]
  ] as const)
    for (const stream of [false, true])
      it.live(`answers without thinking: ${what}${stream ? ", streamed" : ""}`, () =>
        Effect.gen(function* () {
          const { post, seen } = yield* stage({
            claude: {
              protocol: "anthropic",
              reply: ({ thinking }) =>
                thinking === undefined
                  ? { json: message([{ type: "text", text: "Mild." }]) }
                  : { status: 400, json: claude(text) }
            }
          })
          const got = yield* post("/v1/messages", {
            model: "claude/claude-sonnet-4-5",
            max_tokens: 9000,
            stream,
            thinking: { type: "enabled", budget_tokens: 2000 },
            tools,
            messages: history(content)
          })
          assert.strictEqual(got.status, 200, got.text)
          assert.include(got.text, "Mild.")
          assert.deepStrictEqual(seen.claude!.at(-1)!.body.messages, history([call]))
        })
      )
})
