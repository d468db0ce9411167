import * as http from "node:http"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FaultServer from "../../support/FaultServer.ts"
import { anthropic, ask, chat, eventually, message, openai, provider, start } from "../../support/gateway.ts"

const quick = { retries: { times: 0 } }

const dialects = [
  { name: "openai" as const, path: "/v1/chat/completions", body: chat, dialect: openai },
  { name: "anthropic" as const, path: "/v1/messages", body: message, dialect: anthropic }
]

/** The first events of a stream, up to and including its first content. */
const begun = (events: ReadonlyArray<string>) =>
  events.slice(0, events.findIndex((event) => event.includes("hel")) + 1)

for (const { body, dialect, name, path } of dialects) {
  const { events } = dialect
  const ask1 = (url: string, more: object = {}) =>
    ask(`${url}${path}`, { body: body("a/one", { stream: true, ...more }) })

  describe(`a stream in ${dialect.name}'s protocol`, () => {
    it.live("comes back byte for byte, comments and pings included", () =>
      Effect.gen(function* () {
        const server = yield* FaultServer.make
        server.play(FaultServer.sse(events))
        const url = yield* start({ providers: { a: provider(name, server) } })
        const got = yield* ask1(url)
        assert.strictEqual(got.status, 200)
        assert.strictEqual(got.text, events.join(""))
        assert.isFalse(got.broken)
        assert.deepInclude(got.headers, {
          "content-type": "text/event-stream; charset=utf-8",
          "cache-control": "no-cache",
          "x-failover-target": "a/one#k1",
          "x-failover-trail": "ok"
        })
      })
    )

    it.live("that breaks before its first content falls back, and its status is chosen only then", () =>
      Effect.gen(function* () {
        const [a, b] = [yield* FaultServer.make, yield* FaultServer.make]
        const error = `${name === "anthropic" ? "event: error\n" : ""}data: ${JSON.stringify(dialect.error("overloaded_error", "Overloaded"))}\n\n`
        const openings = begun(events).slice(0, -1)
        const deaths: ReadonlyArray<readonly [string, FaultServer.Behaviour]> = [
          ["overloaded", FaultServer.sse([...openings, error])],
          ["truncated", [FaultServer.sseHead, ...openings.map((send) => ({ send })), { cut: true }]],
          ["timeout", [FaultServer.sseHead, ...openings.map((send) => ({ send })), { hang: true }]],
          ["overloaded", FaultServer.json(dialect.error("overloaded_error", "Overloaded"), 529)]
        ]
        b.play(FaultServer.sse(events))
        for (const [word, death] of deaths) {
          a.play(death)
          // Only the silent stream has a short timeout, so that a busy machine does not time out the others.
          const firstContent = word === "timeout" ? "150 millis" : "30 seconds"
          const url = yield* start({
            providers: {
              a: { ...provider(name, a), policy: { timeouts: { firstContent } } },
              b: provider(name, b)
            },
            policy: quick
          })
          const got = yield* ask1(url, { fallbacks: ["b/two"] })
          assert.strictEqual(got.status, 200)
          assert.strictEqual(got.headers["x-failover-trail"], `${word},ok`)
          assert.strictEqual(got.text, events.join(""))
        }
      })
    )

    it.live("that no target can serve is an error with its own status", () =>
      Effect.gen(function* () {
        const server = yield* FaultServer.make
        server.play(FaultServer.sse(begun(events).slice(0, -1)))
        const url = yield* start({ providers: { a: provider(name, server) }, policy: quick })
        const got = yield* ask1(url)
        assert.strictEqual(got.status, 502)
        assert.strictEqual(got.headers["content-type"], "application/json")
        assert.isString(got.at("error.message"))
      })
    )

    it.live(
      "that breaks after its first content ends with an error event and never like a complete one",
      () =>
        Effect.gen(function* () {
          const server = yield* FaultServer.make
          const opening = begun(events)
          const breaks: ReadonlyArray<FaultServer.Behaviour> = [
            [FaultServer.sseHead, { send: opening.join("") }, { wait: 20 }, { reset: true }],
            [FaultServer.sseHead, { send: opening.join("") }, { wait: 20 }, { end: true }],
            [FaultServer.sseHead, { send: opening.join("") }, { hang: true }],
            [FaultServer.sseHead, { send: opening.join("") }, { send: "data: {broken\n\n" }, { hang: true }]
          ]
          const url = yield* start({
            providers: { a: provider(name, server) },
            policy: { ...quick, threshold: { transient: 100 }, timeouts: { idle: "150 millis" } }
          })
          for (const behaviour of breaks) {
            server.play(behaviour)
            const got = yield* ask1(url)
            assert.strictEqual(got.status, 200)
            assert.isTrue(got.text.startsWith(opening.join("")))
            const last = got.text.slice(opening.join("").length)
            assert.isTrue(last.startsWith(name === "anthropic" ? "event: error\ndata: {" : "data: {"), last)
            const json = JSON.parse(last.slice(last.indexOf("{")))
            assert.isString(json.error.message)
            if (name === "anthropic") assert.strictEqual(json.type, "error")
            assert.notInclude(got.text, "[DONE]")
            assert.notInclude(got.text, "message_stop")
          }
        })
    )

    it.live("is cancelled upstream within a second after its reader disconnects", () =>
      Effect.gen(function* () {
        const server = yield* FaultServer.make
        server.play([FaultServer.sseHead, { send: begun(events).join("") }, { hang: true }])
        const url = yield* start({ providers: { a: provider(name, server) } })
        const request = http.request(`${url}${path}`, { method: "POST", agent: false })
        request.on("error", () => {})
        request.end(JSON.stringify(body("a/one", { stream: true })))
        yield* Effect.callback<void>((resume) => {
          request.on("response", (response) => response.once("data", () => resume(Effect.void)))
        })
        assert.isFalse(server.requests[0]?.aborted)
        request.destroy()
        yield* Effect.timeout(
          eventually(() => server.requests[0]?.aborted === true),
          "1 second"
        )
      })
    )
  })
}

