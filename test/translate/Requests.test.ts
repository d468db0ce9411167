import { assert, describe, it } from "@effect/vitest"
import { resolve } from "../../src/dialect/index.ts"
import * as Translate from "../../src/translate/index.ts"

/** A model of Anthropic's without special rules, and one of OpenAI's. */
const claude = "claude-sonnet-4-0"
const gpt = "gpt-4.1"

/** The rules of a Claude that supports schemas, which models before 4.5 do not. */
const strict = resolve({ protocol: "anthropic", model: "claude-sonnet-4-5" })

const toAnthropic = (body: Translate.JsonObject, model = claude) =>
  Translate.translateRequest("openai", "anthropic", { model, ...body }, undefined, undefined, strict)

const toOpenai = (body: Translate.JsonObject, model = gpt) =>
  Translate.translateRequest("anthropic", "openai", { model, max_tokens: 64, ...body })

const hi = [{ role: "user", content: "hi" }]
const schema = {
  type: "object",
  properties: { city: { type: "string" } },
  required: ["city"],
  additionalProperties: false
}
const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
const call = (id: string, args = '{"city":"Paris"}') => ({
  id,
  type: "function",
  function: { name: "weather", arguments: args }
})
const use = (id: string) => ({ type: "tool_use", id, name: "weather", input: { city: "Paris" } })
const openaiTool = {
  type: "function",
  function: { name: "weather", description: "Today's weather", parameters: schema }
}
const anthropicTool = { name: "weather", description: "Today's weather", input_schema: schema }

/** The same request in both protocols: `max_tokens`, `messages` and `model` are added if they are left out. */
const pairs: ReadonlyArray<
  readonly [name: string, openai: Translate.JsonObject, anthropic: Translate.JsonObject]
> = [
  ["a text", {}, {}],
  [
    "a system prompt",
    { messages: [{ role: "system", content: "Be brief." }, ...hi] },
    { system: "Be brief.", messages: hi }
  ],
  [
    "several system prompts",
    { messages: [{ role: "system", content: "a" }, { role: "system", content: "b" }, ...hi] },
    {
      system: [
        { type: "text", text: "a" },
        { type: "text", text: "b" }
      ],
      messages: hi
    }
  ],
  [
    "a conversation",
    { messages: [...hi, { role: "assistant", content: "hello" }, { role: "user", content: "bye" }] },
    { messages: [...hi, { role: "assistant", content: "hello" }, { role: "user", content: "bye" }] }
  ],
  [
    "an image, as data and by its URL",
    {
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "What is this?" },
            { type: "image_url", image_url: { url: `data:image/png;base64,${png}` } },
            { type: "image_url", image_url: { url: "https://example.org/a.jpg" } }
          ]
        }
      ]
    },
    {
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "What is this?" },
            { type: "image", source: { type: "base64", media_type: "image/png", data: png } },
            { type: "image", source: { type: "url", url: "https://example.org/a.jpg" } }
          ]
        }
      ]
    }
  ],
  [
    "a PDF",
    {
      messages: [
        {
          role: "user",
          content: [
            { type: "file", file: { filename: "a.pdf", file_data: "data:application/pdf;base64,JVBERg==" } }
          ]
        }
      ]
    },
    {
      messages: [
        {
          role: "user",
          content: [
            {
              type: "document",
              source: { type: "base64", media_type: "application/pdf", data: "JVBERg==" },
              title: "a.pdf"
            }
          ]
        }
      ]
    }
  ],
  ["tools", { tools: [openaiTool] }, { tools: [anthropicTool] }],
  [
    "a strict tool",
    { tools: [{ type: "function", function: { name: "weather", parameters: schema, strict: true } }] },
    { tools: [{ name: "weather", input_schema: schema, strict: true }] }
  ],
  [
    "tools as the model sees fit",
    { tools: [openaiTool], tool_choice: "auto" },
    { tools: [anthropicTool], tool_choice: { type: "auto" } }
  ],
  [
    "no tools now",
    { tools: [openaiTool], tool_choice: "none" },
    { tools: [anthropicTool], tool_choice: { type: "none" } }
  ],
  [
    "any tool",
    { tools: [openaiTool], tool_choice: "required" },
    { tools: [anthropicTool], tool_choice: { type: "any" } }
  ],
  [
    "one tool, and only one call",
    {
      tools: [openaiTool],
      tool_choice: { type: "function", function: { name: "weather" } },
      parallel_tool_calls: false
    },
    {
      tools: [anthropicTool],
      tool_choice: { type: "tool", name: "weather", disable_parallel_tool_use: true }
    }
  ],
  [
    "parallel calls and their results, with the user's message after them",
    {
      tools: [openaiTool],
      messages: [
        ...hi,
        { role: "assistant", content: "Let me see.", tool_calls: [call("toolu_1"), call("toolu_2")] },
        { role: "tool", tool_call_id: "toolu_1", content: "sunny" },
        { role: "tool", tool_call_id: "toolu_2", content: "rain" },
        { role: "user", content: "And tomorrow?" }
      ]
    },
    {
      tools: [anthropicTool],
      messages: [
        ...hi,
        {
          role: "assistant",
          content: [{ type: "text", text: "Let me see." }, use("toolu_1"), use("toolu_2")]
        },
        {
          role: "user",
          content: [
            { type: "tool_result", tool_use_id: "toolu_1", content: "sunny" },
            { type: "tool_result", tool_use_id: "toolu_2", content: "rain" },
            { type: "text", text: "And tomorrow?" }
          ]
        }
      ]
    }
  ],
  [
    "limits, sampling and stop sequences",
    { max_completion_tokens: 100, temperature: 0.5, top_p: 0.9, stop: ["a", "b"] },
    { max_tokens: 100, temperature: 0.5, top_p: 0.9, stop_sequences: ["a", "b"] }
  ],
  ["one stop sequence", { stop: "END" }, { stop_sequences: ["END"] }],
  ["who asks", { user: "u-1" }, { metadata: { user_id: "u-1" } }],
  ["the tier", { service_tier: "default" }, { service_tier: "standard_only" }],
  ["a stream", { stream: true, stream_options: { include_usage: true } }, { stream: true }],
  [
    "a schema for the answer",
    {
      response_format: { type: "json_schema", json_schema: { name: "response", schema, strict: true } }
    },
    { output_config: { format: { type: "json_schema", schema } } }
  ]
]

