import { assert, describe, it } from "@effect/vitest"
import * as Translate from "../../src/translate/index.ts"
import { chatCompletion, chatToolCompletion, claudeMessage } from "../support/translate/samples.ts"
import { context } from "../support/translate/support.ts"

const toChat = (message: Translate.JsonObject, given = context()) =>
  Translate.translateAnswer("anthropic", "openai", message, given)

const toMessage = (chat: Translate.JsonObject, given = context()) =>
  Translate.translateAnswer("openai", "anthropic", chat, given)

describe("an answer of an Anthropic model", () => {
  it("is a chat completion", () => {
    assert.deepStrictEqual(toChat(claudeMessage), {
      id: "msg_01XFDUDYJgAACzvnptvVoYEL",
      object: "chat.completion",
      created: 1700000000,
      model: "claude-opus-5",
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: "Hello!", refusal: null },
          logprobs: null,
          finish_reason: "stop"
        }
      ],
      usage: {
        prompt_tokens: 12,
        completion_tokens: 6,
        total_tokens: 18,
        prompt_tokens_details: { cached_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 0 }
      }
    })
  })

  it("keeps thoughts, texts and calls", () => {
    const { choices } = toChat({
      ...claudeMessage,
      content: [
        { type: "thinking", thinking: "hm", signature: "c2ln" },
        { type: "redacted_thinking", data: "eA==" },
        { type: "text", text: "Let me " },
        { type: "text", text: "see.", citations: [{ type: "char_location" }] },
        { type: "tool_use", id: "toolu_1", name: "weather", input: { city: "Paris" } },
        { type: "tool_use", id: "toolu_2", name: "time", input: {} },
        { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: {} }
      ],
      stop_reason: "tool_use"
    })
    assert.deepStrictEqual(choices, [
      {
        index: 0,
        message: {
          role: "assistant",
          content: "Let me see.",
          refusal: null,
          reasoning_content: "hm",
          reasoning_details: [
            {
              type: "reasoning.text",
              text: "hm",
              signature: "c2ln",
              format: "anthropic-claude-v1",
              index: 0
            },
            { type: "reasoning.encrypted", data: "eA==", format: "anthropic-claude-v1", index: 1 }
          ],
          tool_calls: [
            { id: "toolu_1", type: "function", function: { name: "weather", arguments: '{"city":"Paris"}' } },
            { id: "toolu_2", type: "function", function: { name: "time", arguments: "{}" } }
          ]
        },
        logprobs: null,
        finish_reason: "tool_calls"
      }
    ])
  })

  it("has a finish reason of OpenAI", () => {
    const table: Readonly<Record<string, string>> = {
      end_turn: "stop",
      stop_sequence: "stop",
      pause_turn: "stop",
      max_tokens: "length",
      model_context_window_exceeded: "length",
      tool_use: "tool_calls",
      refusal: "content_filter",
      something_new: "stop"
    }
    for (const [stop_reason, finish_reason] of Object.entries(table)) {
      const [choice] = toChat({ ...claudeMessage, stop_reason }).choices as [Translate.JsonObject]
      assert.strictEqual(choice.finish_reason, finish_reason)
    }
  })

  it("contains the reason of a refusal", () => {
    const [choice] = toChat({
      ...claudeMessage,
      content: [],
      stop_reason: "refusal",
      stop_details: { type: "refusal", category: "bio", explanation: "No." }
    }).choices as [Translate.JsonObject]
    assert.deepStrictEqual(choice.message, { role: "assistant", content: null, refusal: "No." })
  })

  it("counts what was read from and written to the cache as part of the prompt", () => {
    const { usage } = toChat({
      ...claudeMessage,
      usage: {
        input_tokens: 10,
        cache_creation_input_tokens: 200,
        cache_read_input_tokens: 3000,
        output_tokens: 50,
        output_tokens_details: { thinking_tokens: 40 }
      }
    })
    assert.deepStrictEqual(usage, {
      prompt_tokens: 3210,
      completion_tokens: 50,
      total_tokens: 3260,
      prompt_tokens_details: { cached_tokens: 3000, cache_write_tokens: 200 },
      completion_tokens_details: { reasoning_tokens: 40 }
    })
  })
})

