/** Tokens reported by answers, on spans and in metrics, if they are configured. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import { collected } from "../../support/collector.ts"
import * as FaultServer from "../../support/FaultServer.ts"
import { anthropic, ask, chat, message, openai, provider, start } from "../../support/gateway.ts"

const sse = (json: object, event?: string) =>
  `${event === undefined ? "" : `event: ${event}\n`}data: ${JSON.stringify(json)}\n\n`

/** A chat stream with its usage at the end, as with `include_usage`. */
const chatEvents = [
  ...openai.events.slice(0, -3),
  sse({ id: "c-1", model: "large-0426", choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }),
  sse({
    id: "c-1",
    model: "large-0426",
    choices: [],
    usage: { prompt_tokens: 100, completion_tokens: 20, prompt_tokens_details: { cached_tokens: 60 } }
  }),
  "data: [DONE]\n\n"
]

const chatAnswer = {
  ...openai.answer,
  model: "large-0426",
  usage: { prompt_tokens: 100, completion_tokens: 20, prompt_tokens_details: { cached_tokens: 60 } }
}

const messageUsage = { input_tokens: 40, cache_read_input_tokens: 60, cache_creation_input_tokens: 0 }

const messageEvents = [
  sse(
    { type: "message_start", message: { id: "m", model: "large-0426", content: [], usage: messageUsage } },
    "message_start"
  ),
  ...anthropic.events.slice(1, -2),
  sse(
    { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 20 } },
    "message_delta"
  ),
  ...anthropic.events.slice(-1)
]

const messageAnswer = {
  ...anthropic.answer,
  model: "large-0426",
  usage: { ...messageUsage, output_tokens: 20 }
}

const responseAnswer = {
  id: "r-1",
  object: "response",
  status: "completed",
  model: "large-0426",
  output: [{ type: "message", role: "assistant", content: [{ type: "output_text", text: "hello" }] }],
  usage: { input_tokens: 100, input_tokens_details: { cached_tokens: 60 }, output_tokens: 20 }
}

const responseEvents = [
  sse({
    type: "response.created",
    response: { ...responseAnswer, status: "in_progress", output: [], usage: null }
  }),
  sse({ type: "response.output_text.delta", delta: "hello" }),
  sse({ type: "response.completed", response: responseAnswer })
]

const counts = {
  "gen_ai.response.model": "large-0426",
  "gen_ai.usage.input_tokens": 100,
  "gen_ai.usage.output_tokens": 20,
  "gen_ai.usage.cache_read.input_tokens": 60
}

const chats = { path: "/v1/chat/completions", body: chat }
const messages = { path: "/v1/messages", body: message }
const responses = {
  path: "/v1/responses",
  body: (model: string, more = {}) => ({ model, input: "my deepest secret", ...more })
}

const ways = [
  { name: "a chat", call: chats, by: "openai", script: FaultServer.json(chatAnswer), reason: "stop" },
  { name: "a chat's stream", call: chats, by: "openai", script: FaultServer.sse(chatEvents), reason: "stop" },
  {
    name: "a message",
    call: messages,
    by: "anthropic",
    script: FaultServer.json(messageAnswer),
    reason: "end_turn"
  },
  {
    name: "a message's stream",
    call: messages,
    by: "anthropic",
    script: FaultServer.sse(messageEvents),
    reason: "end_turn"
  },
  {
    name: "a response",
    call: responses,
    by: "openai",
    script: FaultServer.json(responseAnswer),
    reason: "completed"
  },
  {
    name: "a response's stream",
    call: responses,
    by: "openai",
    script: FaultServer.sse(responseEvents),
    reason: "completed"
  },
  {
    name: "a chat that is translated",
    call: chats,
    by: "anthropic",
    script: FaultServer.json(messageAnswer),
    reason: "end_turn"
  },
  {
    name: "a message's stream that is translated",
    call: messages,
    by: "openai",
    script: FaultServer.sse(chatEvents),
    reason: "stop"
  }
] as const

const smart = (by: "openai" | "anthropic", server: FaultServer.FaultServer) => ({
  providers: { a: provider(by, server) },
  models: { smart: "a/large" },
  policy: { retries: { times: 0 } }
})

