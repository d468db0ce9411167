/** The schema of a tool is an object at its top, whatever the caller made of it. */
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
