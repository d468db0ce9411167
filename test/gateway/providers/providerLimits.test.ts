/** Providers that send too much, or something that was not requested; and what of their answers reaches the caller. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FaultServer from "../../support/FaultServer.ts"
import { anthropic, ask, chat, eventually, message, openai, provider, start } from "../../support/gateway.ts"

const mega = 1024 * 1024
const sse = { "content-type": "text/event-stream" }
const json = { "content-type": "application/json" }

/** A provider that misbehaves, and one behind it that does not. */
const scene = Effect.fnUntraced(function* (
  wrong: FaultServer.Behaviour,
  options: { readonly limits?: object; readonly policy?: object; readonly stream?: boolean } = {}
) {
  const [a, b] = [yield* FaultServer.make, yield* FaultServer.make]
  a.play(wrong)
  b.play(options.stream === true ? FaultServer.sse(openai.events) : FaultServer.json(openai.answer))
  const limits = { maxAnswerBytes: mega, maxEventBytes: mega / 4, ...options.limits }
  const url = yield* start({
    providers: { a: { ...provider("openai", a), ...limits }, b: provider("openai", b) },
    models: { smart: ["a/m", "b/m"], alone: ["a/m"] },
    policy: { retries: { times: 0 }, ...options.policy }
  })
  const asked = (model: string) =>
    ask(`${url}/v1/chat/completions`, { body: chat(model, { stream: options.stream === true }) })
  return { a, b, url, asked }
})

/** Far more than any limit here. The gateway has to disconnect long before its end. */
const flood = (text: string): FaultServer.Behaviour => [
  { send: text.repeat(Math.ceil((64 * mega) / text.length)), by: mega },
  { hang: true }
]

const ping = ": a comment that is no content\n\n"
const content = openai.events[2]!
const padded = content.replace("hel", "x".repeat(10_000))

const floods: ReadonlyArray<{
  readonly says: string
  readonly sends: FaultServer.Behaviour
  readonly stream: boolean
  readonly word: string
  readonly policy?: object
}> = [
  {
    says: "an event without an end, before any content",
    sends: [{ head: 200, headers: sse }, ...flood("data: {")],
    stream: true,
    word: "malformed"
  },
  {
    says: "an event in one line of blanks",
    sends: [{ head: 200, headers: sse }, { send: openai.events[0]! }, ...flood("x")],
    stream: true,
    word: "malformed"
  },
  {
    says: "comments and nothing else",
    sends: [{ head: 200, headers: sse }, ...flood(ping)],
    stream: true,
    word: "malformed"
  },
  {
    says: "a stream that is to be held whole",
    sends: [{ head: 200, headers: sse }, ...flood(padded)],
    stream: true,
    word: "malformed",
    policy: { commit: "complete" }
  },
  {
    says: "a stream that is committed late",
    sends: [{ head: 200, headers: sse }, ...flood(padded)],
    stream: true,
    word: "malformed",
    policy: { commit: { chunks: 5_000 } }
  },
  {
    says: "a whole answer",
    sends: [{ head: 200, headers: json }, { send: '{"choices":[' }, ...flood(" ")],
    stream: false,
    word: "malformed"
  },
  {
    says: "the body of an error",
    sends: [{ head: 503, headers: json }, ...flood("x")],
    stream: false,
    word: "overloaded"
  },
  {
    says: "the body of an error where a stream was asked for",
    sends: [{ head: 503, headers: json }, ...flood("x")],
    stream: true,
    word: "overloaded"
  },
  {
    says: "an HTML page with a good status where a stream was asked for",
    sends: [{ head: 200, headers: { "content-type": "text/html" } }, ...flood("<p>")],
    stream: true,
    word: "malformed"
  },
  {
    says: "headers",
    sends: [{ raw: `HTTP/1.1 200 OK\r\n${"x-flood: 0123456789\r\n".repeat(100_000)}` }, { hang: true }],
    stream: false,
    word: ""
  },
  {
    says: "headers of a stream",
    sends: [{ raw: `HTTP/1.1 200 OK\r\nx-flood: ${"x".repeat(2 * mega)}` }, { hang: true }],
    stream: true,
    word: ""
  }
]

describe("a provider that floods", () => {
  for (const { policy = {}, says, sends, stream, word } of floods) {
    it.live(`with ${says} is disconnected, and the next one answers`, () =>
      Effect.gen(function* () {
        const { a, asked } = yield* scene(sends, { stream, policy })
        const got = yield* asked("smart")
        assert.strictEqual(got.status, 200, got.text.slice(0, 500))
        assert.strictEqual(got.headers["x-failover-target"], "b/m#k1")
        const [failed, ok] = String(got.headers["x-failover-trail"]).split(",")
        if (word !== "") assert.strictEqual(failed, word)
        assert.strictEqual(ok, "ok")
        yield* eventually(() => a.requests[0]?.aborted === true)
        const alone = yield* asked("alone")
        assert.include([502, 503], alone.status)
        assert.isBelow(alone.text.length, 5_000)
        assert.strictEqual(alone.headers["content-type"], "application/json")
      })
    )
  }

  it.live(
    "after the commit point, an event without an end gives a clean error, and the provider is disconnected",
    () =>
      Effect.gen(function* () {
        const begun = openai.events.slice(0, 3).join("")
        const { a, asked } = yield* scene(
          [{ head: 200, headers: sse }, { send: begun }, ...flood("data: {")],
          {
            stream: true
          }
        )
        const got = yield* asked("smart")
        assert.strictEqual(got.status, 200)
        assert.isFalse(got.broken, "the answer has an end")
        assert.isTrue(got.text.startsWith(begun))
        const rest = got.text.slice(begun.length)
        assert.isBelow(rest.length, 1_000)
        assert.include(rest, '"code":"stream_broken"')
        assert.notInclude(rest, "[DONE]")
        yield* eventually(() => a.requests[0]?.aborted === true)
      })
  )
})

