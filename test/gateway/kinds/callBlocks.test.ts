/** Tool calls that clients send back as blocks of content: fragments of arguments, JSON texts, and calls that stand twice. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { completion, type Json, message, stage } from "../../support/kinds.ts"

const text = { type: "text", text: "A look.", index: 0 }
const used = (more: Json): Json => ({ type: "tool_use", id: "toolu_1", name: "find", ...more })
const fragment = (partial_json: string, index?: number): Json => ({
  type: "input_json_delta",
  partial_json,
  ...(index !== undefined && { index })
})
const called = { id: "toolu_1", type: "function", function: { name: "find", arguments: '{"q":"a"}' } }

/** A conversation in which the model called `find`. */
const messages = (content: ReadonlyArray<Json>): Json => ({
  model: "chats/m",
  max_tokens: 9,
  tools: [{ name: "find", input_schema: { type: "object", properties: { q: { type: "string" } } } }],
  messages: [
    { role: "user", content: "hi" },
    { role: "assistant", content },
    { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_1", content: "b" }] }
  ]
})

const chats = (content: ReadonlyArray<Json>, calls: ReadonlyArray<Json>): Json => ({
  model: "messages/m",
  messages: [
    { role: "user", content: "hi" },
    { role: "assistant", content, ...(calls.length > 0 && { tool_calls: calls }) },
    { role: "tool", tool_call_id: "toolu_1", content: [{ type: "text", text: "b" }] }
  ]
})

/** The request that the target gets, and what it did not get. */
const sent = (path: string, body: Json) =>
  Effect.gen(function* () {
    const { post, seen } = yield* stage({
      chats: { protocol: "openai", reply: () => ({ json: completion({ content: "ok" }) }) },
      messages: { protocol: "anthropic", reply: () => ({ json: message([{ type: "text", text: "ok" }]) }) }
    })
    const got = yield* post(path, body)
    assert.strictEqual(got.status, 200, got.text)
    const [first] = [...seen.chats!, ...seen.messages!]
    return {
      messages: first!.body.messages as ReadonlyArray<Json>,
      dropped: got.headers["x-failover-dropped"]
    }
  })

const ofMessages: Readonly<Record<string, ReadonlyArray<Json>>> = {
  "fragments in the call": [text, used({ input: {}, index: 1, partial_json: '{"q":"a"}' })],
  "fragments beside the call": [
    text,
    used({ input: {}, index: 1 }),
    fragment('{"q":', 1),
    fragment('"a"}', 1)
  ],
  "fragments without an index": [text, used({ input: "" }), fragment('{"q":'), fragment('"a"}')],
  "fragments of an input that is known": [text, used({ input: { q: "a" } }), fragment('{"q":"a"}')],
  "an input that is a JSON text": [text, used({ input: '{"q":"a"}' })]
}

const ofChats: Readonly<Record<string, readonly [ReadonlyArray<Json>, ReadonlyArray<Json>]>> = {
  "a call in Anthropic's form too": [[text, used({ input: { q: "a" } })], [called]],
  "the fragments of a call too": [[text, used({ input: {}, index: 1 }), fragment('{"q":"a"}', 1)], [called]],
  "a call in LangChain's form too": [
    [text, { type: "tool_call", id: "toolu_1", name: "find", args: { q: "a" } }],
    [called]
  ],
  "a call in LangChain's form alone": [
    [text, { type: "tool_call", id: "toolu_1", name: "find", args: { q: "a" } }],
    []
  ],
  "the fragments of a call alone": [[text, used({ input: {} }), fragment('{"q":'), fragment('"a"}')], []]
}

describe("a call in the content of a message", () => {
  for (const [name, content] of Object.entries(ofMessages))
    it.live(`keeps its arguments: ${name}`, () =>
      Effect.gen(function* () {
        const { dropped, messages: got } = yield* sent("/v1/messages", messages(content))
        assert.deepStrictEqual(got[1], { role: "assistant", content: "A look.", tool_calls: [called] })
        assert.isUndefined(dropped)
      })
    )

  for (const [name, [content, calls]] of Object.entries(ofChats))
    it.live(`reaches the model once: ${name}`, () =>
      Effect.gen(function* () {
        const { messages: got } = yield* sent("/v1/chat/completions", chats(content, calls))
        assert.deepStrictEqual(got[1]!.content, [
          { type: "text", text: "A look." },
          { type: "tool_use", id: "toolu_1", name: "find", input: { q: "a" } }
        ])
        assert.strictEqual((got[2]!.content as ReadonlyArray<Json>).length, 1)
      })
    )

  it.live("keeps its arguments if the provider ran it, and nothing is named as left out", () =>
    Effect.gen(function* () {
      const found = {
        type: "web_search_result",
        url: "https://example.org",
        title: "E",
        encrypted_content: "e"
      }
      const { dropped, messages: got } = yield* sent("/v1/messages", {
        ...messages([]),
        messages: [
          { role: "user", content: "hi" },
          {
            role: "assistant",
            content: [
              { type: "server_tool_use", id: "srvtoolu_1", name: "web_search", input: {}, index: 1 },
              fragment('{"q":"a"}', 1),
              { type: "web_search_tool_result", tool_use_id: "srvtoolu_1", content: [found], index: 2 },
              { ...text, index: 3 }
            ]
          },
          { role: "user", content: "more" }
        ]
      })
      const [call] = got[1]!.tool_calls as ReadonlyArray<Json>
      assert.deepStrictEqual(call!.function, { name: "web_search", arguments: '{"q":"a"}' })
      assert.isUndefined(dropped)
    })
  )

  it.live("keeps an input that is not JSON as it is", () =>
    Effect.gen(function* () {
      const { messages: got } = yield* sent("/v1/messages", messages([used({ input: "a" })]))
      assert.deepInclude(got[1]!.tool_calls, { ...called, function: { name: "find", arguments: '"a"' } })
    })
  )
})
