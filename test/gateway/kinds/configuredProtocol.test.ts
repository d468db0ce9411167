/** Servers that answer in the form of another protocol than the one that is configured for them. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { beginningOf, formOf, mismatch } from "../../../src/providers/forms/FormOf.ts"
import { messageEvents } from "../../support/conversations.ts"
import { chunk, completion, type Json, message, type Reply, stage } from "../../support/kinds.ts"

const block = { type: "text", text: "Mild." }
const response: Json = {
  id: "resp_1",
  object: "response",
  status: "completed",
  output: [{ type: "message", role: "assistant", content: [{ type: "output_text", text: "Mild." }] }]
}
const ofGemini = { candidates: [{ content: { parts: [{ text: "Mild." }] }, finishReason: "STOP" }] }

/** The same answer in each form, whole and streamed. */
const forms: Readonly<Record<string, readonly [whole: Reply, streamed: Reply]>> = {
  chats: [
    { json: completion({ content: "Mild." }) },
    { events: [chunk({ role: "assistant" }), chunk({ content: "Mild." }), chunk({}, "stop"), "[DONE]"] }
  ],
  messages: [{ json: message([block]) }, { events: messageEvents([block]) }],
  responses: [
    { json: response },
    {
      events: [
        { type: "response.created", response: { ...response, output: [] } },
        { type: "response.output_text.delta", delta: "Mild." },
        { type: "response.completed", response }
      ]
    }
  ],
  gemini: [{ json: ofGemini }, { events: [ofGemini] }]
}

const asked = (path: string, stream: boolean): Json => ({
  model: "box/m",
  max_tokens: 9,
  stream,
  ...(path === "/v1/responses" ? { input: "hi" } : { messages: [{ role: "user", content: "hi" }] })
})

const cases: ReadonlyArray<
  readonly [protocol: "openai" | "anthropic", form: string, path: string, came: string, remedy: string]
> = [
  [
    "openai",
    "messages",
    "/v1/chat/completions",
    "message of Anthropic's",
    'set protocol: "anthropic" for the provider box'
  ],
  [
    "openai",
    "messages",
    "/v1/messages",
    "message of Anthropic's",
    'set protocol: "anthropic" for the provider box'
  ],
  [
    "openai",
    "responses",
    "/v1/chat/completions",
    "response of OpenAI's",
    "check baseUrl of the provider box"
  ],
  [
    "openai",
    "gemini",
    "/v1/chat/completions",
    "one of Gemini's",
    "set the OpenAI-compatible baseUrl of the provider box"
  ],
  [
    "anthropic",
    "chats",
    "/v1/messages",
    "chat completion of OpenAI's",
    'set protocol: "openai" for the provider box'
  ],
  [
    "anthropic",
    "responses",
    "/v1/chat/completions",
    "response of OpenAI's",
    'set protocol: "openai" for the provider box'
  ],
  ["anthropic", "gemini", "/v1/messages", "one of Gemini's", 'and protocol: "openai"']
]

describe("an answer in the form of another protocol", () => {
  for (const [protocol, form, path, came, remedy] of cases)
    for (const stream of [false, true])
      for (const streamed of [false, true])
        it.live(
          `says what came and what to change: ${form}${streamed ? " as events" : ""} from ${protocol} to ${path}${stream ? ", streamed" : ""}`,
          () =>
            Effect.gen(function* () {
              const { post } = yield* stage({
                box: { protocol, reply: () => forms[form]![streamed ? 1 : 0] }
              })
              const { error } = JSON.parse((yield* post(path, asked(path, stream))).text)
              assert.include(error.message, came)
              assert.include(error.message, remedy)
            })
        )

  for (const protocol of ["openai", "anthropic"] as const)
    for (const stream of [false, true])
      it.live(`is recognized if it is a page of HTML: ${protocol}${stream ? ", streamed" : ""}`, () =>
        Effect.gen(function* () {
          const text = "<!DOCTYPE html><html><head><title>Welcome</title></head><body>Sign in</body></html>"
          const { post } = yield* stage({
            box: { protocol, more: { responses: false }, reply: () => ({ type: "text/html", text }) }
          })
          const got = yield* post("/v1/messages", asked("/v1/messages", stream))
          assert.strictEqual(got.status, 502)
          assert.include(got.text, "a page of HTML: check baseUrl of the provider box")
        })
      )

  for (const stream of [false, true])
    it.live(`is recognized if it is long${stream ? ", streamed" : ""}`, () =>
      Effect.gen(function* () {
        const long = "Mild. ".repeat(20_000)
        const { post } = yield* stage({
          claude: { protocol: "openai", reply: () => ({ json: message([{ type: "text", text: long }]) }) },
          chats: { protocol: "anthropic", reply: () => ({ json: completion({ content: long }) }) }
        })
        const path = "/v1/messages"
        const first = yield* post(path, { ...asked(path, stream), model: "claude/m" })
        assert.include(first.text, 'set protocol: \\"anthropic\\" for the provider claude')
        const second = yield* post(path, { ...asked(path, stream), model: "chats/m" })
        assert.include(second.text, 'set protocol: \\"openai\\" for the provider chats')
      })
    )

  for (const stream of [false, true])
    it.live(
      `of a chat to a response benches nothing, and the next target answers${stream ? ", streamed" : ""}`,
      () =>
        Effect.gen(function* () {
          const { post, seen } = yield* stage(
            {
              box: {
                protocol: "openai",
                more: { responses: true },
                reply: (_, _count, path) => forms.chats![path.includes("responses") && stream ? 1 : 0]
              },
              well: {
                protocol: "openai",
                more: { responses: true },
                reply: () => forms.responses![stream ? 1 : 0]
              }
            },
            { models: { both: ["box/m", "well/m"] } }
          )
          for (const _ of [1, 2, 3, 4]) {
            const got = yield* post("/v1/responses", { ...asked("/v1/responses", stream), model: "both" })
            assert.strictEqual(got.headers["x-failover-target"], "well/m#k", got.text)
          }
          assert.strictEqual(seen.box!.length, 4)
          const alone = yield* post("/v1/responses", asked("/v1/responses", stream))
          assert.include(alone.text, "set responses: false for the provider box")
          const chat = yield* post("/v1/chat/completions", asked("/v1/chat/completions", false))
          assert.strictEqual(chat.status, 200, chat.text)
        })
    )

  it("is none if the form is not known, or is that of the operation", () => {
    assert.isUndefined(mismatch({ error: "down" }, "messages", "box"))
    assert.isUndefined(mismatch("text", "messages", "box"))
    assert.isUndefined(mismatch({ choices: [{}] }, "chat/completions", "box"))
    assert.isUndefined(mismatch({ choices: [{}] }, "embeddings", "box"))
    assert.isUndefined(formOf({ type: "ping" }))
    assert.isUndefined(beginningOf("{".repeat(9)))
    assert.isUndefined(beginningOf('{"id": cut, "choices": ['))
  })
})
