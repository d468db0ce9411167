/** The answer when no target can serve the request, on the wire and through the official clients. */
import Anthropic from "@anthropic-ai/sdk"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import OpenAI from "openai"
import * as FaultServer from "../../support/FaultServer.ts"
import { ask, chat, key, message, openai, provider, start } from "../../support/gateway.ts"

/** A provider that echoes the key and the prompt in its errors. */
const says = (status: number, code: string, headers: Record<string, string> = {}) =>
  FaultServer.json({ ...openai.error(code, `no: ${key}`), echo: ["my deepest secret"] }, status, headers)

const reasons = {
  throttled: says(429, "rate_limit_exceeded", { "retry-after": "7" }),
  "throttled for long": says(429, "rate_limit_exceeded", { "retry-after": "50" }),
  overloaded: says(503, "overloaded_error"),
  broken: says(500, "server_error"),
  dead: says(401, "invalid_api_key"),
  "too long": says(400, "context_length_exceeded"),
  reset: [{ reset: true }],
  silent: [{ hang: true }],
  cut: [{ head: 200, headers: { "content-type": "text/event-stream" } }, { send: ": hm\n\n" }, { cut: true }],
  html: FaultServer.text("<html>my deepest secret</html>", 200, { "content-type": "text/html" })
} satisfies Record<string, FaultServer.Behaviour>

type Name = keyof typeof reasons

const rows: ReadonlyArray<readonly [Name, Name, number, string, string | undefined]> = [
  ["throttled", "throttled", 429, "rate_limit_exceeded", "7"],
  ["throttled", "dead", 429, "rate_limit_exceeded", "7"],
  ["throttled", "too long", 429, "rate_limit_exceeded", "7"],
  ["too long", "throttled", 429, "rate_limit_exceeded", "7"],
  ["overloaded", "throttled", 503, "overloaded", "5"],
  ["silent", "silent", 504, "timeout", "5"],
  ["dead", "silent", 504, "timeout", "5"],
  ["reset", "broken", 502, "chain_exhausted", "5"],
  ["cut", "html", 502, "chain_exhausted", undefined],
  ["dead", "dead", 502, "chain_exhausted", "300"]
]

const policy = {
  retries: { times: 0 },
  maxWait: 0,
  whenAllBenched: "fail",
  // Long enough for an answer on a busy machine.
  timeouts: { headers: "1 minute", firstContent: "1 minute", answer: "1 minute" }
}

/** For targets that do not answer. */
const soon = { timeouts: { headers: "150 millis", firstContent: "150 millis", answer: "150 millis" } }

const scene = Effect.fnUntraced(function* (
  first: FaultServer.Behaviour,
  second: FaultServer.Behaviour,
  more = {}
) {
  const [a, b] = [yield* FaultServer.make, yield* FaultServer.make]
  a.play(first)
  b.play(second)
  const url = yield* start({
    providers: { a: provider("openai", a), b: provider("openai", b) },
    models: { smart: ["a/m", "b/m"] },
    policy: { ...policy, ...((first === reasons.silent || second === reasons.silent) && soon), ...more }
  })
  return { a, b, url }
})

const callers = {
  chat: { path: "/v1/chat/completions", body: chat("smart") },
  responses: { path: "/v1/responses", body: { model: "smart", input: "my deepest secret" } },
  messages: { path: "/v1/messages", body: message("smart") }
}

const types: Readonly<Record<"openai" | "anthropic", Readonly<Record<number, string>>>> = {
  openai: { 429: "rate_limit_error", 502: "server_error", 503: "server_error", 504: "server_error" },
  anthropic: { 429: "rate_limit_error", 502: "api_error", 503: "overloaded_error", 504: "timeout_error" }
}

