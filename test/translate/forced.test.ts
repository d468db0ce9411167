/** A call that a target cannot be forced to make: what is requested instead, and what is reported as dropped. */
import { assert, describe, it } from "@effect/vitest"
import { resolve } from "../../src/dialect/index.ts"
import * as Translate from "../../src/translate/index.ts"

const deepseek = resolve({
  protocol: "openai",
  baseUrl: "https://api.deepseek.com/v1",
  model: "deepseek-v4-flash"
})
const forced = (choice: object, more: object = {}) =>
  Translate.expressRequest(
    "anthropic",
    "openai",
    {
      model: "deepseek-v4-flash",
      max_tokens: 100,
      messages: [{ role: "user", content: "Where?" }],
      tools: [
        { name: "look", input_schema: { type: "object", properties: {} } },
        { name: "ask", input_schema: { type: "object", properties: {} } }
      ],
      tool_choice: choice,
      ...more
    },
    undefined,
    undefined,
    deepseek
  )
const format = {
  output_config: { format: { type: "json_schema", schema: { type: "object", properties: {} } } }
}
const toolsOf = (body: Translate.JsonObject) =>
  (body.tools as ReadonlyArray<{ readonly function: { readonly name: string } }>).map(
    (tool) => tool.function.name
  )

describe("a call that cannot be forced", () => {
  it("is left to the model, and the choice is named as dropped", () => {
    for (const choice of [{ type: "any" }, { type: "tool", name: "ask" }]) {
      const { body, change, dropped } = forced(choice)
      assert.strictEqual(body.tool_choice, "auto")
      assert.deepStrictEqual(dropped, ["tool_choice"])
      assert.strictEqual(change, "dropped")
    }
  })

  it("changes nothing if nothing is forced", () => {
    for (const [choice, written] of [
      [{ type: "auto" }, "auto"],
      [{ type: "none" }, "none"]
    ] as const) {
      const { body, dropped } = forced(choice)
      assert.strictEqual(body.tool_choice, written)
      assert.deepStrictEqual(dropped, [])
    }
  })

  it("is requested in the prompt if it replaces a schema", () => {
    for (const choice of [undefined, { type: "auto" }, { type: "tool", name: "ask" }]) {
      const { body, dropped } = forced(choice as object, format)
      assert.strictEqual(body.tool_choice, "auto")
      assert.deepStrictEqual(toolsOf(body), ["look", "ask", "answer_with_json"])
      assert.include(dropped, "output_config.format.strict")
      assert.include(JSON.stringify(body.tools), "It has to be called in the end")
    }
    const none = forced({ type: "none" }, format)
    assert.strictEqual(none.body.tool_choice, "auto")
    assert.deepStrictEqual(toolsOf(none.body), ["answer_with_json"])
  })

  it("stays forced for models that do not think by default, and for every other server", () => {
    for (const described of [{ provider: "vllm", model: "deepseek-v3" }, { model: "llama" }]) {
      assert.isTrue(resolve({ protocol: "openai", ...described }).forcedCalls)
    }
    assert.isFalse(
      resolve({ protocol: "openai", provider: "openrouter", model: "deepseek/deepseek-v4-pro" }).forcedCalls
    )
  })
})
