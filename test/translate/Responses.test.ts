import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { ResponseStream } from "openai/lib/responses/ResponseStream"
import { resolve } from "../../src/dialect/index.ts"
import * as Translate from "../../src/translate/index.ts"
import {
  Answer,
  asChat,
  asChunks,
  asCompletion,
  asMessage,
  asMessageEvents,
  Conversation
} from "../support/translate/generators.ts"
import { context, dataOf, translateStream } from "../support/translate/support.ts"

const claude = "claude-sonnet-4-0"

type Json = Translate.JsonObject

const objects = (value: unknown) => value as ReadonlyArray<Json>

/** A chat-completions request as an equivalent Responses request. */
const asInput = (chat: Json): Json => {
  const { messages, max_completion_tokens, response_format, stop: _, tools, tool_choice, ...rest } = chat
  const input = objects(messages).flatMap(
    ({ content, role, tool_call_id, tool_calls }): ReadonlyArray<Json> => {
      if (role === "tool") return [{ type: "function_call_output", call_id: tool_call_id, output: content }]
      const parts =
        content === null || typeof content === "string"
          ? content
          : objects(content).map((part) =>
              part.type === "text"
                ? { ...part, type: "input_text" }
                : { type: "input_image", detail: "auto", image_url: (part.image_url as Json).url }
            )
      const calls = objects(tool_calls ?? []).map((call) => ({
        type: "function_call",
        call_id: call.id,
        ...(call.function as Json)
      }))
      return [...(parts === null ? [] : [{ role, content: parts }]), ...calls]
    }
  )
  const format = response_format as Json | undefined
  const choice = tool_choice as Json | string | undefined
  return {
    ...rest,
    input,
    max_output_tokens: max_completion_tokens,
    tools:
      tools === undefined
        ? undefined
        : objects(tools).map((tool) => ({ type: "function", ...(tool.function as Json) })),
    tool_choice: typeof choice === "object" ? { type: "function", ...(choice.function as Json) } : choice,
    text:
      format === undefined ? undefined : { format: { type: "json_schema", ...(format.json_schema as Json) } },
    store: false
  }
}

const withoutStop = ({ stop: _, ...chat }: Json): Json => chat

describe("a request for a response", () => {
  for (const [to, model] of [
    ["anthropic", claude],
    ["openai", "gpt-4.1"]
  ] as const) {
    it.prop(
      `becomes what the same chat becomes for a target with ${to}`,
      [Conversation],
      ([conversation]) => {
        const chat = withoutStop(asChat(conversation))
        // A Claude that supports schemas.
        const rules = resolve({ protocol: to, model: to === "openai" ? model : "claude-sonnet-4-5" })
        const asked = Translate.translateRequest("responses", to, asInput(chat), model, undefined, rules)
        const expected =
          to === "openai"
            ? { body: chat, dropped: [] }
            : Translate.translateRequest("openai", to, chat, model, undefined, rules)
        assert.deepStrictEqual(asked, expected)
      },
      { arbitrary: { runs: 500 } }
    )
  }

  it("reports what was left out", () => {
    const rows: ReadonlyArray<readonly [asked: Json, dropped: ReadonlyArray<string>]> = [
      [{}, []],
      [{ store: false, truncation: "disabled", metadata: {}, include: ["reasoning.encrypted_content"] }, []],
      [{ store: true, truncation: "auto" }, ["store", "truncation"]],
      [
        { tools: [{ type: "web_search" }, { type: "mcp", server_label: "x" }] },
        ["tools.web_search", "tools.mcp"]
      ],
      [{ tool_choice: { type: "web_search" } }, ["tool_choice"]],
      [{ include: ["web_search_call.action.sources"] }, ["include"]],
      [{ text: { verbosity: "low", format: { type: "json_object" } } }, ["text.verbosity", "text.format"]],
      [{ reasoning: { effort: "high", summary: "auto", mode: "pro" } }, ["reasoning.mode"]],
      [{ prompt_cache_key: "k", max_tool_calls: 3 }, ["max_tool_calls", "prompt_cache_key"]],
      [{ input: [{ type: "web_search_call", id: "ws_1" }] }, ["input.web_search_call"]],
      [
        { input: [{ type: "reasoning", id: "rs_1", summary: [], encrypted_content: "gAAA" }] },
        ["input.reasoning"]
      ],
      [
        { input: [{ role: "user", content: [{ type: "input_image", file_id: "file_1" }] }] },
        ["input.content.input_image"]
      ]
    ]
    for (const [asked, dropped] of rows) {
      const body = { input: "hi", ...asked }
      assert.deepStrictEqual(
        Translate.translateRequest("responses", "anthropic", body, "claude-opus-4-6").dropped,
        dropped
      )
    }
  })

  it("is refused if it depends on a provider's state", () => {
    for (const held of [
      { previous_response_id: "resp_1" },
      { conversation: "conv_1" },
      { prompt: { id: "pmpt_1" } },
      { background: true },
      { input: [{ type: "item_reference", id: "msg_1" }] }
    ]) {
      assert.isTrue(Translate.isStateful({ input: "hi", ...held }))
    }
    assert.isFalse(Translate.isStateful({ input: "hi", previous_response_id: null, background: false }))
  })
})

/** The response that OpenAI's client builds from events. */
const addUp = (events: ReadonlyArray<unknown>) => {
  const lines = events.map((event) => `${JSON.stringify(event)}\n`).join("")
  return ResponseStream.fromReadableStream(new Response(lines).body!).finalResponse()
}

