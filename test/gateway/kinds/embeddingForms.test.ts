/** Embeddings as numbers and in base64: the caller gets the requested form, whatever the server sends. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import OpenAI from "openai"
import { type Json, stage } from "../../support/kinds.ts"

const base64 = (numbers: ReadonlyArray<number>): string =>
  Buffer.from(new Float32Array(numbers).buffer).toString("base64")

const lists = (length: number, count: number): ReadonlyArray<ReadonlyArray<number>> =>
  Array.from({ length: count }, (_, of) => Array.from({ length }, (_, at) => (at - of) / 8))

const answer = (embeddings: ReadonlyArray<unknown>): Json => ({
  object: "list",
  data: embeddings.map((embedding, index) => ({ object: "embedding", index, embedding })),
  model: "e",
  usage: { prompt_tokens: 3, total_tokens: 3 }
})

/** The forms of servers that support only one. */
const servers: Readonly<Record<string, (numbers: ReadonlyArray<ReadonlyArray<number>>) => Json>> = {
  numbers: (numbers) => answer(numbers),
  base64: (numbers) => answer(numbers.map(base64)),
  "Ollama's own list": (embeddings) => ({ model: "e", embeddings }),
  "Cohere's lists": (float) => ({ id: "x", embeddings: { float } })
}

describe("embeddings", () => {
  for (const [form, make] of Object.entries(servers))
    for (const [size, numbers] of [
      ["few", lists(4, 2)],
      ["many", lists(3000, 40)]
    ] as const)
      it.live(`of a server that sends ${form} come as requested: ${size}`, () =>
        Effect.gen(function* () {
          const { post, url } = yield* stage({
            p: { protocol: "openai", reply: () => ({ json: make(numbers) }) }
          })
          const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "k", maxRetries: 0 })
          for (const format of [undefined, "float", "base64"] as const) {
            const asked = { model: "p/e", input: ["a", "b"], ...(format && { encoding_format: format }) }
            const got = yield* post("/v1/embeddings", asked)
            assert.strictEqual(got.status, 200, got.text.slice(0, 200))
            const data = got.at("data") as ReadonlyArray<Json>
            const expected: ReadonlyArray<unknown> = format === "base64" ? numbers.map(base64) : numbers
            assert.deepStrictEqual<unknown>(
              data.map(({ embedding }) => embedding),
              expected
            )
          }
          // The client requests base64 by default.
          const read = yield* Effect.promise(() =>
            client.embeddings.create({ model: "p/e", input: ["a", "b"] })
          )
          assert.deepStrictEqual(
            read.data.map(({ embedding }) => embedding),
            numbers
          )
        })
      )

  it.live("that come as requested are passed on byte for byte", () =>
    Effect.gen(function* () {
      for (const [format, given] of [
        ["float", "[0.10, 2e0]"],
        ["base64", '"AACAPwAAAEA="']
      ] as const) {
        const text = `{"data" : [{"embedding": ${given}, "more": 1.0}]}`
        const { post } = yield* stage({ p: { protocol: "openai", reply: () => ({ text }) } })
        const got = yield* post("/v1/embeddings", { model: "p/e", input: "a", encoding_format: format })
        assert.strictEqual(got.text, text)
      }
    })
  )

  it.live("whose form another field chooses are passed on byte for byte", () =>
    Effect.gen(function* () {
      // https://jina.ai/embeddings, https://docs.voyageai.com/reference/embeddings-api, https://docs.mistral.ai/api
      for (const [more, given] of [
        [{ embedding_type: "base64" }, '"AACAPwAAAEA="'],
        [{ output_dtype: "int8", encoding_format: "base64" }, "[1, -2, 3]"],
        [{ encoding_format: "binary" }, '"AACAPwAAAEA="']
      ] as const) {
        const text = `{"data": [{"embedding": ${given}}]}`
        const { post } = yield* stage({ p: { protocol: "openai", reply: () => ({ text }) } })
        const got = yield* post("/v1/embeddings", { model: "p/e", input: "a", ...more })
        assert.strictEqual(got.text, text)
      }
    })
  )

  it.live("are a failure if there are none", () =>
    Effect.gen(function* () {
      for (const json of [{ data: [] }, { embeddings: [] }, { embeddings: ["x"] }, {}]) {
        const { post } = yield* stage({ p: { protocol: "openai", reply: () => ({ json }) } })
        assert.strictEqual((yield* post("/v1/embeddings", { model: "p/e", input: "a" })).status, 502)
      }
    })
  )
})
