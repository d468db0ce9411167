/** Requests in the form of another protocol than the called one, to targets of the called protocol. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { chunk, completion, type Json, type Reply, stage } from "../../support/kinds.ts"

const answers = (asked: Json): Reply => {
  if (!Array.isArray(asked.messages)) {
    return {
      status: 400,
      json: { error: { message: "Missing required parameter: 'messages'.", type: "invalid_request_error" } }
    }
  }
  return asked.stream === true
    ? { events: [chunk({ content: "ok" }), chunk({}, "stop"), "[DONE]"] }
    : { json: completion({ content: "ok" }) }
}

const tools = [
  { type: "function", name: "f", description: "d", parameters: { type: "object", properties: {} } }
]

describe("a request in the form of responses where chats are called, as Cursor's", () => {
  for (const responses of [false, true]) {
    it.live(`is translated for a target of chats, responses: ${responses}`, () =>
      Effect.gen(function* () {
        const { post, seen } = yield* stage({
          a: { protocol: "openai", reply: answers, more: { responses } }
        })
        const body = {
          model: "a/m",
          input: [
            { role: "system", content: "Be brief." },
            { role: "user", content: [{ type: "input_text", text: "hi" }] },
            { type: "function_call", call_id: "c1", name: "f", arguments: "{}" },
            { type: "function_call_output", call_id: "c1", output: "out" }
          ],
          tools
        }
        const got = yield* post("/v1/chat/completions", body)
        assert.deepStrictEqual([got.status, got.at("choices.0.message.content")], [200, "ok"])
        const sent = seen.a?.[0]?.body
        assert.deepStrictEqual(
          [sent?.messages.map(({ role }: Json) => role), sent?.tools[0].function.name, sent?.input],
          [["system", "user", "assistant", "tool"], "f", undefined]
        )
        const streamed = yield* post("/v1/chat/completions", { ...body, stream: true })
        assert.include(streamed.text, '"content":"ok"')
        assert.include(streamed.text, "data: [DONE]")
      })
    )
  }

  it.live("in its own form is passed on as it is", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({ a: { protocol: "openai", reply: answers } })
      const body = { messages: [{ role: "user", content: "hi" }], input: "unknown to chats", seed: 1 }
      yield* post("/v1/chat/completions", { model: "a/m", ...body })
      assert.deepStrictEqual(seen.a?.[0]?.body, { model: "m", ...body })
    })
  )
})

describe("a request in the form of chats where responses are called", () => {
  it.live("is translated for a target that serves responses", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({
        a: { protocol: "openai", reply: answers, more: { responses: true } }
      })
      const got = yield* post("/v1/responses", { model: "a/m", messages: [{ role: "user", content: "hi" }] })
      assert.deepStrictEqual([got.status, got.at("output.0.content.0.text")], [200, "ok"])
      assert.strictEqual(seen.a?.[0]?.path, "/v1/chat/completions")
    })
  )
})

describe("a call whose arguments are null", () => {
  it.live("has none, whole, streamed and in a history", () =>
    Effect.gen(function* () {
      const call = { id: "c1", type: "function", function: { name: "f", arguments: "null" } }
      const { post } = yield* stage({
        a: {
          protocol: "openai",
          reply: (asked) =>
            asked.stream === true
              ? {
                  events: [chunk({ tool_calls: [{ index: 0, ...call }] }), chunk({}, "tool_calls"), "[DONE]"]
                }
              : { json: completion({ content: null, tool_calls: [call] }, "tool_calls") }
        }
      })
      const body = { model: "a/m", max_tokens: 9, messages: [{ role: "user", content: "hi" }] }
      assert.deepStrictEqual((yield* post("/v1/messages", body)).at("content.0.input"), {})
      const streamed = yield* post("/v1/messages", { ...body, stream: true })
      assert.include(streamed.text, '"partial_json":"{}"')
      assert.notInclude(streamed.text, '"partial_json":"null')
    })
  )
})

describe("the arguments of a call that arrive whole with each piece", () => {
  const piece = (args: string, more: Json = {}) =>
    chunk({ tool_calls: [{ index: 0, function: { arguments: args }, ...more }] })
  const named = { id: "c1", type: "function", function: { name: "f", arguments: "" } }

  for (const [name, events] of Object.entries({
    "and go on": [piece("", named), piece('{"a"'), piece('{"a":1'), piece('{"a":1}')],
    "behind an empty object": [
      piece("", { ...named, function: { name: "f", arguments: "{}" } }),
      piece('{"a":1}')
    ],
    "and are repeated at the end": [piece("", named), piece('{"a":'), piece("1}"), piece('{"a":1}')]
  })) {
    it.live(`${name}, are the same whole and streamed`, () =>
      Effect.gen(function* () {
        const reply: Reply = { events: [...events, chunk({}, "tool_calls"), "[DONE]"] }
        const { post } = yield* stage({ a: { protocol: "openai", reply: () => reply } })
        const body = { model: "a/m", max_tokens: 9, messages: [{ role: "user", content: "hi" }] }
        assert.deepStrictEqual((yield* post("/v1/messages", body)).at("content.0.input"), { a: 1 })
        const { text } = yield* post("/v1/messages", { ...body, stream: true })
        const json = [...text.matchAll(/"partial_json":("(?:[^"\\]|\\.)*")/g)].map((found) =>
          JSON.parse(found[1]!)
        )
        assert.strictEqual(json.join(""), '{"a":1}')
      })
    )
  }
})