const registry = Effect.provideServiceEffect(
  Metric.MetricRegistry,
  Effect.sync(() => new Map())
)

const series = (text: string, name: string) => text.split("\n").filter((line) => line.startsWith(name))

describe("tokens", () => {
  for (const { by, call, name, reason, script } of ways) {
    it.live(`of ${name} are on the spans of the request and of the attempt, without any of its text`, () =>
      Effect.gen(function* () {
        const server = yield* FaultServer.make
        server.play(script)
        const stream = name.includes("stream")
        const { spans, text } = yield* collected(smart(by, server), (url) =>
          Effect.map(ask(`${url}${call.path}`, { body: call.body("smart", { stream }) }), ({ status }) =>
            assert.strictEqual(status, 200)
          )
        )
        assert.lengthOf(spans, 2)
        for (const { attributes } of spans) {
          assert.deepInclude(attributes, { ...counts, "gen_ai.response.finish_reasons": [reason] })
        }
        assert.notInclude(text, "hello")
        assert.notInclude(text, "deepest secret")
      })
    )
  }

  it.live("of a failed attempt stay on its own span, and count", () =>
    Effect.gen(function* () {
      const [a, b] = [yield* FaultServer.make, yield* FaultServer.make]
      // Cut before its first content, when the input has been counted already.
      a.play(FaultServer.sse(messageEvents.slice(0, 2)))
      b.play(FaultServer.sse(messageEvents))
      const config = {
        providers: { a: provider("anthropic", a), b: provider("anthropic", b) },
        models: { smart: ["a/large", "b/large"] },
        policy: { retries: { times: 0 } }
      }
      const scraped = { text: "" }
      const { spans } = yield* collected(config, (url) =>
        Effect.gen(function* () {
          yield* ask(`${url}/v1/messages`, { body: message("smart", { stream: true }) })
          scraped.text = (yield* ask(`${url}/metrics`)).text
        })
      )
      const failed = spans.find(({ attributes }) => attributes["failover.outcome"] === "failed")
      const run = spans.find(({ kind }) => kind === 2)
      assert.strictEqual(failed?.attributes["gen_ai.usage.input_tokens"], 100)
      assert.notProperty(failed?.attributes ?? {}, "gen_ai.usage.output_tokens")
      assert.deepInclude(run?.attributes ?? {}, counts)
      assert.deepStrictEqual(
        series(scraped.text, "failover_tokens_total").map((line) => line.replace(/^.*\{|"/g, "")),
        [
          "provider=a,model=large,direction=input} 100",
          "provider=b,model=large,direction=input} 100",
          "provider=b,model=large,direction=output} 20"
        ]
      )
    })
  )

  it.live("are counted without a collector if the config enables it, and not otherwise", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.play(FaultServer.json(chatAnswer))
      const count = (usage: boolean | undefined) =>
        Effect.gen(function* () {
          const url = yield* start({ ...smart("openai", server), telemetry: { usage } })
          yield* ask(`${url}/v1/chat/completions`, { body: chat("smart") })
          const { text } = yield* ask(`${url}/metrics`)
          return [...series(text, "failover_tokens_total"), ...series(text, "failover_cached_tokens_total")]
        }).pipe(registry, Effect.scoped)
      assert.deepStrictEqual(yield* count(true), [
        'failover_tokens_total{provider="a",model="large",direction="input"} 100',
        'failover_tokens_total{provider="a",model="large",direction="output"} 20',
        'failover_cached_tokens_total{provider="a",model="large",access="read"} 60'
      ])
      assert.deepStrictEqual(yield* count(undefined), [])
    })
  )

  it.live("are not read if spans are sent but the config disables usage", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.play(FaultServer.json(chatAnswer))
      const call = (url: string) => ask(`${url}/v1/chat/completions`, { body: chat("smart") })
      const telemetry = { usage: false }
      const { spans } = yield* collected({ ...smart("openai", server), telemetry }, call)
      assert.lengthOf(spans, 2)
      for (const { attributes } of spans) {
        assert.notProperty(attributes, "gen_ai.usage.input_tokens")
        assert.strictEqual(attributes["gen_ai.response.model"] ?? "large", "large")
      }
    })
  )
})