describe("a request that both protocols can express", () => {
  for (const [name, openai, anthropic] of pairs) {
    const chat = { model: gpt, max_completion_tokens: 64, messages: hi, ...openai }
    const messages = { model: claude, max_tokens: 64, messages: hi, ...anthropic }

    it(`${name}: reaches an Anthropic model unchanged`, () => {
      const { body, dropped } = Translate.translateRequest(
        "openai",
        "anthropic",
        chat,
        claude,
        undefined,
        strict
      )
      assert.deepStrictEqual(body, messages)
      assert.deepStrictEqual(dropped, [])
    })

    it(`${name}: reaches an OpenAI model unchanged`, () => {
      const { body, dropped } = Translate.translateRequest("anthropic", "openai", messages, gpt)
      assert.deepStrictEqual(body, chat)
      assert.deepStrictEqual(dropped, [])
    })
  }

  it("is unchanged within one protocol, except for the model", () => {
    const body = { model: "smart", messages: hi, seed: 1, anything: { x: [1] } }
    assert.deepStrictEqual(Translate.translateRequest("openai", "openai", body, gpt), {
      body: { ...body, model: gpt },
      dropped: []
    })
    assert.strictEqual(Translate.translateRequest("anthropic", "anthropic", body).body, body)
  })
})

describe("a chat-completions request for an Anthropic model", () => {
  const messagesOf = (messages: ReadonlyArray<object>, model?: string) =>
    toAnthropic({ messages }, model).body.messages

  it("gets the output limit the protocol requires, no higher than the model's own", () => {
    const limitOf = (model: string) => toAnthropic({ messages: hi }, model).body.max_tokens
    assert.strictEqual(limitOf("claude-opus-5-5"), 32_000)
    assert.strictEqual(limitOf("claude-opus-4-1-20250805"), 32_000)
    assert.strictEqual(limitOf("claude-3-7-sonnet-latest"), 32_000)
    assert.strictEqual(limitOf("claude-3-5-haiku-20241022"), 8192)
    assert.strictEqual(limitOf("claude-3-haiku-20240307"), 4096)
    assert.strictEqual(limitOf("glm-5"), 8192)
  })

  it("prefers max_completion_tokens to max_tokens", () => {
    const { body, dropped } = toAnthropic({ messages: hi, max_tokens: 5, max_completion_tokens: 7 })
    assert.strictEqual(body.max_tokens, 7)
    assert.deepStrictEqual(dropped, [])
  })

  it("has its temperature capped at 1", () => {
    assert.strictEqual(toAnthropic({ messages: hi, temperature: 1.7 }).body.temperature, 1)
  })

  it("has either temperature or top_p for a model that accepts only one", () => {
    const { body, dropped } = toAnthropic({ messages: hi, temperature: 0.2, top_p: 0.3 }, "claude-sonnet-4-5")
    assert.strictEqual(body.temperature, 0.2)
    assert.notProperty(body, "top_p")
    assert.deepStrictEqual(dropped, ["top_p"])
  })

  it("has neither for a model that accepts none, and does not report the default", () => {
    const { body, dropped } = toAnthropic({ messages: hi, temperature: 0.2, top_p: 1 }, "claude-sonnet-5")
    assert.notProperty(body, "temperature")
    assert.notProperty(body, "top_p")
    assert.deepStrictEqual(dropped, ["temperature"])
  })

  it("has all system and developer prompts at the front", () => {
    const { body } = toAnthropic({
      messages: [
        { role: "developer", content: [{ type: "text", text: "a" }] },
        ...hi,
        { role: "system", content: "b" },
        { role: "user", content: "bye" }
      ]
    })
    assert.deepStrictEqual(body.system, [
      { type: "text", text: "a" },
      { type: "text", text: "b" }
    ])
    assert.deepStrictEqual(body.messages, [...hi, { role: "user", content: "bye" }])
  })

  it("has a user message even if it consists of instructions only", () => {
    const { body } = toAnthropic({ messages: [{ role: "system", content: "Write a poem." }] })
    assert.deepStrictEqual(body.messages, [{ role: "user", content: "Write a poem." }])
    assert.notProperty(body, "system")
  })

  it("begins with the user, and leaves out messages without content", () => {
    assert.deepStrictEqual(
      messagesOf([
        { role: "assistant", content: "How can I help?" },
        { role: "user", content: "" },
        { role: "assistant", content: null },
        { role: "user", content: "hi" }
      ]),
      [{ role: "user", content: "Begin." }, { role: "assistant", content: "How can I help?" }, ...hi]
    )
  })

  it("allows a model to continue its own text if it can, without trailing blanks", () => {
    const begun = [...hi, { role: "assistant", content: "The best answer is ( " }]
    assert.deepStrictEqual(messagesOf(begun, "claude-sonnet-4-5"), [
      ...hi,
      { role: "assistant", content: "The best answer is (" }
    ])
    assert.deepStrictEqual(messagesOf(begun, "claude-opus-4-6"), [
      ...begun,
      { role: "user", content: "Continue." }
    ])
  })

  it("has valid and unique ids in calls and results", () => {
    const turn = (id: string, result: string) => [
      { role: "assistant", content: null, tool_calls: [call(id)] },
      { role: "tool", tool_call_id: id, content: result }
    ]
    const nameless = [
      { role: "assistant", tool_calls: [{ type: "function", function: { name: "weather", arguments: "" } }] },
      { role: "tool", content: "3" }
    ]
    const blocks = (
      messagesOf([
        ...hi,
        ...turn("functions.weather:0", "1"),
        ...turn("functions.weather:0", "2"),
        ...nameless
      ]) as ReadonlyArray<{
        readonly content: ReadonlyArray<Translate.JsonObject>
      }>
    )
      .slice(1)
      .map(({ content }) => content[0]!)
    const ids = [0, 2, 4].map((at) => blocks[at]!.id)
    assert.deepStrictEqual(
      [1, 3, 5].map((at) => blocks[at]!.tool_use_id),
      ids
    )
    assert.deepStrictEqual(ids, ["functions_weather_0", "functions_weather_0_1", "call_2"])
    assert.deepStrictEqual(blocks[4]!.input, {})
  })

  it("wraps arguments that are not an object", () => {
    const inputOf = (args: string) =>
      (
        messagesOf([...hi, { role: "assistant", tool_calls: [call("a", args)] }]) as ReadonlyArray<{
          readonly content: ReadonlyArray<Translate.JsonObject>
        }>
      )[1]!.content[0]!.input
    assert.deepStrictEqual(inputOf('{"city": "Par'), { arguments: '{"city": "Par' })
    assert.deepStrictEqual(inputOf("[1]"), { arguments: [1] })
  })

  it("defines the tools of its calls even if it has none itself", () => {
    const { body } = toAnthropic({
      messages: [
        ...hi,
        { role: "assistant", tool_calls: [call("a")] },
        { role: "tool", tool_call_id: "a", content: "1" }
      ]
    })
    assert.deepStrictEqual(body.tools, [
      { name: "weather", input_schema: { type: "object", properties: {} } }
    ])
    assert.deepStrictEqual(body.tool_choice, { type: "none" })
  })

  it("offers only the tools that are allowed", () => {
    const other = { type: "function", function: { name: "other" } }
    const { body } = toAnthropic({
      messages: hi,
      tools: [openaiTool, other],
      tool_choice: { type: "allowed_tools", allowed_tools: { mode: "required", tools: [other] } }
    })
    assert.deepStrictEqual(body.tools, [{ name: "other", input_schema: { type: "object", properties: {} } }])
    assert.deepStrictEqual(body.tool_choice, { type: "any" })
  })

  it("forbids parallel calls without changing the choice", () => {
    assert.deepStrictEqual(
      toAnthropic({ messages: hi, tools: [openaiTool], parallel_tool_calls: false }).body.tool_choice,
      { type: "auto", disable_parallel_tool_use: true }
    )
  })

  it("sends back only signed reasoning", () => {
    const { body, dropped } = toAnthropic({
      messages: [
        ...hi,
        {
          role: "assistant",
          content: "4",
          reasoning_content: "2+2",
          reasoning_details: [
            {
              type: "reasoning.text",
              text: "2+2",
              signature: "c2ln",
              format: "anthropic-claude-v1",
              index: 0
            },
            { type: "reasoning.encrypted", data: "eA==", format: "anthropic-claude-v1", index: 1 },
            { type: "reasoning.encrypted", data: "eQ==", format: "openai-responses-v1", index: 2 }
          ]
        },
        { role: "user", content: "why?" }
      ]
    })
    assert.deepStrictEqual((body.messages as ReadonlyArray<unknown>)[1], {
      role: "assistant",
      content: [
        { type: "thinking", thinking: "2+2", signature: "c2ln" },
        { type: "redacted_thinking", data: "eA==" },
        { type: "text", text: "4" }
      ]
    })
    assert.deepStrictEqual(dropped, [])
  })

  it("has a schema that Anthropic compiles, with other restrictions in descriptions", () => {
    const { body, dropped } = toAnthropic({
      messages: hi,
      response_format: {
        type: "json_schema",
        json_schema: {
          name: "person",
          description: "A person",
          schema: {
            $schema: "https://json-schema.org/draft/2020-12/schema",
            type: "object",
            properties: {
              age: { type: "integer", minimum: 0 },
              mail: { type: "string", format: "email", description: "Where to write to", pattern: ".+@.+" },
              pet: { oneOf: [{ $ref: "#/$defs/cat" }, { type: "null" }] }
            },
            $defs: {
              cat: { type: "object", properties: { lives: { enum: [7, 9] } }, additionalProperties: true }
            }
          }
        }
      }
    })
    assert.deepStrictEqual(body.output_config, {
      format: {
        type: "json_schema",
        schema: {
          type: "object",
          description: "A person",
          properties: {
            age: { type: "integer", description: "{minimum: 0}" },
            mail: { type: "string", format: "email", description: 'Where to write to\n\n{pattern: ".+@.+"}' },
            pet: { anyOf: [{ $ref: "#/$defs/cat" }, { type: "null" }] }
          },
          $defs: {
            cat: { type: "object", properties: { lives: { enum: [7, 9] } }, additionalProperties: false }
          },
          additionalProperties: false
        }
      }
    })
    assert.deepStrictEqual(dropped, [
      "response_format.json_schema.schema.minimum",
      "response_format.json_schema.schema.pattern",
      "response_format.json_schema.schema.additionalProperties"
    ])
  })
})

