/** Faults of a caller's request, or of this process, bench no target for others. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { Transient } from "../../../src/failure/Failure.ts"
import { ChainExhausted } from "../../../src/failure/RunError.ts"
import * as RunRefusal from "../../../src/gateway/http/RunRefusal.ts"
import * as FaultServer from "../../support/FaultServer.ts"
import { anthropic, ask, chat, key, message, openai, provider, start } from "../../support/gateway.ts"

const adminToken = "an-admin-token-0123456789-abcdefgh"
const admin = { server: { adminToken } }
const bearer = { authorization: `Bearer ${adminToken}` }

/** A JSON schema of many levels, as text: serialising it again overflows the stack. */
const deepSchema = (levels: number): string =>
  `${'{"type":"object","properties":{"a":'.repeat(levels)}{"type":"string"}${"}}".repeat(levels)}`

const withTool = (body: object, protocol: "openai" | "anthropic", schema: string): string => {
  const tool =
    protocol === "openai"
      ? `{"type":"function","function":{"name":"f","parameters":${schema}}}`
      : `{"name":"f","input_schema":${schema}}`
  return JSON.stringify(body).replace(/\}$/, `,"tools":[${tool}]}`)
}

const benches = (url: string) =>
  Effect.map(ask(`${url}/admin/benches`, { headers: bearer }), ({ text }) => text)

for (const [from, to] of [
  ["openai", "anthropic"],
  ["anthropic", "openai"]
] as const) {
  const path = from === "openai" ? "/v1/chat/completions" : "/v1/messages"
  const body = from === "openai" ? chat("smart") : message("smart")
  const foreign = to === "openai" ? openai : anthropic
  const deep = withTool(body, from, deepSchema(6_000))

  describe(`a request of ${from} with a tool schema of 6,000 levels`, () => {
    it.live(`is a 400 to a target of ${to}, and benches nothing`, () =>
      Effect.gen(function* () {
        const server = yield* FaultServer.make
        server.play(FaultServer.json(foreign.answer))
        const url = yield* start({
          ...admin,
          providers: { a: provider(to, server) },
          models: { smart: ["a/m"] }
        })
        for (let i = 0; i < 4; i++) {
          const got = yield* ask(`${url}${path}`, { body: deep })
          assert.strictEqual(got.status, 400, got.text)
          assert.include(got.text, "deep")
        }
        assert.strictEqual(server.requests.length, 0)
        assert.notInclude(yield* benches(url), "a/m")
        assert.strictEqual((yield* ask(`${url}${path}`, { body })).status, 200)
      })
    )
  })
}

describe("a firewall's page", () => {
  for (const status of [403, 405, 406]) {
    it.live(`with status ${status} benches nothing, and the next target answers`, () =>
      Effect.gen(function* () {
        const [a, b] = [yield* FaultServer.make, yield* FaultServer.make]
        const page =
          "<!DOCTYPE html><html><title>Attention Required! | Cloudflare</title><body>blocked</body></html>"
        a.play(
          FaultServer.text(page, status, { "content-type": "text/html" }),
          FaultServer.json(openai.answer)
        )
        b.play(FaultServer.json(openai.answer))
        const url = yield* start({
          ...admin,
          providers: { a: provider("openai", a), b: provider("openai", b) },
          models: { smart: ["a/m", "b/m"] }
        })
        const first = yield* ask(`${url}/v1/chat/completions`, { body: chat("smart") })
        assert.strictEqual(first.status, 200, first.text)
        assert.strictEqual(b.requests.length, 1)
        assert.notInclude(yield* benches(url), "a#")
        yield* ask(`${url}/v1/chat/completions`, { body: chat("smart") })
        assert.strictEqual(a.requests.length, 2)
      })
    )
  }
})

describe("a request for a feature that the model does not have", () => {
  it.live("moves on, and the model serves others at once", () =>
    Effect.gen(function* () {
      const [a, b] = [yield* FaultServer.make, yield* FaultServer.make]
      const error = {
        error: { message: "image input is not supported by this model", type: "invalid_request_error" }
      }
      a.play(FaultServer.json(error, 400), FaultServer.json(openai.answer))
      b.play(FaultServer.json(openai.answer))
      const url = yield* start({
        ...admin,
        providers: { a: provider("openai", a), b: provider("openai", b) },
        models: { smart: ["a/m", "b/m"] }
      })
      assert.strictEqual((yield* ask(`${url}/v1/chat/completions`, { body: chat("smart") })).status, 200)
      assert.strictEqual(b.requests.length, 1)
      assert.strictEqual((yield* ask(`${url}/v1/chat/completions`, { body: chat("smart") })).status, 200)
      assert.strictEqual(a.requests.length, 2)
    })
  )

  it.live("is returned as the provider sent it without another target", () =>
    Effect.gen(function* () {
      const a = yield* FaultServer.make
      const error = { error: { message: "this model does not support tools", type: "api_error" } }
      a.play(FaultServer.json(error, 400))
      const url = yield* start({ providers: { a: provider("openai", a) }, models: { smart: ["a/m"] } })
      const got = yield* ask(`${url}/v1/chat/completions`, { body: chat("smart") })
      assert.strictEqual(got.status, 400, got.text)
      assert.include(got.text, "does not support tools")
      assert.notInclude(got.text, key)
    })
  )
})

describe("a chain that fails for lack of a local resource", () => {
  it("is a 500, not a 502", () => {
    const failure = new Transient({ reason: "Local", message: "too many open files" })
    const error = new ChainExhausted({ attempts: [{ target: "a/m#k1", failure }] })
    const refusal = RunRefusal.fromRunError(error, 0, "openai")
    assert.deepInclude(refusal, { status: 500, code: "gateway_error" })
  })
})
