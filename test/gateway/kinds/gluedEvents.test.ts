/** Events without blank lines between them, and other blocks of lines that a relay made from events. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { chunk, dataOf, type Json, stage } from "../../support/kinds.ts"

const chunks = [
  chunk({ role: "assistant", content: "" }),
  chunk({ content: "half" }),
  chunk({ content: " and half" }),
  chunk({}, "stop", { usage: { prompt_tokens: 3, completion_tokens: 2 } })
].map((each) => JSON.stringify(each))

const lines = (...data: ReadonlyArray<string>) => data.map((each) => `data: ${each}\n`).join("")

const bodies: Readonly<Record<string, string>> = {
  "one event a line": lines(...chunks, "[DONE]"),
  "one event a line, and a blank line at the end": `${lines(...chunks, "[DONE]")}\n`,
  "two events in a block": `${lines(...chunks.slice(0, 2))}\n${lines(...chunks.slice(2))}\n${lines("[DONE]")}\n`,
  "the end in the last block": `${chunks.map((each) => lines(each)).join("\n")}${lines("[DONE]")}\n`,
  "`data:` twice": [...chunks, "[DONE]"].map((each) => `data: data: ${each}\n\n`).join(""),
  "lines with names and ids": chunks.map((each, id) => `id: ${id}\nevent: message\ndata:${each}\n`).join("")
}

describe("a stream", () => {
  for (const [what, text] of Object.entries(bodies)) {
    const begin = Effect.map(
      stage({ corp: { protocol: "openai", reply: () => ({ type: "text/event-stream", text }) } }),
      ({ post }) => post
    )
    const asked = { model: "corp/m", messages: [{ role: "user", content: "hi" }] }

    it.live(`with ${what} is a stream of well-formed events to a caller of chats`, () =>
      Effect.gen(function* () {
        const post = yield* begin
        const got = yield* post("/v1/chat/completions", { ...asked, stream: true })
        const said = dataOf(got.text).map(({ choices }) => (choices as Array<Json>)[0]!)
        assert.strictEqual(said.map(({ delta }) => delta.content ?? "").join(""), "half and half", got.text)
        assert.strictEqual(said.at(-1)!.finish_reason, "stop")
      })
    )

    it.live(`with ${what} is a stream to a caller of messages`, () =>
      Effect.gen(function* () {
        const post = yield* begin
        const got = yield* post("/v1/messages", { ...asked, max_tokens: 9, stream: true })
        const said = dataOf(got.text).map(({ delta }) => delta?.text ?? "")
        assert.strictEqual(said.join(""), "half and half", got.text)
        assert.strictEqual(dataOf(got.text).at(-1)!.type, "message_stop")
      })
    )

    it.live(`with ${what} is a whole answer, if that was requested`, () =>
      Effect.gen(function* () {
        const post = yield* begin
        const got = yield* post("/v1/chat/completions", asked)
        assert.strictEqual(got.at("choices.0.message.content"), "half and half", got.text)
        assert.strictEqual(got.at("choices.0.finish_reason"), "stop")
      })
    )
  }

  it.live("with a block that is neither one event nor several is malformed", () =>
    Effect.gen(function* () {
      const text = `data: ${chunks[1]}\ndata: {"choices\n\ndata: [DONE]\n\n`
      const { post } = yield* stage({
        corp: { protocol: "openai", reply: () => ({ type: "text/event-stream", text }) }
      })
      const got = yield* post("/v1/chat/completions", {
        model: "corp/m",
        stream: true,
        messages: [{ role: "user", content: "hi" }]
      })
      assert.strictEqual(got.headers["x-failover-trail"], "malformed")
    })
  )
})
