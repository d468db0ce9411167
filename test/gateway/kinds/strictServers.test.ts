/** More members of the kinds 2, 9 and 10: what strict servers refuse, each from a public report. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { completion, type Json, message, stage } from "../../support/kinds.ts"

const chats = { protocol: "openai", reply: () => ({ json: completion({ content: "ok" }) }) } as const
const claude = {
  protocol: "anthropic",
  reply: () => ({ json: message([{ type: "text", text: "ok" }]) })
} as const
const text = (text: string) => ({ type: "text", text })

// Groq: https://github.com/CherryHQ/cherry-studio/issues/3307; DeepSeek: https://github.com/QwenLM/qwen-code/pull/2320
for (const [provider, model] of [
  ["groq", "groq/llama-4"],
  ["deepseek", "deepseek/deepseek-chat"],
  ["corp", "corp/m"]
] as const)
  describe(`texts alone are one text for ${provider}`, () => {
    it.live("from a caller of messages", () =>
      Effect.gen(function* () {
        const { post, seen } = yield* stage({ [provider]: chats })
        yield* post("/v1/messages", {
          model,
          max_tokens: 9,
          messages: [
            { role: "user", content: [text("one"), text("two\n"), text("three")] },
            { role: "assistant", content: [{ type: "tool_use", id: "t1", name: "w", input: {} }] },
            {
              role: "user",
              content: [{ type: "tool_result", tool_use_id: "t1", content: [text("x"), text(""), text("y")] }]
            }
          ]
        })
        const { messages } = seen[provider]![0]!.body
        assert.strictEqual(messages[0].content, "one\n\ntwo\nthree")
        assert.strictEqual(messages[2].content, "x\n\ny")
      })
    )

    it.live("from a caller of responses", () =>
      Effect.gen(function* () {
        const { post, seen } = yield* stage({ [provider]: chats })
        const part = (text: string) => ({ type: "input_text", text })
        yield* post("/v1/responses", {
          model,
          input: [
            { role: "user", content: [part("one"), part("two")] },
            { type: "function_call", call_id: "t1", name: "w", arguments: "{}" },
            { type: "function_call_output", call_id: "t1", output: [part("x"), part("y")] }
          ]
        })
        const { messages } = seen[provider]![0]!.body
        assert.strictEqual(messages[0].content, "one\n\ntwo")
        assert.strictEqual(messages[2].content, "x\n\ny")
      })
    )
  })

describe("two calls with the same id in one turn", () => {
  const call = (city: string) => ({
    id: "call_0",
    type: "function",
    function: { name: "w", arguments: JSON.stringify({ city }) }
  })
  it.live("have a result each at Claude, in order, also when the id comes again later", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({ claude })
      const turn = (first: string, second: string) => [
        { role: "assistant", content: null, tool_calls: [call(first), call(second)] },
        { role: "tool", tool_call_id: "call_0", content: `of ${first}` },
        { role: "tool", tool_call_id: "call_0", content: `of ${second}` }
      ]
      yield* post("/v1/chat/completions", {
        model: "claude/claude-sonnet-5",
        messages: [{ role: "user", content: "hi" }, ...turn("Oslo", "Rome"), ...turn("Bonn", "Lima")]
      })
      const blocks = seen.claude![0]!.body.messages.flatMap(({ content }: Json) =>
        Array.isArray(content) ? content : []
      )
      const cities = new Map<string, string>()
      for (const { id, input, type } of blocks) if (type === "tool_use") cities.set(id, `of ${input.city}`)
      const results = blocks.filter(({ type }: Json) => type === "tool_result")
      assert.strictEqual(cities.size, 4)
      assert.deepStrictEqual(
        results.map(({ tool_use_id }: Json) => cities.get(tool_use_id)),
        results.map(({ content }: Json) => content)
      )
      assert.strictEqual(new Set(results.map(({ tool_use_id }: Json) => tool_use_id)).size, 4)
    })
  )
})

describe("a tool's schema of an older draft is one of JSON Schema 2020-12 for", () => {
  const given = {
    type: "object",
    properties: {
      ttl: { type: "integer", minimum: 0, exclusiveMinimum: true, maximum: 9, exclusiveMaximum: false },
      at: { type: "array", items: [{ type: "number" }, { type: "float" }], additionalItems: false },
      name: { type: "string", required: true, description: null },
      any: { type: "any" },
      level: { enum: ["low", null], default: null }
    },
    required: ["ttl"]
  }
  const properties = {
    ttl: { type: "integer", exclusiveMinimum: 0, maximum: 9 },
    at: { type: "array", items: false, prefixItems: [{ type: "number" }, { type: "number" }] },
    name: { type: "string" },
    any: {},
    level: { enum: ["low", null], default: null }
  }
  const expected = { type: "object", properties, required: ["ttl", "name"] }

  it.live("Claude, from chats and responses", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({ claude })
      const model = "claude/claude-sonnet-5"
      const messages = [{ role: "user", content: "hi" }]
      yield* post("/v1/chat/completions", {
        model,
        messages,
        tools: [{ type: "function", function: { name: "w", parameters: given } }]
      })
      yield* post("/v1/responses", {
        model,
        input: "hi",
        tools: [{ type: "function", name: "w", parameters: given }]
      })
      for (const { body } of seen.claude!) assert.deepStrictEqual(body.tools[0].input_schema, expected)
    })
  )

  it.live("OpenAI, from messages", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({ openai: chats })
      yield* post("/v1/messages", {
        model: "openai/gpt-5.2",
        max_tokens: 9,
        messages: [{ role: "user", content: "hi" }],
        tools: [{ name: "w", input_schema: given }]
      })
      assert.deepStrictEqual(seen.openai![0]!.body.tools[0].function.parameters, expected)
    })
  )
})

describe("an answer that the model is to continue", () => {
  const messages = [
    { role: "user", content: "A JSON object, please." },
    { role: "assistant", content: "{" }
  ]
  // https://github.com/huggingface/smolagents/issues/757
  for (const [provider, prefix] of [
    ["mistral", true],
    ["corp", undefined]
  ] as const)
    it.live(`is ${prefix === true ? "marked for" : "as it is at"} ${provider}`, () =>
      Effect.gen(function* () {
        const { post, seen } = yield* stage({ [provider]: chats })
        const got = yield* post("/v1/messages", { model: `${provider}/m`, max_tokens: 9, messages })
        const last = seen[provider]![0]!.body.messages.at(-1)
        assert.deepStrictEqual([last.content, last.prefix], ["{", prefix])
        assert.strictEqual(
          got.headers["x-failover-dropped"],
          prefix === true ? undefined : "messages.prefill"
        )
      })
    )
})

describe("an image of a type that Claude does not accept", () => {
  it.live("is not sent there", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({ claude, corp: chats })
      const url = `data:image/heic;base64,${Buffer.from("\0\0\0\x18ftypheic").toString("base64")}`
      yield* post("/v1/chat/completions", {
        model: "claude/claude-sonnet-5",
        fallbacks: ["corp/m"],
        messages: [{ role: "user", content: [{ type: "image_url", image_url: { url } }] }]
      })
      assert.deepStrictEqual(seen.claude, [])
      assert.strictEqual(seen.corp!.length, 1)
    })
  )
})
