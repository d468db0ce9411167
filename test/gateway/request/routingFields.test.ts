/** Fields in which callers of OpenRouter and LiteLLM name other models. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { chunk, completion, type Json, type Reply, stage } from "../../support/kinds.ts"

const refusing =
  (...fields: ReadonlyArray<string>) =>
  (asked: Json): Reply => {
    const found = fields.find((name) => asked[name] !== undefined)
    if (found !== undefined) {
      return {
        status: 400,
        json: {
          error: {
            message: `Unrecognized request argument supplied: ${found}`,
            type: "invalid_request_error"
          }
        }
      }
    }
    return asked.stream === true
      ? { events: [chunk({ content: "ok" }), chunk({}, "stop"), "[DONE]"] }
      : { json: completion({ content: "ok" }) }
  }

const messages = [{ role: "user", content: "hi" }]
const fields = {
  models: ["anthropic/claude-sonnet-5", "openai/gpt-5.2"],
  route: "fallback",
  provider: { order: ["Together"], allow_fallbacks: false }
}

describe("OpenRouter's fields models, route and provider", () => {
  it.live("reach a server that takes them, byte for byte", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({ a: { protocol: "openai", reply: refusing() } })
      const got = yield* post("/v1/chat/completions", { model: "a/m", messages, ...fields })
      assert.strictEqual(got.status, 200)
      assert.deepStrictEqual(seen.a?.[0]?.body, { model: "m", messages, ...fields })
      assert.isUndefined(got.headers["x-failover-dropped"])
    })
  )

  for (const stream of [false, true]) {
    it.live(`are left out for a server that refuses them, which is remembered, stream: ${stream}`, () =>
      Effect.gen(function* () {
        const { post, seen } = yield* stage({ a: { protocol: "openai", reply: refusing("provider") } })
        const ask = () => post("/v1/chat/completions", { model: "a/m", messages, stream, ...fields })
        for (const got of [yield* ask(), yield* ask()]) {
          assert.strictEqual(got.status, 200, got.text)
          assert.strictEqual(got.headers["x-failover-dropped"], "models, route, provider")
        }
        assert.deepStrictEqual(
          seen.a?.map(({ body }) => body.provider !== undefined),
          [true, false, false]
        )
      })
    )
  }

  it.live("do not change a refusal of the models that they name", () =>
    Effect.gen(function* () {
      const json = { error: { message: "provider Together does not exist", code: 400 } }
      const { post, seen } = yield* stage({ a: { protocol: "openai", reply: () => ({ status: 400, json }) } })
      const got = yield* post("/v1/chat/completions", { model: "a/m", messages, ...fields })
      assert.deepStrictEqual([got.status, got.json, seen.a?.length], [400, json, 1])
    })
  )
})

describe("fallbacks as objects", () => {
  const served = stage({
    a: { protocol: "openai", reply: () => ({ status: 503, json: { error: { message: "overloaded" } } }) },
    b: { protocol: "openai", reply: refusing("fallbacks") }
  })

  for (const fallbacks of [
    [{ model: "b/m" }],
    ["b/m"],
    [{ "a/m": ["b/m"] }],
    [{ other: ["c/m"] }, { "*": ["b/m"] }]
  ]) {
    it.live(`name models in chats: ${JSON.stringify(fallbacks)}`, () =>
      Effect.gen(function* () {
        const { post } = yield* served
        const got = yield* post("/v1/chat/completions", { model: "a/m", messages, fallbacks })
        assert.deepStrictEqual([got.status, got.headers["x-failover-target"]], [200, "b/m#k"])
      })
    )
  }

  it.live("with more than a name are refused before any call", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* served
      for (const fallbacks of [[{ model: "b/m", messages: [] }], [{ model: 1 }], [{}]]) {
        const got = yield* post("/v1/chat/completions", { model: "a/m", messages, fallbacks })
        assert.deepStrictEqual([got.status, got.at("error.code")], [400, "invalid_fallbacks"])
      }
      assert.strictEqual(seen.a?.length, 0)
    })
  )
})
