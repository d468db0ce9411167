/** Events whose type is only in their name, and responses whose text is only in their deltas. */
import Anthropic from "@anthropic-ai/sdk"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import OpenAI from "openai"
import { type Json, message, stage } from "../../support/kinds.ts"

const response = (output: ReadonlyArray<Json>, status = "completed"): Json => ({
  id: "resp_1",
  object: "response",
  created_at: 1,
  model: "m",
  status,
  output
})
const part = { type: "output_text", text: "Mild.", annotations: [] }
const item = { id: "msg_1", type: "message", role: "assistant", status: "completed", content: [part] }
const place = { item_id: "msg_1", output_index: 0, content_index: 0 }

const ofMessages: ReadonlyArray<readonly [string, Json]> = [
  ["message_start", { message: { ...message([]), stop_reason: null } }],
  ["content_block_start", { index: 0, content_block: { type: "text", text: "" } }],
  ["content_block_delta", { index: 0, delta: { type: "text_delta", text: "Mi" } }],
  ["content_block_delta", { index: 0, delta: { type: "text_delta", text: "ld." } }],
  ["content_block_stop", { index: 0 }],
  ["message_delta", { delta: { stop_reason: "end_turn" }, usage: { output_tokens: 2 } }],
  ["message_stop", {}]
]
const ofResponses: ReadonlyArray<readonly [string, Json]> = [
  ["response.created", { response: response([], "in_progress") }],
  ["response.output_item.added", { output_index: 0, item: { ...item, content: [] } }],
  ["response.content_part.added", { ...place, part: { ...part, text: "" } }],
  ["response.output_text.delta", { ...place, delta: "Mi" }],
  ["response.output_text.delta", { ...place, delta: "ld." }],
  ["response.output_item.done", { output_index: 0, item }],
  ["response.completed", { response: response([item]) }]
]

const events = (named: ReadonlyArray<readonly [string, Json]>) => ({
  type: "text/event-stream",
  text: named.map(([name, data]) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`).join("")
})

const hi = [{ role: "user" as const, content: "hi" }]

describe("events with their type in their name alone", () => {
  it.live("are read by the library of Anthropic", () =>
    Effect.gen(function* () {
      const { url } = yield* stage({ p: { protocol: "anthropic", reply: () => events(ofMessages) } })
      const client = new Anthropic({ baseURL: url, apiKey: "k", maxRetries: 0 })
      const final = yield* Effect.promise(() =>
        client.messages.stream({ model: "p/m", max_tokens: 9, messages: hi }).finalMessage()
      )
      assert.deepInclude(final.content[0], { type: "text", text: "Mild." })
    })
  )

  it.live("are read by the library of OpenAI", () =>
    Effect.gen(function* () {
      const more = { responses: true }
      const { url } = yield* stage({ p: { protocol: "openai", reply: () => events(ofResponses), more } })
      const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "k", maxRetries: 0 })
      const final = yield* Effect.promise(() =>
        client.responses.stream({ model: "p/m", input: "hi" }).finalResponse()
      )
      assert.strictEqual(final.output_text, "Mild.")
    })
  )

  it.live("are a whole answer if that was requested", () =>
    Effect.gen(function* () {
      const more = { responses: true }
      const { post } = yield* stage({ p: { protocol: "openai", reply: () => events(ofResponses), more } })
      const got = yield* post("/v1/responses", { model: "p/m", input: "hi" })
      assert.strictEqual(got.at("output.0.content.0.text"), "Mild.")
    })
  )
})

describe("a response whose text is in its deltas alone", () => {
  for (const output of [[], undefined])
    it.live(`is a whole answer: ${output === undefined ? "without an output" : "with an empty one"}`, () =>
      Effect.gen(function* () {
        const ended = { ...response([]), output }
        const sent = [
          { type: "response.created", response: response([], "in_progress") },
          { type: "response.output_text.delta", ...place, delta: "Mi" },
          { type: "response.output_text.delta", ...place, delta: "ld." },
          { type: "response.completed", response: ended }
        ]
        const more = { responses: true }
        const { post } = yield* stage({ p: { protocol: "openai", reply: () => ({ events: sent }), more } })
        const got = yield* post("/v1/responses", { model: "p/m", input: "hi" })
        assert.deepStrictEqual([got.status, got.at("output.0.content.0.text")], [200, "Mild."], got.text)
      })
    )
})
