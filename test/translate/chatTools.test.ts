/** Tools of chats that are not plain functions: those that take one text, and the legacy `functions`. */
import { assert, describe, it } from "@effect/vitest"
import * as Translate from "../../src/translate/index.ts"
import { addUp, context, dataOf, translateStream } from "../support/translate/support.ts"

const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] }
const claude = "claude-haiku-4-5"

/** The chunks of a streamed answer of Anthropic's that calls tools. */
const calling = (...calls: ReadonlyArray<readonly [name: string, ...json: ReadonlyArray<string>]>) => [
  { type: "message_start", message: { id: "msg_1", model: claude, content: [] } },
  ...calls.flatMap(([name, ...json], index) => [
    { type: "content_block_start", index, content_block: { type: "tool_use", id: `toolu_${index}`, name } },
    ...json.map((partial_json) => ({
      type: "content_block_delta",
      index,
      delta: { type: "input_json_delta", partial_json }
    })),
    { type: "content_block_stop", index }
  ]),
  { type: "message_delta", delta: { stop_reason: "tool_use" }, usage: { output_tokens: 3 } },
  { type: "message_stop" }
]

const streamed = (request: Translate.JsonObject, events: ReadonlyArray<{ readonly type: string }>) =>
  translateStream(
    "anthropic",
    "openai",
    events.map((json) => ({ event: json.type, data: JSON.stringify(json) })),
    context(request)
  )

const deltasOf = (events: ReadonlyArray<Translate.OutEvent>) =>
  dataOf(events).flatMap((chunk) =>
    chunk === "[DONE]" ? [] : (chunk as { readonly choices: ReadonlyArray<Translate.JsonObject> }).choices
  )

describe("legacy functions", () => {
  const request: Translate.JsonObject = {
    model: claude,
    functions: [{ name: "weather", description: "Today's weather", parameters }],
    function_call: { name: "weather" },
    messages: [
      { role: "user", content: "hi" },
      { role: "assistant", content: null, function_call: { name: "weather", arguments: '{"city":"Paris"}' } },
      { role: "function", name: "weather", content: "rain" },
      { role: "assistant", content: null, function_call: { name: "weather", arguments: '{"city":"Rome"}' } },
      { role: "function", name: "weather", content: "sun" }
    ]
  }

  it("are tools for a target of Anthropic, and so are their calls and results", () => {
    const { body, dropped } = Translate.translateRequest("openai", "anthropic", request)
    assert.deepStrictEqual(dropped, [])
    assert.deepStrictEqual(body.tools, [
      { name: "weather", description: "Today's weather", input_schema: parameters }
    ])
    assert.deepStrictEqual(body.tool_choice, {
      type: "tool",
      name: "weather",
      disable_parallel_tool_use: true
    })
    const use = (id: string, city: string) => ({
      role: "assistant",
      content: [{ type: "tool_use", id, name: "weather", input: { city } }]
    })
    const result = (tool_use_id: string, content: string) => ({
      role: "user",
      content: [{ type: "tool_result", tool_use_id, content }]
    })
    assert.deepStrictEqual(body.messages, [
      { role: "user", content: "hi" },
      use("call_1", "Paris"),
      result("call_1", "rain"),
      use("call_2", "Rome"),
      result("call_2", "sun")
    ])
  })

  it("may be chosen by a mode", () => {
    for (const [function_call, type] of [
      ["auto", "auto"],
      ["none", "none"]
    ]) {
      const { body, dropped } = Translate.translateRequest("openai", "anthropic", {
        ...request,
        function_call
      })
      assert.deepStrictEqual(dropped, [])
      assert.strictEqual((body.tool_choice as Translate.JsonObject).type, type)
    }
  })

  const content = [
    { type: "text", text: "Let me look." },
    { type: "tool_use", id: "toolu_1", name: "weather", input: { city: "Paris" } }
  ]
  const answer = { id: "msg_1", model: claude, content, stop_reason: "tool_use", usage: {} }

  it("are called in the client's format", () => {
    const said = Translate.translateAnswer("anthropic", "openai", answer, context(request))
    const [choice] = said.choices as ReadonlyArray<Translate.JsonObject>
    assert.deepStrictEqual(choice?.message, {
      role: "assistant",
      content: "Let me look.",
      refusal: null,
      function_call: { name: "weather", arguments: '{"city":"Paris"}' }
    })
    assert.strictEqual(choice?.finish_reason, "function_call")
  })

  it("are called in the client's format, in a stream", async () => {
    const events = streamed(request, calling(["weather", '{"city":', '"Paris"}']))
    assert.deepStrictEqual(
      deltasOf(events).map(({ delta }) => (delta as Translate.JsonObject).function_call),
      [
        undefined,
        { name: "weather", arguments: "" },
        { arguments: '{"city":' },
        { arguments: '"Paris"}' },
        undefined
      ]
    )
    const [choice] = (await addUp("openai", events)).choices as ReadonlyArray<Translate.JsonObject>
    assert.deepInclude(choice?.message as object, {
      function_call: { name: "weather", arguments: '{"city":"Paris"}' }
    })
    assert.strictEqual(choice?.finish_reason, "function_call")
  })

  it("lose no parallel call: the others become tool calls", () => {
    const more = { type: "tool_use", id: "toolu_2", name: "weather", input: { city: "Rome" } }
    const said = Translate.translateAnswer(
      "anthropic",
      "openai",
      { ...answer, content: [...content, more] },
      context(request)
    )
    const [{ message }] = said.choices as [{ readonly message: Translate.JsonObject }]
    assert.deepStrictEqual(message.function_call, { name: "weather", arguments: '{"city":"Paris"}' })
    assert.deepStrictEqual(message.tool_calls, [
      { id: "toolu_2", type: "function", function: { name: "weather", arguments: '{"city":"Rome"}' } }
    ])
    const events = streamed(request, calling(["weather", '{"city":"Paris"}'], ["weather", '{"city":"Rome"}']))
    const text = JSON.stringify(deltasOf(events))
    assert.include(text, JSON.stringify({ function_call: { arguments: '{"city":"Paris"}' } }))
    assert.include(text, JSON.stringify({ index: 0, function: { arguments: '{"city":"Rome"}' } }))
  })
})

