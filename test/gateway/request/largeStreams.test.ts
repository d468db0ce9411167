/** A large translated stream is written in turns, and arrives whole and in order. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FaultServer from "../../support/FaultServer.ts"
import { ask, provider, start } from "../../support/gateway.ts"

const text = "hello 漢🦊\n".repeat(200_000)

const chat = (pieces: ReadonlyArray<string>): ReadonlyArray<string> =>
  [
    ...pieces.map((content) => ({ choices: [{ index: 0, delta: { content }, finish_reason: null }] })),
    { choices: [{ index: 0, delta: {}, finish_reason: "stop" }] },
    { choices: [], usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } }
  ].map((event) => `data: ${JSON.stringify({ id: "c", object: "chat.completion.chunk", ...event })}\n\n`)

describe("a large translated response stream", () => {
  for (const [how, size] of [
    ["many pieces", 20_000],
    ["one piece", text.length]
  ] as const) {
    it.live(`arrives whole and in order, from ${how}`, () =>
      Effect.gen(function* () {
        const server = yield* FaultServer.make
        const pieces = Array.from({ length: Math.ceil(text.length / size) }, (_, at) =>
          text.slice(at * size, (at + 1) * size)
        )
        server.play(FaultServer.sse([...chat(pieces), "data: [DONE]\n\n"]))
        const url = yield* start({ providers: { a: { ...provider("openai", server), responses: false } } })
        const body = { model: "a/m", input: "hi", stream: true }
        const got = yield* ask(`${url}/v1/responses`, { body })
        const events = got.text
          .split("\n\n")
          .filter((event) => event !== "")
          .map((event) => JSON.parse(event.split("\ndata: ")[1] ?? "null"))
        assert.deepStrictEqual(
          events.map(({ sequence_number }) => sequence_number),
          events.map((_, at) => at)
        )
        const deltas = events.flatMap(({ delta }) => (typeof delta === "string" ? [delta] : []))
        assert.isTrue(deltas.join("") === text)
        const { response, type } = events.at(-1)
        assert.strictEqual(type, "response.completed")
        assert.isTrue(response.output[0].content[0].text === text)
        assert.strictEqual(response.usage.output_tokens, 2)
      })
    )
  }
})