describe("reasoning_effort for an Anthropic model", () => {
  const ask = (model: string, reasoning_effort: string, more: Translate.JsonObject = {}) => {
    const { body, dropped } = toAnthropic({ messages: hi, reasoning_effort, ...more }, model)
    const { thinking, output_config } = body
    return { thinking, output_config, dropped }
  }
  const adaptive = { type: "adaptive" }

  it("is an effort for a model with adaptive thinking", () => {
    const table: ReadonlyArray<readonly [model: string, asked: string, given: string]> = [
      ["claude-opus-4-6", "high", "high"],
      ["claude-opus-4-6", "xhigh", "high"],
      ["claude-opus-4-6", "max", "max"],
      ["claude-opus-4-7", "xhigh", "xhigh"],
      ["claude-sonnet-5", "minimal", "low"],
      ["anthropic/claude-opus-5.5", "max", "max"]
    ]
    for (const [model, asked, effort] of table) {
      assert.deepStrictEqual(
        ask(model, asked),
        { thinking: adaptive, output_config: { effort }, dropped: [] },
        model
      )
    }
    // It supports `max`, and not `xhigh`: https://platform.claude.com/docs/en/build-with-claude/effort
    assert.deepStrictEqual(ask("claude-mythos-preview", "xhigh").output_config, { effort: "high" })
    assert.deepStrictEqual(ask("claude-mythos-5", "xhigh").output_config, { effort: "xhigh" })
    assert.deepStrictEqual(ask("claude-fable-5", "high"), {
      thinking: undefined,
      output_config: { effort: "high" },
      dropped: []
    })
  })

  it("is a share of the output limit for a model with a budget", () => {
    const budget = (effort: string, max_tokens: number) =>
      ask("claude-sonnet-4-5", effort, { max_tokens }).thinking
    assert.deepStrictEqual(budget("high", 10_000), { type: "enabled", budget_tokens: 8000 })
    assert.deepStrictEqual(budget("low", 10_000), { type: "enabled", budget_tokens: 2000 })
    assert.deepStrictEqual(budget("minimal", 2000), { type: "enabled", budget_tokens: 1024 })
    assert.deepStrictEqual(ask("claude-sonnet-4-5", "high", { max_tokens: 1000 }), {
      thinking: undefined,
      output_config: undefined,
      dropped: ["reasoning_effort"]
    })
  })

  it("can be none", () => {
    const off = { type: "disabled" }
    assert.deepStrictEqual(ask("claude-sonnet-4-5", "none").thinking, off)
    assert.deepStrictEqual(ask("claude-opus-5", "none").thinking, off)
    assert.deepStrictEqual(ask("claude-opus-4-7", "none").thinking, undefined) // it does not think unasked
    assert.deepStrictEqual(ask("claude-fable-5-1", "none"), {
      thinking: undefined,
      output_config: { effort: "low" },
      dropped: ["reasoning_effort"]
    })
  })

  it("is off if the model must call a tool, or if the reasoning of a call is missing", () => {
    const tools = [openaiTool]
    const amid = [
      ...hi,
      { role: "assistant", tool_calls: [call("a")] },
      { role: "tool", tool_call_id: "a", content: "1" }
    ]
    assert.deepStrictEqual(ask("claude-sonnet-4-5", "high", { tools, tool_choice: "required" }), {
      thinking: undefined,
      output_config: undefined,
      dropped: ["reasoning_effort"]
    })
    assert.deepStrictEqual(ask("claude-opus-4-6", "high", { tools, tool_choice: "required" }), {
      thinking: undefined,
      output_config: { effort: "high" },
      dropped: []
    })
    assert.deepStrictEqual(ask("claude-sonnet-4-5", "high", { tools, messages: amid }).dropped, [
      "reasoning_effort"
    ])
    assert.deepStrictEqual(ask("claude-opus-4-6", "high", { tools, messages: amid }).thinking, adaptive)
  })

  it("drops sampling settings", () => {
    assert.deepStrictEqual(
      toAnthropic(
        { messages: hi, reasoning_effort: "high", temperature: 0.3, top_p: 0.5 },
        "claude-sonnet-4-0"
      ).dropped,
      ["temperature", "top_p"]
    )
  })

  it("is dropped for a model that does not think", () => {
    assert.deepStrictEqual(ask("claude-3-5-haiku-latest", "high").dropped, ["reasoning_effort"])
  })
})

