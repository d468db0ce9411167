/** What one server left in a conversation, and the caller's token, are sent to no other server. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { completion, message, stage } from "../../support/kinds.ts"

const left = {
  signature: "left-by-another",
  thoughtSignature: "left-by-another",
  thought_signature: "left-by-another",
  extra_content: { google: { thought_signature: "left-by-another" } },
  provider_specific_fields: { thought_signature: "left-by-another" }
}

const chat = {
  max_tokens: 9,
  tools: [{ type: "function", function: { name: "weather", parameters: { type: "object" } } }],
  messages: [
    { role: "user", content: "hi" },
    {
      role: "assistant",
      content: null,
      ...left,
      tool_calls: [
        { id: "c1", type: "function", ...left, function: { name: "weather", arguments: "{}", ...left } }
      ]
    },
    { role: "tool", tool_call_id: "c1", content: "sun" }
  ]
}

const messages = {
  max_tokens: 9,
  tools: [{ name: "weather", input_schema: { type: "object" } }],
  messages: [
    { role: "user", content: "hi" },
    { role: "assistant", content: [{ type: "tool_use", id: "c1", name: "weather", input: {}, ...left }] },
    { role: "user", content: [{ type: "tool_result", tool_use_id: "c1", content: "sun" }] }
  ]
}

describe("a server that is called in another protocol than the caller's", () => {
  for (const stream of [false, true]) {
    for (const [path, body, model] of [
      ["/v1/chat/completions", chat, "claude/m"],
      ["/v1/messages", messages, "gemini/gemini-3-pro"]
    ] as const) {
      it.live(
        `gets no signature of another and no token of the caller: ${path}${stream ? ", streamed" : ""}`,
        () =>
          Effect.gen(function* () {
            const { post, seen } = yield* stage(
              {
                claude: {
                  protocol: "anthropic",
                  reply: () => ({ json: message([{ type: "text", text: "fine" }]) })
                },
                gemini: { protocol: "openai", reply: () => ({ json: completion({ content: "fine" }) }) }
              },
              { server: { tokens: ["the-callers-token"] } }
            )
            const got = yield* post(path, { ...body, model, stream }, { "api-key": "the-callers-token" })
            assert.strictEqual(got.status, 200, got.text)
            const [asked] = [...seen.claude!, ...seen.gemini!]
            assert.include(JSON.stringify(asked!.body), "weather")
            assert.notInclude(JSON.stringify(asked!.body), "left-by-another")
            assert.notInclude(JSON.stringify(asked!.headers), "the-callers-token")
            assert.notInclude(JSON.stringify([got.text, got.headers]), "sk-key")
          })
      )
    }
  }
})
