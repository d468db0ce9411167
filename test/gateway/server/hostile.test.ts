/** Requests with hostile ids, encodings and addresses. */
import * as net from "node:net"
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FaultServer from "../../support/FaultServer.ts"
import { ask, chat, key, message, openai, provider, start } from "../../support/gateway.ts"

/** The answer to these bytes, until the gateway closes. */
const raw = (url: string, bytes: string | Uint8Array): Effect.Effect<string> =>
  Effect.callback<string>((resume) => {
    let text = ""
    const socket = net.connect(Number(new URL(url).port), "127.0.0.1", () => socket.write(bytes))
    socket.on("data", (part) => (text += part.toString("latin1")))
    socket.on("error", () => {})
    socket.on("close", () => resume(Effect.succeed(text)))
    return Effect.sync(() => socket.destroy())
  })

const request = (target: string, headers: ReadonlyArray<string>, body: string, host = "x") =>
  Buffer.from(
    `POST ${target} HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${headers.map((line) => `${line}\r\n`).join("")}\r\n${body}`,
    "latin1"
  )

const gateway = Effect.fnUntraced(function* (settings: object = {}) {
  const server = yield* FaultServer.make
  server.play(FaultServer.json(openai.answer))
  const url = yield* start({ providers: { a: provider("openai", server) }, server: settings })
  return { server, url }
})

const body = JSON.stringify(chat("a/x"))
const idOf = (answer: string) => /^x-request-id: (.*)\r$/im.exec(answer)?.[1] ?? ""

describe("a request id from a caller", () => {
  it.live("is kept if it is valid, and replaced if it is not", () =>
    Effect.gen(function* () {
      const { server, url } = yield* gateway()
      const sane = ["r-1", "a".repeat(128), "0af7651916cd43dd-8448eb211c80319c:1", "x/y=z@host+1.2_3"]
      const odd = [
        "",
        "a".repeat(129),
        "a".repeat(8_000),
        "two words",
        "tab\there",
        '{"json":1}',
        "semi;colon",
        "caf\xe9",
        "<script>",
        "%0d%0aset-cookie: a=b",
        "a,b"
      ]
      for (const id of [...sane, ...odd]) {
        const got = yield* raw(url, request("/v1/chat/completions", [`x-request-id: ${id}`], body))
        assert.match(got, /^HTTP\/1\.1 200 /, id)
        if (sane.includes(id)) assert.strictEqual(idOf(got), id)
        else assert.match(idOf(got), /^req_[0-9a-z]{20}$/, id)
        assert.notInclude(got, "set-cookie")
      }
      const twice = ["x-request-id: one", "x-request-id: two"]
      assert.match(idOf(yield* raw(url, request("/v1/chat/completions", twice, body))), /^req_/)
      assert.isTrue(server.requests.every(({ headers }) => headers["x-request-id"] === undefined))
    })
  )

  it.live("with control characters or line breaks in it is not a request", () =>
    Effect.gen(function* () {
      const { server, url } = yield* gateway()
      for (const id of ["a\0b", "a\x01b", "a\x1bb", "a\x7fb", "a\rset-cookie: b=c", "a\nset-cookie: b=c\r"]) {
        const got = yield* raw(url, request("/v1/chat/completions", [`x-request-id: ${id}`], body))
        // A line feed alone ends the line: what follows is another header, which is not used.
        if (id.includes("\n")) assert.match(got, /^HTTP\/1\.1 (200|400) /)
        else assert.match(got, /^HTTP\/1\.1 400 /, JSON.stringify(id))
        assert.notInclude(got.toLowerCase(), "set-cookie")
      }
      assert.isAtMost(server.requests.length, 1)
    })
  )

  it.live("does not get into an error's body unless it is a sane one", () =>
    Effect.gen(function* () {
      const { url } = yield* gateway()
      const text = JSON.stringify(message("nobody"))
      const got = yield* raw(url, request("/v1/messages", ['x-request-id: ","evil":"'], text))
      assert.match(got, /^HTTP\/1\.1 404 /)
      assert.notInclude(got, "evil")
    })
  )
})

