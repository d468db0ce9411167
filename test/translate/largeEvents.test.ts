/** A large event is not serialized as a whole before it is sent, since that takes long. */
import { assert, describe, it } from "@effect/vitest"
import * as Translate from "../../src/translate/index.ts"
import { LargeEvent } from "../../src/translate/protocol/Encode.ts"

/** The events of a chat, with its text in one or many deltas. */
const translated = (deltas: ReadonlyArray<object>): ReadonlyArray<Translate.OutEvent> => {
  const context = Translate.makeContext({ model: "m", input: "hi" }, { id: "abc", created: 1 })
  const translator = Translate.makeStreamTranslator("openai", "responses", context)
  const event = (delta: object, finish_reason: string | null = null) =>
    translator.event({ data: JSON.stringify({ choices: [{ index: 0, delta, finish_reason }] }) })
  return [
    ...deltas.flatMap((delta) => event(delta)),
    ...event({}, "stop"),
    ...translator.event({ data: "[DONE]" })
  ]
}

const large = (events: ReadonlyArray<Translate.OutEvent>) =>
  events.flatMap((event) => (event instanceof LargeEvent ? [event.event] : []))

const long = "hello 漢🦊\n".repeat(40_000)

describe("a response stream", () => {
  it("leaves the serialization of the events with a whole large text to the sender", () => {
    const pieces = Array.from({ length: 400 }, (_, at) => ({
      content: long.slice(at * 1_000, (at + 1) * 1_000)
    }))
    const events = translated(pieces)
    assert.deepStrictEqual(large(events), [
      "response.output_text.done",
      "response.content_part.done",
      "response.output_item.done",
      "response.completed"
    ])
    const { response } = JSON.parse(events.at(-1)!.data)
    assert.isTrue(response.output[0].content[0].text === long)
  })

  it("does so for one large delta, for thoughts and for arguments of calls", () => {
    assert.include(large(translated([{ content: long }])), "response.output_text.delta")
    assert.include(large(translated([{ reasoning_content: long }])), "response.reasoning_summary_text.delta")
    const call = {
      index: 0,
      id: "c",
      type: "function",
      function: { name: "f", arguments: `{"a":"${"x".repeat(300_000)}` }
    }
    assert.include(large(translated([{ tool_calls: [call] }])), "response.function_call_arguments.delta")
  })

  it("writes all others at once", () => {
    assert.deepStrictEqual(large(translated([{ content: "hello" }, { content: " world" }])), [])
  })
})