describe("a streamed response", () => {
  const from = [
    ["anthropic", asMessage, asMessageEvents],
    ["openai", asCompletion, asChunks]
  ] as const
  for (const [protocol, asWhole, asEvents] of from) {
    it.effect.prop(
      `of a target with ${protocol} adds up to the whole one, item by item`,
      [Answer],
      ([answer]) =>
        Effect.gen(function* () {
          const given = context()
          // Thoughts without a signature are no separate items, so several of them are joined.
          const thoughts = protocol === "openai" ? answer.thoughts.slice(0, 1) : answer.thoughts
          const said = { ...answer, thoughts }
          const whole = Translate.translateAnswer(protocol, "responses", asWhole(said), given)
          const events = objects(dataOf(translateStream(protocol, "responses", asEvents(said), given)))
          assert.deepStrictEqual(
            events.map(({ sequence_number }) => sequence_number),
            events.map((_, index) => index)
          )
          const done = events.filter(({ type }) => type === "response.output_item.done")
          const items = done
            .toSorted((a, b) => Number(a.output_index) - Number(b.output_index))
            .map(({ item }) => item)
          assert.deepStrictEqual(
            settled(items),
            protocol === "openai" ? unsealed(whole.output) : whole.output
          )
          const last = events.at(-1)
          assert.strictEqual(last?.type, answer.length ? "response.incomplete" : "response.completed")
          assert.deepStrictEqual(items, objects([last?.response])[0]?.output)
          const { output_text, ...added } = yield* Effect.promise(() => addUp(events))
          assert.strictEqual(output_text, `(${answer.text})`)
          assert.deepStrictEqual(JSON.parse(JSON.stringify(added.usage)), whole.usage)
        }),
      { arbitrary: { runs: 200 } }
    )
  }

  const settled = (items: unknown): unknown => JSON.parse(JSON.stringify(items))

  /** The chunks of a chat have no signatures. */
  const unsealed = (items: unknown) => objects(items).map(({ encrypted_content: _, ...item }) => item)

  it("that was truncated gets no end", () => {
    const cut = asMessageEvents({
      thoughts: [],
      text: "Well",
      calls: [],
      length: false,
      cuts: [],
      byTurns: false,
      input: 1,
      cacheRead: 0,
      cacheWrite: 0,
      output: 1,
      thinking: 0
    }).slice(0, -1)
    const types = objects(dataOf(translateStream("anthropic", "responses", cut, context()))).map(
      ({ type }) => type
    )
    assert.include(types, "response.output_text.delta")
    assert.notInclude(types, "response.completed")
  })
})

describe("reasoning in a response", () => {
  const thinking = { type: "thinking", thinking: "Hm.", signature: "c2ln" }
  const redacted = { type: "redacted_thinking", data: "cmVk" }
  const message = {
    id: "msg_1",
    model: "claude",
    content: [thinking, redacted, { type: "text", text: "42" }],
    stop_reason: "end_turn",
    usage: { input_tokens: 1, output_tokens: 1 }
  }
  const { output } = Translate.translateAnswer("anthropic", "responses", message, context())

  it("is sent back to Anthropic unchanged", () => {
    const input = [{ role: "user", content: "?" }, ...objects(output), { role: "user", content: "go on" }]
    const { body, dropped } = Translate.translateRequest("responses", "anthropic", { input }, claude)
    assert.deepStrictEqual(dropped, [])
    assert.deepStrictEqual(objects(body.messages)[1]?.content, [
      thinking,
      redacted,
      { type: "text", text: "42" }
    ])
  })

  it("is not sent to OpenAI, which has its own", () => {
    const own = { type: "reasoning", id: "rs_1", summary: [], encrypted_content: "gAAA" }
    const body = { input: [...objects(output), own] }
    const { input } = Translate.withoutForeignThoughts(body)
    assert.deepStrictEqual(
      objects(input).map(({ type }) => type),
      ["message", "reasoning"]
    )
    assert.deepStrictEqual(objects(input)[1], own)
    const plain = { input: [own] }
    assert.strictEqual(Translate.withoutForeignThoughts(plain), plain)
  })
})

describe("an answer that", () => {
  const response = (choice: Json) =>
    Translate.translateAnswer("openai", "responses", { choices: [choice] }, context({ max_output_tokens: 5 }))

  it("was refused in text is complete, and one that was filtered is not", () => {
    const declined = response({ finish_reason: "stop", message: { refusal: "I can't." } })
    assert.deepInclude(declined, { status: "completed", incomplete_details: null })
    assert.deepStrictEqual(objects(objects(declined.output)[0]?.content), [
      { type: "refusal", refusal: "I can't." }
    ])
    const filtered = response({ finish_reason: "content_filter", message: { content: "I" } })
    assert.deepInclude(filtered, { status: "incomplete" })
    assert.deepStrictEqual(filtered.incomplete_details, { reason: "content_filter" })
  })

  it("was truncated in a call marks the call", () => {
    const call = { id: "c", type: "function", function: { name: "f", arguments: '{"a":' } }
    const { output, status } = response({ finish_reason: "length", message: { tool_calls: [call] } })
    assert.strictEqual(status, "incomplete")
    assert.deepInclude(objects(output)[0], { call_id: "c", arguments: '{"a":', status: "incomplete" })
  })

  it("repeats the request", () => {
    const asked = { instructions: "Be brief.", temperature: 0.5, metadata: { a: "b" }, tool_choice: "none" }
    const choice = { finish_reason: "stop", message: { content: "ok" } }
    assert.deepInclude(
      Translate.translateAnswer("openai", "responses", { choices: [choice] }, context(asked)),
      asked
    )
  })
})