describe("a compressed body", () => {
  it.live("of 100 MB is refused with 415 in every encoding, and never decompressed whole", () =>
    Effect.gen(function* () {
      const { server, url } = yield* gateway({ adminToken: "the-admin-token" })
      const plain = Buffer.from(
        `${JSON.stringify(chat("a/x")).slice(0, -1)},"pad":"${"0".repeat(100_000_000)}"}`
      )
      const packed = {
        gzip: gzipSync(plain),
        deflate: deflateSync(plain),
        br: brotliCompressSync(plain, { params: { 1: 1 } })
      }
      const headers = { "content-type": "application/json" }
      const before = process.memoryUsage().rss
      for (const [encoding, bytes] of Object.entries(packed)) {
        for (const named of [
          encoding,
          encoding.toUpperCase(),
          `identity, ${encoding}`,
          `${encoding}, ${encoding}`
        ]) {
          for (const path of ["/v1/chat/completions", "/v1/messages", "/v1/responses", "/v1/embeddings"]) {
            const got = yield* Effect.promise(() =>
              fetch(`${url}${path}`, {
                method: "POST",
                body: bytes,
                headers: { ...headers, "content-encoding": named }
              })
            )
            assert.strictEqual(got.status, 415, named)
            const said = (yield* Effect.promise(() => got.json())) as {
              readonly error: { readonly type: string }
            }
            assert.strictEqual(said.error.type, "invalid_request_error")
          }
        }
        // Without the header it is read as it is, which is no JSON.
        const got = yield* Effect.promise(() =>
          fetch(`${url}/v1/chat/completions`, { method: "POST", body: bytes, headers })
        )
        assert.strictEqual(got.status, 400)
        const admin = yield* Effect.promise(() =>
          fetch(`${url}/admin/benches`, {
            method: "POST",
            body: bytes,
            headers: { ...headers, "content-encoding": encoding, authorization: "Bearer the-admin-token" }
          })
        )
        assert.include([400, 415], admin.status)
      }
      for (const named of ["zstd", "compress", "x-gzip", "aes128gcm", "chunked"]) {
        const got = yield* ask(`${url}/v1/chat/completions`, {
          body: chat("a/x"),
          headers: { "content-encoding": named }
        })
        assert.strictEqual(got.status, 415, named)
      }
      assert.isBelow(process.memoryUsage().rss - before, 60_000_000, "one of them unpacked is 100 MB")
      assert.lengthOf(server.requests, 0)
    })
  )

  it.live("in the transfer is not JSON", () =>
    Effect.gen(function* () {
      const { server, url } = yield* gateway()
      const bytes = gzipSync(body)
      const head = `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: gzip, chunked\r\n\r\n${bytes.length.toString(16)}\r\n`
      const got = yield* raw(url, Buffer.concat([Buffer.from(head), bytes, Buffer.from("\r\n0\r\n\r\n")]))
      assert.match(got, /^HTTP\/1\.1 (400|501) /)
      assert.lengthOf(server.requests, 0)
    })
  )
})

