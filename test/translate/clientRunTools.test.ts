/** More tools that the client runs itself: Anthropic's own, and the search for further tools. */
import { assert, describe, it } from "@effect/vitest"
import * as Translate from "../../src/translate/index.ts"
import { context, dataOf, translateStream } from "../support/translate/support.ts"

const hi = { role: "user", content: "hi" }
const names = (body: Translate.JsonObject) =>
  (body.tools as ReadonlyArray<{ readonly function: Translate.JsonObject }> | undefined)?.map(
    (tool) => tool.function.name
  )

describe("tools of Anthropic that the client runs", () => {
  // https://platform.claude.com/docs/en/agents-and-tools/tool-use/bash-tool and its neighbours
  for (const [type, name, member] of [
    ["bash_20250124", "bash", "restart"],
    ["text_editor_20250728", "str_replace_based_edit_tool", "insert_text"],
    ["text_editor_20250124", "str_replace_editor", "new_str"],
    ["memory_20250818", "memory", "new_path"],
    ["computer_20251124", "computer", "coordinate"]
  ] as const)
    it(`are functions with a schema elsewhere: ${type}`, () => {
      const { body, dropped } = Translate.translateRequest("anthropic", "openai", {
        model: "gpt-4.1",
        max_tokens: 9,
        messages: [hi],
        tools: [{ type, name, display_width_px: 1024, display_height_px: 768 }],
        tool_choice: { type: "tool", name }
      })
      assert.deepStrictEqual(names(body), [name])
      assert.include(JSON.stringify(body.tools), `"${member}"`)
      assert.deepInclude(body, { tool_choice: { type: "function", function: { name } } })
      assert.deepStrictEqual(dropped, [])
    })

  it("are unlike those that Anthropic runs, which are named as dropped", () => {
    const tools = [
      { type: "web_search_20250305", name: "web_search" },
      { type: "tool_search_tool_regex_20251119", name: "tool_search_tool_regex" }
    ]
    const asked = { model: "gpt-4.1", max_tokens: 9, messages: [hi], tools }
    const { body, dropped } = Translate.translateRequest("anthropic", "openai", asked)
    assert.isUndefined(body.tools)
    assert.deepStrictEqual(
      dropped,
      tools.map(({ type }) => `tools.${type}`)
    )
  })
})

describe("a search for tools that the client runs", () => {
  const search = {
    type: "tool_search",
    execution: "client",
    description: "Finds tools.",
    parameters: { type: "object", properties: { query: { type: "string" } } }
  }
  const parameters = { type: "object", properties: {} }
  const found = [
    { type: "function", name: "plain", parameters },
    { type: "namespace", name: "mcp__git", tools: [{ type: "function", name: "log", parameters }] }
  ]
  const request = {
    model: "m",
    tools: [search],
    input: [
      hi,
      {
        type: "tool_search_call",
        execution: "client",
        call_id: "s1",
        status: "completed",
        arguments: { query: "git" }
      },
      { type: "tool_search_output", execution: "client", call_id: "s1", status: "completed", tools: found }
    ]
  }

  it("is a function for chats, and what it found may be called", () => {
    const { body, dropped } = Translate.translateRequest("responses", "openai", request)
    assert.deepStrictEqual(names(body), ["tool_search", "plain", "mcp__git__log"])
    const [, call, result] = body.messages as ReadonlyArray<Translate.JsonObject>
    assert.deepStrictEqual<unknown>(call?.tool_calls, [
      { id: "s1", type: "function", function: { name: "tool_search", arguments: '{"query":"git"}' } }
    ])
    assert.strictEqual(result?.tool_call_id, "s1")
    assert.include(String(result?.content), "plain, mcp__git__log")
    assert.deepStrictEqual(dropped, [])
  })

  const call = (id: string, name: string, args: string) => ({
    id,
    type: "function",
    function: { name, arguments: args }
  })
  const calls = [call("a", "tool_search", '{"query":"hg"}'), call("b", "mcp__git__log", "{}")]
  const items = [
    { type: "tool_search_call", call_id: "a", execution: "client", arguments: { query: "hg" } },
    { type: "function_call", call_id: "b", name: "log", namespace: "mcp__git" }
  ]
  const check = (output: ReadonlyArray<Translate.JsonObject>) => {
    for (const [at, item] of items.entries()) assert.deepInclude(output[at], item)
  }

  it("is called in the client's form, and so is what it found", () => {
    const answer = {
      choices: [{ message: { content: null, tool_calls: calls }, finish_reason: "tool_calls" }]
    }
    const { output } = Translate.translateAnswer("openai", "responses", answer, context(request))
    check(output as ReadonlyArray<Translate.JsonObject>)
  })

  it("is called in the client's form in a stream", () => {
    const events = [
      ...calls.map((each, index) => ({
        choices: [{ index: 0, delta: { tool_calls: [{ index, ...each }] } }]
      })),
      { choices: [{ index: 0, delta: {}, finish_reason: "tool_calls" }] }
    ].map((json) => ({ data: JSON.stringify(json) }))
    const told = dataOf(translateStream("openai", "responses", events, context(request)))
    const last = told.at(-1) as {
      readonly response: { readonly output: ReadonlyArray<Translate.JsonObject> }
    }
    check(last.response.output)
  })

  it("by the server is named as dropped, while the tools that it may find can be called", () => {
    const { body, dropped } = Translate.translateRequest("responses", "openai", {
      model: "m",
      input: [hi],
      tools: [{ type: "tool_search" }, { type: "function", name: "later", defer_loading: true, parameters }]
    })
    assert.deepStrictEqual(names(body), ["later"])
    assert.deepStrictEqual(dropped, ["tools.tool_search", "tools.defer_loading"])
  })
})

describe("an id that the conversation already has", () => {
  const call = (id: string) => ({ id, type: "function", function: { name: "f", arguments: "{}" } })
  const answer = {
    choices: [
      { message: { content: null, tool_calls: [call("functions.f:0")] }, finish_reason: "tool_calls" }
    ]
  }

  it("is not given again to a caller of messages", () => {
    const use = { type: "tool_use", id: "functions_f_0", name: "f", input: {} }
    const asked = { model: "m", messages: [hi, { role: "assistant", content: [use] }] }
    const written = Translate.translateAnswer("openai", "anthropic", answer, context(asked))
    const [block] = written.content as ReadonlyArray<Translate.JsonObject>
    assert.notStrictEqual(String(block?.id).replaceAll(/[^\w-]/g, "_"), "functions_f_0")
  })

  it("is not given again to a caller of responses", () => {
    const item = { type: "function_call", call_id: "functions.f:0", name: "f", arguments: "{}" }
    const asked = { model: "m", input: [hi, item] }
    const { output } = Translate.translateAnswer("openai", "responses", answer, context(asked))
    assert.strictEqual((output as ReadonlyArray<Translate.JsonObject>)[0]?.call_id, "functions.f:0_1")
  })
})
