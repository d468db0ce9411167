/** Answers that are compressed, although the request says `accept-encoding: identity`. */
import * as http from "node:http"
import type { AddressInfo } from "node:net"
import * as zlib from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { ask, openai, start } from "../../support/gateway.ts"
import { chunk, completion } from "../../support/kinds.ts"

const encoders: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: zlib.gzipSync,
  "x-gzip": zlib.gzipSync,
  deflate: zlib.deflateSync,
  br: zlib.brotliCompressSync,
  zstd: zlib.zstdCompressSync
}

type Handler = (request: http.IncomingMessage, response: http.ServerResponse) => void

const serve = (handler: Handler) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.promise<http.Server>(
        () =>
          new Promise((done) => {
            const server = http.createServer((request, response) => {
              request.resume()
              request.on("end", () => handler(request, response))
            })
            server.listen(0, "127.0.0.1", () => done(server))
          })
      ),
      (server) =>
        Effect.sync(() => {
          server.closeAllConnections()
          server.close()
        })
    ),
    (server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
  )

const gateway = (a: Handler, more: object = {}) =>
  Effect.gen(function* () {
    const provider = (baseUrl: string) => ({
      protocol: "openai",
      responses: false,
      baseUrl,
      credentials: [{ name: "k", apiKey: "sk-very-secret-0123456789" }]
    })
    const good = yield* serve((_, response) => {
      response.setHeader("content-type", "application/json")
      response.end(JSON.stringify(completion({ content: "from b" })))
    })
    const url = yield* start({
      providers: { a: { ...provider(yield* serve(a)), ...more }, b: provider(good) },
      models: { smart: ["a/m", "b/m"] },
      policy: { retries: { times: 0 } }
    })
    return (path: string, body: object, hears: (part: string) => void = () => {}) =>
      ask(`${url}${path}`, { body: { model: "smart", ...body }, hears })
  })

const body = { messages: [{ role: "user", content: "hi" }] }
const text = "Wetter: mild 漢🦊 ".repeat(500)
const events = [chunk({ role: "assistant" }), chunk({ content: text }), chunk({}, "stop"), "[DONE]"].map(
  (event) => `data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`
)

const encoded =
  (encoding: string, type: string, bytes: Buffer, status = 200): Handler =>
  (_, response) => {
    response.writeHead(status, { "content-type": type, "content-encoding": encoding })
    response.end(bytes)
  }

