import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FaultServer from "../support/FaultServer.ts"
import { anthropic, ask, chat, key, message, openai, provider, start } from "../support/gateway.ts"

const throttled = FaultServer.json(openai.error("rate_limit_exceeded", "slow down"), 429, {
  "retry-after": "7"
})
const dead = FaultServer.json(openai.error("invalid_api_key", `Incorrect API key provided: ${key}`), 401)
const overloaded = FaultServer.json(openai.error("server_error", "The server is overloaded"), 503)

const quick = { retries: { times: 0 } }

describe("an answer", () => {
  it.live("comes back byte for byte, with the provider's headers and the gateway's own", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      const bytes = ` {"unknown":1.10, "choices":[{"message":{"content":"hello 漢"},"finish_reason":"stop"}]}\n`
      server.play(FaultServer.json(bytes, 200, { "x-ratelimit-remaining": "9", "x-request-id": "theirs" }))
      const url = yield* start({ providers: { a: provider("openai", server) } })
      const got = yield* ask(`${url}/v1/chat/completions`, { body: chat("a/gpt") })
      assert.strictEqual(got.status, 200)
      assert.strictEqual(got.text, bytes)
      assert.deepInclude(got.headers, {
        "content-type": "application/json",
        "x-ratelimit-remaining": "9",
        "x-upstream-request-id": "theirs",
        "x-failover-target": "a/gpt#k1",
        "x-failover-attempts": "1",
        "x-failover-trail": "ok"
      })
      assert.match(String(got.headers["x-request-id"]), /^req_\w{20,}$/)
    })
  )

  it.live(
    "has the trail of its attempts: a throttled key, a dead one, an overloaded provider, another model",
    () =>
      Effect.gen(function* () {
        const [a, b] = [yield* FaultServer.make, yield* FaultServer.make]
        a.answer((seen) => (seen.headers.authorization?.endsWith("1") ? throttled : dead))
        b.answer((seen) => (seen.model === "big" ? overloaded : FaultServer.json(openai.answer)))
        const url = yield* start({
          providers: { a: provider("openai", a, ["key-1", "key-2"]), b: provider("openai", b) },
          models: { smart: ["a/gpt", "b/big", "b/small"] },
          policy: quick
        })
        const got = yield* ask(`${url}/v1/chat/completions`, { body: chat("smart") })
        assert.strictEqual(got.status, 200)
        assert.deepInclude(got.headers, {
          "x-failover-target": "b/small#k1",
          "x-failover-attempts": "4",
          "x-failover-trail": "rate-limit,invalid-key,overloaded,ok"
        })
        const again = yield* ask(`${url}/v1/chat/completions`, { body: chat("smart") })
        assert.strictEqual(again.headers["x-failover-trail"], "ok", "what failed rests now")
      })
  )

  it.live("keeps the caller's request id, if it is valid", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.play(FaultServer.json(openai.answer))
      const url = yield* start({ providers: { a: provider("openai", server) } })
      const idOf = (id: string) =>
        Effect.map(
          ask(`${url}/v1/chat/completions`, { body: chat("a/gpt"), headers: { "x-request-id": id } }),
          (got) => got.headers["x-request-id"]
        )
      assert.strictEqual(yield* idOf("trace-42:a/b"), "trace-42:a/b")
      assert.match(String(yield* idOf("two words")), /^req_/)
      assert.match(String(yield* idOf("x".repeat(200))), /^req_/)
    })
  )

  it.live("of embeddings falls back only on what the request or its model names", () =>
    Effect.gen(function* () {
      const [a, b] = [yield* FaultServer.make, yield* FaultServer.make]
      const vectors = { object: "list", data: [{ object: "embedding", index: 0, embedding: [0.5] }] }
      a.play(overloaded)
      b.play(FaultServer.json(vectors))
      const url = yield* start({
        providers: { a: provider("openai", a), b: provider("openai", b) },
        fallbacks: ["b/chat-model"],
        policy: quick
      })
      const body = { model: "a/embed", input: "text" }
      assert.strictEqual((yield* ask(`${url}/v1/embeddings`, { body })).status, 503)
      assert.strictEqual(b.requests.length, 0)
      const got = yield* ask(`${url}/v1/embeddings`, { body: { ...body, fallbacks: ["b/embed"] } })
      assert.deepStrictEqual(got.json, vectors)
      assert.strictEqual(b.requests[0]?.path, "/v1/embeddings")
    })
  )

  it.live(
    "of Anthropic's protocol keeps the headers of that protocol, and nothing else of the caller's",
    () =>
      Effect.gen(function* () {
        const server = yield* FaultServer.make
        server.play(FaultServer.json(anthropic.answer))
        const url = yield* start({
          providers: { a: provider("anthropic", server) },
          server: { tokens: ["let-me-in"] }
        })
        const got = yield* ask(`${url}/v1/messages?beta=true`, {
          body: message("a/claude"),
          headers: {
            "x-api-key": "let-me-in",
            "anthropic-version": "2023-06-01",
            "anthropic-beta": "some-beta",
            cookie: "session=1",
            traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
          }
        })
        assert.deepStrictEqual(got.json, anthropic.answer)
        const sent = server.requests[0]!.headers
        assert.deepInclude(sent, {
          "x-api-key": key,
          "anthropic-version": "2023-06-01",
          "anthropic-beta": "some-beta"
        })
        assert.notProperty(sent, "cookie")
        assert.notProperty(sent, "traceparent")
        assert.notProperty(sent, "authorization")
      })
  )
})

