/** Answers whose parts cannot be told apart: one index for all, or several choices for one answer. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { chunk, completion, dataOf, type Json, type Reply, stage } from "../../support/kinds.ts"

const messages = [{ role: "user", content: "hi" }]

const piece = (index: unknown, id: unknown, name: unknown, args: unknown): Json => ({
  index,
  id,
  type: "function",
  function: { name, arguments: args }
})
const pieces = (...tool_calls: ReadonlyArray<Json>) => chunk({ tool_calls })

/** The calls in a message of Anthropic's, whole or streamed. */
const callsIn = (text: string, json: unknown): ReadonlyArray<readonly [name: string, input: unknown]> => {
  const content = (json as Json | undefined)?.content
  if (content !== undefined) {
    return content
      .filter(({ type }: Json) => type === "tool_use")
      .map(({ input, name }: Json) => [name, input])
  }
  const blocks: Array<Json> = []
  for (const event of dataOf(text)) {
    if (event.type === "content_block_start") blocks[event.index] = { ...event.content_block, json: "" }
    if (event.type === "content_block_delta") blocks[event.index]!.json += event.delta.partial_json ?? ""
  }
  return blocks.filter(({ type }) => type === "tool_use").map(({ json, name }) => [name, JSON.parse(json)])
}

const both = [
  ["bash", { cmd: "a" }],
  ["read", { path: "b" }]
] as const

const members: Readonly<Record<string, ReadonlyArray<Json>>> = {
  "all calls have the index 0": [
    pieces(piece(0, "a", "bash", '{"cmd":"a"}')),
    pieces(piece(0, "b", "read", '{"path":"b"}'))
  ],
  "all calls have the index 0 and come in pieces": [
    pieces(piece(0, "a", "bash", "")),
    pieces(piece(0, undefined, undefined, '{"cmd":')),
    pieces(piece(0, undefined, undefined, '"a"}')),
    pieces(piece(0, "b", "read", "")),
    pieces(piece(0, undefined, undefined, '{"path":"b"}'))
  ],
  "calls have no index": [
    pieces(piece(undefined, "a", "bash", '{"cmd":"a"}'), piece(undefined, "b", "read", '{"path":"b"}'))
  ],
  "each piece has an index of its own": [
    pieces(piece(0, "a", "bash", "")),
    pieces(piece(1, "a", undefined, '{"cmd":')),
    pieces(piece(2, "a", undefined, '"a"}')),
    pieces(piece(3, "b", "read", '{"path":"b"}'))
  ],
  "names come in pieces, and again": [
    pieces(piece(0, "a", "ba", "")),
    pieces(piece(0, "a", "sh", "")),
    pieces(piece(0, "a", "bash", '{"cmd":"a"}')),
    pieces(piece(1, "b", "read", '{"path":')),
    pieces(piece(1, "b", "read", '"b"}'))
  ],
  "the second call is in another choice": [
    pieces(piece(0, "a", "bash", '{"cmd":"a"}')),
    { ...chunk({}), choices: [{ index: 1, delta: { tool_calls: [piece(0, "b", "read", '{"path":"b"}')] } }] }
  ]
}

describe("the calls of a chat, of which", () => {
  for (const [name, events] of Object.entries(members)) {
    it.live(`${name}, are the same whole and streamed`, () =>
      Effect.gen(function* () {
        const reply: Reply = { events: [...events, chunk({}, "tool_calls"), "[DONE]"] }
        const { post } = yield* stage({ a: { protocol: "openai", reply: () => reply } })
        for (const stream of [false, true]) {
          const got = yield* post("/v1/messages", { model: "a/m", max_tokens: 9, messages, stream })
          assert.strictEqual(got.status, 200, got.text)
          assert.deepStrictEqual(callsIn(got.text, got.json), both, `stream: ${stream}`)
        }
      })
    )
  }

  it.live("arguments go on behind their end, is not an answer, whole and streamed", () =>
    Effect.gen(function* () {
      const events = [
        pieces(piece(0, "a", "bash", '{"cmd":"a"}')),
        pieces(piece(0, undefined, undefined, "</tool_call>"))
      ]
      const { post } = yield* stage(
        {
          a: {
            protocol: "openai",
            reply: () => ({ events: [...events, chunk({}, "tool_calls"), "[DONE]"] })
          },
          b: { protocol: "openai", reply: () => ({ json: completion({ content: "from b" }) }) }
        },
        { models: { smart: ["a/m", "b/m"] } }
      )
      const body = { model: "smart", max_tokens: 9, messages }
      assert.strictEqual((yield* post("/v1/messages", body)).at("content.0.text"), "from b")
      const streamed = yield* post("/v1/messages", { ...body, model: "a/m", stream: true })
      assert.include(streamed.text, "after the end of its arguments")
    })
  )

  it.live("are given whole to a client of chats as well", () =>
    Effect.gen(function* () {
      const events = members["all calls have the index 0"]!
      const { post } = yield* stage({
        a: { protocol: "openai", reply: () => ({ events: [...events, chunk({}, "stop"), "[DONE]"] }) }
      })
      const got = yield* post("/v1/chat/completions", { model: "a/m", messages })
      const calls = got.at("choices.0.message.tool_calls") as ReadonlyArray<Json>
      assert.deepStrictEqual(
        calls.map((call) => [call.id, call.function]),
        [
          ["a", { name: "bash", arguments: '{"cmd":"a"}' }],
          ["b", { name: "read", arguments: '{"path":"b"}' }]
        ]
      )
    })
  )
})

