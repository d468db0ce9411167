/** Requests that mix the forms of several protocols, as clients do: clear ones are understood, and what a target can express reaches it. */
import { assert, describe, it } from "@effect/vitest"
import { resolve } from "../../src/dialect/index.ts"
import * as Translate from "../../src/translate/index.ts"

const hi = { role: "user", content: "hi" }
const schema = { type: "object", properties: { city: { type: "string" } } }
const weather = { type: "function", function: { name: "weather", parameters: schema } }

const toClaude = (body: Translate.JsonObject, model = "claude-sonnet-4-5") =>
  Translate.expressRequest("openai", "anthropic", { model, messages: [hi], ...body })

const toChats = (body: Translate.JsonObject, dialect = resolve({ protocol: "openai", model: "m" })) =>
  Translate.expressRequest("responses", "openai", { input: [hi], ...body }, "m", undefined, dialect)

describe("the tools of a chat", () => {
  // https://github.com/BerriAI/litellm/pull/34029, https://github.com/askalf/dario/pull/203
  for (const [what, tool] of [
    ["responses", { type: "function", name: "weather", description: "Tells it.", parameters: schema }],
    ["messages", { name: "weather", description: "Tells it.", input_schema: schema }],
    [
      "messages with a type",
      { type: "custom", name: "weather", description: "Tells it.", input_schema: schema }
    ]
  ] as const)
    it(`may have the form of ${what}`, () => {
      const { body, dropped } = toClaude({ tools: [tool] })
      assert.deepStrictEqual<unknown>(body.tools, [
        { name: "weather", description: "Tells it.", input_schema: schema }
      ])
      assert.deepStrictEqual(dropped, [])
    })

  it("may be custom ones in the form of responses, whose calls come back as texts", () => {
    const asked = { model: "m", messages: [hi], tools: [{ type: "custom", name: "apply_patch" }] }
    const { body } = toClaude(asked)
    assert.strictEqual((body.tools as ReadonlyArray<Translate.JsonObject>)[0]?.name, "apply_patch")
    const context = Translate.makeContext(asked, { id: "x", created: 1 })
    const input = { input: "*** Begin" }
    const answer = { content: [{ type: "tool_use", id: "c", name: "apply_patch", input }] }
    const written = Translate.translateAnswer("anthropic", "openai", answer, context)
    assert.deepInclude(JSON.parse(JSON.stringify(written)).choices[0].message.tool_calls[0], {
      type: "custom",
      custom: { name: "apply_patch", input: "*** Begin" }
    })
  })

  // https://github.com/BerriAI/litellm/pull/12168
  for (const [choice, made] of [
    ["any", { type: "any" }],
    [{ type: "auto" }, { type: "auto" }],
    [{ type: "none" }, { type: "none" }],
    [{ type: "required" }, { type: "any" }],
    [{ type: "any" }, { type: "any" }],
    [
      { type: "tool", name: "weather" },
      { type: "tool", name: "weather" }
    ],
    [
      { type: "function", name: "weather" },
      { type: "tool", name: "weather" }
    ]
  ] as const)
    it(`may be chosen by ${JSON.stringify(choice)}`, () => {
      const { body, dropped } = toClaude({ tools: [weather], tool_choice: choice })
      assert.deepStrictEqual<unknown>(body.tool_choice, made)
      assert.deepStrictEqual(dropped, [])
    })
})