describe("a request", () => {
  it.live("may name its own fallbacks, in its body or in a header, and they are not sent on", () =>
    Effect.gen(function* () {
      const [a, b] = [yield* FaultServer.make, yield* FaultServer.make]
      a.play(overloaded)
      b.answer((seen) => (seen.model === "two" ? overloaded : FaultServer.json(openai.answer)))
      const url = yield* start({
        providers: { a: provider("openai", a), b: provider("openai", b) },
        policy: { ...quick, threshold: { transient: 100 } }
      })
      const body = `{"model":"a/one","seed":12345678901234567890,"fallbacks":["b/two"],"messages":[]}`
      const got = yield* ask(`${url}/v1/chat/completions`, {
        body,
        headers: { "x-failover-models": " b/three , a/four" }
      })
      assert.strictEqual(got.headers["x-failover-target"], "b/three#k1")
      assert.deepStrictEqual(
        b.requests.map(({ body }) => body),
        [
          '{"model":"two","seed":12345678901234567890,"messages":[]}',
          '{"model":"three","seed":12345678901234567890,"messages":[]}'
        ]
      )
    })
  )

  it.live("may bound its own time, but not beyond what is configured", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.play([{ hang: true }])
      const url = yield* start({
        providers: { a: provider("openai", server) },
        policy: { deadline: "300 millis" }
      })
      const within = (ms: string) =>
        ask(`${url}/v1/chat/completions`, { body: chat("a/gpt"), headers: { "x-failover-deadline-ms": ms } })
      for (const ms of ["50", "60000"]) {
        const got = yield* within(ms)
        assert.strictEqual(got.status, 504)
        assert.strictEqual(got.at("error.code"), "deadline_exceeded")
        assert.include(got.at("error.message"), ms === "50" ? "50 ms" : "300 ms")
      }
      for (const ms of ["0", "-1", "soon", "1e3", ""]) {
        const got = yield* within(ms)
        assert.deepStrictEqual([got.status, got.at("error.code")], [400, "invalid_deadline"], ms)
      }
    })
  )

  const refusals = [
    ["is not JSON", "{", 400, "invalid_json"],
    ["is empty", "", 400, "invalid_json"],
    ["is no object", "[1]", 400, "invalid_json"],
    ["names no model", { messages: [] }, 400, "missing_model"],
    ["names its model with a number", { model: 5 }, 400, "missing_model"],
    ["names its model with blanks", { model: "  " }, 400, "missing_model"],
    ["names its model at length", { model: `openai/${"x".repeat(600)}` }, 400, "missing_model"],
    ["names an unknown model", { model: "nobody" }, 404, "model_not_found"],
    ["names a model of an unknown provider", { model: "b/gpt" }, 404, "model_not_found"],
    ["names an unknown fallback", { model: "a/gpt", fallbacks: ["b/gpt"] }, 404, "model_not_found"],
    ["has fallbacks that are no list", { model: "a/gpt", fallbacks: { x: 1 } }, 400, "invalid_fallbacks"],
    ["has a fallback that is no name", { model: "a/gpt", fallbacks: ["a/x", 5] }, 400, "invalid_fallbacks"],
    [
      "has too many fallbacks",
      { model: "a/gpt", fallbacks: Array(33).fill("a/x") },
      400,
      "invalid_fallbacks"
    ],
    ["is nested too deeply", "[".repeat(200_000), 400, "invalid_json"]
  ] as const

  for (const [what, body, status, code] of refusals) {
    it.live(`with a body that ${what} is refused in the format of the protocol`, () =>
      Effect.gen(function* () {
        const server = yield* FaultServer.make
        const url = yield* start({
          providers: { a: provider("openai", server) },
          models: { smart: ["a/gpt"] }
        })
        const got = yield* ask(`${url}/v1/chat/completions`, { body })
        assert.strictEqual(got.status, status)
        assert.strictEqual(got.at("error.code"), code)
        assert.strictEqual(got.at("error.type"), "invalid_request_error")
        assert.isString(got.at("error.message"))
        assert.match(String(got.headers["x-request-id"]), /^req_/)

        const other = yield* ask(`${url}/v1/messages`, { body })
        assert.strictEqual(other.status, status)
        assert.strictEqual(other.at("type"), "error")
        assert.strictEqual(
          other.at("error.type"),
          status === 404 ? "not_found_error" : "invalid_request_error"
        )
        assert.strictEqual(other.at("request_id"), other.headers["x-request-id"])
        assert.strictEqual(server.requests.length, 0)
      })
    )
  }

  it.live("that is not JSON is not quoted in the answer", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      const url = yield* start({ providers: { a: provider("openai", server) } })
      const got = yield* ask(`${url}/v1/chat/completions`, { body: "my deepest secret" })
      assert.notInclude(got.text, "secret")
    })
  )

  it.live("for embeddings to a model with another protocol is refused, and such fallbacks are skipped", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      const url = yield* start({
        providers: { a: provider("openai", server), c: provider("anthropic", server) }
      })
      const embed = (body: object) => ask(`${url}/v1/embeddings`, { body: { input: "x", ...body } })
      const crossed = yield* embed({ model: "c/claude" })
      assert.strictEqual(crossed.status, 400)
      assert.include(crossed.at("error.message"), "another protocol")
      assert.strictEqual(server.requests.length, 0)
      server.play(FaultServer.json({ data: [{ index: 0, embedding: [0.5] }] }))
      const mixed = yield* embed({ model: "c/claude", fallbacks: ["a/gpt"] })
      assert.deepStrictEqual([mixed.status, mixed.headers["x-failover-target"]], [200, "a/gpt#k1"])
    })
  )

  it.live("to a path or with a method that is not there is refused in JSON", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      const url = yield* start({ providers: { a: provider("openai", server) } })
      const nowhere = yield* ask(`${url}/v1/nothing`)
      assert.deepStrictEqual([nowhere.status, nowhere.at("error.code")], [404, "not_found"])
      const wrong = yield* ask(`${url}/v1/chat/completions`)
      assert.deepStrictEqual([wrong.status, wrong.headers.allow], [405, "POST"])
      assert.strictEqual((yield* ask(`${url}/v1/models`, { body: {} })).headers.allow, "GET")
      const anthropics = yield* ask(`${url}/v1/messages/batches`)
      assert.deepStrictEqual([anthropics.status, anthropics.at("error.type")], [404, "not_found_error"])
      const head = yield* ask(`${url}/healthz`, { method: "HEAD" })
      assert.deepStrictEqual([head.status, head.text], [200, ""])
      assert.deepStrictEqual((yield* ask(`${url}/healthz/`)).json, { status: "ok" })
    })
  )

  it.live("with a body that is not compressed as it says is refused", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      const url = yield* start({ providers: { a: provider("openai", server) } })
      const got = yield* ask(`${url}/v1/chat/completions`, {
        body: chat("a/x"),
        headers: { "content-encoding": "gzip" }
      })
      assert.deepStrictEqual([got.status, got.at("error.code")], [415, "unsupported_encoding"])
    })
  )
})