describe("a compressed answer", () => {
  for (const [encoding, encode] of Object.entries(encoders)) {
    it.live(`by ${encoding} is decoded, whole and streamed, translated too`, () =>
      Effect.gen(function* () {
        const whole = yield* gateway(
          encoded(
            encoding,
            "application/json",
            encode(Buffer.from(JSON.stringify(completion({ content: text }))))
          )
        )
        const got = yield* whole("/v1/chat/completions", body)
        assert.deepStrictEqual(
          [got.headers["x-failover-target"], got.at("choices.0.message.content")],
          ["a/m#k", text]
        )
        assert.isUndefined(got.headers["content-encoding"])
        const translated = yield* whole("/v1/messages", { ...body, max_tokens: 9 })
        assert.strictEqual(translated.at("content.0.text"), text)
        const streams = yield* gateway(
          encoded(encoding, "text/event-stream", encode(Buffer.from(events.join(""))))
        )
        const streamed = yield* streams("/v1/chat/completions", { ...body, stream: true })
        assert.deepStrictEqual(
          [streamed.headers["x-failover-target"], streamed.text],
          ["a/m#k", events.join("")]
        )
      })
    )
  }

  it.live("of an error is read: the refusal reaches the caller", () =>
    Effect.gen(function* () {
      const said = openai.error("invalid_request_error", "messages: too few")
      const post = yield* gateway(
        encoded("gzip", "application/json", zlib.gzipSync(JSON.stringify(said)), 400)
      )
      const got = yield* post("/v1/chat/completions", body)
      assert.deepStrictEqual([got.status, got.json], [400, said])
    })
  )

  it.live("arrives event by event, as it is flushed", () =>
    Effect.gen(function* () {
      let proceed = () => {}
      const post = yield* gateway((_, response) => {
        response.writeHead(200, { "content-type": "text/event-stream", "content-encoding": "gzip" })
        const gzip = zlib.createGzip()
        gzip.pipe(response)
        gzip.write(events[0])
        gzip.write(events[1])
        gzip.flush()
        proceed = () => gzip.end(events.slice(2).join(""))
      })
      const got = yield* post("/v1/chat/completions", { ...body, stream: true }, () => proceed())
      assert.strictEqual(got.text, events.join(""))
    })
  )

  it.live("without its last bytes is complete if its protocol says so, and cut if not", () =>
    Effect.gen(function* () {
      const bytes = zlib.gzipSync(events.join(""))
      const post = yield* gateway(encoded("gzip", "text/event-stream", bytes.subarray(0, bytes.length - 8)))
      const got = yield* post("/v1/chat/completions", { ...body, stream: true })
      assert.deepStrictEqual([got.headers["x-failover-target"], got.text], ["a/m#k", events.join("")])
      const noise = Buffer.concat([bytes.subarray(0, 12), Buffer.alloc(200, 7)])
      const broken = yield* gateway(encoded("gzip", "application/json", noise))
      assert.strictEqual((yield* broken("/v1/chat/completions", body)).headers["x-failover-target"], "b/m#k")
    })
  )

  it.live("with the label of another encoding, or none of these, fails over", () =>
    Effect.gen(function* () {
      const plain = Buffer.from(JSON.stringify(completion({ content: text })))
      for (const [label, bytes] of [
        ["br", zlib.gzipSync(plain)],
        ["gzip", zlib.brotliCompressSync(plain)],
        ["x-unknown", zlib.gzipSync(plain)],
        ["gzip, br", zlib.brotliCompressSync(zlib.gzipSync(plain))]
      ] as const) {
        const post = yield* gateway(encoded(label, "application/json", bytes))
        const got = yield* post("/v1/chat/completions", body)
        assert.strictEqual(got.headers["x-failover-target"], "b/m#k", label)
      }
    })
  )

  it.live("that decodes to more than an answer may have is refused", () =>
    Effect.gen(function* () {
      const bomb = zlib.gzipSync(JSON.stringify(completion({ content: "0".repeat(20_000_000) })))
      assert.isBelow(bomb.length, 50_000)
      const limits = { maxAnswerBytes: 1_000_000, maxEventBytes: 1_000_000 }
      const whole = yield* gateway(encoded("gzip", "application/json", bomb), limits)
      assert.strictEqual((yield* whole("/v1/chat/completions", body)).headers["x-failover-target"], "b/m#k")
      const flood = zlib.gzipSync(`data: ${JSON.stringify(chunk({ content: "0".repeat(20_000_000) }))}\n\n`)
      const streams = yield* gateway(encoded("gzip", "text/event-stream", flood), limits)
      const got = yield* streams("/v1/chat/completions", { ...body, stream: true })
      assert.strictEqual(got.headers["x-failover-target"], "b/m#k")
    })
  )

  it.live("hides no key", () =>
    Effect.gen(function* () {
      const leak = completion({ content: "the key is sk-very-secret-0123456789" })
      const post = yield* gateway(encoded("gzip", "application/json", zlib.gzipSync(JSON.stringify(leak))))
      assert.notInclude((yield* post("/v1/chat/completions", body)).text, "very-secret")
    })
  )
})

