/** The schema of a tool is an object at its top, in whatever form the caller wrote it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { completion, message, stage } from "../../support/kinds.ts"

const properties = { city: { type: "string" } }

const schemas: Readonly<Record<string, object>> = {
  "says no type": { properties },
  "may be null": { type: ["object", "null"], properties },
  "excludes something at its top": { type: "object", properties, not: { required: ["city"] } },
  "lists its values at its top": { type: "object", properties, enum: [{ city: "Oslo" }] }
}

describe("a schema of a tool that", () => {
  for (const [what, parameters] of Object.entries(schemas)) {
    it.live(`${what} is an object to OpenAI and to Claude`, () =>
      Effect.gen(function* () {
        const { post, seen } = yield* stage({
          openai: { protocol: "openai", reply: () => ({ json: completion({ content: "ok" }) }) },
          claude: {
            protocol: "anthropic",
            reply: () => ({ json: message([{ type: "text", text: "ok" }]) })
          }
        })
        const tools = [{ type: "function", name: "weather", parameters }]
        for (const model of ["openai/gpt-5.2", "claude/claude-sonnet-5"])
          yield* post("/v1/responses", { model, input: "hi", tools })
        for (const sent of [
          seen.openai![0]!.body.tools[0].function.parameters,
          seen.claude![0]!.body.tools[0].input_schema
        ]) {
          assert.strictEqual(sent.type, "object")
          assert.deepStrictEqual(sent.properties, properties)
          assert.isUndefined(sent.not)
          assert.isUndefined(sent.enum)
        }
      })
    )
  }
})

const address = { type: "object", properties: { street: { type: "string" } }, required: ["street"] }

/** Schemas as pydantic, schemars and zod write them: the schema itself is among its definitions. */
const references: Readonly<Record<string, object>> = {
  "is a reference to one of its definitions": {
    $ref: "#/$defs/Order",
    $defs: { Address: address, Order: order("#/$defs/Address") }
  },
  "is a reference beside a description": {
    $ref: "#/definitions/Order",
    description: "An order.",
    $schema: "https://json-schema.org/draft/2020-12/schema",
    definitions: { Address: address, Order: order("#/definitions/Address") }
  },
  "is a reference to a reference with escapes": {
    $ref: "#/$defs/a~1b%20c",
    $defs: { "a/b c": { $ref: "#/$defs/Order" }, Address: address, Order: order("#/$defs/Address") }
  },
  "is a reference among all of its parts": {
    allOf: [{ $ref: "#/$defs/Alias" }],
    $defs: { Alias: { $ref: "#/$defs/Order" }, Address: address, Order: order("#/$defs/Address") }
  }
}

function order($ref: string) {
  return {
    type: "object",
    properties: { to: { $ref }, count: { type: "integer" } },
    required: ["to"]
  }
}

describe("a schema of a tool with references that", () => {
  const targets = {
    openai: { protocol: "openai", reply: () => ({ json: completion({ content: "ok" }) }) },
    claude: { protocol: "anthropic", reply: () => ({ json: message([{ type: "text", text: "ok" }]) }) }
  } as const
  const callers = {
    responses: (tool: object) => ({
      input: "hi",
      tools: [{ type: "function", name: "f", parameters: tool }]
    }),
    "chat/completions": (tool: object) => ({
      messages: [{ role: "user", content: "hi" }],
      tools: [{ type: "function", function: { name: "f", parameters: tool } }]
    }),
    messages: (tool: object) => ({
      messages: [{ role: "user", content: "hi" }],
      max_tokens: 9,
      tools: [{ name: "f", input_schema: tool }]
    })
  } as const
  for (const [what, schema] of Object.entries({
    ...references,
    "is a reference to nothing": { $ref: "#/$defs/A" }
  })) {
    for (const [path, body] of Object.entries(callers)) {
      it.live(`${what} is an object to a target of another protocol, from ${path}`, () =>
        Effect.gen(function* () {
          const { post, seen } = yield* stage(targets)
          const model = path === "messages" ? "openai/gpt-5.2" : "claude/claude-sonnet-5"
          const got = yield* post(`/v1/${path}`, { model, ...body(schema) })
          assert.strictEqual(got.status, 200, got.text)
          const [tool] = (seen.openai![0] ?? seen.claude![0])!.body.tools
          if (!(what in references)) {
            assert.notInclude(JSON.stringify(tool), "$ref")
            return
          }
          const sent = tool.input_schema ?? tool.function.parameters
          assert.isUndefined(sent.$ref)
          assert.strictEqual(sent.type, "object")
          const named = "definitions" in schema ? "definitions" : "$defs"
          assert.deepStrictEqual(sent.properties, order(`#/${named}/Address`).properties)
          assert.deepStrictEqual(sent.required, ["to"])
          assert.deepStrictEqual(sent[named].Address, address)
          if ("description" in schema) assert.strictEqual(sent.description, "An order.")
        })
      )
    }
  }
})