for (const [name, { body, path }] of Object.entries(callers)) {
  for (const stream of [false, true]) {
    describe(`${stream ? "a stream" : "an answer"} of ${name} that no target can give`, () => {
      for (const [first, second, status, code, wait] of rows) {
        it.live(
          `because of ${first} and ${second} is a ${status} in the caller's shape, without key and prompt`,
          () =>
            Effect.gen(function* () {
              const { url } = yield* scene(reasons[first], reasons[second])
              const got = yield* ask(`${url}${path}`, { body: { ...body, stream } })
              assert.strictEqual(got.status, status, got.text)
              assert.strictEqual(got.headers["content-type"], "application/json")
              assert.strictEqual(got.headers["retry-after"], wait)
              assert.strictEqual(got.headers["x-should-retry"], Number(wait) > 60 ? "false" : undefined)
              if (name === "messages") {
                assert.strictEqual(got.at("type"), "error")
                assert.strictEqual(got.at("error.type"), types.anthropic[status])
                assert.strictEqual(got.at("request_id"), got.headers["x-request-id"])
              } else {
                assert.strictEqual(got.at("error.type"), types.openai[status])
                assert.strictEqual(got.at("error.code"), code)
                assert.strictEqual(got.at("error.param"), null)
              }
              for (const target of ["a/m#k1: ", "b/m#k1: "]) assert.include(got.at("error.message"), target)
              const all = got.text + JSON.stringify(got.headers)
              assert.notInclude(all, key)
              assert.notInclude(all, "deepest")
            })
        )
      }

      it.live("because all are benched is a 503 with retry-after", () =>
        Effect.gen(function* () {
          const throttled = yield* scene(reasons["throttled for long"], reasons.dead)
          const dead = yield* scene(reasons.dead, reasons.dead)
          const asked = (url: string) => ask(`${url}${path}`, { body: { ...body, stream } })
          const began = performance.now()
          yield* asked(throttled.url)
          yield* asked(dead.url)
          const soon = yield* asked(throttled.url)
          assert.deepStrictEqual([soon.status, soon.headers["x-failover-attempts"]], [429, "0"])
          /** The whole seconds left of a cooldown, which continues while this test runs. */
          const isLeft = (said: string | undefined, rest: number) => {
            const passed = Math.ceil((performance.now() - began) / 1000)
            assert.isAtMost(Number(said), rest)
            assert.isAtLeast(Number(said), rest - passed)
          }
          isLeft(soon.headers["retry-after"], 50)
          const late = yield* asked(dead.url)
          assert.deepStrictEqual([late.status, late.headers["x-should-retry"]], [503, "false"])
          isLeft(late.headers["retry-after"], 300)
          assert.strictEqual(late.at("error.type"), name === "messages" ? "overloaded_error" : "server_error")
        })
      )

      it.live("because of the deadline is a 504", () =>
        Effect.gen(function* () {
          const { url } = yield* scene(reasons.silent, reasons.silent)
          const headers = { "x-failover-deadline-ms": "60" }
          const got = yield* ask(`${url}${path}`, { body: { ...body, stream }, headers })
          assert.strictEqual(got.status, 504, got.text)
          assert.strictEqual(got.at("error.type"), name === "messages" ? "timeout_error" : "server_error")
          assert.notInclude(got.text, "deepest")
        })
      )
    })
  }
}

/** The official clients, counting what they send. */
const clients = (url: string, maxRetries: number) => {
  const sent: Array<number> = []
  const counting: typeof fetch = (...args) => {
    sent.push(performance.now())
    return fetch(...args)
  }
  const openAi = new OpenAI({ baseURL: `${url}/v1`, apiKey: "x", maxRetries, fetch: counting })
  const claude = new Anthropic({ baseURL: url, apiKey: "x", maxRetries, fetch: counting })
  const messages = [{ role: "user" as const, content: "hi" }]
  return {
    sent,
    asks: {
      chat: () => openAi.chat.completions.create({ model: "smart", messages }),
      "a stream of chat": () => openAi.chat.completions.create({ model: "smart", messages, stream: true }),
      responses: () => openAi.responses.create({ model: "smart", input: "hi" }),
      messages: () => claude.messages.create({ model: "smart", max_tokens: 9, messages }),
      "a stream of messages": () =>
        claude.messages.create({ model: "smart", max_tokens: 9, messages, stream: true })
    }
  }
}

const rejected = (promise: () => PromiseLike<unknown>) =>
  Effect.promise(async () =>
    promise().then(
      () => assert.fail("it should not have been answered"),
      (error: unknown) => error
    )
  )

describe("the official clients", () => {
  it.live("throw the error of the status", () =>
    Effect.gen(function* () {
      for (const [first, second, status] of rows) {
        const { url } = yield* scene(reasons[first], reasons[second], { whenAllBenched: "tryAnyway" })
        for (const [name, asked] of Object.entries(clients(url, 0).asks)) {
          const error = yield* rejected(asked)
          const vendor = name.includes("messages") ? Anthropic : OpenAI
          const expected = status === 429 ? vendor.RateLimitError : vendor.InternalServerError
          assert.isTrue(error instanceof expected, `${first}, ${second}: ${name} got ${String(error)}`)
          assert.strictEqual(error instanceof vendor.APIError && error.status, status)
          assert.notInclude(String(error), key)
        }
      }
    })
  )

  it.live("retry once after retry-after, and get an answer", () =>
    Effect.gen(function* () {
      const brief = says(429, "rate_limit_exceeded", { "retry-after": "1" })
      for (const name of ["chat", "messages"] as const) {
        const { a, url } = yield* scene(brief, brief)
        const { asks, sent } = clients(url, 1)
        const answered = Effect.promise(async () => asks[name]())
        a.play(brief, FaultServer.json(openai.answer))
        yield* answered
        assert.lengthOf(sent, 2)
        assert.isAtLeast(sent[1]! - sent[0]!, 990)
      }
    })
  )

  it.live("do not retry if nothing can have changed", () =>
    Effect.gen(function* () {
      const { a, url } = yield* scene(reasons.dead, reasons.dead)
      const { asks, sent } = clients(url, 2)
      for (const asked of Object.values(asks)) yield* rejected(asked)
      assert.lengthOf(sent, Object.keys(asks).length)
      assert.lengthOf(a.requests, 1)
    })
  )
})