describe("a caller that disconnects", () => {
  it.live("before an answer cancels the provider's request and benches nothing", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.play([{ hang: true }], FaultServer.json(openai.answer))
      const url = yield* start({ providers: { a: provider("openai", server) } })
      const request = http.request(`${url}/v1/chat/completions`, { method: "POST", agent: false })
      request.on("error", () => {})
      request.end(JSON.stringify(chat("a/one")))
      yield* eventually(() => server.requests.length === 1)
      request.destroy()
      yield* Effect.timeout(
        eventually(() => server.requests[0]?.aborted === true),
        "1 second"
      )
      const next = yield* ask(`${url}/v1/chat/completions`, { body: chat("a/one") })
      assert.strictEqual(next.headers["x-failover-trail"], "ok")
    })
  )
})

describe("a slow reader", () => {
  it.live("slows the provider down instead of filling the gateway's memory", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      const event = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: "x".repeat(60_000) } }] })}\n\n`
      server.play([FaultServer.sseHead, { send: event.repeat(400) }, { end: true }])
      const url = yield* start({ providers: { a: provider("openai", server) } })
      const request = http.request(`${url}/v1/chat/completions`, { method: "POST", agent: false })
      request.end(JSON.stringify(chat("a/one", { stream: true })))
      const response = yield* Effect.callback<http.IncomingMessage>((resume) => {
        request.on("response", (response) => resume(Effect.succeed(response)))
      })
      yield* Effect.sleep("300 millis")
      const unsent = server.requests[0]!.unsent
      assert.isAbove(unsent, 4_000_000, "most of it is still at the provider")
      response.resume()
      yield* Effect.callback<void>((resume) => {
        response.on("close", () => resume(Effect.void))
      })
    })
  )
})