describe("the address of a provider", () => {
  it.live("is the config's, whatever addresses a request has", () =>
    Effect.gen(function* () {
      const { server, url } = yield* gateway()
      const other = yield* FaultServer.make
      other.play(FaultServer.json(openai.answer))
      const evil = new URL(other.origin).host
      const headers = [
        `x-forwarded-host: ${evil}`,
        `x-forwarded-server: ${evil}`,
        `forwarded: host=${evil};proto=http`,
        `x-original-url: ${other.origin}/x`,
        `x-rewrite-url: ${other.origin}/x`,
        `x-base-url: ${other.origin}`,
        `x-portkey-custom-host: ${other.origin}`,
        `openai-base-url: ${other.origin}`,
        `referer: ${other.origin}`
      ]
      const more = {
        base_url: other.origin,
        api_base: other.origin,
        baseURL: other.origin,
        api_key: "sk-mine"
      }
      const text = JSON.stringify(chat("a/x", more))
      for (const target of [
        "/v1/chat/completions",
        `${other.origin}/v1/chat/completions`,
        `/v1/chat/completions?url=${other.origin}`
      ]) {
        const got = yield* raw(url, request(target, headers, text, evil))
        assert.match(got, /^HTTP\/1\.1 200 /, target)
      }
      for (const target of [
        `http://${evil}`,
        `http://${evil}/`,
        `http://${evil}/v1/chat/completions/../x`,
        "*"
      ]) {
        const got = yield* raw(url, request(target, headers, text, evil))
        assert.match(got, /^HTTP\/1\.1 4\d\d /, target)
      }
      const connect = `CONNECT ${evil} HTTP/1.1\r\nhost: ${evil}\r\n\r\n`
      assert.notMatch(yield* raw(url, connect), /^HTTP\/1\.1 2/)
      assert.lengthOf(other.requests, 0)
      assert.strictEqual(other.sockets, 0)
      assert.lengthOf(server.requests, 3)
      for (const seen of server.requests) {
        assert.strictEqual(seen.path, "/v1/chat/completions")
        assert.strictEqual(seen.headers.host, new URL(server.origin).host)
        assert.strictEqual(seen.headers.authorization, `Bearer ${key}`)
        assert.notInclude(JSON.stringify(seen.headers), evil)
      }
    })
  )

  it.live("is the config's, whatever the model is called", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.play(FaultServer.json(openai.answer))
      const azure = { ...provider("openai", server), baseUrl: `${server.origin}/deployments/{model}` }
      const url = yield* start({ providers: { a: provider("openai", server), azure } })
      const names = [
        "x/../../admin",
        "../../x",
        "..\\..\\x",
        "%2e%2e%2fx",
        "x?api-version=1&y",
        "x#frag",
        "x\r\nhost: evil.example\r\n",
        "x HTTP/1.1\r\n\r\nGET / HTTP/1.1",
        "//evil.example/x",
        "http://evil.example/x",
        "@evil.example",
        "x\0y",
        "\u202egpt",
        "漢🦊",
        "\ud83d"
      ]
      for (const name of names) {
        for (const spec of [`a/${name}`, `azure/${name}`]) {
          const before = server.requests.length
          const got = yield* ask(`${url}/v1/chat/completions`, { body: chat(spec) })
          const seen = server.requests.slice(before)
          assert.include([200, 400], got.status, JSON.stringify(spec))
          for (const { headers, path } of seen) {
            const [, first, model, ...rest] = path.split("/")
            if (spec.startsWith("a/")) assert.strictEqual(path, "/v1/chat/completions")
            else {
              assert.strictEqual(first, "deployments")
              assert.strictEqual(decodeURIComponent(model ?? ""), name.trim(), path)
              assert.deepStrictEqual(rest, ["chat", "completions"])
            }
            assert.strictEqual(headers.host, new URL(server.origin).host)
          }
          assert.isAtMost(seen.length, 1)
          assert.notMatch(String(got.headers["x-failover-target"] ?? ""), /[^\x20-\x7e]/)
        }
      }
      for (const name of [".", ".."]) {
        const got = yield* ask(`${url}/v1/chat/completions`, { body: chat(`azure/${name}`) })
        assert.strictEqual(got.status, 400, name)
      }
      assert.isTrue(
        server.requests.every(({ path }) => /^\/(v1|deployments\/[^/]+)\/chat\/completions$/.test(path))
      )
    })
  )

  it.live("gets of a caller's headers only what the protocol passes on", () =>
    Effect.gen(function* () {
      const { server, url } = yield* gateway()
      const headers = {
        cookie: "a=b",
        authorization: "Bearer mine",
        "x-api-key": "mine",
        "api-key": "mine",
        "proxy-authorization": "Basic eA==",
        "accept-encoding": "gzip",
        te: "trailers",
        "x-forwarded-for": "203.0.113.9",
        traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "x-anything": "1",
        "openai-organization": "org-1"
      }
      yield* ask(`${url}/v1/chat/completions`, { body: chat("a/x"), headers })
      const seen = server.requests[0]!.headers
      for (const name of [
        "cookie",
        "x-api-key",
        "api-key",
        "proxy-authorization",
        "te",
        "x-forwarded-for",
        "traceparent",
        "x-anything"
      ]) {
        assert.notProperty(seen, name)
      }
      assert.deepInclude(seen, {
        authorization: `Bearer ${key}`,
        "accept-encoding": "identity",
        "openai-organization": "org-1"
      })
    })
  )
})
