/** Programs that cut a text by UTF-16 units leave half an emoji, which strict parsers of JSON refuse with all around it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { messageEvents, messageOf, said } from "../../support/conversations.ts"
import { chunk, dataOf, type Json, stage, type Upstream } from "../../support/kinds.ts"

const half = "\ud83d"
const rest = "\ude00"
/** Sent as escapes: a body in UTF-8 has no other way. */
const cut = `cut ${half}`
const path = "C:\\ud83d"

const [chats, messages, responses] = ["/v1/chat/completions", "/v1/messages", "/v1/responses"] as const

const bodies: Readonly<Record<string, Json>> = {
  [chats]: { messages: [{ role: "user", content: `${cut} ${path}` }] },
  [messages]: { max_tokens: 10, messages: [{ role: "user", content: `${cut} ${path}` }] },
  [responses]: { input: `${cut} ${path}`, store: false }
}

const chatsThat = (reply: Upstream["reply"]): Upstream => ({ protocol: "openai", reply })
const messagesThat = (reply: Upstream["reply"]): Upstream => ({ protocol: "anthropic", reply })

const hasNoHalf = (json: unknown): boolean =>
  typeof json === "string"
    ? Buffer.from(json).toString() === json
    : typeof json !== "object" || json === null || Object.values(json).every(hasNoHalf)

describe("half a character in a translated request", () => {
  for (const [to, upstream, from] of [
    ["messages", messagesThat(() => messageOf(false, [{ type: "text", text: "ok" }])), [chats, responses]],
    ["chats", chatsThat(() => said(false)), [messages, responses]]
  ] as const) {
    for (const called of from) {
      for (const size of [1, 400_000]) {
        it.live(`is replaced on the way from ${called} to ${to}, in a body of ${size} more characters`, () =>
          Effect.gen(function* () {
            const { post, seen } = yield* stage({ up: upstream })
            const long = { role: "user", content: "x".repeat(size) }
            const body = JSON.parse(JSON.stringify(bodies[called]))
            if (called === responses) body.input = [long, { role: "user", content: body.input }]
            else body.messages.unshift(long)
            const { status } = yield* post(called, { ...body, model: "up/m" })
            assert.strictEqual(status, 200)
            const sent = JSON.stringify(seen.up![0]!.body)
            assert.include(sent, "cut \ufffd C:\\\\ud83d")
            assert.isTrue(hasNoHalf(JSON.parse(sent)))
          })
        )
      }
    }
  }
})

describe("half a character in a request that is passed on", () => {
  for (const stream of [false, true]) {
    it.live(`is left out once its target refuses it${stream ? ", streamed" : ""}`, () =>
      Effect.gen(function* () {
        const message =
          "The request body is not valid JSON: no low surrogate in string: line 1 column 52 (char 51)"
        const error = { type: "error", error: { type: "invalid_request_error", message } }
        const { post, seen } = yield* stage({
          up: messagesThat((asked) =>
            hasNoHalf(asked)
              ? messageOf(stream, [{ type: "text", text: "ok" }])
              : { status: 400, json: error }
          )
        })
        const { status } = yield* post(messages, { ...bodies[messages], model: "up/m", stream })
        assert.strictEqual(status, 200)
        assert.strictEqual(seen.up?.length, 2)
        assert.include(JSON.stringify(seen.up?.[1]?.body), "cut \ufffd C:\\\\ud83d")
      })
    )
  }
})

describe("a character that comes in two halves", () => {
  const pieces = (field: string) => [
    chunk({ [field]: `a${half}` }),
    chunk({ [field]: rest }),
    chunk({ [field]: half }),
    chunk({ [field]: `${rest}b` })
  ]
  const args = (json: string) => chunk({ tool_calls: [{ index: 0, function: { arguments: json } }] })
  const answer = [
    ...pieces("reasoning_content"),
    ...pieces("content"),
    chunk({ tool_calls: [{ index: 0, id: "c", type: "function", function: { name: "f", arguments: "" } }] }),
    args(`{"a":"${half}`),
    args(`${rest}"}`),
    chunk({}, "tool_calls"),
    "[DONE]"
  ]
  const strings = (events: ReadonlyArray<Json>, pick: (event: Json) => unknown) =>
    events.map(pick).filter((text) => typeof text === "string" && text !== "")

  it.live("is one again for a client of messages", () =>
    Effect.gen(function* () {
      const { post } = yield* stage({ up: chatsThat(() => ({ events: answer })) })
      const body = { ...bodies[messages], model: "up/m", stream: true, thinking: { type: "adaptive" } }
      const events = dataOf((yield* post(messages, body)).text)
      assert.deepStrictEqual(
        strings(events, ({ delta }) => delta?.thinking),
        ["a", "😀", "😀b"]
      )
      assert.deepStrictEqual(
        strings(events, ({ delta }) => delta?.text),
        ["a", "😀", "😀b"]
      )
      assert.deepStrictEqual(
        strings(events, ({ delta }) => delta?.partial_json),
        ['{"a":"', '😀"}']
      )
    })
  )

  it.live("is one again when counts of tokens come with each chunk", () =>
    Effect.gen(function* () {
      const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
      const counted = answer.map((event) => (typeof event === "string" ? event : { ...event, usage }))
      const { post } = yield* stage({ up: chatsThat(() => ({ events: counted })) })
      const { text } = yield* post(responses, { ...bodies[responses], model: "up/m", stream: true })
      assert.notInclude(text, "\ufffd")
      assert.include(text, "😀")
    })
  )

  it.live("is one again for a client of responses", () =>
    Effect.gen(function* () {
      const { post } = yield* stage({ up: chatsThat(() => ({ events: answer })) })
      const { text } = yield* post(responses, { ...bodies[responses], model: "up/m", stream: true })
      assert.notInclude(text, "\\ud8")
      assert.notInclude(text, "\\ude")
      const events = dataOf(text)
      const deltas = strings(events, ({ delta, type }) => type === "response.output_text.delta" && delta)
      assert.deepStrictEqual(deltas, ["a", "😀", "😀b"])
    })
  )

  it.live("is one again for a client of chats, and a half without the other one is replaced", () =>
    Effect.gen(function* () {
      const [start, ...others] = messageEvents([
        { type: "text", text: half },
        { type: "text", text: "b" }
      ])
      const text = { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: rest } }
      const [open, first, ...last] = others
      const { post } = yield* stage({
        whole: messagesThat(() => ({ events: [start, open, first, text, ...last] })),
        cut: messagesThat(() => ({ events: [start, open, first, ...last.slice(-2)] }))
      })
      const said = Effect.fnUntraced(function* (model: string) {
        const got = yield* post(chats, { ...bodies[chats], model, stream: true })
        return strings(dataOf(got.text), ({ choices }) => choices[0]?.delta.content).join("|")
      })
      assert.strictEqual(yield* said("whole/m"), "😀|b")
      assert.strictEqual(yield* said("cut/m"), "\ufffd")
    })
  )
})
