/** Bodies that are hard to read, or many at once. */
import * as net from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FaultServer from "../../support/FaultServer.ts"
import { anthropic, ask, chat, eventually, openai, provider, start } from "../../support/gateway.ts"

const gateway = Effect.fnUntraced(function* (settings: object = {}) {
  const server = yield* FaultServer.make
  server.answer((request) =>
    FaultServer.json(request.path.endsWith("/messages") ? anthropic.answer : openai.answer)
  )
  const url = yield* start({
    providers: { a: provider("openai", server), b: provider("anthropic", server) },
    server: settings
  })
  return { server, url: `${url}/v1/chat/completions` }
})

const around = (model: string, value: string) => `{"model":"${model}","messages":${value}}`

describe("a body that would take long to read", () => {
  const bodies: ReadonlyArray<readonly [name: string, value: string, status: number]> = [
    ["brackets only", "[".repeat(4_000_000), 400],
    ["lists 6,000 deep", `${"[".repeat(6_000)}${"]".repeat(6_000)}`, 400],
    ["objects 6,000 deep", `${'{"a":'.repeat(6_000)}1${"}".repeat(6_000)}`, 400],
    [
      "a million keys",
      `{${Array.from({ length: 1_000_000 }, (_, index) => `"k${index}":1`).join(",")}}`,
      413
    ],
    ["millions of numbers", `[${"1,".repeat(3_000_000)}1]`, 413],
    ["nothing but escapes", `"${"\\n".repeat(11_000_000)}"`, 413],
    ["a number without an end", "1".repeat(11_000_000), 413]
  ]
  for (const [name, value, status] of bodies) {
    it.live(`(${name}) is refused before it is parsed, and no provider is called`, () =>
      Effect.gen(function* () {
        const { server, url } = yield* gateway()
        for (const model of ["a/x", "b/x"]) {
          const got = yield* ask(url, { body: around(model, value) })
          assert.strictEqual(got.status, status)
          assert.strictEqual(got.at("error.code"), status === 400 ? "invalid_json" : "too_many_values")
        }
        assert.lengthOf(server.requests, 0)
      })
    )
  }

  it.live("is accepted if only its texts are long, and sent unchanged", () =>
    Effect.gen(function* () {
      const { server, url } = yield* gateway()
      const value = JSON.stringify([{ role: "user", content: '[{"\\'.repeat(1_000_000) }])
      const got = yield* ask(url, { body: around("a/x", value) })
      assert.strictEqual(got.status, 200)
      assert.strictEqual(server.requests[0]?.body, around("x", value))
      assert.strictEqual((yield* ask(url, { body: around("b/x", value) })).status, 200)
    })
  )
})

describe("the bodies of all requests together", () => {
  it.live("are bounded: more get 503 with retry-after, and are accepted again after others have ended", () =>
    Effect.gen(function* () {
      const { server, url } = yield* gateway({ maxBodiesBytes: 100_000 })
      const { port } = new URL(url)
      const body = JSON.stringify(chat("a/x", { pad: "x".repeat(60_000) }))
      const socket = net.connect(Number(port), "127.0.0.1")
      yield* Effect.addFinalizer(() => Effect.sync(() => socket.destroy()))
      let heard = ""
      socket.on("data", (part) => (heard += part.toString()))
      // Everything except the last byte.
      socket.write(
        `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${body.length}\r\n\r\n`
      )
      socket.write(body.slice(0, -1))
      yield* Effect.sleep("50 millis")
      for (const headers of [{}, { "transfer-encoding": "chunked" }]) {
        const got = yield* ask(url, { body, headers })
        assert.strictEqual(got.status, 503)
        assert.strictEqual(got.at("error.code"), "bodies_too_large")
        assert.strictEqual(got.headers["retry-after"], "1")
      }
      assert.strictEqual((yield* ask(url, { body: chat("a/x") })).status, 200)
      socket.write(body.slice(-1))
      yield* eventually(() => heard.startsWith("HTTP/1.1 200 "))
      for (let round = 0; round < 5; round++) assert.strictEqual((yield* ask(url, { body })).status, 200)
      assert.lengthOf(server.requests, 7)
    })
  )

  it.live("no longer count after their clients have disconnected", () =>
    Effect.gen(function* () {
      const { url } = yield* gateway({ maxBodiesBytes: 100_000 })
      const { port } = new URL(url)
      const body = JSON.stringify(chat("a/x", { pad: "x".repeat(60_000) }))
      for (let round = 0; round < 5; round++) {
        const socket = net.connect(Number(port), "127.0.0.1")
        socket.on("error", () => {})
        socket.write(
          `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${body.length}\r\n\r\n`
        )
        socket.write(body.slice(0, -1))
        yield* Effect.sleep("30 millis")
        socket.destroy()
        yield* Effect.sleep("30 millis")
      }
      assert.strictEqual((yield* ask(url, { body })).status, 200)
    })
  )
})

describe("an answer that would take long to read", () => {
  it.live("is not an answer: an event of a stream with too much in it", () =>
    Effect.gen(function* () {
      const { server, url } = yield* gateway()
      for (const value of ["[".repeat(100_000), `[${"1,".repeat(1_000_000)}1]`]) {
        server.answer(() => FaultServer.sse([`data: {"choices":${value}}\n\n`]))
        const got = yield* ask(url, {
          body: chat("a/x", { stream: true }),
          headers: { "x-failover-deadline-ms": "20000" }
        })
        assert.include([502, 503], got.status)
      }
    })
  )
})
