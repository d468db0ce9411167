/** Separate texts of the model stay separate for a target that accepts one text only. */
import { assert, describe, it } from "@effect/vitest"
import * as Translate from "../../src/translate/index.ts"

const said = (from: Translate.Dialect, body: Translate.JsonObject, to: Translate.Protocol = "openai") =>
  Translate.translateRequest(from, to, {
    model: to === "openai" ? "gpt-4.1" : "claude-haiku-4-5",
    max_tokens: 64,
    ...body
  }).body.messages as ReadonlyArray<Translate.JsonObject>

const hi = { role: "user", content: "hi" }
const bye = { role: "user", content: "bye" }
const text = (text: string) => ({ type: "text", text })

describe("text of several model turns", () => {
  it("is one text with a blank line between them", () => {
    const turns = [
      { role: "assistant", content: "One." },
      { role: "assistant", content: "Two." }
    ]
    assert.deepStrictEqual(said("anthropic", { messages: [hi, ...turns, bye] }), [
      hi,
      { role: "assistant", content: "One.\n\nTwo." },
      bye
    ])
    const item = (text: string) => ({ role: "assistant", content: [{ type: "output_text", text }] })
    assert.deepStrictEqual(said("responses", { input: [hi, item("One."), item("Two."), bye] }), [
      hi,
      { role: "assistant", content: "One.\n\nTwo." },
      bye
    ])
  })

  it("is kept in separate blocks if the target has those", () => {
    const turns = [
      { role: "assistant", content: "One." },
      { role: "assistant", content: "Two." }
    ]
    assert.deepStrictEqual(said("openai", { messages: [hi, ...turns, bye] }, "anthropic"), [
      hi,
      { role: "assistant", content: [text("One."), text("Two.")] },
      bye
    ])
  })

  it("is kept separate around a call, and joined between consecutive blocks of one message", () => {
    const call = { type: "tool_use", id: "a", name: "f", input: {} }
    const result = { role: "user", content: [{ type: "tool_result", tool_use_id: "a", content: "1" }] }
    const [, first] = said("anthropic", {
      messages: [hi, { role: "assistant", content: [text("One."), call, text("Two.")] }, result]
    })
    assert.strictEqual(first?.content, "One.\n\nTwo.")
    const [, second] = said("anthropic", {
      messages: [hi, { role: "assistant", content: [text("The sky is"), text(" blue.")] }, bye]
    })
    assert.strictEqual(second?.content, "The sky is blue.")
  })

  it("gets no blank line next to an empty text, nor a second one", () => {
    const turns = ["", "One.\n", "", "Two."].map((content) => ({ role: "assistant", content }))
    assert.strictEqual(said("anthropic", { messages: [hi, ...turns, bye] })[1]?.content, "One.\nTwo.")
  })
})