describe("the headers of a provider", () => {
  it.live("reach the caller, except those that only the gateway may set", () =>
    Effect.gen(function* () {
      const kept = {
        connection: "close, x-inner",
        "x-inner": "hop",
        "set-cookie": ["session=1; Path=/", "b=2"],
        "transfer-encoding": "chunked",
        "keep-alive": "timeout=99",
        trailer: "x-late",
        "proxy-authenticate": "Basic",
        "strict-transport-security": "max-age=99999999",
        "alt-svc": 'h3="evil.example:443"',
        "access-control-allow-origin": "*",
        "x-accel-redirect": "/secret",
        "x-failover-attempts": "99",
        server: "theirs",
        via: "1.1 theirs"
      }
      const told = { "openai-processing-ms": "12", "x-ratelimit-remaining-requests": "7" }
      for (const stream of [false, true]) {
        const { asked } = yield* scene(
          [
            { head: 200, headers: { ...(stream ? sse : json), ...told, ...kept, "x-request-id": "theirs" } },
            { send: stream ? openai.events.join("") : JSON.stringify(openai.answer) },
            { end: true }
          ],
          { stream }
        )
        const got = yield* asked("smart")
        assert.strictEqual(got.status, 200)
        assert.deepInclude(got.headers, told)
        assert.strictEqual(got.headers["x-upstream-request-id"], "theirs")
        assert.match(String(got.headers["x-request-id"]), /^req_/)
        assert.strictEqual(got.headers["x-failover-attempts"], "1")
        for (const name of Object.keys(kept)) {
          if (["connection", "transfer-encoding", "x-failover-attempts", "keep-alive"].includes(name))
            continue
          assert.notProperty(got.headers, name)
        }
        assert.notInclude(JSON.stringify(got.headers), "hop")
        assert.notInclude(JSON.stringify(got.headers), "timeout=99")
      }
    })
  )

  it.live(
    "cannot split the answer: control characters in a header fail the answer, or are not passed on",
    () =>
      Effect.gen(function* () {
        const text = JSON.stringify(openai.answer)
        const head = (name: string) =>
          `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${name}\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`
        for (const name of [
          "x-a: b\x01c",
          "x-a: b\x7fc",
          "x-a: b\0c",
          "x-a: b\rset-cookie: c=d",
          "x a: b",
          "x-a\x01: b"
        ]) {
          const { asked } = yield* scene([{ raw: head(name) }, { hang: true }])
          const got = yield* asked("smart")
          assert.strictEqual(got.status, 200, JSON.stringify(name))
          assert.notProperty(got.headers, "set-cookie")
          // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
          assert.notMatch(Object.values(got.headers).join(), /[\0-\x08\x0a-\x1f\x7f]/)
        }
      })
  )

  it.live("are not passed on if it failed", () =>
    Effect.gen(function* () {
      const { asked } = yield* scene(
        FaultServer.json({ error: { message: "no", type: "invalid_request_error" } }, 400, {
          "x-inner": "1",
          "set-cookie": "a=b",
          location: "http://evil.example"
        })
      )
      const { headers } = yield* asked("smart")
      for (const name of ["x-inner", "set-cookie", "location"]) assert.notProperty(headers, name)
    })
  )

  it.live("about the encoding of its body are tried: a body that cannot be decoded has failed", () =>
    Effect.gen(function* () {
      for (const encoding of ["gzip", "deflate", "br", "zstd", "x-unknown"]) {
        const { asked } = yield* scene([
          { head: 200, headers: { ...json, "content-encoding": encoding } },
          { send: Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3, 4]) },
          { end: true }
        ])
        const got = yield* asked("smart")
        assert.deepStrictEqual(
          [got.status, got.headers["x-failover-target"], got.headers["content-encoding"]],
          [200, "b/m#k1", undefined],
          encoding
        )
      }
    })
  )
})

describe("the shape of a message", () => {
  it.live("holds for a flood in Anthropic's protocol as well", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      const begun = anthropic.events.slice(0, 3).join("")
      server.play([
        { head: 200, headers: sse },
        { send: anthropic.events.slice(0, 4).join("") },
        ...flood("data: {")
      ])
      const url = yield* start({
        providers: { a: { ...provider("anthropic", server), maxEventBytes: mega } }
      })
      const got = yield* ask(`${url}/v1/messages`, { body: message("a/x", { stream: true }) })
      assert.strictEqual(got.status, 200)
      assert.isTrue(got.text.startsWith(begun))
      assert.match(got.text, /event: error\ndata: \{"type":"error","error":\{"type":"api_error"/)
      assert.notInclude(got.text, "message_stop")
      assert.isBelow(got.text.length, 5_000)
    })
  )
})
