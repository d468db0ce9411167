/** What a model left in a conversation goes back to it: thoughts among the parts, thoughts without a signature, extras. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { callers } from "../../support/dialect/callers.ts"
import { chunk, completion, type Json, message, type Reply, type Stage, stage } from "../../support/kinds.ts"

const call = { id: "call_1", type: "function", function: { name: "", arguments: '{"city":"Oslo"}' } }

/** The tool's name at the target. */
const named = (asked: Json, reply: Reply): Reply =>
  JSON.parse(JSON.stringify(reply).replaceAll('"name":""', `"name":${JSON.stringify(nameIn(asked))}`))

const nameIn = ({ tools }: Json): string => tools[0].function?.name ?? tools[0].name

/** A call after members of its message, whole or streamed; `late` follows the arguments. */
const calling = (stream: boolean, members: Json, late?: Json): Reply =>
  stream
    ? {
        events: [
          chunk({ role: "assistant", content: "" }),
          chunk(members),
          chunk({ tool_calls: [{ index: 0, ...call, ...(late?.id !== undefined && { id: late.id }) }] }),
          ...(late === undefined ? [] : [chunk({ tool_calls: [{ index: 0, ...late }] })]),
          chunk({}, "tool_calls"),
          "[DONE]"
        ]
      }
    : { json: completion({ content: null, ...members, tool_calls: [wholeCall(late)] }, "tool_calls") }

const wholeCall = (late: Json = {}): Json => ({
  ...call,
  ...late,
  function: { ...call.function, ...late.function }
})

const done = (stream: boolean): Reply =>
  stream
    ? { events: [chunk({ content: "ok" }), chunk({}, "stop"), "[DONE]"] }
    : { json: completion({ content: "ok" }) }

/** A question, a call and its result; the assistant's message as the target gets it. */
const converse = Effect.fnUntraced(function* (
  { seen, url }: Stage,
  protocol: keyof typeof callers,
  model: string,
  stream: boolean
) {
  const client = callers[protocol](model)
  for (const shown of [{ text: "hi" }, { result: "rain" }]) {
    client.show([shown])
    const response = yield* Effect.promise(() =>
      fetch(`${url}${client.path}`, { method: "POST", body: JSON.stringify(client.body(stream)) })
    )
    const text = yield* Effect.promise(() => response.text())
    assert.strictEqual(response.status, 200, text)
    client.take(text, stream)
  }
  const messages: ReadonlyArray<Json> = seen[model.split("/")[0]!]!.at(-1)!.body.messages
  return messages.find(({ role }) => role === "assistant")!
})

const signature = "CiQBjz1rX/+signature+of/a+thought/with+all+characters/of+base64=="

/** The places of Gemini's signatures at LiteLLM: members of the message, and of the call. */
const liteLlms: ReadonlyArray<readonly [where: string, members: Json, late: Json]> = [
  ["on the message", { provider_specific_fields: { thought_signatures: [signature] } }, {}],
  ["on the call", {}, { provider_specific_fields: { thought_signature: signature } }],
  [
    "on the function of the call",
    {},
    { function: { provider_specific_fields: { thought_signature: signature } } }
  ],
  ["in the id of the call", {}, { id: `call_1__thought__${signature}` }]
]

