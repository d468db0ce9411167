/** Members that an answer inside of something else may not bring with it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { completion, type Reply, stage } from "../../support/kinds.ts"

const hi = [{ role: "user", content: "hi" }]

/** Sends two chats. The first target answers them like this. */
const asked = (reply: Reply, stream = false) =>
  Effect.gen(function* () {
    const { post } = yield* stage(
      {
        one: { protocol: "openai", reply: () => reply },
        two: { protocol: "openai", reply: () => ({ json: completion({ content: "from two" }) }) }
      },
      { models: { smart: ["one/m", "two/m"] } }
    )
    return yield* post("/v1/chat/completions", { messages: hi, model: "smart", stream })
  })

const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`
const many = `[${"[],".repeat(4_000_000)}[]]`

describe("an answer inside of something else", () => {
  for (const stream of [false, true]) {
    const how = stream ? ", streamed" : ""

    for (const [what, more] of [
      ["nests too deeply", deep],
      ["has too many values", many]
    ] as const) {
      it.live(`is not an answer if it ${what}${how}`, () =>
        Effect.gen(function* () {
          const text = JSON.stringify(completion({ content: "from one" })).replace(/}$/, `,"more":${more}}`)
          const got = yield* asked({ json: { statusCode: 200, body: text } }, stream)
          assert.strictEqual(got.status, 200, got.text)
          assert.include(got.text, "from two")
        })
      )
    }

    it.live(`is not an answer if there is an error beside it${how}`, () =>
      Effect.gen(function* () {
        const error = { message: "Rate limit reached", type: "rate_limit_error" }
        const got = yield* asked({ json: { error, data: completion({ content: "from one" }) } }, stream)
        assert.strictEqual(got.status, 200, got.text)
        assert.include(got.text, "from two")
      })
    )
  }
})

describe("a large answer", () => {
  const long = "漢".repeat(200_000)
  const all = completion({ content: long })
  for (const [what, json] of [
    ["in an envelope", { code: 0, data: all }],
    ["in the answer of an AWS Lambda", { statusCode: 200, body: JSON.stringify(all) }]
  ] as const) {
    for (const path of ["/v1/chat/completions", "/v1/messages"]) {
      it.live(`${what} is taken out of it for ${path}`, () =>
        Effect.gen(function* () {
          const { post } = yield* stage({ one: { protocol: "openai", reply: () => ({ json }) } })
          const got = yield* post(path, { messages: hi, model: "one/m", max_tokens: 9 })
          const answer = JSON.parse(got.text)
          assert.strictEqual(answer.choices?.[0].message.content ?? answer.content?.[0].text, long)
        })
      )
    }
  }

  it.live("of embeddings is passed on as it is, though it has `data`", () =>
    Effect.gen(function* () {
      const item = { object: "embedding", index: 0, embedding: Array.from({ length: 100_000 }, () => 0.25) }
      const text = JSON.stringify({ object: "list", data: [item], model: "m", usage: { total_tokens: 1 } })
      const { post } = yield* stage({ one: { protocol: "openai", reply: () => ({ text }) } })
      assert.strictEqual((yield* post("/v1/embeddings", { model: "one/m", input: "hi" })).text, text)
    })
  )

  it.live("whose `metadata` only looks like an envelope is passed on as it is", () =>
    Effect.gen(function* () {
      const text = JSON.stringify({ metadata: { data: { data: all } }, ...all }, null, 1)
      const { post } = yield* stage({ one: { protocol: "openai", reply: () => ({ text }) } })
      assert.strictEqual((yield* post("/v1/chat/completions", { messages: hi, model: "one/m" })).text, text)
    })
  )
})
