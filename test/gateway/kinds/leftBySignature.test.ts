/** More of what models leave in a conversation: thoughts in pieces, signatures on calls, and calls of another model. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { converse, messageOf, named, said, weather } from "../../support/conversations.ts"
import { chunk, completion, type Json, type Reply, type Seen, stage } from "../../support/kinds.ts"

const last = (seen: ReadonlyArray<Seen> | undefined): ReadonlyArray<Json> => seen!.at(-1)!.body.messages
const spoken = (seen: ReadonlyArray<Seen> | undefined): Json =>
  last(seen).find(({ role }) => role === "assistant")!

/** A call after members of its message, which a stream brings in pieces. */
const calling = (
  stream: boolean,
  members: Json,
  pieces: ReadonlyArray<Json>,
  calls = [weather("c1")],
  finish = "tool_calls"
): Reply =>
  stream
    ? {
        events: [
          ...pieces.map((piece) => chunk(piece)),
          ...calls.map((call, index) => chunk({ tool_calls: [{ index, ...call }] })),
          chunk({}, finish),
          "[DONE]"
        ]
      }
    : { json: completion({ content: null, ...members, tool_calls: calls }, finish) }

const block = { type: "thinking", thinking: "I need the weather.", signature: "c2ln" }
const anthropics = { format: "anthropic-claude-v1" }
const details = [
  { type: "reasoning.text", text: "I need it.", signature: "c2ln", ...anthropics, index: 0 },
  { type: "reasoning.encrypted", data: "RU5D", ...anthropics, index: 1 }
]

