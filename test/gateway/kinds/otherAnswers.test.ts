/** Answers with a member in another place, or without it: it is read, or named, and the answer ends properly. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { chunk, completion, dataOf, type Json, message, type Reply, stage } from "../../support/kinds.ts"

const hi = [{ role: "user", content: "hi" }]

/** The answer for a caller of messages that requests thoughts. */
const toMessages = (reply: Reply, stream: boolean) =>
  Effect.gen(function* () {
    const { post } = yield* stage({ corp: { protocol: "openai", reply: () => reply } })
    const got = yield* post("/v1/messages", {
      model: "corp/m",
      max_tokens: 9000,
      thinking: { type: "enabled", budget_tokens: 2000 },
      stream,
      messages: hi
    })
    const said = { text: "", thinking: "" }
    const add = (part: Json) => {
      said.text += part.text ?? ""
      said.thinking += part.thinking ?? ""
    }
    if (stream) for (const { delta } of dataOf(got.text)) add(delta ?? {})
    else for (const block of (got.json as Json).content) add(block)
    const comments = got.text.split("\n").filter((line) => line.startsWith(": x-failover-dropped"))
    const dropped = [got.headers["x-failover-dropped"] ?? "", ...comments].join()
    return { ...said, dropped }
  })

describe("thoughts", () => {
  for (const [what, members] of [
    ["in an object", { reasoning: { content: "Hm." } }],
    ["in a list", { reasoning_content: ["H", { type: "text", text: "m." }] }],
    ["in a field that no list has", { thinking_content: "Hm." }],
    ["in several fields", { reasoning: "Hm.", reasoning_content: "Hm.", thoughts: "Hm." }]
  ] as const)
    for (const stream of [true, false])
      it.live(`${what} are read: ${stream ? "in a stream" : "whole"}`, () =>
        Effect.gen(function* () {
          const reply = stream
            ? { events: [chunk(members), chunk({ content: "Mild." }), chunk({}, "stop"), "[DONE]"] }
            : { json: completion({ content: "Mild.", ...members }) }
          const got = yield* toMessages(reply, stream)
          assert.deepInclude(got, { text: "Mild.", thinking: "Hm." })
        })
      )
})

describe("an error with nothing in it", () => {
  for (const error of [{}, { message: "", code: 0 }])
    for (const stream of [true, false])
      it.live(`is not an error: ${JSON.stringify(error)}, ${stream ? "in a stream" : "whole"}`, () =>
        Effect.gen(function* () {
          const reply = stream
            ? {
                events: [
                  { ...chunk({ content: "Mi" }), error },
                  { ...chunk({ content: "ld." }), error },
                  { ...chunk({}, "stop"), error },
                  "[DONE]"
                ]
              }
            : { json: { ...completion({ content: "Mild." }), error } }
          assert.strictEqual((yield* toMessages(reply, stream)).text, "Mild.")
        })
      )
})

describe("content", () => {
  const tools = [{ type: "search", output: "…" }]
  for (const stream of [true, false]) {
    const reply = (members: Json): Reply =>
      stream
        ? { events: [chunk(members), chunk({ content: "Mild." }), chunk({}, "stop"), "[DONE]"] }
        : { json: completion({ content: "Mild.", ...members }) }
    const how = stream ? "in a stream" : "whole"

    // https://console.groq.com/docs/compound
    it.live(`of an unknown field is named: ${how}`, () =>
      Effect.gen(function* () {
        const got = yield* toMessages(reply({ executed_tools: tools, refusal: null, tool_calls: [] }), stream)
        assert.include(got.dropped, "message.executed_tools")
        assert.notInclude(got.dropped, "message.refusal")
        assert.notInclude(got.dropped, "message.tool_calls")
      })
    )

    // https://developers.openai.com/api/docs/guides/audio
    it.live(`of a recording is passed on as text, and the recording is named: ${how}`, () =>
      Effect.gen(function* () {
        const audio = { id: "audio_1", data: "AAAA", transcript: "It is " }
        const got = yield* toMessages(reply({ audio }), stream)
        assert.include(got.text, "It is ")
        assert.include(got.dropped, "message.audio")
        const both = yield* toMessages(reply({ audio, content: "It is " }), stream)
        assert.strictEqual(both.text, stream ? "It is Mild." : "It is ")
      })
    )
  }

  const cited = [{ type: "char_location", cited_text: "mild", document_index: 0 }]
  const claude = (reply: Reply) => ({ claude: { protocol: "anthropic" as const, reply: () => reply } })

  it.live("of Claude that has sources is named, whole", () =>
    Effect.gen(function* () {
      const json = message([{ type: "text", text: "Mild.", citations: cited }])
      const { post } = yield* stage(claude({ json }))
      const got = yield* post("/v1/chat/completions", { model: "claude/m", messages: hi })
      assert.strictEqual(got.at("choices.0.message.content"), "Mild.")
      assert.strictEqual(got.headers["x-failover-dropped"], "content.citations")
      const none = yield* stage(claude({ json: message([{ type: "text", text: "Mild.", citations: null }]) }))
      const other = yield* none.post("/v1/chat/completions", { model: "claude/m", messages: hi })
      assert.isUndefined(other.headers["x-failover-dropped"])
    })
  )

  it.live("of Claude that has sources from its start is named, in a stream", () =>
    Effect.gen(function* () {
      const events = [
        { type: "message_start", message: { ...message([]), stop_reason: null } },
        {
          type: "content_block_start",
          index: 0,
          content_block: { type: "text", text: "Mild.", citations: cited }
        },
        { type: "content_block_stop", index: 0 },
        { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 5 } },
        { type: "message_stop" }
      ]
      const { post } = yield* stage(claude({ events }))
      const got = yield* post("/v1/chat/completions", { model: "claude/m", stream: true, messages: hi })
      assert.include(`${got.headers["x-failover-dropped"]} ${got.text}`, "content.citations")
    })
  )
})

