/** Content in shapes that no protocol has, and in places where no protocol has it: it reaches the model, or the target is skipped. */
import { assert, describe, it } from "@effect/vitest"
import * as Translate from "../../src/translate/index.ts"

const express = (
  from: "openai" | "anthropic" | "responses",
  body: Translate.JsonObject,
  to: "openai" | "anthropic" = from === "openai" ? "anthropic" : "openai"
) => Translate.expressRequest(from, to, { model: to === "openai" ? "gpt-4.1" : "claude-sonnet-5", ...body })

const said = (from: Parameters<typeof express>[0], body: Translate.JsonObject) =>
  JSON.stringify(express(from, body).body.messages)

const hi = { role: "user", content: "hi" }
const call = { id: "c", type: "function", function: { name: "f", arguments: "{}" } }
const use = { type: "tool_use", id: "c", name: "f", input: {} }

describe("content of a shape that no protocol has", () => {
  for (const content of [["first word", "second word"], { type: "text", text: "first word second word" }]) {
    it(`is read where its meaning is clear: ${JSON.stringify(content)}`, () => {
      for (const from of ["openai", "anthropic"] as const) {
        const made = said(from, { messages: [{ role: "user", content }] })
        for (const word of ["first word", "second word"]) assert.include(made, word, from)
      }
      const input = [{ role: "user", content }]
      for (const word of ["first word", "second word"]) assert.include(said("responses", { input }), word)
    })
  }

  it("is read as the system prompt and as the input, too", () => {
    assert.include(
      said("anthropic", { system: { type: "text", text: "Be brief." }, messages: [hi] }),
      "Be brief."
    )
    assert.include(said("responses", { input: ["first word", "second word"] }), "second word")
    assert.include(said("responses", { input: hi }), "hi")
  })

  it("is JSON as a text when a tool returned it", () => {
    const output = { temperature: 21 }
    const made = [
      said("openai", {
        messages: [
          hi,
          { role: "assistant", tool_calls: [call] },
          { role: "tool", tool_call_id: "c", content: output }
        ]
      }),
      said("anthropic", {
        messages: [
          hi,
          { role: "assistant", content: [use] },
          { role: "user", content: [{ type: "tool_result", tool_use_id: "c", content: output }] }
        ]
      }),
      said("responses", {
        input: [
          hi,
          { type: "function_call", call_id: "c", name: "f", arguments: "{}" },
          { type: "function_call_output", call_id: "c", output }
        ]
      })
    ]
    for (const text of made) assert.match(text, /\{\\?"temperature\\?":21\}/)
  })
})

describe("an image in a system prompt", () => {
  it("cannot be expressed, and is not left out", () => {
    const url = "https://example.com/a.png"
    for (const role of ["system", "developer"]) {
      const chat = { messages: [{ role, content: [{ type: "image_url", image_url: { url } }] }, hi] }
      assert.deepStrictEqual(express("openai", chat).lost, [`messages.${role}.image`])
      const input = [{ role, content: [{ type: "input_image", image_url: url }] }, hi]
      assert.deepStrictEqual(express("responses", { input }).lost, [`input.${role}.image`])
    }
  })
})

describe("a call without arguments", () => {
  it("has an empty object as arguments, which strict servers parse", () => {
    const input = [
      hi,
      { type: "function_call", call_id: "c", name: "f", arguments: "" },
      { type: "function_call_output", call_id: "c", output: "ok" }
    ]
    const { messages } = express("responses", { input }).body as {
      messages: ReadonlyArray<Translate.JsonObject>
    }
    assert.deepStrictEqual(messages[1]?.tool_calls, [call])
  })
})
