/** Clients that are slow, too many, or ambiguous; over raw sockets. */
import * as http from "node:http"
import * as net from "node:net"
import { gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Route from "../../../src/gateway/http/Route.ts"
import * as FaultServer from "../../support/FaultServer.ts"
import { ask, chat, eventually, message, openai, provider, start } from "../../support/gateway.ts"

/** A raw connection: what it received, and whether the gateway has closed it. */
interface Wire {
  readonly socket: net.Socket
  readonly text: () => string
  readonly closed: () => boolean
}

const connect = (url: string): Effect.Effect<Wire, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.callback<Wire>((resume) => {
      let text = ""
      let isClosed = false
      const socket = net.connect(Number(new URL(url).port), "127.0.0.1", () =>
        resume(Effect.succeed({ socket, text: () => text, closed: () => isClosed }))
      )
      socket.on("data", (part) => (text += part.toString("latin1")))
      socket.on("error", () => {})
      socket.on("close", () => (isClosed = true))
      socket.on("end", () => (isClosed = true))
    }),
    ({ socket }) => Effect.sync(() => socket.destroy())
  )

const gateway = Effect.fnUntraced(function* (settings: object = {}) {
  const server = yield* FaultServer.make
  server.play(FaultServer.json(openai.answer))
  const url = yield* start({ providers: { a: provider("openai", server) }, server: settings })
  return { server, url }
})

const streaming = [FaultServer.sseHead, { send: openai.events.slice(0, 3).join("") }, { hang: true }] as const