describe("an answer in several choices", () => {
  const split = (given: ReadonlyArray<Json>): Json => ({
    ...completion({}),
    choices: given.map((message, index) => ({ index, finish_reason: "tool_calls", message }))
  })
  const call = (id: string, name: string, args: string) => ({
    id,
    type: "function",
    function: { name, arguments: args }
  })
  const answer = split([
    { role: "assistant", content: "I look." },
    { role: "assistant", content: null, tool_calls: [call("a", "bash", '{"cmd":"a"}')] },
    { role: "assistant", content: null, tool_calls: [call("b", "read", '{"path":"b"}')] }
  ])

  it.live("is one: its text and all its calls", () =>
    Effect.gen(function* () {
      const { post } = yield* stage({ a: { protocol: "openai", reply: () => ({ json: answer }) } })
      for (const stream of [false, true]) {
        const got = yield* post("/v1/messages", { model: "a/m", max_tokens: 9, messages, stream })
        assert.deepStrictEqual(callsIn(got.text, got.json), both, `stream: ${stream}`)
        assert.include(got.text, "I look.")
        assert.include(got.text, '"stop_reason":"tool_use"')
        assert.isUndefined(got.headers["x-failover-dropped"])
      }
      const response = yield* post("/v1/responses", { model: "a/m", input: "hi" })
      assert.deepStrictEqual(
        (response.at("output") as ReadonlyArray<Json>).map(({ type }) => type),
        ["message", "function_call", "function_call"]
      )
    })
  )

  it.live("that are alternatives is the first one, and the others are named", () =>
    Effect.gen(function* () {
      const json = split([
        { role: "assistant", content: "one" },
        { role: "assistant", content: "two" }
      ])
      const { post } = yield* stage({ a: { protocol: "openai", reply: () => ({ json }) } })
      const got = yield* post("/v1/messages", { model: "a/m", max_tokens: 9, messages })
      assert.deepStrictEqual(
        [got.at("content.0.text"), got.headers["x-failover-dropped"]],
        ["one", "choices"]
      )
    })
  )
})

describe("the blocks of a message", () => {
  const start = {
    type: "message_start",
    message: { id: "m", role: "assistant", content: [], usage: { input_tokens: 1, output_tokens: 1 } }
  }
  const begin = (index: number, content_block: Json) => ({
    type: "content_block_start",
    index,
    content_block
  })
  const delta = (index: number, delta: Json) => ({ type: "content_block_delta", index, delta })
  const stop = { type: "content_block_stop", index: 0 }
  const end = [
    { type: "message_delta", delta: { stop_reason: "tool_use" }, usage: { output_tokens: 3 } },
    { type: "message_stop" }
  ]
  const use = (id: string, name: string) => ({ type: "tool_use", id, name, input: {} })

  const asked = (events: ReadonlyArray<Json>, stream: boolean) =>
    Effect.gen(function* () {
      const { post } = yield* stage({
        a: { protocol: "anthropic", reply: () => ({ events: [start, ...events, ...end] }) }
      })
      return yield* post("/v1/chat/completions", { model: "a/m", messages, stream })
    })

  const message = (text: string, json: unknown): Json => {
    const whole = (json as Json | undefined)?.choices?.[0]?.message
    if (whole !== undefined) {
      return { text: whole.content, calls: (whole.tool_calls ?? []).map((call: Json) => call.function) }
    }
    let said = ""
    const calls: Array<Json> = []
    for (const { choices } of dataOf(text)) {
      said += choices?.[0]?.delta?.content ?? ""
      for (const { function: part, index } of choices?.[0]?.delta?.tool_calls ?? []) {
        const known = (calls[index] ??= { name: "", arguments: "" })
        known.name += part.name ?? ""
        known.arguments += part.arguments ?? ""
      }
    }
    return { text: said, calls }
  }

  for (const [name, events] of Object.entries({
    "that all have the index 0": [
      begin(0, { type: "text", text: "" }),
      delta(0, { type: "text_delta", text: "I look." }),
      stop,
      begin(0, use("a", "bash")),
      delta(0, { type: "input_json_delta", partial_json: '{"cmd":"a"}' }),
      stop,
      begin(0, use("b", "read")),
      delta(0, { type: "input_json_delta", partial_json: '{"path":"b"}' })
    ],
    "with arguments as an object, or at the index of another block": [
      begin(0, { type: "text", text: "I look." }),
      begin(1, use("a", "bash")),
      delta(1, { type: "input_json_delta", partial_json: { cmd: "a" } }),
      { type: "content_block_stop", index: 1 },
      begin(2, use("b", "read")),
      delta(7, { type: "input_json_delta", partial_json: '{"path":"b"}' })
    ]
  })) {
    it.live(`${name}, are the same whole and streamed`, () =>
      Effect.gen(function* () {
        for (const stream of [false, true]) {
          const got = yield* asked(events, stream)
          assert.deepStrictEqual(message(got.text, got.json), {
            text: "I look.",
            calls: [
              { name: "bash", arguments: '{"cmd":"a"}' },
              { name: "read", arguments: '{"path":"b"}' }
            ]
          })
        }
      })
    )
  }

  it.live("with arguments that belong to no call are invalid, whole and streamed", () =>
    Effect.gen(function* () {
      const events = [
        begin(0, { type: "text", text: "I look." }),
        delta(1, { type: "input_json_delta", partial_json: '{"cmd":"a"}' })
      ]
      assert.strictEqual((yield* asked(events, false)).status, 502)
      assert.include((yield* asked(events, true)).text, "belongs to no call")
    })
  )
})