describe("a messages request for an OpenAI model", () => {
  const messagesOf = (messages: ReadonlyArray<object>) => toOpenai({ messages }).body.messages

  it("has its limit in the field that the model uses", () => {
    const limit = (model: string) =>
      Object.keys(toOpenai({ messages: hi }, model).body).filter((key) => key.startsWith("max"))
    assert.deepStrictEqual(limit("gpt-5.2"), ["max_completion_tokens"])
    assert.deepStrictEqual(limit("o4-mini"), ["max_completion_tokens"])
    assert.deepStrictEqual(limit("llama-4-maverick"), ["max_tokens"])
    assert.deepStrictEqual(limit("openai/gpt-oss-120b"), ["max_tokens"])
  })

  it("has no sampling and stop sequences for a reasoning model", () => {
    const { body, dropped } = toOpenai(
      { messages: hi, temperature: 0.3, top_p: 0.5, stop_sequences: ["x"] },
      "gpt-5"
    )
    assert.deepStrictEqual(Object.keys(body), ["model", "messages", "max_completion_tokens"])
    assert.deepStrictEqual(dropped, ["temperature", "top_p", "stop_sequences"])
  })

  it("has no more stop sequences than OpenAI accepts", () => {
    const { body, dropped } = toOpenai({ messages: hi, stop_sequences: ["a", "b", "c", "d", "e"] })
    assert.deepStrictEqual(body.stop, ["a", "b", "c", "d"])
    assert.deepStrictEqual(dropped, ["stop_sequences"])
  })

  it("keeps the position of a system prompt in the conversation", () => {
    const messages = [...hi, { role: "system", content: "Be brief." }]
    assert.deepStrictEqual(messagesOf(messages), messages)
  })

  it("marks a failed tool, and moves its images to the following message", () => {
    const image = { type: "image", source: { type: "base64", media_type: "image/png", data: png } }
    assert.deepStrictEqual(
      messagesOf([
        ...hi,
        { role: "assistant", content: [use("t1"), use("t2")] },
        {
          role: "user",
          content: [
            { type: "text", text: "Look:" },
            { type: "tool_result", tool_use_id: "t1", content: "no such city", is_error: true },
            { type: "tool_result", tool_use_id: "t2", content: [image] }
          ]
        }
      ]),
      [
        ...hi,
        { role: "assistant", content: null, tool_calls: [call("t1"), call("t2")] },
        { role: "tool", tool_call_id: "t1", content: "Error: no such city" },
        { role: "tool", tool_call_id: "t2", content: "See the next message." },
        {
          role: "user",
          content: [
            { type: "text", text: "What the tool call t2 shows:" },
            { type: "image_url", image_url: { url: `data:image/png;base64,${png}` } },
            { type: "text", text: "Look:" }
          ]
        }
      ]
    )
  })

  it("reads documents of text and search results as text", () => {
    assert.deepStrictEqual(
      messagesOf([
        {
          role: "user",
          content: [
            {
              type: "document",
              title: "Notes",
              source: { type: "text", media_type: "text/plain", data: "abc" }
            },
            {
              type: "search_result",
              source: "https://example.org",
              title: "Example",
              content: [{ type: "text", text: "def" }]
            }
          ]
        }
      ]),
      [
        {
          role: "user",
          content: "Notes\n\nabc\n\nExample\nhttps://example.org\ndef"
        }
      ]
    )
  })

  it("has tool names that OpenAI accepts, and maps them back in the answer", () => {
    const name = `mcp__${"server".repeat(10)}__list`
    const request = {
      messages: [...hi, { role: "assistant", content: [{ ...use("t1"), name }] }],
      tools: [{ name, input_schema: schema }],
      tool_choice: { type: "tool", name }
    }
    const { body } = toOpenai(request)
    const short = (body.tool_choice as { readonly function: { readonly name: string } }).function.name
    assert.match(short, /^[\w-]{64}$/)
    const text = JSON.stringify(body)
    assert.strictEqual(text.split(short).length, 4)
    assert.notInclude(text, name)
    const answer = Translate.translateAnswer(
      "openai",
      "anthropic",
      { choices: [{ message: { tool_calls: [{ id: "a", function: { name: short, arguments: "{}" } }] } }] },
      Translate.makeContext(request, { id: "r", created: 1 })
    )
    assert.deepStrictEqual(answer.content, [{ type: "tool_use", id: "a", name, input: {} }])
  })

  it("is strict about a tool or an answer only if OpenAI accepts that", () => {
    const loose = { type: "object", properties: { a: { type: "string" } }, additionalProperties: false }
    const { body, dropped } = toOpenai({
      messages: hi,
      tools: [{ name: "f", input_schema: loose, strict: true }],
      output_config: { format: { type: "json_schema", schema: loose } }
    })
    assert.deepStrictEqual(body.tools, [{ type: "function", function: { name: "f", parameters: loose } }])
    assert.deepStrictEqual(body.response_format, {
      type: "json_schema",
      json_schema: { name: "response", schema: loose }
    })
    assert.deepStrictEqual(dropped, ["tools.strict"])
  })
})

