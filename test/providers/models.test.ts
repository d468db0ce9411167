/** The list of models: a request without a body, which costs nothing. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Failure from "../../src/failure/Failure.ts"
import { Anthropic } from "../../src/providers/Anthropic.ts"
import { OpenAi } from "../../src/providers/OpenAi.ts"
import * as FaultServer from "../support/FaultServer.ts"
import { key, target, transports, withTransport } from "../support/providers.ts"

const list = { operation: "models", body: {} } as const
const models = [{ id: "one", object: "model" }]

for (const [name, transport] of transports) {
  describe(`the list of models over ${name}`, () => {
    it.live("is requested with the key and without a body", () =>
      Effect.gen(function* () {
        const server = yield* FaultServer.make
        server.play(FaultServer.json({ object: "list", data: models }))
        const openai = yield* OpenAi.make({ baseUrl: `${server.origin}/v1`, query: { "api-version": "1" } })
        const anthropic = yield* Anthropic.make({ baseUrl: server.origin })
        for (const provider of [openai, anthropic]) {
          const { json } = yield* provider.complete({ ...list, headers: { "openai-beta": "b" } }, target())
          assert.deepStrictEqual(json?.data, models)
        }
        const [first, second] = server.requests
        assert.deepStrictEqual(
          [first, second].map((seen) => [
            seen?.method,
            seen?.path,
            seen?.body,
            seen?.headers["content-type"]
          ]),
          [
            ["GET", "/v1/models?api-version=1", "", undefined],
            ["GET", "/v1/models", "", undefined]
          ]
        )
        assert.strictEqual(first?.headers.authorization, `Bearer ${key}`)
        assert.strictEqual(first?.headers["openai-beta"], "b")
        assert.strictEqual(second?.headers["x-api-key"], key)
      }).pipe(withTransport(transport))
    )

    it.live("may be a bare list, and a large one", () =>
      Effect.gen(function* () {
        const server = yield* FaultServer.make
        const openai = yield* OpenAi.make({ baseUrl: server.origin })
        server.play(FaultServer.json(models))
        assert.deepStrictEqual((yield* openai.complete(list, target())).json, { data: models })
        const many = Array.from({ length: 20_000 }, () => models[0])
        for (const body of [many, { data: many }]) {
          server.play(FaultServer.json(body))
          assert.strictEqual((yield* openai.complete(list, target())).status, 200)
        }
      }).pipe(withTransport(transport))
    )

    it.live("benches nothing if the server does not have it", () =>
      Effect.gen(function* () {
        const server = yield* FaultServer.make
        const openai = yield* OpenAi.make({ baseUrl: server.origin })
        server.play(FaultServer.text("404 page not found", 404))
        const failure = yield* Effect.flip(openai.complete(list, target()))
        assert.strictEqual(Failure.classOf(failure), "Unsupported")
      }).pipe(withTransport(transport))
    )

    it.live("is not accepted as an answer to another operation", () =>
      Effect.gen(function* () {
        const server = yield* FaultServer.make
        const openai = yield* OpenAi.make({ baseUrl: server.origin })
        server.play(FaultServer.json(models))
        const chat = { operation: "chat/completions", body: { messages: [] } } as const
        assert.strictEqual((yield* Effect.flip(openai.complete(chat, target())))._tag, "Transient")
      }).pipe(withTransport(transport))
    )
  })
}
