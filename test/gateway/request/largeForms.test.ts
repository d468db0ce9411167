/** Large requests in the form of another protocol. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { maxTranslated } from "../../../src/gateway/request/GatewayRequest.ts"
import { completion, stage } from "../../support/kinds.ts"

describe("a request of more characters than are translated", () => {
  it.live("is refused if it has the form of another protocol than the called one", () =>
    Effect.gen(function* () {
      const reply = () => ({ json: completion({ content: "ok" }) })
      const { post, seen } = yield* stage(
        { box: { protocol: "openai", reply, more: { responses: true } } },
        { server: { maxBodyBytes: 100_000_000 } }
      )
      const text = "a".repeat(maxTranslated)
      for (const [path, body] of [
        ["/v1/chat/completions", { input: text }],
        ["/v1/responses", { messages: [{ role: "user", content: text }] }]
      ] as const) {
        const got = yield* post(path, { model: "box/m", ...body })
        assert.strictEqual(got.status, 413, got.text.slice(0, 300))
      }
      assert.deepStrictEqual(seen.box, [])
      const own = yield* post("/v1/chat/completions", {
        model: "box/m",
        messages: [{ role: "user", content: text }]
      })
      assert.strictEqual(own.status, 200)
    })
  )
})
