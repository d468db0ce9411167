/** The metadata of answers, in the formats that providers document. */
import { assert, describe, it } from "@effect/vitest"
import * as Phase from "../../src/domain/Phase.ts"
import { AnswerReader } from "../../src/providers/wire/AnswerReader.ts"
import { Chunk, type JsonObject } from "../../src/providers/wire/Wire.ts"

const none = new Uint8Array()

const said = (reading: AnswerReader) => ({
  model: reading.model,
  reasons: [...reading.finishReasons],
  input: reading.inputTokens,
  output: reading.outputTokens,
  read: reading.cacheReadTokens,
  written: reading.cacheWriteTokens,
  reasoning: reading.reasoningTokens
})

const ofAnswer = (json: JsonObject) => {
  const reading = new AnswerReader()
  reading.answer({ status: 200, headers: {}, body: none, json })
  return said(reading)
}

const ofEvents = (...events: ReadonlyArray<unknown>) => {
  const reading = new AnswerReader()
  for (const json of events) reading.chunk(new Chunk(none, Phase.held, json, undefined))
  return said(reading)
}

const nothing = {
  model: undefined,
  reasons: [],
  input: undefined,
  output: undefined,
  read: undefined,
  written: undefined,
  reasoning: undefined
}

const anthropicUsage = {
  input_tokens: 10,
  cache_creation_input_tokens: 20,
  cache_read_input_tokens: 300,
  output_tokens: 1
}

describe("the metadata of an answer", () => {
  it("is read from a chat, with the finish reason of every choice", () => {
    const got = ofAnswer({
      model: "gpt-5.2-2026-01-01",
      choices: [
        { index: 1, finish_reason: "length" },
        { index: 0, finish_reason: "stop" }
      ],
      usage: {
        prompt_tokens: 100,
        completion_tokens: 50,
        total_tokens: 150,
        prompt_tokens_details: { cached_tokens: 80, audio_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 40 }
      }
    })
    assert.deepStrictEqual(got, {
      model: "gpt-5.2-2026-01-01",
      reasons: ["stop", "length"],
      input: 100,
      output: 50,
      read: 80,
      written: undefined,
      reasoning: 40
    })
  })

  it("is read from a response, whole and incomplete", () => {
    const usage = {
      input_tokens: 36,
      input_tokens_details: { cached_tokens: 6 },
      output_tokens: 87,
      output_tokens_details: { reasoning_tokens: 7 }
    }
    const whole = { ...nothing, model: "gpt-5.2", input: 36, output: 87, read: 6, reasoning: 7 }
    assert.deepStrictEqual(
      ofAnswer({ model: "gpt-5.2", status: "completed", incomplete_details: null, usage }),
      { ...whole, reasons: ["completed"] }
    )
    const incomplete = {
      model: "gpt-5.2",
      status: "incomplete",
      incomplete_details: { reason: "max_output_tokens" },
      usage
    }
    assert.deepStrictEqual(
      ofEvents(
        { type: "response.created", response: { model: "gpt-5.2", status: "in_progress", usage: null } },
        { type: "response.output_text.delta", delta: "hi" },
        undefined,
        { type: "response.incomplete", response: incomplete }
      ),
      { ...whole, reasons: ["max_output_tokens"] }
    )
  })

  it("is read from a message, which counts cached tokens separately", () => {
    const whole = { ...nothing, model: "claude-x", reasons: ["end_turn"], input: 330, read: 300, written: 20 }
    assert.deepStrictEqual(
      ofAnswer({ type: "message", model: "claude-x", stop_reason: "end_turn", usage: anthropicUsage }),
      { ...whole, output: 1 }
    )
    const start = { type: "message_start", message: { model: "claude-x", usage: anthropicUsage } }
    const delta = { type: "content_block_delta", delta: { type: "text_delta", text: "hi" } }
    const stop = { stop_reason: "end_turn", stop_sequence: null }
    assert.deepStrictEqual(
      ofEvents(start, delta, { type: "message_delta", delta: stop, usage: { output_tokens: 25 } }),
      { ...whole, output: 25 }
    )
    assert.deepStrictEqual(
      ofEvents(start, delta, {
        type: "message_delta",
        delta: stop,
        usage: { input_tokens: 11, output_tokens: 25 }
      }),
      { ...whole, input: 331, output: 25 },
      "the last word on each counts"
    )
  })

  it("is read from the chunks of a chat, with the usage in the last one, without choices", () => {
    const chunk = (delta: object, finish_reason: string | null) => ({
      model: "llama",
      choices: [{ index: 0, delta, finish_reason }],
      usage: null
    })
    assert.deepStrictEqual(
      ofEvents(chunk({ content: "hi" }, null), undefined, chunk({}, "tool_calls"), {
        model: "llama",
        choices: [],
        usage: { prompt_tokens: 3, completion_tokens: 4 }
      }),
      { ...nothing, model: "llama", reasons: ["tool_calls"], input: 3, output: 4 }
    )
  })

  it("is read from the end of an answer that is too large to parse", () => {
    const read = (text: string) => {
      const reading = new AnswerReader()
      reading.answer({ status: 200, headers: {}, body: new TextEncoder().encode(text), json: undefined })
      return said(reading)
    }
    const large = "0.1,".repeat(3000)
    assert.deepStrictEqual(
      read(`{"data":[${large}0],"model":"e","usage":{"prompt_tokens":8,"total_tokens":8}}\n`),
      { ...nothing, input: 8 }
    )
    assert.deepStrictEqual(
      read(`{"x":"${large}","usage":{"prompt_tokens":8,"completion_tokens":1},"system_fingerprint":"f"}`),
      { ...nothing, input: 8, output: 1 }
    )
    for (const text of [
      `{"usage":{"prompt_tokens":8},"data":[${large}0]}`,
      `{"x":"${large} \\"usage\\":{}"}`,
      `{"x":"${large}","more":{"usage":{"prompt_tokens":8}}}`,
      `${large}"usage"`
    ]) {
      assert.deepStrictEqual(read(text), nothing)
    }
  })

  it("is empty in any other format", () => {
    for (const json of [
      {},
      { usage: null, model: 1, choices: null },
      { usage: { prompt_tokens: "8 tokens", completion_tokens: -1, input_tokens_details: [] } },
      { usage: [1], choices: [null, { index: 1e9, finish_reason: "stop" }, { index: 0, finish_reason: 4 }] },
      { input_tokens: 12 }
    ]) {
      assert.deepStrictEqual(ofAnswer(json), nothing)
      assert.deepStrictEqual(ofEvents(json, { response: json }, { message: json }), nothing)
    }
    assert.deepStrictEqual(ofEvents(undefined, null, "x", [1], 4), nothing)
  })
})
