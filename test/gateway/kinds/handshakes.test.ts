/** More members of the kind of handshakes: base URLs, lists of models and headers as clients send them. */

import * as net from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import OpenAI from "openai"
import { ask } from "../../support/gateway.ts"
import { completion, message, stage } from "../../support/kinds.ts"

const running = stage(
  {
    corp: { protocol: "openai", reply: () => ({ json: completion({ content: "ok" }) }) },
    claude: { protocol: "anthropic", reply: () => ({ json: message([{ type: "text", text: "ok" }]) }) }
  },
  { models: { smart: ["corp/m"], "team/large": ["claude/m"] } }
)
const messages = [{ role: "user", content: "hi" }]
const body = { model: "smart", max_tokens: 9, messages, input: "hi" }

describe("a base URL", () => {
  for (const path of [
    "/chat/completions",
    "/v1/v1/chat/completions",
    "//v1/chat/completions",
    "/v1//chat/completions/",
    "/messages",
    "/v1/v1/messages",
    "/v1/v1/messages/count_tokens",
    "/responses"
  ])
    it.live(`with one /v1 or slash too few or too many reaches the gateway: ${path}`, () =>
      Effect.gen(function* () {
        const { post } = yield* running
        const got = yield* post(`${path}?beta=true`, body)
        assert.strictEqual(got.status, 200, got.text)
      })
    )

  it.live("is not guessed further", () =>
    Effect.gen(function* () {
      const { post } = yield* running
      for (const path of ["/v2/chat/completions", "/v1/v1/v1/messages", "/v1", "/completion"])
        assert.strictEqual((yield* post(path, body)).status, 404, path)
    })
  )
})

describe("a list of models", () => {
  // https://github.com/ding113/claude-code-hub/pull/1342, https://github.com/openai/codex/issues/35758
  it.live("has an empty catalog for Codex, which then keeps its own", () =>
    Effect.gen(function* () {
      const { url } = yield* running
      const codex = yield* ask(`${url}/v1/models?client_version=0.171.0`)
      assert.deepStrictEqual(codex.at("models"), [])
      const other = yield* ask(`${url}/v1/models`)
      assert.isUndefined(other.at("models"))
      assert.deepStrictEqual(codex.at("data"), other.at("data"))
    })
  )

  it.live("gives each of its models alone, in both protocols", () =>
    Effect.gen(function* () {
      const { url } = yield* running
      const client = new OpenAI({ apiKey: "k", baseURL: `${url}/v1`, maxRetries: 0 })
      for (const name of ["smart", "team/large"]) {
        const model = yield* Effect.promise(() => client.models.retrieve(name))
        assert.deepStrictEqual([model.id, model.object], [name, "model"])
        const headers = { "anthropic-version": "2023-06-01" }
        const own = yield* ask(`${url}/v1/models/${encodeURIComponent(name)}`, { headers })
        assert.deepStrictEqual([own.at("id"), own.at("type")], [name, "model"])
      }
      const none = yield* ask(`${url}/v1/models/none`)
      assert.deepStrictEqual([none.status, none.at("error.code")], [404, "not_found"])
      assert.strictEqual((yield* ask(`${url}/v1/models/%E0%A4%A`)).status, 404)
      assert.strictEqual((yield* ask(`${url}/v1/models/smart`, { body: {} })).status, 405)
    })
  )
})

describe("a request", () => {
  const raw = (url: string, text: string) =>
    Effect.promise(
      () =>
        new Promise<string>((done) => {
          const { hostname, port } = new URL(url)
          const socket = net.connect(Number(port), hostname, () => socket.write(text))
          let got = ""
          socket.on("data", (part) => {
            got += part
          })
          socket.on("close", () => done(got))
        })
    )
  const text = JSON.stringify(body)
  const request = (line: string, header: string, connection = "close", sent = text) =>
    `${line}\r\nhost: localhost\r\ncontent-length: ${Buffer.byteLength(sent)}\r\n${header}connection: ${connection}\r\n\r\n${sent}`
  const post = "POST /v1/chat/completions HTTP/1.1"

  for (const [what, sent] of Object.entries({
    "waits for permission to send its body": request(post, "expect: 100-continue\r\n"),
    "is one of HTTP/1.0": request("POST /v1/chat/completions HTTP/1.0", ""),
    "names the whole URL": request("POST http://localhost/v1/chat/completions HTTP/1.1", ""),
    "begins with a byte-order mark": request(post, "", "close", `\ufeff${text}`),
    "says that its body is text": request(post, "content-type: text/plain\r\n"),
    "says that its body is not encoded": request(post, "content-encoding: identity\r\n"),
    "says nothing of the encoding of its body": request(post, "content-encoding:\r\n")
  }))
    it.live(`that ${what} is answered`, () =>
      Effect.gen(function* () {
        const { url } = yield* running
        const got = yield* raw(url, sent)
        assert.include(got, "HTTP/1.1 200 OK")
        assert.include(got, '"content":"ok"')
      })
    )

  it.live("of HTTP/1.0, which has no 100 Continue, gets none", () =>
    Effect.gen(function* () {
      const { url } = yield* running
      const got = yield* raw(url, request("POST /v1/chat/completions HTTP/1.0", "expect: 100-continue\r\n"))
      assert.match(got, /^HTTP\/1\.1 200 /)
    })
  )

  const chunks = (more: string) =>
    `${post}\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n${more}connection: close\r\n\r\n${text.length.toString(16)};ext=1\r\n${text}\r\n0\r\n`

  for (const [what, sent] of Object.entries({
    "comes in chunks": `${chunks("")}\r\n`,
    "comes in chunks with a trailer": `${chunks("trailer: x-sum\r\n")}x-sum: 1\r\n\r\n`,
    "comes behind empty lines": `\r\n\r\n${request(post, "")}`,
    "offers to encrypt the connection": request(post, "upgrade: TLS/1.0\r\n", "Upgrade, close"),
    "offers HTTP/2 with its settings": request(
      post,
      "upgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n",
      "Upgrade, HTTP2-Settings, close"
    )
  }))
    it.live(`that ${what} is answered`, () =>
      Effect.gen(function* () {
        const { url } = yield* running
        const got = yield* raw(url, sent)
        assert.include(got, "HTTP/1.1 200 OK")
        assert.include(got, '"content":"ok"')
      })
    )

  it.live("right behind another one on the same connection is answered in turn", () =>
    Effect.gen(function* () {
      const { url } = yield* running
      const got = yield* raw(
        url,
        `${request(post, "", "keep-alive")}${request("POST /v1/messages HTTP/1.1", "")}`
      )
      assert.deepStrictEqual(got.match(/HTTP\/1\.1 \d+/g), ["HTTP/1.1 200", "HTTP/1.1 200"])
      assert.isBelow(got.indexOf("chat.completion"), got.indexOf('"type":"message"'))
    })
  )

  it.live("in another protocol of connections is refused at once", () =>
    Effect.gen(function* () {
      const { url } = yield* running
      assert.include(yield* raw(url, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "HTTP/1.1 400")
      assert.include(yield* raw(url, "\u0016\u0003\u0001\u0002\u0000\u0001\r\n\r\n"), "HTTP/1.1 400")
    })
  )

  it.live("to list models or to look for the gateway may be a HEAD", () =>
    Effect.gen(function* () {
      const { url } = yield* running
      for (const path of ["/", "/v1/models", "/healthz"]) {
        const got = yield* Effect.promise(() => fetch(`${url}${path}`, { method: "HEAD" }))
        assert.strictEqual(got.status, 200, path)
        assert.strictEqual(yield* Effect.promise(() => got.text()), "")
      }
    })
  )
})
