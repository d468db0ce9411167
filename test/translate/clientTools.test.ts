/** Tools of responses that the client runs itself, for targets that have only functions. */
import { assert, describe, it } from "@effect/vitest"
import * as Translate from "../../src/translate/index.ts"
import { context, dataOf, translateStream } from "../support/translate/support.ts"

const patch = '*** Begin Patch\n*** Add File: a\n+"hi"\n*** End Patch'
const request: Translate.JsonObject = {
  model: "m",
  input: [
    { role: "user", content: "go" },
    { type: "custom_tool_call", call_id: "c1", name: "apply_patch", input: patch },
    { type: "custom_tool_call_output", call_id: "c1", output: "Done!" },
    { type: "function_call", call_id: "c2", name: "find", namespace: "mcp__files__", arguments: '{"q":1}' },
    { type: "function_call_output", call_id: "c2", output: "found" },
    {
      type: "local_shell_call",
      call_id: "c3",
      status: "completed",
      action: { type: "exec", command: ["ls"], env: {} }
    },
    { type: "local_shell_call_output", call_id: "c3", output: "a" },
    { role: "user", content: "on" }
  ],
  tools: [
    {
      type: "custom",
      name: "apply_patch",
      description: "Edits files.",
      format: { type: "grammar", syntax: "lark", definition: "start: begin" }
    },
    {
      type: "namespace",
      name: "mcp__files__",
      description: "files",
      tools: [
        {
          type: "function",
          name: "find",
          description: "Finds.",
          parameters: { type: "object", properties: {} }
        }
      ]
    },
    { type: "local_shell" },
    { type: "function", name: "plain", parameters: { type: "object", properties: {} } },
    { type: "web_search" }
  ],
  tool_choice: { type: "custom", name: "apply_patch" }
}

describe("tools that the client runs itself", () => {
  for (const to of ["openai", "anthropic"] as const) {
    it(`are functions for a target of ${to}, in the history too`, () => {
      const { body, dropped } = Translate.translateRequest("responses", to, request)
      assert.deepStrictEqual(dropped, ["tools.web_search"])
      const tools = body.tools as ReadonlyArray<Translate.JsonObject>
      const definitions = tools.map(
        (tool) => (to === "openai" ? tool.function : tool) as Translate.JsonObject
      )
      assert.deepStrictEqual(
        definitions.map(({ name }) => name),
        ["apply_patch", "mcp__files__find", "local_shell", "plain"]
      )
      const [first] = definitions
      assert.include(String(first?.description), "Edits files.")
      assert.include(String(first?.description), "start: begin")
      assert.deepInclude((first?.parameters ?? first?.input_schema) as object, { required: ["input"] })
      const text = JSON.stringify(body.messages)
      for (const said of ["*** Begin Patch", "Done!", "mcp__files__find", "found", "local_shell"])
        assert.include(text, said)
      assert.include(JSON.stringify(body.tool_choice), "apply_patch")
    })
  }

  const calls = [
    { id: "a", name: "apply_patch", arguments: JSON.stringify({ input: patch }) },
    { id: "b", name: "mcp__files__find", arguments: '{"q":2}' },
    { id: "c", name: "local_shell", arguments: '{"command":["pwd"]}' },
    { id: "d", name: "plain", arguments: "{}" }
  ]
  const items = [
    { type: "custom_tool_call", call_id: "a", name: "apply_patch", input: patch },
    { type: "function_call", call_id: "b", name: "find", namespace: "mcp__files__", arguments: '{"q":2}' },
    { type: "local_shell_call", call_id: "c", action: { type: "exec", env: {}, command: ["pwd"] } },
    { type: "function_call", call_id: "d", name: "plain", arguments: "{}" }
  ]
  const bare = (output: unknown) =>
    (output as ReadonlyArray<Translate.JsonObject>).map(({ id, status, ...item }) => {
      assert.isString(id)
      assert.strictEqual(status, "completed")
      return item
    })

  it("are called in the client's format, in a whole answer", () => {
    const tool_calls = calls.map(({ id, ...called }) => ({ id, type: "function", function: called }))
    const answer = { choices: [{ message: { content: null, tool_calls }, finish_reason: "tool_calls" }] }
    const said = Translate.translateAnswer("openai", "responses", answer, context(request))
    assert.deepStrictEqual(bare(said.output), items)
  })

  it("are called in the client's format, in a stream", () => {
    const chunk = (delta: object, finish_reason: string | null = null) => ({
      data: JSON.stringify({ choices: [{ index: 0, delta, finish_reason }] })
    })
    const events = calls.flatMap(({ arguments: args, id, name }, index) => [
      chunk({ tool_calls: [{ index, id, function: { name, arguments: "" } }] }),
      ...[args.slice(0, 5), args.slice(5)].map((json) =>
        chunk({ tool_calls: [{ index, function: { arguments: json } }] })
      )
    ])
    const all = [...events, chunk({}, "tool_calls"), { data: "[DONE]" }]
    const told = dataOf(
      translateStream("openai", "responses", all, context(request))
    ) as ReadonlyArray<Translate.JsonObject>
    const last = told.at(-1)?.response as Translate.JsonObject
    assert.deepStrictEqual(bare(last.output), items)
    const done = told.filter(({ type }) => type === "response.output_item.done").map(({ item }) => item)
    assert.deepStrictEqual(bare(done), items)
    const input = told.find(({ type }) => type === "response.custom_tool_call_input.done")
    assert.strictEqual(input?.input, patch)
  })

  it("get the model's raw text if it ignores the field", () => {
    for (const [args, input] of [
      [patch, patch],
      [JSON.stringify(patch), patch],
      [JSON.stringify({ patch }), patch],
      ["{}", ""],
      ['{"a":1,"b":2}', '{"a":1,"b":2}']
    ] as const) {
      const tool_calls = [{ id: "a", type: "function", function: { name: "apply_patch", arguments: args } }]
      const answer = { choices: [{ message: { tool_calls }, finish_reason: "tool_calls" }] }
      const { output } = Translate.translateAnswer("openai", "responses", answer, context(request))
      assert.strictEqual((output as ReadonlyArray<Translate.JsonObject>)[0]?.input, input)
    }
  })
})
