import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as Phase from "../../src/domain/Phase.ts"
import * as EventReader from "../../src/providers/answers/EventReader.ts"
import * as AnthropicProtocol from "../../src/providers/protocols/AnthropicProtocol.ts"
import * as OpenAiProtocol from "../../src/providers/protocols/OpenAiProtocol.ts"
import type { Operation, Protocol } from "../../src/providers/protocols/Protocol.ts"

const names = new Map<unknown, string>([
  [Phase.held, "held"],
  // Held as well. The test of keep-alive events covers the difference.
  [Phase.alive, "held"],
  [Phase.content, "content"],
  [Phase.complete, "complete"],
  [Phase.answer, "answer"],
  [Phase.last, "last"]
])

/** The phase of each of these events, in their order. */
const meanings = (
  protocol: Pick<Protocol, "texts" | "padding">,
  operation: Operation,
  events: ReadonlyArray<string>,
  body = {}
) => {
  const { read } = EventReader.make(protocol, operation.meanings!(body))
  return events.map((event) => {
    const chunk = read(new TextEncoder().encode(event))
    return "_tag" in chunk ? chunk._tag : names.get(chunk.phase)
  })
}

const openai = OpenAiProtocol.protocol("bearer")
const chat = (events: ReadonlyArray<string>, body = {}) =>
  meanings(openai, openai.operations["chat/completions"], events, body)
const data = (json: unknown) => `data: ${typeof json === "string" ? json : JSON.stringify(json)}\n\n`
const delta = (delta: object, finish_reason: string | null = null, index = 0) =>
  data({ id: "c", object: "chat.completion.chunk", choices: [{ index, delta, finish_reason }] })