describe("a failure", () => {
  it.live("that is the request's fault has the provider's status and error, without the key", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      const said = JSON.stringify({
        error: { message: `bad 'top_p' for ${key}`, code: "bad_param", extra: 1 }
      })
      server.play(FaultServer.json(said, 422))
      const url = yield* start({ providers: { a: provider("openai", server) }, fallbacks: ["a/other"] })
      const got = yield* ask(`${url}/v1/chat/completions`, { body: chat("a/gpt") })
      assert.strictEqual(got.status, 422)
      assert.strictEqual(got.headers["content-type"], "application/json")
      assert.strictEqual(got.at("error.extra"), 1)
      assert.notInclude(got.text, key)
      assert.deepInclude(got.headers, {
        "x-failover-attempts": "1",
        "x-failover-trail": "invalid",
        "x-failover-target": "a/gpt#k1"
      })
      assert.strictEqual(server.requests.length, 1)
    })
  )

  it.live("that is the request's fault lists the attempts before it", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.play(throttled, FaultServer.json(openai.error("invalid_request_error", "no"), 400))
      const url = yield* start({ providers: { a: provider("openai", server, ["one", "two"]) } })
      const got = yield* ask(`${url}/v1/chat/completions`, { body: chat("a/gpt") })
      assert.strictEqual(got.status, 400)
      assert.deepInclude(got.headers, {
        "x-failover-attempts": "2",
        "x-failover-trail": "rate-limit,invalid"
      })
    })
  )

  it.live("of all targets by rate limits is a 429 with retry-after", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.play(throttled)
      const url = yield* start({
        providers: { a: provider("openai", server, ["one", "two"]) },
        policy: { whenAllBenched: "fail" }
      })
      const got = yield* ask(`${url}/v1/chat/completions`, { body: chat("a/gpt") })
      assert.deepStrictEqual(
        [got.status, got.at("error.type"), got.headers["retry-after"]],
        [429, "rate_limit_error", "7"]
      )
      assert.strictEqual(got.headers["x-failover-trail"], "rate-limit,rate-limit")
      const benched = yield* ask(`${url}/v1/chat/completions`, { body: chat("a/gpt") })
      assert.strictEqual(benched.status, 429)
      assert.strictEqual(benched.headers["x-failover-attempts"], "0")
      assert.notProperty(benched.headers, "x-failover-trail")
      assert.strictEqual(server.requests.length, 2)
    })
  )

  it.live("of all targets by overload is a 503, by timeouts a 504, by anything else a 502", () =>
    Effect.gen(function* () {
      const cases = [
        [[overloaded], 503, "overloaded"],
        [[throttled, overloaded], 503, "rate-limit,overloaded"],
        [[[{ hang: true }]], 504, "timeout"],
        [[overloaded, [{ reset: true }]], 502, "overloaded,connection"],
        [[FaultServer.text("")], 502, "empty"]
      ] as const
      for (const [behaviours, status, trail] of cases) {
        const server = yield* FaultServer.make
        server.play(...behaviours)
        const models = behaviours.map((_, index) => `a/m${index}`)
        const url = yield* start({
          providers: { a: provider("openai", server) },
          models: { smart: models },
          policy: { ...quick, maxWait: 0, timeouts: { answer: "100 millis" } }
        })
        const got = yield* ask(`${url}/v1/chat/completions`, { body: chat("smart") })
        assert.deepStrictEqual([got.status, got.headers["x-failover-trail"]], [status, trail])
        assert.strictEqual(got.at("error.type"), "server_error")
      }
    })
  )

  it.live("of the gateway's key is never shown as the caller's", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.play(dead)
      const url = yield* start({ providers: { a: provider("openai", server) } })
      const got = yield* ask(`${url}/v1/chat/completions`, { body: chat("a/gpt") })
      assert.strictEqual(got.status, 502)
      assert.strictEqual(got.headers["x-failover-trail"], "invalid-key")
      assert.notInclude(got.text, key)
      assert.notInclude(got.text, "deepest secret")
    })
  )

  it.live("in Anthropic's protocol has Anthropic's shape", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.play(FaultServer.json(anthropic.error("overloaded_error", "Overloaded"), 529))
      const url = yield* start({ providers: { a: provider("anthropic", server) }, policy: quick })
      const got = yield* ask(`${url}/v1/messages`, { body: message("a/claude") })
      assert.strictEqual(got.status, 503)
      assert.deepInclude(got.json, { type: "error", request_id: got.headers["x-request-id"] })
      assert.strictEqual(got.at("error.type"), "overloaded_error")
    })
  )
})

