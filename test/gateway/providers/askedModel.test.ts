/** The model that an answer names for Claude Code, which keeps only the thoughts of the model that it requested. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FaultServer from "../../support/FaultServer.ts"
import { anthropic, ask, openai, provider, start } from "../../support/gateway.ts"

const session = { "x-claude-code-session-id": "58082327-11f5-4f51-aa61-edd486ab1126" }
const model = "the-provider's-own"
const [first, ...pieces] = anthropic.events
/** Answers that name their model. */
const fixtures = {
  anthropic: {
    answer: { ...anthropic.answer, model },
    events: [first!.replace('"id":"m-1"', `"id":"m-1","model":"${model}"`), ...pieces]
  },
  openai: {
    answer: { ...openai.answer, model },
    events: openai.events.map((event) => event.replace('"id":"c-1"', `"id":"c-1","model":"${model}"`))
  }
} as const
const protocols = ["anthropic", "openai"] as const

/** The answer of a gateway whose model `smart` is a server with this protocol, to a caller of messages. */
const answered = Effect.fnUntraced(function* (
  protocol: (typeof protocols)[number],
  more: object,
  headers: Readonly<Record<string, string>>
) {
  const server = yield* FaultServer.make
  const url = yield* start({
    providers: { a: provider(protocol, server) },
    models: { smart: ["a/claude-sonnet-5"] }
  })
  const { answer, events } = fixtures[protocol]
  server.play("stream" in more ? FaultServer.sse(events) : FaultServer.json(answer))
  const messages = [{ role: "user", content: "hi" }]
  const got = yield* ask(`${url}/v1/messages`, {
    body: { model: "smart", max_tokens: 100, messages, ...more },
    headers
  })
  assert.strictEqual(got.status, 200, got.text)
  return got.text
})

const modelsIn = (text: string) => [...text.matchAll(/"model":"([^"]*)"/g)].map(([, name]) => name)
/** The text without the name of its model. */
const rest = (text: string) => text.replace(/"model":"[^"]*"/, "").replaceAll(/req_\w+/g, "")

for (const protocol of protocols) {
  for (const more of [{}, { stream: true }]) {
    const kind = `${"stream" in more ? "a stream" : "a whole answer"} of a server with ${protocol === "openai" ? "chats" : "messages"}`
    describe(kind, () => {
      it.live("names the model that Claude Code requested, and is unchanged otherwise", () =>
        Effect.gen(function* () {
          const got = yield* answered(protocol, more, session)
          assert.deepStrictEqual(modelsIn(got), ["smart"])
          assert.strictEqual(rest(got), rest(yield* answered(protocol, more, {})))
        })
      )

      it.live("names the provider's model to any other client", () =>
        Effect.gen(function* () {
          assert.deepStrictEqual(modelsIn(yield* answered(protocol, more, {})), [model])
        })
      )
    })
  }
}

describe("an answer to Claude Code", () => {
  it.live("names the provider's model if Anthropic itself may have chosen another one", () =>
    Effect.gen(function* () {
      const more = { fallbacks: [{ model: "claude-opus-5" }], stream: true }
      assert.deepStrictEqual(modelsIn(yield* answered("anthropic", more, session)), [model])
    })
  )
})
