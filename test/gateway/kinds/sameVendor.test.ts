/** Features that a Claude behind another server, or another Claude, does not support: the request is sent again in a form that it accepts. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { type Json, message, stage } from "../../support/kinds.ts"

const hi = [{ role: "user", content: "hi" }]
const schema = {
  type: "object",
  properties: { a: { type: "string" } },
  required: ["a"],
  additionalProperties: false
}
const format = { type: "json_schema", json_schema: { name: "x", schema } }
const tools = [{ type: "function", function: { name: "f", strict: true, parameters: schema } }]
const marked = (ttl?: string) => [
  {
    role: "user",
    content: [
      { type: "text", text: "hi", cache_control: { type: "ephemeral", ...(ttl !== undefined && { ttl }) } }
    ]
  }
]

/** The request, the refusal, and the difference in the second request. */
const cases: Readonly<
  Record<
    string,
    readonly [asked: Json, isWrong: (sent: Json) => unknown, words: string, holds: (sent: Json) => unknown]
  >
> = {
  // https://github.com/anthropics/claude-code-action/issues/1005
  "an effort": [
    { model: "claude/claude-opus-5", reasoning_effort: "high" },
    (sent) => sent.output_config,
    "output_config.effort: Extra inputs are not permitted",
    (sent) => sent.thinking.type === "enabled"
  ],
  "adaptive thinking": [
    { model: "claude/claude-opus-5", reasoning_effort: "high" },
    (sent) => sent.thinking?.type === "adaptive",
    "adaptive thinking is not supported on this model",
    (sent) => sent.thinking.budget_tokens > 0
  ],
  "a budget": [
    { model: "claude/claude-sonnet-4-5", reasoning_effort: "high" },
    (sent) => sent.thinking?.type === "enabled",
    '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.',
    (sent) => sent.thinking.type === "adaptive" && sent.output_config.effort === "high"
  ],
  "any thinking": [
    { model: "claude/house-model", reasoning_effort: "none" },
    (sent) => sent.thinking,
    "thinking: Extra inputs are not permitted",
    (sent) => sent.thinking === undefined
  ],
  "a schema for the answer": [
    { model: "claude/claude-opus-5", response_format: format },
    (sent) => sent.output_config,
    "output_config: Extra inputs are not permitted",
    (sent) => sent.tools[0].input_schema.properties.a !== undefined
  ],
  "a schema that is too complex": [
    { model: "claude/claude-opus-5", response_format: format },
    (sent) => sent.output_config,
    "Schemas contains too many optional parameters (31), which would make grammar compilation inefficient.",
    (sent) => sent.tool_choice.name === sent.tools[0].name
  ],
  "a strict tool that is too complex": [
    { model: "claude/claude-opus-5", tools },
    (sent) => sent.tools[0].strict,
    "The compiled grammar is too large, which would cause performance issues. Simplify your tool schemas.",
    (sent) => sent.tools[0].strict === undefined
  ],
  // https://github.com/BerriAI/litellm/issues/15880
  "a longer cache": [
    { model: "claude/claude-sonnet-5", messages: marked("1h") },
    (sent) => JSON.stringify(sent).includes("ttl"),
    "messages.0.content.0.text.cache_control.ephemeral.ttl: Extra inputs are not permitted",
    (sent) => sent.messages[0].content[0].cache_control.type === "ephemeral"
  ]
}

describe("kind 10: what a model of the same vendor does not support", () => {
  for (const [what, [asked, isWrong, words, holds]] of Object.entries(cases))
    it.live(`is ${what}`, () =>
      Effect.gen(function* () {
        const error = { type: "error", error: { type: "invalid_request_error", message: words } }
        const { post, seen } = yield* stage({
          claude: {
            protocol: "anthropic",
            reply: (sent) =>
              isWrong(sent) ? { status: 400, json: error } : { json: message([{ type: "text", text: "ok" }]) }
          }
        })
        const got = yield* post("/v1/chat/completions", { messages: hi, ...asked })
        assert.strictEqual(got.status, 200, got.text)
        assert.strictEqual(seen.claude!.length, 2)
        assert.isTrue(holds(seen.claude![1]!.body), JSON.stringify(seen.claude![1]!.body))
      })
    )

  // https://platform.claude.com/docs/en/build-with-claude/prompt-caching
  it.live("are more than four cache marks: the first and the last ones stay", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({
        claude: { protocol: "anthropic", reply: () => ({ json: message([{ type: "text", text: "ok" }]) }) }
      })
      const turns = [0, 1, 2, 3, 4, 5].flatMap(() => [...marked(), { role: "assistant", content: "so" }])
      const got = yield* post("/v1/chat/completions", {
        model: "claude/claude-sonnet-5",
        messages: [...turns, ...marked()]
      })
      const marks = (seen.claude![0]!.body.messages as ReadonlyArray<Json>)
        .filter(({ role }) => role === "user")
        .map(({ content }) => JSON.stringify(content).includes("cache_control"))
      assert.deepStrictEqual(marks, [true, false, false, false, true, true, true])
      assert.strictEqual(got.headers["x-failover-dropped"], "cache_control")
    })
  )
})