describe("an answer of an OpenAI model", () => {
  it("is a message", () => {
    assert.deepStrictEqual(toMessage(chatCompletion), {
      id: "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT",
      type: "message",
      role: "assistant",
      model: "gpt-4.1-2025-04-14",
      content: [{ type: "text", text: "Hello! How can I assist you today?" }],
      stop_reason: "end_turn",
      stop_sequence: null,
      usage: {
        input_tokens: 19,
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 0,
        output_tokens: 10,
        output_tokens_details: { thinking_tokens: 0 }
      }
    })
  })

  it("keeps its calls", () => {
    const { content, stop_reason } = toMessage(chatToolCompletion)
    assert.deepStrictEqual(content, [
      { type: "tool_use", id: "call_abc123", name: "get_current_weather", input: { location: "Boston, MA" } }
    ])
    assert.strictEqual(stop_reason, "tool_use")
  })

  const answer = (message: object, choice: object = {}) => ({
    ...chatCompletion,
    choices: [{ index: 0, message: { role: "assistant", content: null, ...message }, ...choice }]
  })
  const weather = { id: "call_1", type: "function", function: { name: "weather", arguments: "{}" } }

  it("has a stop reason of Anthropic", () => {
    const table: ReadonlyArray<readonly [message: object, choice: object, stop_reason: string]> = [
      [{ content: "a" }, { finish_reason: "stop" }, "end_turn"],
      [{ content: "a" }, { finish_reason: "length" }, "max_tokens"],
      [{ content: "a" }, { finish_reason: "content_filter" }, "refusal"],
      [{ content: "a" }, { finish_reason: "stop", stop_reason: "END" }, "stop_sequence"],
      [{ tool_calls: [weather] }, { finish_reason: "tool_calls" }, "tool_use"],
      // OpenAI's reason for a forced call
      [{ tool_calls: [weather] }, { finish_reason: "stop" }, "tool_use"],
      [{ refusal: "No." }, { finish_reason: "stop" }, "refusal"],
      [{ content: "a" }, {}, "end_turn"]
    ]
    for (const [message, choice, stop_reason] of table) {
      assert.strictEqual(toMessage(answer(message, choice)).stop_reason, stop_reason)
    }
    assert.strictEqual(
      toMessage(answer({ content: "a" }, { finish_reason: "stop", stop_reason: "END" })).stop_sequence,
      "END"
    )
  })

  it("contains the text of a refusal", () => {
    const { content, stop_details } = toMessage(answer({ refusal: "No." }, { finish_reason: "stop" }))
    assert.deepStrictEqual(content, [{ type: "text", text: "No." }])
    assert.deepStrictEqual(stop_details, { type: "refusal", category: null, explanation: "No." })
  })

  it("contains reasoning only if the caller requested it", () => {
    const given = answer({ content: "4", reasoning_content: "2+2" })
    const contentFor = (thinking: unknown) => toMessage(given, context({ thinking })).content
    const said = { type: "text", text: "4" }
    const thought = { type: "thinking", thinking: "2+2", signature: "" }
    assert.deepStrictEqual(contentFor(undefined), [said])
    assert.deepStrictEqual(contentFor({ type: "disabled" }), [said])
    assert.deepStrictEqual(contentFor({ type: "adaptive", display: "omitted" }), [said])
    assert.deepStrictEqual(contentFor({ type: "enabled", budget_tokens: 1024 }), [thought, said])
    assert.deepStrictEqual(
      toMessage(answer({ content: "4", reasoning: "2+2" }), context({ thinking: { type: "adaptive" } }))
        .content,
      [thought, said]
    )
  })

  it("gives an id to a call without one", () => {
    const nameless = { function: { name: "weather", arguments: "{}" } }
    const { content } = toMessage(answer({ tool_calls: [nameless, nameless] }))
    assert.deepStrictEqual(
      (content as ReadonlyArray<Translate.JsonObject>).map(({ id }) => id),
      ["toolu_req_1_0", "toolu_req_1_1"]
    )
  })

  it("reports tokens read from and written to the cache", () => {
    const { usage } = toMessage({
      ...chatCompletion,
      usage: {
        prompt_tokens: 3210,
        completion_tokens: 50,
        prompt_tokens_details: { cached_tokens: 3000, cache_write_tokens: 200 },
        completion_tokens_details: { reasoning_tokens: 40 }
      }
    })
    assert.deepStrictEqual(usage, {
      input_tokens: 10,
      cache_creation_input_tokens: 200,
      cache_read_input_tokens: 3000,
      output_tokens: 50,
      output_tokens_details: { thinking_tokens: 40 }
    })
  })

  it("is the first of several", () => {
    const second = { index: 1, message: { content: "b" }, finish_reason: "stop" }
    const first = { index: 0, message: { content: "a" }, finish_reason: "stop" }
    assert.deepStrictEqual(toMessage({ choices: [second, first] }).content, [{ type: "text", text: "a" }])
  })

  it("is read from as many choices as may come", () => {
    const message = { tool_calls: [{ id: "c", function: { name: "f", arguments: "{}" } }] }
    const choices = Array.from({ length: 200_000 }, (_, index) => ({
      index,
      message: index === 1 ? message : { content: "" }
    }))
    assert.deepStrictEqual(toMessage({ choices }).content, [
      { type: "tool_use", id: "c", name: "f", input: {} }
    ])
  })
})

describe("an answer", () => {
  it("has an id and a model even if its provider gave none", () => {
    const given = context({ model: "smart" })
    assert.include(toChat({ content: [] }, given), { id: "req_1", model: "smart" })
    assert.include(toMessage({ choices: [] }, given), { id: "req_1", model: "smart" })
  })

  it("is unchanged within one protocol", () => {
    assert.strictEqual(
      Translate.translateAnswer("openai", "openai", chatCompletion, context()),
      chatCompletion
    )
  })
})

describe("unsigned reasoning", () => {
  const body = (content: unknown) => ({
    model: "m",
    messages: [
      { role: "user", content: "hi" },
      { role: "assistant", content },
      { role: "user", content: "go on" }
    ]
  })
  const said = { type: "text", text: "4" }
  const signed = { type: "thinking", thinking: "2+2", signature: "c2ln" }

  it("is removed before it reaches Anthropic", () => {
    const unsigned = { type: "thinking", thinking: "2+2", signature: "" }
    assert.deepStrictEqual(Translate.withoutUnsignedThinking(body([unsigned, said])), body([said]))
    assert.deepStrictEqual(Translate.withoutUnsignedThinking(body([unsigned])).messages, [
      { role: "user", content: "hi" },
      { role: "user", content: "go on" }
    ])
  })

  it("is all that is removed", () => {
    for (const content of [[signed, said], "text", [], null, [null, 1]]) {
      const given = body(content)
      assert.strictEqual(Translate.withoutUnsignedThinking(given), given)
    }
    assert.deepStrictEqual(Translate.withoutUnsignedThinking({ messages: 1 }), { messages: 1 })
  })
})