describe("the content of a chat", () => {
  const png = "iVBORw0KGgo="
  const pdf = "https://example.com/a.pdf"
  const image = { type: "image", source: { type: "base64", media_type: "image/png", data: png } }
  const byUrl = { type: "document", source: { type: "url", url: pdf } }

  for (const [what, part, made] of [
    ["a text of responses", { type: "input_text", text: "Look." }, { type: "text", text: "Look." }],
    ["an image of responses", { type: "input_image", image_url: `data:image/png;base64,${png}` }, image],
    ["an image of messages", image, image],
    ["an image by its name alone", { type: "image", image: `data:image/png;base64,${png}` }, image],
    ["a file of responses", { type: "input_file", file_url: pdf }, byUrl],
    ["a document of messages", byUrl, byUrl],
    ["a document of Mistral", { type: "document_url", document_url: pdf }, byUrl],
    ["a file of OpenRouter", { type: "file", file: { file_data: pdf } }, byUrl],
    ["a file of LiteLLM", { type: "file", file: { file_id: pdf } }, byUrl]
  ] as const)
    it(`may be ${what}`, () => {
      const text = { type: "text", text: "What is it?" }
      const { body, dropped, lost } = toClaude({ messages: [{ role: "user", content: [part, text] }] })
      assert.deepStrictEqual<unknown>([lost, dropped], [[], []])
      assert.deepStrictEqual<unknown>(body.messages, [{ role: "user", content: [made, text] }])
    })

  it("is still content if only its own server has it", () => {
    for (const part of [
      { type: "file", file: { file_id: "file-1" } },
      { type: "input_image", file_id: "file-1" },
      { type: "document", source: { type: "file", file_id: "file-1" } }
    ])
      assert.strictEqual(toClaude({ messages: [{ role: "user", content: [part] }] }).change, "cannot")
  })

  it("may have calls and results in Anthropic's form", () => {
    const use = { type: "tool_use", id: "c1", name: "weather", input: { city: "Paris" } }
    const result = { type: "tool_result", tool_use_id: "c1", content: [{ type: "text", text: "mild" }] }
    const { body } = toClaude({
      tools: [weather],
      messages: [hi, { role: "assistant", content: [use] }, { role: "user", content: [result] }]
    })
    assert.deepStrictEqual<unknown>(body.messages, [
      hi,
      { role: "assistant", content: [use] },
      { role: "user", content: [{ ...result, content: "mild" }] }
    ])
  })

  // https://docs.litellm.ai/docs/reasoning_content
  it("may have Claude's signed thoughts in LiteLLM's form", () => {
    const thought = { type: "thinking", thinking: "Hm.", signature: "c2ln" }
    const hidden = { type: "redacted_thinking", data: "aGlkZGVu" }
    const { body, dropped } = toClaude({
      messages: [
        hi,
        {
          role: "assistant",
          content: "Mild.",
          reasoning_content: "Hm.",
          thinking_blocks: [thought, hidden]
        },
        hi
      ]
    })
    assert.deepStrictEqual<unknown>((body.messages as ReadonlyArray<Translate.JsonObject>)[1]?.content, [
      thought,
      hidden,
      { type: "text", text: "Mild." }
    ])
    assert.deepStrictEqual(dropped, [])
  })

  it("may have thoughts among its parts, which are not sent as text", () => {
    const { body } = toClaude({
      messages: [
        hi,
        {
          role: "assistant",
          content: [
            { type: "thinking", thinking: [{ type: "text", text: "Secret." }] },
            { type: "reasoning", text: "Secret." },
            { type: "text", text: "Mild." }
          ]
        },
        hi
      ]
    })
    assert.notInclude(JSON.stringify(body), "Secret.")
    assert.include(JSON.stringify(body), "Mild.")
  })
})

describe("how much to think", () => {
  for (const [field, value, effort] of [
    ["reasoning", { effort: "low" }, "low"],
    ["reasoning", { enabled: false }, "none"],
    ["reasoning", { max_tokens: 16_000 }, "medium"],
    ["thinking", { type: "enabled", budget_tokens: 16_000 }, "medium"],
    ["thinking", { type: "disabled" }, "none"],
    ["enable_thinking", false, "none"],
    ["chat_template_kwargs", { enable_thinking: true }, "medium"]
  ] as const)
    it(`may be in ${field}: ${JSON.stringify(value)}`, () => {
      for (const model of ["claude-sonnet-4-5", "claude-opus-4-7"]) {
        const got = toClaude({ [field]: value }, model)
        const same = toClaude({ reasoning_effort: effort }, model)
        assert.deepStrictEqual<unknown>([got.body, got.dropped], [same.body, []])
      }
    })

  it("stays in the server's own field if the request stays in its protocol", () => {
    const dialect = { ...resolve({ protocol: "openai", model: "deepseek-v4" }), apply: "always" as const }
    const thinking = { type: "disabled" }
    const asked = { model: "deepseek-v4", messages: [hi], thinking }
    const { body } = Translate.expressRequest("openai", "openai", asked, undefined, undefined, dialect)
    assert.deepStrictEqual<unknown>(body.thinking, thinking)
    assert.isUndefined(body.reasoning_effort)
  })
})

