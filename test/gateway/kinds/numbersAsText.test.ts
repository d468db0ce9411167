/** Settings of a request as some clients write them: numbers as strings, null for unset ones. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { completion, message, stage } from "../../support/kinds.ts"

const hi = [{ role: "user", content: "hi" }]

describe("a number as a text", () => {
  for (const [path, cap, body] of [
    ["/v1/chat/completions", "max_tokens", { messages: hi }],
    ["/v1/chat/completions", "max_completion_tokens", { messages: hi }],
    ["/v1/responses", "max_output_tokens", { input: "hi" }],
    ["/v1/messages", "max_tokens", { messages: hi }]
  ] as const)
    it.live(`is a number to a target of another protocol: ${cap} of ${path}`, () =>
      Effect.gen(function* () {
        const { post, seen } = yield* stage({
          claude: { protocol: "anthropic", reply: () => ({ json: message([{ type: "text", text: "ok" }]) }) },
          corp: { protocol: "openai", reply: () => ({ json: completion({ content: "ok" }) }) }
        })
        const name = path === "/v1/messages" ? "corp" : "claude"
        const settings = { [cap]: "77", temperature: "0.5", top_p: "1" }
        const got = yield* post(path, { ...body, ...settings, model: `${name}/m` })
        assert.strictEqual(got.status, 200, got.text)
        const sent = seen[name]![0]!.body
        assert.strictEqual(sent.max_tokens, 77)
        assert.strictEqual(sent.temperature, 0.5)
        assert.isUndefined(got.headers["x-failover-dropped"])
      })
    )

  it.live("that is not a number is left out and named", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({
        claude: { protocol: "anthropic", reply: () => ({ json: message([{ type: "text", text: "ok" }]) }) }
      })
      const got = yield* post("/v1/chat/completions", { messages: hi, model: "claude/m", temperature: "hot" })
      assert.isUndefined(seen.claude![0]!.body.temperature)
      assert.strictEqual(got.headers["x-failover-dropped"], "temperature")
    })
  )
})