describe("the list of models", () => {
  it.live("has the names, in the caller's protocol", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      const url = yield* start({
        providers: { a: provider("openai", server) },
        models: { smart: ["a/gpt"], cheap: "a/mini" }
      })
      const openAis = yield* ask(`${url}/v1/models`)
      assert.strictEqual(openAis.at("object"), "list")
      assert.deepStrictEqual(
        [openAis.at("data.0.id"), openAis.at("data.0.object"), openAis.at("data.1.id"), openAis.at("data.2")],
        ["smart", "model", "cheap", undefined]
      )
      const anthropics = yield* ask(`${url}/v1/models`, { headers: { "anthropic-version": "2023-06-01" } })
      assert.deepInclude(anthropics.json, { has_more: false, first_id: "smart", last_id: "cheap" })
      assert.strictEqual(anthropics.at("data.0.type"), "model")
    })
  )
})

describe("tokens", () => {
  it.live("are required for everything except the health of the gateway", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.play(FaultServer.json(openai.answer))
      const url = yield* start({
        providers: { a: provider("openai", server) },
        server: { tokens: ["first-token", "second-token"] }
      })
      const statusWith = (headers: Record<string, string>) =>
        Effect.map(ask(`${url}/v1/chat/completions`, { body: chat("a/gpt"), headers }), (got) => got.status)
      assert.strictEqual(yield* statusWith({}), 401)
      assert.strictEqual(yield* statusWith({ authorization: "Bearer wrong" }), 401)
      assert.strictEqual(yield* statusWith({ authorization: "Bearer " }), 401)
      assert.strictEqual(yield* statusWith({ authorization: "first-token" }), 401)
      assert.strictEqual(yield* statusWith({ authorization: `Bearer ${key}` }), 401)
      assert.strictEqual(server.requests.length, 0)
      assert.strictEqual(yield* statusWith({ authorization: "Bearer first-token" }), 200)
      assert.strictEqual(yield* statusWith({ authorization: "bearer second-token" }), 200)
      assert.strictEqual(yield* statusWith({ "x-api-key": "second-token" }), 200)
      assert.strictEqual(server.requests[0]!.headers.authorization, `Bearer ${key}`)
      assert.strictEqual((yield* ask(`${url}/healthz`)).status, 200)

      const refused = yield* ask(`${url}/v1/models`)
      assert.deepStrictEqual([refused.status, refused.at("error.code")], [401, "invalid_api_key"])
      const anthropics = yield* ask(`${url}/v1/messages`, { body: {} })
      assert.deepStrictEqual([anthropics.status, anthropics.at("error.type")], [401, "authentication_error"])
    })
  )

  it.live("if there are none, web pages of other hosts are refused", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.play(FaultServer.json(openai.answer))
      const url = yield* start({ providers: { a: provider("openai", server) } })
      const from = (origin: string) =>
        Effect.map(
          ask(`${url}/v1/chat/completions`, { body: chat("a/gpt"), headers: { origin } }),
          (got) => got.status
        )
      assert.strictEqual(yield* from("https://evil.test"), 403)
      assert.strictEqual(yield* from("null"), 403)
      assert.strictEqual(yield* from("http://127.0.0.1.evil.test"), 403)
      assert.strictEqual(yield* from("http://localhost:3000"), 200)
      assert.strictEqual(yield* from("http://[::1]:3000"), 200)
    })
  )
})

describe("with named models only", () => {
  it.live("specs are unknown", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.play(FaultServer.json(openai.answer))
      const url = yield* start({
        providers: { a: provider("openai", server) },
        models: { smart: ["a/gpt"] },
        server: { namedModelsOnly: true }
      })
      assert.strictEqual((yield* ask(`${url}/v1/chat/completions`, { body: chat("smart") })).status, 200)
      const got = yield* ask(`${url}/v1/chat/completions`, { body: chat("a/gpt") })
      assert.strictEqual(got.status, 404)
      assert.include(got.at("error.message"), "smart")
    })
  )
})
