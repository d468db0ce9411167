/** Content is sent, or the target is skipped. Its type is detected from its first bytes. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { chunk, completion, type Json, message, type Reply, stage } from "../../support/kinds.ts"

const chats = (asked: Json): Reply =>
  asked.stream === true
    ? { events: [chunk({ content: "ok" }), chunk({}, "stop"), "[DONE]"] }
    : { json: completion({ content: "ok" }) }

const audio = { type: "input_audio", input_audio: { data: "UklGRg==", format: "wav" } }
const base64 = (text: string) => Buffer.from(text).toString("base64")

describe("content of a request", () => {
  it.live("is audio in a response for a target with chats", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({ corp: { protocol: "openai", reply: chats } })
      const content = [{ type: "input_text", text: "What is said?" }, audio]
      const got = yield* post("/v1/responses", { model: "corp/hearing", input: [{ role: "user", content }] })
      assert.strictEqual(got.status, 200, got.text)
      assert.deepStrictEqual(seen.corp![0]!.body.messages[0].content[1], audio)
    })
  )

  it.live("is audio, and a target without audio is skipped", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({
        deepseek: { protocol: "openai", reply: chats },
        corp: { protocol: "openai", reply: chats }
      })
      const got = yield* post("/v1/responses", {
        model: "deepseek/deepseek-v4",
        fallbacks: ["corp/hearing"],
        input: [{ role: "user", content: [audio] }]
      })
      assert.strictEqual(got.status, 200, got.text)
      assert.deepStrictEqual(seen.deepseek, [])
      assert.strictEqual(seen.corp!.length, 1)
    })
  )

  it.live("is audio of the model, and Claude is skipped", () =>
    Effect.gen(function* () {
      const { post, seen } = yield* stage({
        claude: { protocol: "anthropic", reply: () => ({ json: message([{ type: "text", text: "blind" }]) }) }
      })
      const got = yield* post("/v1/chat/completions", {
        model: "claude/claude-sonnet-5",
        messages: [
          { role: "user", content: "Sing." },
          { role: "assistant", audio: { id: "audio_1" } },
          { role: "user", content: "Again." }
        ]
      })
      assert.strictEqual(got.status, 400)
      assert.include(got.text, "messages.audio")
      assert.deepStrictEqual(seen.claude, [])
    })
  )

  for (const [declared, text, type] of [
    ["application/x-ndjson", "{}\n{}", "text/plain"],
    ["application/x-python", "print(1)", "text/plain"],
    ["application/vnd.api+json", "{}", "text/plain"],
    ["", "%PDF-1.7 x", "application/pdf"],
    ["text/plain", "%PDF-1.7 x", "application/pdf"]
  ] as const) {
    it.live(`is a file declared as ${declared || "nothing"} and sent to Claude as ${type}`, () =>
      Effect.gen(function* () {
        const { post, seen } = yield* stage({
          claude: { protocol: "anthropic", reply: () => ({ json: message([{ type: "text", text: "ok" }]) }) }
        })
        const file = { filename: "a", file_data: `data:${declared};base64,${base64(text)}` }
        const got = yield* post("/v1/chat/completions", {
          model: "claude/claude-sonnet-5",
          messages: [{ role: "user", content: [{ type: "file", file }] }]
        })
        assert.strictEqual(got.status, 200, got.text)
        assert.strictEqual(seen.claude![0]!.body.messages[0].content[0].source.media_type, type)
      })
    )
  }
})

describe("the user's text about a document", () => {
  const sources = {
    text: { type: "text", media_type: "text/plain", data: "PLAIN" },
    blocks: { type: "content", content: [{ type: "text", text: "PLAIN" }] },
    string: { type: "content", content: "PLAIN" }
  }
  for (const [name, source] of Object.entries(sources)) {
    it.live(`reaches a chat with the document: ${name}`, () =>
      Effect.gen(function* () {
        const { post, seen } = yield* stage({
          corp: { protocol: "openai", reply: () => ({ json: completion({ content: "ok" }) }) }
        })
        const document = { type: "document", title: "TITLE", context: "CONTEXT", source }
        const got = yield* post("/v1/messages", {
          model: "corp/m",
          max_tokens: 9,
          messages: [{ role: "user", content: [document] }]
        })
        assert.strictEqual(got.status, 200, got.text)
        const sent = JSON.stringify(seen.corp![0]!.body.messages)
        for (const said of ["TITLE", "CONTEXT", "PLAIN"]) assert.include(sent, said)
        assert.isUndefined(got.headers["x-failover-dropped"])
      })
    )
  }
})
