/** Parts of an answer that have no counterpart are named, as are their pieces. The rest of the answer stays. */
import { assert, describe, it } from "@effect/vitest"
import * as Translate from "../../src/translate/index.ts"

const read = (
  from: Translate.Protocol,
  to: Translate.Protocol,
  events: ReadonlyArray<Translate.JsonObject | string>
) => {
  const context = Translate.makeContext(
    { model: "m", stream: true, stream_options: { include_usage: true } },
    { id: "req_1", created: 1 }
  )
  const translator = Translate.makeStreamTranslator(from, to, context, "fail")
  const out = events.flatMap((event) =>
    translator.event(
      typeof event === "string"
        ? { data: event }
        : { event: String(event.type ?? ""), data: JSON.stringify(event), json: event }
    )
  )
  const { malformed } = translator
  return { text: out.map(({ data }) => data).join("\n"), malformed, dropped: translator.dropped() }
}

const start = {
  type: "message_start",
  message: {
    id: "m",
    type: "message",
    role: "assistant",
    content: [],
    usage: { input_tokens: 15, output_tokens: 1 }
  }
}
const stop = [
  { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 5 } },
  { type: "message_stop" }
]
const block = (index: number, content_block: object, ...deltas: ReadonlyArray<object>) => [
  { type: "content_block_start", index, content_block },
  ...deltas.map((delta) => ({ type: "content_block_delta", index, delta })),
  { type: "content_block_stop", index }
]

const chunk = (delta: object, finish_reason: string | null = null, more: object = {}) => ({
  choices: [{ index: 0, delta, finish_reason }],
  ...more
})

describe("tools that a provider ran by itself", () => {
  // https://platform.claude.com/docs/en/build-with-claude/streaming (web search): the input comes in pieces
  it("is named with its input, and does not end the answer", () => {
    for (const type of ["server_tool_use", "mcp_tool_use"]) {
      const { dropped, malformed, text } = read("anthropic", "openai", [
        start,
        ...block(
          0,
          { type, id: "s", name: "web_search", input: {} },
          { type: "input_json_delta", partial_json: '{"query":' },
          { type: "input_json_delta", partial_json: '"rain"}' }
        ),
        ...block(1, { type: "text", text: "" }, { type: "text_delta", text: "It rains." }),
        ...stop
      ])
      assert.isUndefined(malformed)
      assert.deepStrictEqual(dropped, [`content.${type}`])
      assert.include(text, "It rains.")
      assert.notInclude(text, "query")
    }
  })

  it("is named when a chat has it among its calls", () => {
    const search = { index: 0, id: "c", type: "web_search", web_search: { input: "rain" } }
    const { dropped, malformed, text } = read("openai", "anthropic", [
      chunk({ tool_calls: [search] }),
      chunk({ content: "It rains." }),
      chunk({}, "stop"),
      "[DONE]"
    ])
    assert.isUndefined(malformed)
    assert.deepStrictEqual(dropped, ["message.tool_calls.web_search"])
    assert.include(text, "It rains.")
    const message = { role: "assistant", content: "It rains.", tool_calls: [search] }
    const context = Translate.makeContext({ model: "m" }, { id: "req_1", created: 1 })
    const answer = { choices: [{ index: 0, message, finish_reason: "stop" }] }
    const whole = Translate.translateWhole("openai", "anthropic", answer, context)
    assert.deepStrictEqual(whole.dropped, ["message.tool_calls.web_search"])
  })
})
