import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FaultServer from "../../support/FaultServer.ts"
import { anthropic, ask, chat, message, openai, provider, start } from "../../support/gateway.ts"

describe("the field fallbacks of a message", () => {
  const make = Effect.gen(function* () {
    const [c, o] = [yield* FaultServer.make, yield* FaultServer.make]
    c.play(FaultServer.json(anthropic.answer))
    o.play(FaultServer.json(openai.answer))
    const url = yield* start({ providers: { c: provider("anthropic", c), o: provider("openai", o) } })
    return { c, o, url }
  })

  it.live("with Anthropic's format is passed on, or listed as dropped", () =>
    Effect.gen(function* () {
      const { c, o, url } = yield* make
      for (const fallbacks of ["default", [{ model: "claude-haiku-4-5" }]]) {
        const text = JSON.stringify(message("c/m", { fallbacks })).replace('"max_tokens":', '"max_tokens" : ')
        const got = yield* ask(`${url}/v1/messages`, { body: text })
        assert.strictEqual(got.status, 200, got.text)
        assert.strictEqual(c.requests.at(-1)?.body, text.replace("c/m", "m"))
        const other = yield* ask(`${url}/v1/messages`, { body: message("o/m", { fallbacks }) })
        assert.strictEqual(other.status, 200, other.text)
        assert.strictEqual(other.headers["x-failover-dropped"], "fallbacks")
        assert.notInclude(o.requests.at(-1)?.body, "fallbacks")
      }
    })
  )

  it.live("as a list of names is the gateway's own, in addition to the header", () =>
    Effect.gen(function* () {
      const { c, o, url } = yield* make
      c.play(FaultServer.json(anthropic.error("overloaded_error", "Overloaded"), 529))
      const ours = message("c/m", { fallbacks: ["o/m"] })
      const got = yield* ask(`${url}/v1/messages`, { body: ours })
      assert.strictEqual(got.headers["x-failover-target"], "o/m#k1")
      assert.notInclude(c.requests[0]?.body, "fallbacks")
      const both = yield* ask(`${url}/v1/messages`, {
        body: message("c/m", { fallbacks: "default" }),
        headers: { "x-failover-models": "o/m" }
      })
      assert.strictEqual(both.headers["x-failover-target"], "o/m#k1")
      assert.isAbove(o.requests.length, 1)
    })
  )

  it.live("is refused in any other form", () =>
    Effect.gen(function* () {
      const { url } = yield* make
      const bodies = [
        ["/v1/messages", message("c/m", { fallbacks: ["o/m", { model: "m" }] })],
        ["/v1/messages", message("c/m", { fallbacks: { model: "m" } })],
        ["/v1/chat/completions", chat("o/m", { fallbacks: [{ model: "c/m", messages: [] }] })]
      ] as const
      for (const [path, body] of bodies) {
        assert.strictEqual((yield* ask(`${url}${path}`, { body })).status, 400, JSON.stringify(body))
      }
    })
  )
})