describe("an event of an OpenAI chat stream", () => {
  it("is a failure at every path of an error", () => {
    for (const event of [
      data({ error: { message: "no" } }),
      data({ base_resp: { status_code: 1008, status_msg: "insufficient balance" }, choices: null }),
      data({ choices: [{ index: 0, error: { code: 502 }, delta: {} }] }),
      data({ id: "c", choices: [{ index: 0, delta: {} }], x_groq: { id: "r", error: "over capacity" } }),
      data({ code: 50505, message: "Model service overloaded" })
    ]) {
      assert.deepStrictEqual(chat([event]), ["Failed"], event)
    }
    assert.deepStrictEqual(
      chat([data({ choices: [{ index: 0, delta: { content: "a" } }], base_resp: { status_code: 0 } })]),
      ["content"]
    )
  })

  it("is held if it carries no content", () => {
    const events = {
      role: delta({ role: "assistant", content: "" }),
      "an empty delta": delta({}),
      "null content": delta({ content: null, reasoning: null, tool_calls: null }),
      "an empty tool call": delta({
        tool_calls: [{ index: 0, id: "call_1", function: { name: "", arguments: "" } }]
      }),
      "Azure's filter results": data({ choices: [], prompt_filter_results: [{}] }),
      usage: data({ choices: [], usage: { total_tokens: 3 } }),
      "no choices at all": data({ id: "c" }),
      "null error": data({ error: null, choices: [] }),
      null: data("null"),
      "a comment": ": OPENROUTER PROCESSING\n\n",
      "a retry time": "retry: 3000\n\n"
    }
    for (const [name, event] of Object.entries(events)) assert.deepStrictEqual(chat([event]), ["held"], name)
  })

  it("is content if it carries content", () => {
    const events = {
      text: delta({ content: "a" }),
      "a blank": delta({ content: " " }),
      parts: delta({ content: [{ type: "text", text: "a" }] }),
      "DeepSeek's reasoning": delta({ content: null, reasoning_content: "hm" }),
      "OpenRouter's reasoning": delta({ content: "", reasoning: "hm" }),
      "Copilot's reasoning": delta({ content: null, reasoning_text: "hm" }),
      "Ollama's thinking": delta({ thinking: "hm" }),
      "LiteLLM's thinking blocks": delta({ thinking_blocks: [{ type: "thinking", thinking: "hm" }] }),
      "a refusal": delta({ refusal: "no" }),
      "a tool's name": delta({
        tool_calls: [{ index: 0, id: "c1", function: { name: "f", arguments: "" } }]
      }),
      "a tool's arguments": delta({ tool_calls: [{ index: 0, function: { arguments: "{" } }] }),
      "a custom tool": delta({ tool_calls: [{ index: 0, type: "custom", custom: { name: "f" } }] }),
      "an old function call": delta({ function_call: { name: "f" } }),
      audio: delta({ audio: { data: "AAAA" } }),
      image: delta({ images: [{ type: "image_url" }] })
    }
    for (const [name, event] of Object.entries(events))
      assert.deepStrictEqual(chat([event]), ["content"], name)
  })

  it("completes the answer with a finish reason, and ends it with [DONE]", () => {
    assert.deepStrictEqual(
      chat([delta({ content: "a" }), delta({}, "stop"), data({ choices: [], usage: {} }), data("[DONE]")]),
      ["content", "complete", "held", "last"]
    )
    assert.deepStrictEqual(chat([delta({ content: "a" }, "stop")]), ["answer"])
    assert.deepStrictEqual(
      chat([delta({ tool_calls: [{ function: { name: "f" } }] }), delta({}, "tool_calls")]),
      ["content", "complete"]
    )
  })

  it("is an answer at the length limit, even without content", () => {
    assert.deepStrictEqual(chat([delta({}, "length")]), ["answer"])
  })

  it("is a failure if a content filter left no content, otherwise an answer", () => {
    assert.deepStrictEqual(chat([delta({}, "content_filter")]), ["Failed"])
    assert.deepStrictEqual(chat([delta({ content: "a" }), delta({}, "content_filter")]), [
      "content",
      "complete"
    ])
  })

  it("is a failure if the provider broke off, even after content", () => {
    for (const reason of ["error", "network_error", "insufficient_system_resource"])
      assert.deepStrictEqual(
        chat([delta({ content: "a" }), delta({}, reason)]),
        ["content", "Failed"],
        reason
      )
  })

  it("is a failure wherever the error is", () => {
    const events = {
      object: data({ error: { message: "busy" } }),
      text: data({ error: "busy" }),
      array: data([{ error: { code: 503 } }]),
      "vLLM's": data({ object: "error", message: "busy" }),
      "in a choice": data({ choices: [{ index: 0, delta: { content: "" }, error: { code: 502 } }] }),
      named: "event: error\ndata: busy\n\n",
      "named, without data": "event: error\n\n",
      bare: '{"error":{"message":"busy"}}\n\n'
    }
    for (const [name, event] of Object.entries(events))
      assert.deepStrictEqual(chat([event]), ["Failed"], name)
  })

  it("is malformed if its data is not JSON", () => {
    assert.deepStrictEqual(chat(['data: {"choices":[\n\n', "<html>busy</html>\n\n"]), [
      "Malformed",
      "Malformed"
    ])
  })

  it("completes an answer of several choices with the last of them", () => {
    const events = [
      delta({ content: "a" }, null, 0),
      delta({}, "stop", 0),
      delta({}, "stop", 0),
      delta({ content: "b" }, null, 1)
    ]
    assert.deepStrictEqual(chat([...events, delta({}, "stop", 1)], { n: 2 }), [
      "content",
      "held",
      "held",
      "content",
      "complete"
    ])
  })

  const Delta = Schema.Union([
    Schema.Struct({ content: Schema.String }),
    Schema.Struct({ reasoning_content: Schema.String, content: Schema.NullOr(Schema.String) }),
    Schema.Struct({ role: Schema.Literal("assistant"), content: Schema.String }),
    Schema.Struct({
      tool_calls: Schema.Tuple([Schema.Struct({ function: Schema.Struct({ arguments: Schema.String }) })])
    })
  ])

  it.prop(
    "means the same whether it is parsed or recognized by its shape",
    [Schema.Array(Schema.Tuple([Delta, Schema.NullOr(Schema.Literals(["stop", "length"]))]))],
    ([deltas]) => {
      // Each delta is sent twice, so that half of those with content have the shape of the one before.
      const events = deltas.flatMap(([d, finish]) => [delta(d, finish), delta(d, finish)])
      const withoutShapes = { texts: [], padding: [] }
      const operation = openai.operations["chat/completions"]
      assert.deepStrictEqual(chat(events), meanings(withoutShapes, operation, events))
    },
    { arbitrary: { runs: 300 } }
  )
})