for (const stream of [false, true]) {
  describe(`what a model left${stream ? ", in pieces of a stream" : ""}`, () => {
    for (const protocol of ["messages", "responses"] as const) {
      // https://docs.litellm.ai/docs/reasoning_content: LiteLLM in front of Claude
      it.live(`is one signed block of thinking for LiteLLM, from ${protocol}`, () =>
        Effect.gen(function* () {
          const first = calling(stream, { reasoning_content: block.thinking, thinking_blocks: [block] }, [
            {
              reasoning_content: "I need ",
              thinking_blocks: [{ ...block, thinking: "I need ", signature: null }]
            },
            {
              reasoning_content: "the weather.",
              thinking_blocks: [{ type: "thinking", thinking: "the weather." }]
            },
            { content: "", thinking_blocks: [{ ...block, thinking: "" }] }
          ])
          const running = yield* stage({
            lite: {
              protocol: "openai",
              reply: (asked, at) => (at === 1 ? named(asked, first) : said(stream))
            }
          })
          yield* converse(running, protocol, "lite/sonnet", stream)
          assert.deepStrictEqual(spoken(running.seen.lite).thinking_blocks, [block])
          assert.strictEqual(spoken(running.seen.lite).reasoning_content, block.thinking)
        })
      )

      it.live(`is a list of details for OpenRouter, from ${protocol}`, () =>
        Effect.gen(function* () {
          const of = (more: Json) => ({ content: "", reasoning_details: [{ ...more, ...anthropics }] })
          const first = calling(stream, { reasoning: "I need it.", reasoning_details: details }, [
            { reasoning: "I need ", ...of({ type: "reasoning.text", text: "I need ", index: 0 }) },
            { reasoning: "it.", ...of({ type: "reasoning.text", text: "it.", index: 0 }) },
            of({ type: "reasoning.text", signature: "c2ln", index: 0 }),
            of({ type: "reasoning.encrypted", data: "RU5D", index: 1 })
          ])
          const running = yield* stage({
            openrouter: {
              protocol: "openai",
              reply: (asked, at) => (at === 1 ? named(asked, first) : said(stream))
            }
          })
          yield* converse(running, protocol, "openrouter/anthropic/claude-sonnet-5", stream)
          assert.deepStrictEqual(spoken(running.seen.openrouter).reasoning_details, details)
        })
      )

      it.live(`is on the first of two calls without ids, from ${protocol}`, () =>
        Effect.gen(function* () {
          const extra_content = { google: { thought_signature: "c2ln" } }
          const calls = [weather("", "Oslo", { extra_content }), weather("", "Rome")]
          const first = calling(stream, {}, [], calls, "stop")
          const running = yield* stage({
            gemini: {
              protocol: "openai",
              reply: (asked, at) => (at === 1 ? named(asked, first) : said(stream))
            }
          })
          assert.strictEqual(yield* converse(running, protocol, "gemini/gemini-3-pro", stream), 2)
          const [one, two] = spoken(running.seen.gemini).tool_calls
          assert.deepStrictEqual(one.extra_content, extra_content)
          assert.isUndefined(two.extra_content)
          const results = last(running.seen.gemini).filter(({ role }) => role === "tool")
          assert.deepStrictEqual(
            results.map(({ tool_call_id }) => tool_call_id),
            [one.id, two.id]
          )
        })
      )

      // https://github.com/theopenco/llmgateway/pull/2093: an empty text is "missing"
      for (const [provider, model, field] of [
        ["moonshot", "kimi-k2.6", "reasoning_content"],
        ["deepseek", "deepseek-v4-pro", "reasoning_content"],
        // https://github.com/QwenLM/qwen-code/issues/11045: `property 'reasoning_content' is unsupported`
        ["cerebras", "kimi-k3", "reasoning"],
        ["openrouter", "moonshotai/kimi-k2.6", "reasoning"]
      ] as const) {
        it.live(`is not missing before the calls of Claude when ${provider} goes on, from ${protocol}`, () =>
          Effect.gen(function* () {
            const use = { type: "tool_use", id: "toolu_1", name: "weather", input: { city: "Oslo" } }
            const busy = { type: "error", error: { type: "overloaded_error", message: "Overloaded" } }
            const refusal = {
              error: {
                message:
                  "thinking is enabled but reasoning_content is missing in assistant tool call message at index 1",
                type: "invalid_request_error"
              }
            }
            const running = yield* stage(
              {
                claude: {
                  protocol: "anthropic",
                  reply: (asked, at) =>
                    at === 1
                      ? named(asked, messageOf(stream, [use], "tool_use"))
                      : { status: 529, json: busy }
                },
                [provider]: {
                  protocol: "openai",
                  reply: ({ messages }) =>
                    messages.some((each: Json) => each.tool_calls !== undefined && !each[field])
                      ? { status: 400, json: refusal }
                      : said(stream)
                }
              },
              { models: { smart: ["claude/claude-sonnet-5", `${provider}/${model}`] } }
            )
            yield* converse(running, protocol, "smart", stream)
            const sent = spoken(running.seen[provider])
            assert.deepStrictEqual([sent.reasoning_content, sent.reasoning].filter(Boolean), [" "])
            assert.strictEqual(sent[field], " ")
          })
        )
      }
    }

    for (const protocol of ["chats", "responses"] as const) {
      // https://github.com/badrisnarayanan/antigravity-claude-proxy: Gemini behind Anthropic's protocol
      for (const field of ["thoughtSignature", "signature"]) {
        it.live(`is ${field} on a call of Anthropic's protocol, from ${protocol}`, () =>
          Effect.gen(function* () {
            const use = {
              type: "tool_use",
              id: "toolu_1",
              name: "weather",
              input: { city: "Oslo" },
              [field]: "c2lnbmF0dXJl"
            }
            const running = yield* stage({
              relay: {
                protocol: "anthropic",
                reply: (asked, at) =>
                  at === 1
                    ? named(asked, messageOf(stream, [use], "tool_use"))
                    : messageOf(stream, [{ type: "text", text: "ok" }])
              }
            })
            yield* converse(running, protocol, "relay/gemini-3-pro", stream)
            const [sent] = spoken(running.seen.relay).content
            assert.strictEqual(sent[field], "c2lnbmF0dXJl")
            assert.strictEqual(sent.id, "toolu_1")
          })
        )
      }
    }
  })
}
