/** Names of properties that a target does not accept, at the top of a schema or everywhere in it. */
import { assert, describe, it } from "@effect/vitest"
import { resolve } from "../../src/dialect/index.ts"
import * as Translate from "../../src/translate/index.ts"
import { context, dataOf, translateStream } from "../support/translate/support.ts"

const dialectOf = (propertyNames: "top" | "everywhere") =>
  resolve({ protocol: "anthropic", model: "claude-haiku-4-5", choices: [{ propertyNames }] })

const parameters = {
  type: "object",
  properties: {
    $top: { type: "integer" },
    where: {
      type: "object",
      properties: { "filter[id]": { type: "string" }, plain: { type: "string" } },
      required: ["filter[id]", "plain"],
      dependentRequired: { plain: ["filter[id]"] }
    },
    rows: { type: "array", items: { anyOf: [{ $ref: "#/$defs/Row" }, { type: "null" }] } }
  },
  required: ["$top"],
  $defs: { Row: { type: "object", properties: { "@id": { type: "string", default: { "@id": 1 } } } } }
}
const args = { $top: 1, where: { "filter[id]": "a", plain: "b" }, rows: [{ "@id": "c" }, null] }
const request: Translate.JsonObject = {
  model: "claude-haiku-4-5",
  messages: [
    { role: "user", content: "hi" },
    {
      role: "assistant",
      content: null,
      tool_calls: [{ id: "a", type: "function", function: { name: "find", arguments: JSON.stringify(args) } }]
    },
    { role: "tool", tool_call_id: "a", content: "1" }
  ],
  tools: [{ type: "function", function: { name: "find", parameters } }]
}

const express = (propertyNames: "top" | "everywhere") =>
  Translate.expressRequest("openai", "anthropic", request, undefined, undefined, dialectOf(propertyNames))

const namesIn = (schema: unknown): ReadonlyArray<string> =>
  typeof schema !== "object" || schema === null
    ? []
    : Object.entries(schema).flatMap(([name, value]) => [
        ...(name === "properties" ? Object.keys(value) : []),
        ...(name === "default" ? [] : namesIn(value))
      ])

describe("names of properties", () => {
  it("are changed everywhere if the dialect requires it, in schema, arguments and answer", () => {
    const { body, restore } = express("everywhere")
    const [tool] = body.tools as ReadonlyArray<Translate.JsonObject>
    for (const name of namesIn(tool?.input_schema)) assert.match(name, /^[a-zA-Z0-9_.-]{1,64}$/)
    const text = JSON.stringify(body)
    const where = JSON.parse(text).tools[0].input_schema.properties.where
    const names = Object.keys(where.properties)
    assert.deepStrictEqual(where.required, names)
    assert.deepStrictEqual(where.dependentRequired, { plain: [names[0]] })
    // The default of a property is a value, not a schema.
    assert.include(text, '"default":{"@id":1}')
    const use = JSON.parse(text).messages[1].content[0]
    assert.notMatch(JSON.stringify(use.input), /"(?:\$top|@id|filter\[id\])"/)

    const answer = { id: "m", model: "claude", content: [use], stop_reason: "tool_use", usage: {} }
    const given = context(request, { restore })
    const said = Translate.translateAnswer("anthropic", "openai", answer, given)
    const { choices } = JSON.parse(JSON.stringify(said))
    assert.deepStrictEqual(JSON.parse(choices[0].message.tool_calls[0].function.arguments), args)

    const json = JSON.stringify(use.input)
    const events = [
      { type: "content_block_start", index: 0, content_block: { ...use, input: {} } },
      ...[json.slice(0, 20), json.slice(20)].map((partial_json) => ({
        type: "content_block_delta",
        index: 0,
        delta: { type: "input_json_delta", partial_json }
      })),
      { type: "content_block_stop", index: 0 },
      { type: "message_delta", delta: { stop_reason: "tool_use" } },
      { type: "message_stop" }
    ].map((event) => ({ event: event.type, data: JSON.stringify(event) }))
    const streamed = JSON.stringify(dataOf(translateStream("anthropic", "openai", events, given)))
    assert.include(streamed, JSON.stringify(JSON.stringify(args)).slice(1, -1))
  })

  it("are changed only at the top if servers check no deeper", () => {
    const { body } = express("top")
    const [tool] = body.tools as ReadonlyArray<Translate.JsonObject>
    const names = namesIn(tool?.input_schema)
    assert.notInclude(names, "$top")
    assert.includeMembers([...names], ["filter[id]", "@id"])
  })
})
