/** Finish reasons that count as answers, and prompts that are too long, in the caller's protocol. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FaultServer from "../../support/FaultServer.ts"
import { ask, chat, message, provider, start } from "../../support/gateway.ts"

const policy = { retries: { times: 2 }, threshold: { transient: 1 } }
const sse = (...events: ReadonlyArray<object>): FaultServer.Behaviour => [
  FaultServer.sseHead,
  {
    send: events
      .map((event) => `${"type" in event ? `event: ${event.type}\n` : ""}data: ${JSON.stringify(event)}\n\n`)
      .join("")
  },
  { end: true }
]
const chunk = (delta: object, finish_reason: string | null = null) => ({
  id: "c",
  choices: [{ index: 0, delta, finish_reason }]
})
const calls = {
  openai: { path: "/v1/chat/completions", body: chat },
  anthropic: { path: "/v1/messages", body: message },
  responses: {
    path: "/v1/responses",
    body: (model: string, more: object = {}) => ({ model, input: "hi", ...more })
  }
} as const
const callers = ["openai", "anthropic", "responses"] as const

const setUp = (target: "openai" | "anthropic") =>
  Effect.gen(function* () {
    const server = yield* FaultServer.make
    const url = yield* start({ providers: { p: { ...provider(target, server), responses: false } }, policy })
    return { server, url }
  })

describe("a prompt that is too long", () => {
  const said =
    "This model's maximum context length is 4096 tokens. However, your messages resulted in 5000 tokens."
  const errors = {
    openai: [
      { error: { message: said, type: "invalid_request_error", code: "context_length_exceeded" } },
      { error: { message: said, type: "BadRequestError", code: 400 } }
    ],
    anthropic: [
      {
        type: "error",
        error: { type: "invalid_request_error", message: "prompt is too long: 5000 tokens > 4096 maximum" }
      },
      { type: "error", error: { type: "invalid_request_error", message: said } }
    ]
  }
  for (const target of ["openai", "anthropic"] as const) {
    it.live(`for a target of ${target} is an error in the caller's protocol, whole and in a stream`, () =>
      Effect.gen(function* () {
        const { server, url } = yield* setUp(target)
        for (const error of errors[target]) {
          for (const caller of callers) {
            for (const stream of [false, true]) {
              server.play(FaultServer.json(error, 400))
              const { body, path } = calls[caller]
              const got = yield* ask(`${url}${path}`, { body: body("p/m", { stream }) })
              assert.strictEqual(got.status, 400, got.text)
              if (caller === "anthropic") {
                assert.include(got.at("error.message"), "prompt is too long: 5000 tokens > 4096 maximum")
                assert.strictEqual(got.at("error.type"), "invalid_request_error")
              } else assert.strictEqual(got.at("error.code"), "context_length_exceeded", got.text)
            }
          }
        }
      })
    )
  }

  it.live("is reported in the middle of a stream", () =>
    Effect.gen(function* () {
      const { server, url } = yield* setUp("openai")
      const events = [chunk({ content: "a" }), errors.openai[0]!]
      server.play(sse(...events))
      const got = yield* ask(`${url}/v1/messages`, { body: message("p/m", { stream: true }) })
      assert.include(got.text, "prompt is too long: 5000 tokens > 4096 maximum")
    })
  )
})

describe("a model that refuses without content", () => {
  const refusals = {
    anthropic: {
      whole: {
        id: "m",
        type: "message",
        role: "assistant",
        model: "m",
        content: [],
        stop_reason: "refusal",
        stop_details: { type: "refusal", category: "cyber", explanation: "not this" },
        usage: { input_tokens: 1, output_tokens: 1 }
      },
      events: sse(
        { type: "message_start", message: { id: "m", content: [], usage: { input_tokens: 1 } } },
        {
          type: "message_delta",
          delta: { stop_reason: "refusal", stop_details: { type: "refusal", explanation: "not this" } },
          usage: { output_tokens: 1 }
        },
        { type: "message_stop" }
      )
    },
    openai: {
      whole: {
        id: "c",
        object: "chat.completion",
        choices: [{ index: 0, message: { role: "assistant", content: null }, finish_reason: "SAFETY" }]
      },
      events: sse(chunk({ role: "assistant" }), chunk({}, "SAFETY"))
    }
  }
  for (const target of ["openai", "anthropic"] as const) {
    it.live(`on a target of ${target} is a refusal in the caller's protocol`, () =>
      Effect.gen(function* () {
        const { server, url } = yield* setUp(target)
        for (const caller of callers) {
          const { body, path } = calls[caller]
          server.play(FaultServer.json(refusals[target].whole), refusals[target].events)
          const word = caller === "anthropic" ? '"stop_reason":"refusal"' : '"content_filter"'
          for (const stream of [false, true]) {
            const got = yield* ask(`${url}${path}`, { body: body("p/m", { stream }) })
            assert.strictEqual(got.status, 200, got.text)
            assert.include(got.text, word)
            if (target === "anthropic") assert.include(got.text, "not this")
          }
        }
        assert.strictEqual(server.requests.length, callers.length * 2)
      })
    )
  }

  it.live("falls back to the chain for refused content first", () =>
    Effect.gen(function* () {
      const [strict, easy] = [yield* FaultServer.make, yield* FaultServer.make]
      const url = yield* start({
        providers: { strict: provider("anthropic", strict), easy: provider("openai", easy) },
        models: { m: { chain: ["strict/m"], onContentPolicy: ["easy/m"] } },
        policy
      })
      strict.play(FaultServer.json(refusals.anthropic.whole))
      easy.play(
        FaultServer.json({ id: "c", choices: [{ message: { content: "hello" }, finish_reason: "stop" }] })
      )
      const got = yield* ask(`${url}/v1/messages`, { body: message("m") })
      assert.strictEqual(got.at("content.0.text"), "hello")
    })
  )
})

describe("an end without content right behind a tool's result", () => {
  const history = {
    openai: {
      messages: [
        { role: "user", content: "hi" },
        {
          role: "assistant",
          content: null,
          tool_calls: [{ id: "t", type: "function", function: { name: "f", arguments: "{}" } }]
        },
        { role: "tool", tool_call_id: "t", content: "done" }
      ]
    },
    anthropic: {
      messages: [
        { role: "user", content: "hi" },
        { role: "assistant", content: [{ type: "tool_use", id: "t", name: "f", input: {} }] },
        { role: "user", content: [{ type: "tool_result", tool_use_id: "t", content: "done" }] }
      ]
    },
    responses: {
      input: [
        { role: "user", content: "hi" },
        { type: "function_call", call_id: "t", name: "f", arguments: "{}" },
        { type: "function_call_output", call_id: "t", output: "done" }
      ]
    }
  }
  const empty = {
    openai: {
      whole: {
        id: "c",
        object: "chat.completion",
        choices: [{ index: 0, message: { role: "assistant", content: "" }, finish_reason: "stop" }]
      },
      events: sse(chunk({ role: "assistant", content: "" }), chunk({}, "stop"))
    },
    anthropic: {
      whole: {
        id: "m",
        type: "message",
        role: "assistant",
        content: [],
        stop_reason: "end_turn",
        usage: { input_tokens: 1, output_tokens: 2 }
      },
      events: sse(
        { type: "message_start", message: { id: "m", content: [], usage: { input_tokens: 1 } } },
        { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 2 } },
        { type: "message_stop" }
      )
    }
  }
  for (const target of ["openai", "anthropic"] as const) {
    it.live(`on a target of ${target} is an answer, and nothing is benched`, () =>
      Effect.gen(function* () {
        const { server, url } = yield* setUp(target)
        for (const caller of callers) {
          const { body, path } = calls[caller]
          server.play(FaultServer.json(empty[target].whole), empty[target].events)
          for (const stream of [false, true]) {
            const got = yield* ask(`${url}${path}`, {
              body: { ...body("p/m", { stream }), ...history[caller] }
            })
            assert.strictEqual(got.status, 200, got.text)
            assert.strictEqual(got.headers["x-failover-trail"], "ok")
          }
        }
        assert.strictEqual(server.requests.length, callers.length * 2)
      })
    )
  }

  it.live("is empty anywhere else", () =>
    Effect.gen(function* () {
      const { server, url } = yield* setUp("anthropic")
      for (let time = 0; time < 3; time++) server.play(FaultServer.json(empty.anthropic.whole))
      const got = yield* ask(`${url}/v1/messages`, { body: message("p/m") })
      assert.strictEqual(got.status, 502)
    })
  )
})