describe("more requests at once than maxConcurrent", () => {
  it.live("are answered 503 with a retry-after, in the protocol's shape, and healthz is not counted", () =>
    Effect.gen(function* () {
      const { server, url } = yield* gateway({ maxConcurrent: 2, adminToken: "an-admin" })
      server.play(streaming)
      const agent = new http.Agent()
      yield* Effect.addFinalizer(() => Effect.sync(() => agent.destroy()))
      const post = (path: string, body: object) => ask(`${url}${path}`, { body, agent })
      yield* Effect.forkChild(post("/v1/chat/completions", chat("a/x", { stream: true })))
      yield* Effect.forkChild(post("/v1/chat/completions", chat("a/x", { stream: true })))
      yield* eventually(() => server.requests.length === 2)
      const refused = yield* post("/v1/chat/completions", chat("a/x"))
      assert.strictEqual(refused.status, 503)
      assert.strictEqual(refused.headers["retry-after"], "1")
      assert.strictEqual(refused.at("error.type"), "server_error")
      assert.strictEqual((yield* post("/v1/messages", message("a/x"))).at("error.type"), "overloaded_error")
      assert.strictEqual((yield* ask(`${url}/healthz`)).status, 200)
      assert.strictEqual((yield* ask(`${url}/metrics`)).status, 200)
      const authorization = "Bearer an-admin"
      assert.strictEqual((yield* ask(`${url}/admin/benches`, { headers: { authorization } })).status, 200)
      assert.lengthOf(server.requests, 2)
    })
  )

  it.live("are accepted again, wherever the ones before them ended", () =>
    Effect.gen(function* () {
      const { server, url } = yield* gateway({ maxConcurrent: 1 })
      const body = JSON.stringify(chat("a/x", { stream: true }))
      const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n`
      const ways = [
        "in its body",
        "before the head",
        "in its stream",
        "after an error",
        "at its end"
      ] as const
      for (const way of ways) {
        const before = server.requests.length
        if (way === "before the head") server.play([{ hang: true }])
        else if (way === "in its stream") server.play(streaming)
        else if (way === "after an error") server.play(FaultServer.json({ error: { message: "no" } }, 400))
        else server.play(FaultServer.sse(openai.events))
        const wire = yield* connect(url)
        wire.socket.write(head + (way === "in its body" ? body.slice(0, 5) : body))
        if (way === "in its body") yield* Effect.sleep("30 millis")
        else yield* eventually(() => server.requests.length > before)
        if (way !== "in its body" && way !== "before the head") {
          yield* eventually(() => wire.text().includes("\r\n\r\n"))
        }
        wire.socket.destroy()
        server.play(FaultServer.json(openai.answer))
        let status = 0
        for (let i = 0; i < 50 && status !== 200; i++) {
          if (i > 0) yield* Effect.sleep("10 millis")
          status = (yield* ask(`${url}/v1/chat/completions`, { body: chat("a/x") })).status
        }
        assert.strictEqual(status, 200, way)
      }
    })
  )
})

describe("more connections than maxConnections", () => {
  it.live("are closed at once, and are accepted again when others have left", () =>
    Effect.gen(function* () {
      const { server, url } = yield* gateway({ maxConnections: 2 })
      const [one, two] = [yield* connect(url), yield* connect(url)]
      one.socket.write("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
      yield* eventually(() => one.text().startsWith("HTTP/1.1 200"))
      const three = yield* connect(url)
      three.socket.write("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
      yield* eventually(() => three.closed())
      assert.strictEqual(three.text(), "")
      assert.isFalse(one.closed() || two.closed())
      two.socket.destroy()
      let text = ""
      for (let i = 0; i < 50 && text === ""; i++) {
        if (i > 0) yield* Effect.sleep("10 millis")
        const four = yield* connect(url)
        four.socket.write("GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        yield* eventually(() => four.closed())
        text = four.text()
      }
      assert.match(text, /^HTTP\/1\.1 200 /)
      assert.lengthOf(server.requests, 0)
    })
  )
})

describe("a slow client", () => {
  it.live("that sends its headers or its body a byte at a time is cut off with 408", () =>
    Effect.gen(function* () {
      const { server, url } = yield* gateway({ timeouts: { headers: 200, request: 400 } })
      const drip = Effect.fnUntraced(function* (text: string, first: number) {
        const wire = yield* connect(url)
        let at = first
        wire.socket.write(text.slice(0, first))
        const timer = setInterval(() => wire.socket.write(text[at++] ?? " "), 10)
        yield* Effect.addFinalizer(() => Effect.sync(() => clearInterval(timer)))
        yield* eventually(() => wire.closed())
        assert.match(wire.text(), /^HTTP\/1\.1 408 /)
      })
      const head = "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n"
      yield* drip(`GET /healthz HTTP/1.1\r\nhost: x\r\nx-pad: ${"p".repeat(1000)}`, 5)
      yield* drip(head + " ".repeat(1000), head.length)
      assert.lengthOf(server.requests, 0)
    })
  )

  it.live("may take longer for a large body than for its headers", () =>
    Effect.gen(function* () {
      const { url } = yield* gateway({ timeouts: { headers: 100, request: 10_000 } })
      const body = JSON.stringify(chat("a/x", { pad: "p".repeat(3_000_000) }))
      const wire = yield* connect(url)
      wire.socket.write(
        `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n`
      )
      for (let at = 0; at < body.length; at += 600_000) {
        wire.socket.write(body.slice(at, at + 600_000))
        yield* Effect.sleep("60 millis")
      }
      yield* eventually(() => wire.text().startsWith("HTTP/1.1 200"))
    })
  )

  it.live("that does not read pauses its provider, and is reset after the stall timeout", () =>
    Effect.gen(function* () {
      const { server, url } = yield* gateway({ timeouts: { stall: 400 } })
      const event = openai.events[2]!.replace("hel", "x".repeat(50_000))
      server.play([
        FaultServer.sseHead,
        { send: openai.events.slice(0, 3).join("") },
        { send: event.repeat(1_000), by: 1_000_000 },
        { hang: true }
      ])
      const body = JSON.stringify(chat("a/x", { stream: true }))
      const wire = yield* connect(url)
      wire.socket.write(
        `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body}`
      )
      yield* eventually(() => wire.text().includes("\r\n\r\n"))
      wire.socket.pause()
      yield* eventually(() => (server.requests[0]?.unsent ?? 0) > 1_000_000)
      yield* eventually(() => server.requests[0]?.aborted === true)
    })
  )

  it.live("that waits for a slow provider is not stalled", () =>
    Effect.gen(function* () {
      const { server, url } = yield* gateway({ timeouts: { stall: 100 } })
      server.play([{ wait: 500 }, ...FaultServer.json(openai.answer)])
      assert.strictEqual((yield* ask(`${url}/v1/chat/completions`, { body: chat("a/x") })).status, 200)
    })
  )
})

const inner = JSON.stringify(chat("a/smuggled"))
const smuggled = `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: ${inner.length}\r\n\r\n${inner}`
const post = (headers: string, body: string) =>
  `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n${headers}\r\n\r\n${body}`
const hidden = `0\r\n\r\n${smuggled}`

/** Requests that two parsers could read in different ways. */
const ambiguous: Readonly<Record<string, string>> = {
  "a length and chunks": post(`content-length: ${hidden.length}\r\ntransfer-encoding: chunked`, hidden),
  "chunks and a length": post(`transfer-encoding: chunked\r\ncontent-length: 4`, hidden),
  "two lengths": post(`content-length: 0\r\ncontent-length: ${smuggled.length}`, smuggled),
  "two lengths in one header": post(`content-length: 0, ${smuggled.length}`, smuggled),
  "a length with a sign": post("content-length: +0", smuggled),
  "a length in another notation": post("content-length: 0x0", smuggled),
  "a transfer-encoding that is not quite chunked": post("transfer-encoding: xchunked", hidden),
  "chunked that is not the last coding": post("transfer-encoding: chunked, identity", hidden),
  "a blank before the colon": post(`transfer-encoding : chunked\r\ncontent-length: 4`, hidden),
  "a folded header": post(`transfer-encoding:\r\n chunked\r\ncontent-length: 4`, hidden),
  "a chunk size that is none": post("transfer-encoding: chunked", `xyz\r\n${hidden}`),
  "a chunk size with a sign": post("transfer-encoding: chunked", `-1\r\n${hidden}`),
  "a chunk size that overflows": post("transfer-encoding: chunked", `fffffffffffffffff\r\n${hidden}`),
  "lines that end in LF only": post("transfer-encoding: chunked", hidden).replaceAll("\r\n", "\n"),
  "a bare CR in a header": post(`x-a: b\rtransfer-encoding: chunked\r\ncontent-length: 4`, hidden),
  "a NUL in a header": post(`x-a: b\0\r\ncontent-length: 0`, smuggled),
  "no host": `POST /v1/chat/completions HTTP/1.1\r\ncontent-length: ${smuggled.length}\r\n\r\n${smuggled}`
}

describe("a request that can be read in two ways", () => {
  for (const [name, bytes] of Object.entries(ambiguous)) {
    it.live(`is refused with 400, and the connection with it: ${name}`, () =>
      Effect.gen(function* () {
        const { server, url } = yield* gateway()
        const wire = yield* connect(url)
        wire.socket.write(bytes, "latin1")
        yield* eventually(() => wire.closed())
        assert.match(wire.text(), /^HTTP\/1\.1 400 /)
        assert.lengthOf(
          wire.text().match(/HTTP\/1\.1 \d/g) ?? [],
          1,
          "one answer, and none to what was hidden"
        )
        assert.lengthOf(server.requests, 0)
      })
    )
  }
})

describe("where a request goes", () => {
  it("is found in linear time, however many slashes its path has", () => {
    const slashes = "/".repeat(100_000)
    const began = performance.now()
    assert.strictEqual(Route.pathOf(`${slashes}x/`), `${slashes}x`)
    assert.strictEqual(Route.pathOf(slashes), "/")
    assert.isBelow(performance.now() - began, 1_000)
  })

  it.live("does not depend on its request target, its host or its headers", () =>
    Effect.gen(function* () {
      const { server, url } = yield* gateway()
      const other = yield* FaultServer.make
      const body = JSON.stringify(chat("a/x"))
      const authority = new URL(other.origin).host
      const targets = [
        ["/v1/chat/completions", authority],
        [`/v1/chat/completions?base_url=http://${authority}`, "x"],
        [`${other.origin}/v1/chat/completions`, authority],
        // A base URL that ends with a slash; not the host "v1".
        ["//v1/chat/completions", authority]
      ] as const
      for (const [target, host] of targets) {
        const wire = yield* connect(url)
        wire.socket.write(
          `POST ${target} HTTP/1.1\r\nhost: ${host}\r\nx-forwarded-host: ${authority}\r\nx-base-url: ${other.origin}\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`
        )
        yield* eventually(() => wire.closed())
        assert.match(wire.text(), /^HTTP\/1\.1 200 /)
      }
      for (const target of ["/v1/../v1/chat/completions", "/v1/chat%2fcompletions"]) {
        const wire = yield* connect(url)
        wire.socket.write(
          `POST ${target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`
        )
        yield* eventually(() => wire.closed())
        assert.match(wire.text(), /^HTTP\/1\.1 404 /, target)
      }
      assert.lengthOf(server.requests, targets.length)
      assert.isTrue(server.requests.every(({ path }) => path === "/v1/chat/completions"))
      assert.lengthOf(other.requests, 0)
    })
  )

  it.live("does not depend on a provider: a redirect is not followed with the key", () =>
    Effect.gen(function* () {
      const { server, url } = yield* gateway()
      const other = yield* FaultServer.make
      server.play(FaultServer.text("", 307, { location: `${other.origin}/v1/chat/completions` }))
      const got = yield* ask(`${url}/v1/chat/completions`, { body: chat("a/x") })
      assert.strictEqual(got.status, 502)
      assert.lengthOf(other.requests, 0)
    })
  )
})

