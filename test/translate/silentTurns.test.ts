/** Turns of the model without content, and tools that are listed twice: strict servers refuse them. */
import { assert, describe, it } from "@effect/vitest"
import * as Translate from "../../src/translate/index.ts"

const user = (content: unknown) => ({ role: "user", content })
const assistant = (content: unknown) => ({ role: "assistant", content })

const sent = (from: Translate.Dialect, body: Translate.JsonObject, to: Translate.Protocol = "openai") =>
  Translate.expressRequest(from, to, body, to === "openai" ? "llama-4" : "claude-sonnet-4-6")

describe("a turn of the model without content", () => {
  // Claude Code keeps such turns when it is interrupted while the model thinks.
  for (const [what, content] of [
    ["a thought", [{ type: "thinking", thinking: "Hm.", signature: "s" }]],
    ["a thought that only Anthropic reads", [{ type: "redacted_thinking", data: "x" }]],
    ["an empty text", [{ type: "text", text: "" }]],
    ["a blank", "\n\n"],
    ["nothing", []]
  ] as const)
    it(`leaves one turn of the user behind: ${what}`, () => {
      const messages = [user("hi"), assistant(content), user("go on")]
      assert.deepStrictEqual(sent("anthropic", { messages, max_tokens: 9 }).body.messages, [
        user("hi\n\ngo on")
      ])
    })

  it("is named if it was a thought", () => {
    const messages = [user("hi"), assistant([{ type: "thinking", thinking: "Hm." }]), user("go on")]
    const { dropped } = sent("anthropic", { messages, max_tokens: 9 })
    assert.include(dropped, "messages.content.thinking")
  })

  it("stays if it has a call, and a turn of the user that is empty adds nothing", () => {
    const call = { id: "a", type: "function", function: { name: "f", arguments: "{}" } }
    const messages = [
      user(""),
      user("hi"),
      { role: "assistant", content: "", tool_calls: [call] },
      { role: "tool", tool_call_id: "a", content: "r" }
    ]
    const made = sent("anthropic", {
      max_tokens: 9,
      messages: [
        user(""),
        user("hi"),
        assistant([{ type: "tool_use", id: "a", name: "f", input: {} }]),
        user([{ type: "tool_result", tool_use_id: "a", content: "r" }])
      ]
    }).body.messages
    assert.deepStrictEqual(made, [user("hi"), { ...messages[2], content: null }, messages[3]])
  })
})

describe("tools of one name", () => {
  const schema = { type: "object", properties: { a: { type: "string" } } }
  const own = (description: string) => ({ name: "f", description, input_schema: schema })
  const theirs = (description: string) => ({
    type: "function",
    function: { name: "f", description, parameters: schema }
  })
  // https://github.com/onyx-dot-app/onyx/issues/9229
  for (const [from, to, tools] of [
    ["anthropic", "openai", own],
    ["openai", "anthropic", theirs],
    [
      "responses",
      "anthropic",
      (description: string) => ({ type: "function", ...theirs(description).function })
    ]
  ] as const)
    it(`are sent once, and different ones are named: ${from} to ${to}`, () => {
      const ask = (...tools: ReadonlyArray<object>) =>
        sent(from, { messages: [user("hi")], input: "hi", max_tokens: 9, tools }, to)
      const same = ask(tools("one"), tools("one"))
      assert.lengthOf(same.body.tools as ReadonlyArray<unknown>, 1)
      assert.notInclude(same.dropped, "tools.f")
      const different = ask(tools("one"), tools("two"))
      assert.include(JSON.stringify(different.body.tools), "one")
      assert.notInclude(JSON.stringify(different.body.tools), "two")
      assert.include(different.dropped, "tools.f")
    })
})