describe("JSON as the answer", () => {
  it("may be requested with its schema in another place", () => {
    for (const response_format of [
      { type: "json_object", schema },
      { type: "json_schema", schema }
    ]) {
      const { body } = toClaude({ response_format })
      assert.include(JSON.stringify(body.output_config ?? body.tools), "city")
    }
  })

  it("without a schema is requested of servers of chats, which have a field for it", () => {
    const text = { format: { type: "json_object" } }
    const { body, dropped } = toChats({ text })
    assert.deepStrictEqual<unknown>(body.response_format, { type: "json_object" })
    assert.deepStrictEqual(dropped, [])
  })

  // https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/189
  it("without a schema is named as dropped where it is refused, or cannot be expressed", () => {
    const text = { format: { type: "json_object" } }
    const lmstudio = resolve({ protocol: "openai", model: "m", provider: "lmstudio" })
    const { body, dropped } = toChats({ text }, lmstudio)
    assert.isUndefined(body.response_format)
    assert.deepStrictEqual(dropped, ["text.format"])
    assert.deepStrictEqual(toClaude({ response_format: { type: "json_object" } }).dropped, [
      "response_format"
    ])
  })
})

describe("a request for a response", () => {
  it("may have its instructions as items", () => {
    const instructions = [
      { role: "developer", content: "Be brief." },
      { role: "developer", content: [{ type: "input_text", text: "Be kind." }] }
    ]
    const { body, dropped } = toChats({ instructions })
    for (const said of ["Be brief.", "Be kind."]) assert.include(JSON.stringify(body.messages), said)
    assert.deepStrictEqual(dropped, [])
    assert.strictEqual(
      toChats({ instructions: [{ type: "compaction", encrypted_content: "x" }] }).change,
      "cannot"
    )
  })

  it("may have tools in the form of chats", () => {
    const { body, dropped } = toChats({
      tools: [weather],
      tool_choice: { type: "function", function: { name: "weather" } }
    })
    assert.deepStrictEqual<unknown>(body.tools, [weather])
    assert.deepInclude(body, { tool_choice: { type: "function", function: { name: "weather" } } })
    assert.deepStrictEqual(dropped, [])
  })
})