describe("a provider that sends a compressed answer", () => {
  it.live("is requested not to, and has failed if it decodes to more than an answer may have", () =>
    Effect.gen(function* () {
      const { server, url } = yield* gateway()
      const bomb = gzipSync(
        JSON.stringify(openai.answer).replace(/}$/, `,"pad":"${"0".repeat(80_000_000)}"}`)
      )
      for (const type of ["application/json", "text/event-stream"]) {
        server.play([
          { head: 200, headers: { "content-type": type, "content-encoding": "gzip" } },
          { send: bomb },
          { end: true }
        ])
        const stream = type === "text/event-stream"
        const got = yield* ask(`${url}/v1/chat/completions`, { body: chat("a/x", { stream }) })
        assert.strictEqual(got.status, 502)
        assert.isBelow(got.text.length, 2_000)
      }
      assert.strictEqual(server.requests[0]?.headers["accept-encoding"], "identity")
    })
  )
})

describe("a request that is too large", () => {
  it.live("gets 431 for headers above maxHeaderBytes", () =>
    Effect.gen(function* () {
      const { url } = yield* gateway({ maxHeaderBytes: 4_096 })
      const wire = yield* connect(url)
      wire.socket.write(`GET /healthz HTTP/1.1\r\nhost: x\r\nx-pad: ${"p".repeat(5_000)}\r\n\r\n`)
      yield* eventually(() => wire.closed())
      assert.match(wire.text(), /^HTTP\/1\.1 431 /)
    })
  )

  it.live("is nested a hundred thousand levels deep: it gets an answer, and the gateway continues", () =>
    Effect.gen(function* () {
      const { url } = yield* gateway()
      const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`
      const body = JSON.stringify(chat("a/x")).replace(/}$/, `,"metadata":${deep}}`)
      const got = yield* ask(`${url}/v1/chat/completions`, { body })
      assert.include([200, 400], got.status)
      assert.strictEqual((yield* ask(`${url}/v1/chat/completions`, { body: chat("a/x") })).status, 200)
    })
  )

  it.live("names its model twice, or __proto__: the provider reads what the gateway read", () =>
    Effect.gen(function* () {
      const { server, url } = yield* gateway()
      const body = `{"model":"b/none","__proto__":{"model":"b/none"},"messages":[],"fallbacks":["b/x"],"mod\\u0065l":"a/last","fallbacks":["a/y"]}`
      const got = yield* ask(`${url}/v1/chat/completions`, { body })
      assert.strictEqual(got.status, 200)
      const sent = server.requests[0]!.body
      assert.strictEqual(JSON.parse(sent).model, "last")
      assert.lengthOf(sent.match(/"model":/g) ?? [], 2, "its own, and the one inside of __proto__")
      assert.notInclude(sent, "fallbacks")
    })
  )
})