describe("an event of an Anthropic message stream", () => {
  const messages = (events: ReadonlyArray<object>) =>
    meanings(
      AnthropicProtocol.protocol,
      AnthropicProtocol.protocol.operations.messages,
      events.map((json) => `event: ${"type" in json ? json.type : "x"}\ndata: ${JSON.stringify(json)}\n\n`)
    )
  const start = (content_block: object) => ({ type: "content_block_start", index: 0, content_block })
  const delta = (delta: object) => ({ type: "content_block_delta", index: 0, delta })
  const stop = (stop_reason: string) => ({ type: "message_delta", delta: { stop_reason }, usage: {} })

  it("is held if it carries no content", () => {
    const events = [
      { type: "message_start", message: { content: [], stop_reason: null } },
      { type: "ping" },
      start({ type: "text", text: "" }),
      start({ type: "thinking", thinking: "" }),
      delta({ type: "text_delta", text: "" }),
      delta({ type: "input_json_delta", partial_json: "" }),
      delta({ type: "signature_delta", signature: "abc" }),
      { type: "content_block_stop", index: 0 },
      { type: "message_delta", delta: { stop_reason: null }, usage: {} },
      { type: "something_new", text: "a" }
    ]
    for (const event of events) assert.deepStrictEqual(messages([event]), ["held"], JSON.stringify(event))
  })

  it("is content if it carries content", () => {
    const events = [
      delta({ type: "text_delta", text: "a" }),
      delta({ type: "thinking_delta", thinking: "hm" }),
      delta({ type: "input_json_delta", partial_json: "{" }),
      start({ type: "tool_use", id: "t1", name: "f", input: {} }),
      start({ type: "redacted_thinking", data: "abc" }),
      start({ type: "web_search_tool_result", content: [] })
    ]
    for (const event of events) assert.deepStrictEqual(messages([event]), ["content"], JSON.stringify(event))
  })

  it("completes the answer with a stop reason, and ends it with message_stop", () => {
    const text = delta({ type: "text_delta", text: "a" })
    assert.deepStrictEqual(messages([text, stop("end_turn"), { type: "message_stop" }]), [
      "content",
      "complete",
      "last"
    ])
    assert.deepStrictEqual(messages([stop("max_tokens")]), ["answer"])
    assert.deepStrictEqual(messages([text, stop("refusal")]), ["content", "complete"])
  })

  it("is a failure if it reports one, or if it contains only a refusal", () => {
    assert.deepStrictEqual(messages([{ type: "error", error: { type: "overloaded_error" } }]), ["Failed"])
    assert.deepStrictEqual(messages([stop("refusal")]), ["Failed"])
  })
})

describe("a ping", () => {
  const phasesOf = (protocol: Pick<Protocol, "texts" | "padding">, operation: Operation, event: string) => {
    const chunk = EventReader.make(protocol, operation.meanings!({})).read(new TextEncoder().encode(event))
    return "_tag" in chunk ? undefined : chunk.phase
  }

  it("has the phase alive, in every protocol", () => {
    const { "chat/completions": chats, responses } = openai.operations
    const { messages } = AnthropicProtocol.protocol.operations
    for (const [operation, event] of [
      [chats, ": OPENROUTER PROCESSING\n\n"],
      [chats, ": keep-alive\n\n"],
      // Relays forward pings of other protocols: https://github.com/envoyproxy/ai-gateway/pull/2549
      [chats, delta({})],
      [chats, delta({ content: null, role: null })],
      [chats, data({ choices: [] })],
      [chats, `event: ping\n${data({})}`],
      [chats, data({ type: "ping" })],
      [responses, data({ type: "response.queued", response: {} })],
      [messages, data({ type: "ping" })],
      [messages, ": waiting\n\n"]
    ] as const) {
      assert.strictEqual(phasesOf(openai, operation, event), Phase.alive, event)
    }
    for (const event of [
      delta({ role: "assistant", content: "" }),
      data({ choices: [], usage: { prompt_tokens: 1 } }),
      data({ choices: [], prompt_filter_results: [] })
    ])
      assert.strictEqual(phasesOf(openai, chats, event), Phase.held, event)
  })
})