describe("an end", () => {
  it.live("of a message without a reason is an ordinary one in chats", () =>
    Effect.gen(function* () {
      const events = [
        { type: "message_start", message: { ...message([]), stop_reason: null } },
        { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
        { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Mild." } },
        { type: "content_block_stop", index: 0 },
        { type: "message_stop" }
      ]
      const { post } = yield* stage({ claude: { protocol: "anthropic", reply: () => ({ events }) } })
      const got = yield* post("/v1/chat/completions", { model: "claude/m", stream: true, messages: hi })
      const reasons = dataOf(got.text).flatMap(
        ({ choices }) => (choices as Array<Json>)[0]?.finish_reason ?? []
      )
      assert.deepStrictEqual(reasons, ["stop"])
    })
  )

  // The `finalMessage()` of Anthropic's SDK throws without it.
  for (const [what, ends] of [
    ["without its last event", []],
    ["by [DONE]", ["[DONE]"]],
    ["by itself", [{ type: "message_stop" }, "[DONE]"]]
  ] as const)
    it.live(`of a stream of messages ${what} is message_stop, once`, () =>
      Effect.gen(function* () {
        const events = [
          { type: "message_start", message: { ...message([]), stop_reason: null } },
          { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
          { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Mild." } },
          { type: "content_block_stop", index: 0 },
          { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 2 } },
          ...ends
        ]
        const { post } = yield* stage({ claude: { protocol: "anthropic", reply: () => ({ events }) } })
        const got = yield* post("/v1/messages", {
          model: "claude/m",
          max_tokens: 9,
          stream: true,
          messages: hi
        })
        assert.deepStrictEqual(
          dataOf(got.text)
            .slice(-2)
            .map(({ type }) => type),
          ["message_delta", "message_stop"]
        )
        assert.notInclude(got.text, "[DONE]")
      })
    )

  it.live("of a stream by [DONE] alone has a reason in the whole answer", () =>
    Effect.gen(function* () {
      const call = { index: 0, id: "c", type: "function", function: { name: "f", arguments: "{}" } }
      for (const [delta, reason] of [
        [{ content: "Mild." }, "stop"],
        [{ tool_calls: [call] }, "tool_calls"]
      ] as const) {
        const reply = { events: [chunk(delta), "[DONE]"] }
        const { post } = yield* stage({ corp: { protocol: "openai", reply: () => reply } })
        const got = yield* post("/v1/chat/completions", { model: "corp/m", messages: hi })
        assert.strictEqual(got.at("choices.0.finish_reason"), reason)
      }
    })
  )

  // https://github.com/pleaseai/shunt/pull/295
  it.live("of a response may be called done", () =>
    Effect.gen(function* () {
      const item = {
        type: "message",
        id: "m",
        role: "assistant",
        content: [{ type: "output_text", text: "Mild.", annotations: [] }]
      }
      const response = { id: "resp_1", object: "response", status: "completed", output: [item] }
      const events = [
        {
          type: "response.output_text.delta",
          item_id: "m",
          output_index: 0,
          content_index: 0,
          delta: "Mild."
        },
        { type: "response.done", response }
      ]
      const { post } = yield* stage({
        corp: { protocol: "openai", more: { responses: true }, reply: () => ({ events }) }
      })
      const streamed = yield* post("/v1/responses", { model: "corp/m", input: "hi", stream: true })
      assert.notInclude(streamed.text, "response.failed")
      const whole = yield* post("/v1/responses", { model: "corp/m", input: "hi" })
      assert.strictEqual(whole.at("output.0.content.0.text"), "Mild.")
    })
  )
})