describe("tools of chats that take one text", () => {
  const patch = '*** Begin Patch\n+"hi"\n*** End Patch'
  const request: Translate.JsonObject = {
    model: claude,
    messages: [
      { role: "user", content: "go" },
      {
        role: "assistant",
        content: null,
        tool_calls: [{ id: "c1", type: "custom", custom: { name: "edit", input: patch } }]
      },
      { role: "tool", tool_call_id: "c1", content: "Done!" }
    ],
    tools: [
      {
        type: "custom",
        custom: {
          name: "edit",
          description: "Edits files.",
          format: { type: "grammar", grammar: { syntax: "lark", definition: "start: begin" } }
        }
      },
      { type: "function", function: { name: "weather", parameters } }
    ],
    tool_choice: { type: "custom", custom: { name: "edit" } }
  }

  it("are functions for a target of Anthropic, in choice and history too", () => {
    const { body, dropped } = Translate.translateRequest("openai", "anthropic", request)
    assert.deepStrictEqual(dropped, [])
    const [edit, weather] = body.tools as ReadonlyArray<Translate.JsonObject>
    assert.strictEqual(edit?.name, "edit")
    assert.include(String(edit?.description), "Edits files.")
    assert.include(String(edit?.description), "start: begin")
    assert.deepInclude(edit?.input_schema as object, { type: "object", required: ["input"] })
    assert.strictEqual(weather?.name, "weather")
    assert.deepStrictEqual(body.tool_choice, { type: "tool", name: "edit" })
    assert.deepInclude(body.messages as ReadonlyArray<unknown>, {
      role: "assistant",
      content: [{ type: "tool_use", id: "c1", name: "edit", input: { input: patch } }]
    })
  })

  it("may be among those that are allowed", () => {
    const allowed_tools = {
      mode: "required",
      tools: [{ type: "custom", custom: { name: "edit" } }]
    }
    const { body } = Translate.translateRequest("openai", "anthropic", {
      ...request,
      tool_choice: { type: "allowed_tools", allowed_tools }
    })
    assert.deepStrictEqual(
      (body.tools as ReadonlyArray<Translate.JsonObject>).map(({ name }) => name),
      ["edit"]
    )
  })

  it("are called in the client's format", () => {
    const content = [
      { type: "tool_use", id: "toolu_1", name: "edit", input: { input: patch } },
      { type: "tool_use", id: "toolu_2", name: "weather", input: { city: "Paris" } }
    ]
    const answer = { id: "msg_1", model: claude, content, stop_reason: "tool_use", usage: {} }
    const said = Translate.translateAnswer("anthropic", "openai", answer, context(request))
    const [{ finish_reason, message }] = said.choices as [Translate.JsonObject]
    assert.deepStrictEqual((message as Translate.JsonObject).tool_calls, [
      { id: "toolu_1", type: "custom", custom: { name: "edit", input: patch } },
      { id: "toolu_2", type: "function", function: { name: "weather", arguments: '{"city":"Paris"}' } }
    ])
    assert.strictEqual(finish_reason, "tool_calls")
  })

  it("are called in the client's format, in a stream", () => {
    const json = JSON.stringify({ input: patch })
    const events = streamed(
      request,
      calling(["edit", json.slice(0, 12), json.slice(12)], ["weather", '{"city":"Paris"}'])
    )
    const pieces = deltasOf(events).flatMap(({ delta }) => (delta as Translate.JsonObject).tool_calls ?? [])
    assert.deepStrictEqual(pieces, [
      { index: 0, id: "toolu_0", type: "custom", custom: { name: "edit", input: "" } },
      { index: 0, custom: { input: patch } },
      { index: 1, id: "toolu_1", type: "function", function: { name: "weather", arguments: "" } },
      { index: 1, function: { arguments: '{"city":"Paris"}' } }
    ])
  })

  it("contain what there is of a truncated text", () => {
    const events = streamed(request, calling(["edit", '{"input":"*** Beg']))
    const pieces = deltasOf(events).flatMap(({ delta }) => (delta as Translate.JsonObject).tool_calls ?? [])
    assert.deepStrictEqual(pieces, [
      { index: 0, id: "toolu_0", type: "custom", custom: { name: "edit", input: "" } },
      { index: 0, custom: { input: '{"input":"*** Beg' } }
    ])
  })
})