describe("a request in the form of another protocol", () => {
  const input = [{ role: "user", content: [{ type: "input_text", text: "What is new?" }] }]

  // https://github.com/BerriAI/litellm/pull/34029
  it("of responses is read where chats are called, instead of being answered blindly", () => {
    const { body, lost } = toClaude({
      messages: undefined,
      input,
      instructions: "Be brief.",
      tools: [{ type: "function", name: "weather", parameters: schema }]
    })
    assert.deepStrictEqual(lost, [])
    assert.deepStrictEqual<unknown>(body.messages, [{ role: "user", content: "What is new?" }])
    assert.include(JSON.stringify(body.system), "Be brief.")
    assert.include(JSON.stringify(body.tools), "weather")
  })

  it("of chats is read where responses are called", () => {
    const { body, lost } = toChats({
      input: undefined,
      messages: [{ role: "user", content: "What is new?" }]
    })
    assert.deepStrictEqual(lost, [])
    assert.deepStrictEqual<unknown>(body.messages, [{ role: "user", content: "What is new?" }])
  })

  it("keeps the settings that are in the called protocol's form", () => {
    const asked = toClaude({
      messages: [],
      input,
      max_tokens: 5000,
      reasoning_effort: "high",
      response_format: {
        type: "json_schema",
        json_schema: { name: "x", schema: weather.function.parameters }
      }
    })
    assert.deepStrictEqual(asked.dropped, [])
    assert.strictEqual(asked.body.max_tokens, 5000)
    assert.include(JSON.stringify(asked.body.thinking), "budget_tokens")
    assert.include(JSON.stringify(asked.body), '"city"')
    for (const none of [undefined, null, [], ""]) {
      const { body, dropped, lost } = toChats({
        input: none,
        instructions: "Be brief.",
        messages: "What is new?",
        max_output_tokens: 50,
        text: { format: { type: "json_object" } }
      })
      assert.deepStrictEqual([dropped, lost], [[], []])
      assert.deepStrictEqual<unknown>(body.messages, [
        { role: "system", content: "Be brief." },
        { role: "user", content: "What is new?" }
      ])
      assert.deepInclude(body, { max_tokens: 50, response_format: { type: "json_object" } })
    }
    const items = [{ role: "developer", content: "Be brief." }]
    const { body } = toChats({
      input: undefined,
      instructions: items,
      messages: { role: "user", content: "hi" }
    })
    assert.deepStrictEqual((body.messages as ReadonlyArray<unknown>).length, 2)
  })

  it("of completions is refused, because a chat would be answered blindly", () => {
    assert.strictEqual(toClaude({ messages: undefined, prompt: "What is new?" }).change, "cannot")
    const asked = { model: "m", max_tokens: 9, prompt: "\n\nHuman: What is new?\n\nAssistant:" }
    assert.strictEqual(Translate.expressRequest("anthropic", "openai", asked).change, "cannot")
  })

  it("with a message alone, or a text, is read like a list", () => {
    for (const messages of ["What is new?", { role: "user", content: "What is new?" }]) {
      assert.include(JSON.stringify(toClaude({ messages }).body.messages), "What is new?")
      const asked = { model: "m", max_tokens: 9, messages }
      const { body } = Translate.translateRequest("anthropic", "openai", asked)
      assert.include(JSON.stringify(body.messages), "What is new?")
    }
  })
})

describe("a request that stays in its protocol", () => {
  const within = (asked: Translate.JsonObject, rules: object) => {
    const dialect = Object.assign(resolve({ protocol: "openai", model: "m" }), { apply: "always" }, rules)
    return Translate.expressRequest(
      "openai",
      "openai",
      { model: "m", messages: [hi], ...asked },
      "m",
      undefined,
      dialect
    )
  }

  it("loses the fields that the target's rules refuse", () => {
    for (const [rule, name, value] of [
      ["effort", "reasoning_effort", "high"],
      ["sampling", "temperature", 0.5],
      ["stops", "stop", ["END"]],
      ["metadata", "user", "me"],
      ["jsonObject", "response_format", { type: "json_object" }],
      ["parallelToolCalls", "parallel_tool_calls", false]
    ] as const) {
      const asked = { tools: [weather], [name]: value }
      const { body, dropped } = within(asked, { [rule]: false })
      assert.isUndefined(body[name], name)
      assert.deepStrictEqual(dropped, [name])
      assert.deepStrictEqual<unknown>(
        within(asked, { [rule]: true }).body[name],
        Array.isArray(value) ? value[0] : value
      )
    }
  })

  it("loses the thinking that a server of messages refuses", () => {
    const asked = {
      model: "claude-sonnet-4-5",
      max_tokens: 9000,
      thinking: { type: "enabled", budget_tokens: 2000 },
      messages: [hi]
    }
    const dialect = Object.assign(resolve({ protocol: "anthropic", model: asked.model }), {
      apply: "always",
      thinking: "none"
    })
    const { body, dropped } = Translate.expressRequest(
      "anthropic",
      "anthropic",
      asked,
      undefined,
      undefined,
      dialect
    )
    assert.isUndefined(body.thinking)
    assert.deepStrictEqual(dropped, ["thinking"])
  })

  it("keeps the fields that only its server supports", () => {
    const { body, dropped } = within({ top_k: 5, min_p: 0.1 }, {})
    assert.deepInclude(body, { top_k: 5, min_p: 0.1 })
    assert.deepStrictEqual(dropped, [])
  })
})