for (const stream of [false, true]) {
  describe(`what a model left in a conversation${stream ? ", streamed" : ""}`, () => {
    for (const protocol of ["messages", "responses"] as const) {
      it.live(`is sent back to Mistral among the parts of the content, from ${protocol}`, () =>
        Effect.gen(function* () {
          const thinking = [{ type: "thinking", thinking: [{ type: "text", text: "I need the weather." }] }]
          const running = yield* stage({
            mistral: {
              protocol: "openai",
              reply: (asked, count) =>
                count === 1 ? named(asked, calling(stream, { content: thinking })) : done(stream)
            }
          })
          const said = yield* converse(running, protocol, "mistral/magistral-medium", stream)
          assert.deepStrictEqual(said.content, thinking)
          assert.strictEqual(said.tool_calls.length, 1)
        })
      )

      // MiniMax requires the whole text back: https://platform.minimax.io/docs/api-reference/text-openai-api
      it.live(`is sent back to MiniMax in tags at the beginning of the text, from ${protocol}`, () =>
        Effect.gen(function* () {
          const content = "<think>\nI need the weather.\n</think>\n\nLet me see."
          const running = yield* stage({
            minimax: {
              protocol: "openai",
              reply: (asked, count) =>
                count === 1 ? named(asked, calling(stream, { content })) : done(stream)
            }
          })
          const said = yield* converse(running, protocol, "minimax/minimax-m2", stream)
          assert.strictEqual(said.content, content)
        })
      )

      it.live(`is removed from tags in the text if the server takes no thoughts back, from ${protocol}`, () =>
        Effect.gen(function* () {
          const running = yield* stage({
            groq: {
              protocol: "openai",
              reply: (asked, count) =>
                count === 1
                  ? named(asked, calling(stream, { content: "<think>I need it.</think>Let me see." }))
                  : done(stream)
            }
          })
          const said = yield* converse(running, protocol, "groq/qwen3-32b", stream)
          assert.strictEqual(said.content, "Let me see.")
        })
      )

      it.live(`is not sent back if the config sets thoughtsBack to never, from ${protocol}`, () =>
        Effect.gen(function* () {
          const running = yield* stage({
            corp: {
              protocol: "openai",
              more: { dialect: { thoughtsBack: "never" } },
              reply: (asked, count) =>
                count === 1
                  ? named(asked, calling(stream, { reasoning_content: "I need it." }))
                  : done(stream)
            }
          })
          const said = yield* converse(running, protocol, "corp/thinker", stream)
          assert.notInclude(JSON.stringify(said), "I need it.")
        })
      )

      it.live(
        `is sent back under names from the config, also if it follows the arguments, from ${protocol}`,
        () =>
          Effect.gen(function* () {
            const running = yield* stage({
              corp: {
                protocol: "openai",
                more: { dialect: { callExtras: ["mark"], messageExtras: ["trace"] } },
                reply: (asked, count) =>
                  count === 1
                    ? named(asked, calling(stream, { trace: "t1" }, { mark: { a: 1 } }))
                    : done(stream)
              }
            })
            const said = yield* converse(running, protocol, "corp/thinker", stream)
            assert.strictEqual(said.trace, "t1")
            assert.deepStrictEqual(said.tool_calls[0].mark, { a: 1 })
          })
      )
    }

    for (const protocol of ["messages", "responses"] as const) {
      // https://docs.litellm.ai/blog/gemini_3: LiteLLM reads the signature from each of these places
      for (const [where, members, late] of liteLlms) {
        it.live(`is sent back to LiteLLM ${where}, from ${protocol}`, () =>
          Effect.gen(function* () {
            const running = yield* stage({
              lite: {
                protocol: "openai",
                reply: (asked, count) =>
                  count === 1 ? named(asked, calling(stream, members, late)) : done(stream)
              }
            })
            const said = yield* converse(running, protocol, "lite/fast", stream)
            assert.deepInclude(said, members)
            const { function: made, ...more } = late
            assert.deepInclude(said.tool_calls[0], more)
            assert.deepInclude(said.tool_calls[0].function, made ?? {})
            const result = running.seen.lite!.at(-1)!.body.messages.find(({ role }: Json) => role === "tool")
            assert.strictEqual(result.tool_call_id, said.tool_calls[0].id)
          })
        )
      }
    }

    for (const protocol of ["chats", "messages", "responses"] as const) {
      it.live(
        `is sent back unsigned to a server of Anthropic's protocol that does not sign, from ${protocol}`,
        () =>
          Effect.gen(function* () {
            const running = yield* stage({
              minimax: {
                protocol: "anthropic",
                reply: (asked, count) => named(asked, unsigned(stream, count === 1))
              }
            })
            const said = yield* converse(running, protocol, "minimax/minimax-m2", stream)
            assert.include(JSON.stringify(said.content), '"thinking":"I need it."')
          })
      )
    }
  })
}

const unsigned = (stream: boolean, isCall: boolean): Reply => {
  const blocks = isCall
    ? [
        { type: "thinking", thinking: "I need it.", signature: "" },
        { type: "tool_use", id: "toolu_1", name: "", input: { city: "Oslo" } }
      ]
    : [{ type: "text", text: "ok" }]
  const stop_reason = isCall ? "tool_use" : "end_turn"
  if (!stream) return { json: message(blocks, stop_reason) }
  const delta = (block: Json) =>
    block.type === "thinking"
      ? { type: "thinking_delta", thinking: block.thinking }
      : block.type === "text"
        ? { type: "text_delta", text: block.text }
        : { type: "input_json_delta", partial_json: JSON.stringify(block.input) }
  const empty = { thinking: { thinking: "" }, text: { text: "" }, tool_use: { input: {} } }
  return {
    events: [
      { type: "message_start", message: { ...message([]), stop_reason: null } },
      ...blocks.flatMap((block, index) => [
        {
          type: "content_block_start",
          index,
          content_block: { ...block, ...empty[block.type as keyof typeof empty] }
        },
        { type: "content_block_delta", index, delta: delta(block) },
        { type: "content_block_stop", index }
      ]),
      { type: "message_delta", delta: { stop_reason }, usage: { output_tokens: 5 } },
      { type: "message_stop" }
    ]
  }
}
