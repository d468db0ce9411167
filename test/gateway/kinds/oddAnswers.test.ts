/** Answers with values that JSON does not have, and with parts of calls in an undocumented form. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { chunk, completion, dataOf, type Json, message, type Reply, stage } from "../../support/kinds.ts"

const hi = [{ role: "user", content: "hi" }]
const f = { name: "f", description: "d", parameters: { type: "object", properties: {} } }
const chats = { messages: hi, tools: [{ type: "function", function: f }] }
const callers: Readonly<Record<string, readonly [path: string, body: Json]>> = {
  chats: ["/v1/chat/completions", chats],
  messages: [
    "/v1/messages",
    { messages: hi, max_tokens: 9, tools: [{ name: "f", input_schema: f.parameters }] }
  ],
  responses: ["/v1/responses", { input: "hi", store: false, tools: [{ type: "function", ...f }] }]
}

type Protocol = "openai" | "anthropic"

/** What callers get: the text, the arguments of the calls, and the finish reason. */
const told = (caller: string, text: string, stream: boolean) => {
  const events = stream ? dataOf(text) : [JSON.parse(text)]
  const said = { text: "", arguments: "", reason: undefined as unknown }
  for (const event of events) {
    const choice = event.choices?.[0]
    const part = choice?.delta ?? choice?.message ?? event.delta ?? {}
    said.text += part.content ?? part.text ?? ""
    for (const call of part.tool_calls ?? []) said.arguments += call.function.arguments ?? ""
    said.arguments += part.partial_json ?? ""
    said.reason = choice?.finish_reason ?? event.delta?.stop_reason ?? event.stop_reason ?? said.reason
    for (const block of event.content ?? []) {
      said.text += block.text ?? ""
      if (block.input !== undefined) said.arguments += JSON.stringify(block.input)
    }
    const output = event.response?.status === "completed" ? event.response.output : event.output
    for (const item of output ?? []) {
      said.arguments += item.arguments ?? ""
      for (const { text } of item.content ?? []) said.text += text ?? ""
    }
  }
  return caller === "responses" ? { ...said, reason: undefined } : said
}

const each = (
  what: string,
  protocol: Protocol,
  reply: (stream: boolean) => Reply,
  expected: Json,
  reasons: Json = {}
) => {
  for (const [caller, [path, body]] of Object.entries(callers))
    for (const stream of [false, true])
      it.live(`${what}: ${caller}${stream ? ", streamed" : ""}`, () =>
        Effect.gen(function* () {
          const { post } = yield* stage({ p: { protocol, reply: (asked) => reply(asked.stream === true) } })
          const got = yield* post(path, { ...body, model: "p/m", stream })
          assert.strictEqual(got.status, 200, got.text)
          const reason = reasons[caller]
          const all = reason === undefined ? expected : { ...expected, reason }
          assert.deepInclude(told(caller, got.text, stream), all, got.text)
        })
      )
}

describe("NaN and Infinity become null, and strings with them stay", () => {
  const text = 'NaN, "-Infinity" and \\ NaN'
  const odd = (json: Json) =>
    JSON.stringify(json).replace('"created":1', '"created":1,"a":NaN,"b":[-Infinity,Infinity, NaN]')
  const events = [chunk({ content: text }), chunk({}, "stop")]
  const stream = [...events.map(odd), "[DONE]"].map((data) => `data: ${data}\n\n`).join("")
  each(
    "in an answer",
    "openai",
    (isStream) =>
      isStream ? { text: stream, type: "text/event-stream" } : { text: odd(completion({ content: text })) },
    { text }
  )
  each("in events for a whole answer", "openai", () => ({ text: stream, type: "text/event-stream" }), {
    text
  })
  each("in a whole answer for events", "openai", () => ({ text: odd(completion({ content: text })) }), {
    text
  })

  it.live("in an answer that is passed on", () =>
    Effect.gen(function* () {
      const reply = () => ({ text: odd(completion({ content: text })) })
      const { post } = yield* stage({ p: { protocol: "openai", reply } })
      const got = yield* post("/v1/chat/completions", { model: "p/m", messages: hi })
      assert.deepStrictEqual([got.at("a"), got.at("b")], [null, [null, null, null]])
    })
  )
})

const claude = (blocks: ReadonlyArray<Json>, reason: string): Reply => ({
  events: [
    { type: "message_start", message: { ...message([]), stop_reason: null } },
    ...blocks,
    { type: "message_delta", delta: { stop_reason: reason }, usage: { output_tokens: 2 } },
    { type: "message_stop" }
  ]
})

describe("a call", () => {
  const piece = (partial_json: unknown): Json => ({
    type: "content_block_delta",
    index: 0,
    delta: { type: "input_json_delta", partial_json }
  })
  const use = { type: "tool_use", id: "toolu_1", name: "f", input: {} }
  const pieces = [
    { type: "content_block_start", index: 0, content_block: use },
    piece(null),
    piece('{"a":1}'),
    { type: "content_block_stop", index: 0 }
  ]
  each("with null as a piece of its arguments is whole", "anthropic", () => claude(pieces, "tool_use"), {
    arguments: '{"a":1}'
  })

  const call = { index: 0, id: "c", type: "function", function: { name: "f", arguments: '{"a":1}' } }
  it.live("that is not in a list is kept when events become a whole answer", () =>
    Effect.gen(function* () {
      const reply = () => ({ events: [chunk({ tool_calls: call }), chunk({}, "tool_calls"), "[DONE]"] })
      for (const [caller, [path, body]] of Object.entries(callers)) {
        const { post } = yield* stage({ p: { protocol: "openai", reply } })
        const got = yield* post(path, { ...body, model: "p/m" })
        assert.strictEqual(told(caller, got.text, false).arguments, '{"a":1}', got.text)
      }
    })
  )
})