describe("thinking for an OpenAI model", () => {
  const ask = (model: string, body: Translate.JsonObject) => {
    const { body: chat, dropped } = toOpenai({ messages: hi, max_tokens: 10_000, ...body }, model)
    return { effort: chat.reasoning_effort, dropped }
  }
  const budget = (budget_tokens: number) => ({ thinking: { type: "enabled", budget_tokens } })

  it("is an effort of the model", () => {
    const table: ReadonlyArray<readonly [model: string, asked: Translate.JsonObject, effort: string]> = [
      ["gpt-5.2", budget(8000), "high"],
      ["gpt-5.2", budget(2000), "low"],
      ["gpt-5.2", budget(9999), "xhigh"],
      ["gpt-5", budget(1024), "minimal"],
      ["o3", budget(1024), "low"],
      ["o3", { thinking: { type: "adaptive" } }, "high"],
      ["gpt-5.2", { thinking: { type: "adaptive" }, output_config: { effort: "max" } }, "xhigh"],
      ["gpt-5", { output_config: { effort: "medium" } }, "medium"],
      ["gpt-5.1", { thinking: { type: "disabled" } }, "none"],
      ["gpt-5-mini", { thinking: { type: "disabled" } }, "minimal"]
    ]
    for (const [model, asked, effort] of table) {
      assert.deepStrictEqual(ask(model, asked), { effort, dropped: [] }, `${model} ${JSON.stringify(asked)}`)
    }
  })

  it("is left out for a model without efforts", () => {
    assert.deepStrictEqual(ask("gpt-4.1", budget(8000)), { effort: undefined, dropped: ["thinking"] })
    assert.deepStrictEqual(ask("deepseek-chat", budget(8000)), { effort: undefined, dropped: ["thinking"] })
    assert.deepStrictEqual(ask("gpt-4.1", { thinking: { type: "disabled" } }), {
      effort: undefined,
      dropped: []
    })
  })

  it("is turned off for models that accept no tools with it", () => {
    const tools = [anthropicTool]
    assert.deepStrictEqual(ask("gpt-5.6", { tools }), { effort: "none", dropped: [] })
    assert.deepStrictEqual(ask("gpt-5.4", { tools, ...budget(8000) }), {
      effort: "none",
      dropped: ["thinking"]
    })
    assert.deepStrictEqual(ask("gpt-5", { tools, ...budget(8000) }), { effort: "high", dropped: [] })
  })
})