/** Bytes whose encoding no header names. */
const unlabelled: Readonly<Record<string, (text: string) => Buffer>> = {
  gzip: zlib.gzipSync,
  zstd: zlib.zstdCompressSync,
  "UTF-16": (text) => Buffer.from(`\ufeff${text}`, "utf16le"),
  "UTF-16 without a mark": (text) => Buffer.from(text, "utf16le"),
  "UTF-16 with the higher byte first": (text) => Buffer.from(`\ufeff${text}`, "utf16le").swap16(),
  "UTF-8 with a mark": (text) => Buffer.from(`\ufeff${text}`)
}

describe("an answer without a header for its encoding", () => {
  const labelled =
    (type: string, bytes: Buffer, step: number, status = 200): Handler =>
    (_, response) => {
      response.writeHead(status, { "content-type": type })
      const next = (at: number): void => {
        if (at >= bytes.length) response.end()
        else response.write(bytes.subarray(at, at + step), () => setImmediate(() => next(at + step)))
      }
      next(0)
    }

  for (const [encoding, encode] of Object.entries(unlabelled))
    for (const label of ["", "; charset=utf-16"])
      it.live(`is decoded by its first bytes: ${encoding}${label}`, () =>
        Effect.gen(function* () {
          const answer = completion({ content: text })
          const step = 1001
          const whole = yield* gateway(
            labelled(`application/json${label}`, encode(JSON.stringify(answer)), step)
          )
          const got = yield* whole("/v1/chat/completions", body)
          assert.strictEqual(got.headers["x-failover-target"], "a/m#k")
          assert.deepStrictEqual(got.json, answer)
          assert.notInclude(got.headers["content-type"], "utf-16")
          const translated = yield* whole("/v1/messages", { ...body, max_tokens: 9 })
          assert.strictEqual(translated.at("content.0.text"), text)
          const streams = yield* gateway(labelled(`text/event-stream${label}`, encode(events.join("")), step))
          const streamed = yield* streams("/v1/chat/completions", { ...body, stream: true })
          assert.strictEqual(streamed.headers["x-failover-target"], "a/m#k")
          assert.strictEqual(streamed.text, events.join(""))
          assert.notInclude(streamed.headers["content-type"], "utf-16")
          const said = openai.error("invalid_request_error", "messages: too few")
          const refuses = yield* gateway(
            labelled(`application/json${label}`, encode(JSON.stringify(said)), step, 400)
          )
          assert.deepStrictEqual((yield* refuses("/v1/chat/completions", body)).json, said)
        })
      )

  it.live("hides no key, and is bounded as others are", () =>
    Effect.gen(function* () {
      const leak = completion({ content: "the key is sk-very-secret-0123456789" })
      const type = "application/json"
      const post = yield* gateway(labelled(type, zlib.gzipSync(JSON.stringify(leak)), 1000))
      assert.notInclude((yield* post("/v1/chat/completions", body)).text, "very-secret")
      const bomb = zlib.gzipSync(JSON.stringify(completion({ content: "0".repeat(20_000_000) })))
      const bounded = yield* gateway(labelled(type, bomb, 10_000), { maxAnswerBytes: 1_000_000 })
      const got = yield* bounded("/v1/chat/completions", body)
      assert.strictEqual(got.headers["x-failover-target"], "b/m#k")
    })
  )

  it.live("keeps a content type that names UTF-8, with quotes too", () =>
    Effect.gen(function* () {
      for (const type of [
        "application/json; charset=utf-8",
        'application/json; charset="UTF-8"',
        "application/json;charset=utf8"
      ]) {
        const answer = Buffer.from(JSON.stringify(completion({ content: text })))
        const whole = yield* gateway(labelled(type, answer, answer.length))
        assert.strictEqual((yield* whole("/v1/chat/completions", body)).headers["content-type"], type)
        const event = type.replace("application/json", "text/event-stream")
        const streams = yield* gateway(labelled(event, Buffer.from(events.join("")), 1000))
        const streamed = yield* streams("/v1/chat/completions", { ...body, stream: true })
        assert.strictEqual(streamed.headers["content-type"], event)
      }
    })
  )
})
