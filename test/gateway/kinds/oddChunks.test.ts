/** Streamed chats whose chunks have the text in another place: translated, and put together as a whole answer. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { completion, dataOf, type Json, stage } from "../../support/kinds.ts"

const choices: ReadonlyArray<readonly [what: string, of: (text: string) => Json]> = [
  ["a text beside no delta", (text) => ({ text })],
  ["a text beside an empty delta", (text) => ({ text, delta: {} })],
  ["a text in the delta", (text) => ({ delta: { text } })],
  ["a delta that is the text", (text) => ({ delta: text })],
  ["a message", (content) => ({ message: { role: "assistant", content } })],
  ["a message beside an empty delta", (content) => ({ delta: {}, message: { role: "assistant", content } })],
  ["a message that is the text", (message) => ({ message })],
  ["a list of parts", (text) => ({ delta: { content: [{ type: "text", text }] } })],
  ["a list of texts", (text) => ({ delta: { content: [text] } })],
  ["a part", (text) => ({ delta: { content: { type: "text", text } } })]
]

const usage = { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 }

const eventsOf = (of: (text: string) => Json, texts: ReadonlyArray<string>) => [
  { id: "c1", choices: [{ index: 0, delta: { role: "assistant", content: "" }, finish_reason: null }] },
  ...texts.map((text) => ({ id: "c1", choices: [{ index: 0, ...of(text), finish_reason: null }] })),
  { id: "c1", choices: [{ index: 0, delta: {}, finish_reason: "stop" }] },
  { id: "c1", choices: [], usage },
  "[DONE]"
]

/** A target with such chunks, and one that answers well. */
const both = (events: ReadonlyArray<unknown>) =>
  stage(
    {
      odd: { protocol: "openai", reply: () => ({ events }) },
      well: { protocol: "openai", reply: () => ({ json: completion({ content: "ok" }) }) }
    },
    { models: { both: ["odd/m", "well/m"] } }
  )

const body = { model: "both", max_tokens: 9, messages: [{ role: "user", content: "hi" }] }

describe("a chunk of a chat with the text in another place", () => {
  for (const [what, of] of choices) {
    it.live(`is text of the answer, streamed and whole, and its tokens are counted: ${what}`, () =>
      Effect.gen(function* () {
        const { post, seen } = yield* both(eventsOf(of, ["Hel", "lo", "lo"]))
        const streamed = yield* post("/v1/messages", { ...body, stream: true })
        const events = dataOf(streamed.text)
        assert.strictEqual(events.map(({ delta }) => delta?.text ?? "").join(""), "Hellolo", streamed.text)
        assert.deepInclude(events.find(({ type }) => type === "message_delta")?.usage, { output_tokens: 2 })
        const whole = JSON.parse((yield* post("/v1/messages", body)).text)
        assert.deepStrictEqual(whole.content, [{ type: "text", text: "Hellolo" }])
        assert.deepInclude(whole.usage, { input_tokens: 7, output_tokens: 2 })
        assert.strictEqual(seen.well!.length, 0)
      })
    )

    it.live(`is no content if the text is empty: the next target answers: ${what}`, () =>
      Effect.gen(function* () {
        const { post } = yield* both(eventsOf(of, [""]))
        for (const stream of [false, true]) {
          const got = yield* post("/v1/messages", { ...body, stream })
          assert.strictEqual(got.headers["x-failover-target"], "well/m#k", got.text)
        }
      })
    )
  }

  it.live("is not said twice if all text so far is beside the deltas", () =>
    Effect.gen(function* () {
      const choice = (delta: object, text: string, finish_reason: string | null = null) => ({
        id: "c1",
        choices: [{ index: 0, delta, text, finish_reason }]
      })
      const { post } = yield* both([
        choice({ content: "Hel" }, "Hel"),
        choice({ content: "lo" }, "Hello"),
        choice({}, "Hello", "stop"),
        "[DONE]"
      ])
      const whole = yield* post("/v1/messages", body)
      assert.include(whole.text, '"text":"Hello"')
      const streamed = yield* post("/v1/messages", { ...body, stream: true })
      const texts = dataOf(streamed.text).map(({ delta }) => delta?.text ?? "")
      assert.strictEqual(texts.join(""), "Hello")
    })
  )

  it.live("is not said twice if the whole message follows", () =>
    Effect.gen(function* () {
      const message = { role: "assistant", content: "Hello" }
      const { post } = yield* both([
        ...eventsOf((text) => ({ text }), ["Hel", "lo"]).slice(0, -3),
        { id: "c1", choices: [{ index: 0, message, finish_reason: "stop" }], usage },
        "[DONE]"
      ])
      const whole = yield* post("/v1/messages", body)
      assert.include(whole.text, '"text":"Hello"')
      const streamed = yield* post("/v1/messages", { ...body, stream: true })
      const texts = dataOf(streamed.text).map(({ delta }) => delta?.text ?? "")
      assert.strictEqual(texts.join(""), "Hello")
    })
  )
})
