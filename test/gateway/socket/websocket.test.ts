import * as net from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import { WebSocket } from "ws"
import * as FaultServer from "../../support/FaultServer.ts"
import { ask, eventually, openai, provider, start } from "../../support/gateway.ts"

/** What was parsed from JSON. */
type Wild = ReturnType<typeof JSON.parse>

const policy = { retries: { times: 0 }, threshold: { transient: 100 } }

const responseEvents = (id: string, text: string) =>
  [
    { type: "response.created", response: { id, status: "in_progress", output: [] } },
    { type: "response.output_text.delta", item_id: "m", output_index: 0, content_index: 0, delta: text },
    {
      type: "response.completed",
      response: {
        id,
        status: "completed",
        output: [{ type: "message", id: "m", role: "assistant", content: [{ type: "output_text", text }] }]
      }
    }
  ].map((event, sequence_number) => {
    const data = JSON.stringify({ ...event, sequence_number })
    return `event: ${event.type}\ndata: ${data}\n\n`
  })

/** A client: its frames, and how it ended. */
const connect = (url: string, headers: Record<string, string> = {}) =>
  Effect.acquireRelease(
    Effect.callback<{
      readonly socket: WebSocket
      readonly frames: Array<Wild>
      readonly status: () => number
      readonly code: () => number
      readonly create: (body: object) => void
    }>((resume) => {
      const socket = new WebSocket(url.replace("http", "ws"), { headers })
      const frames: Array<Wild> = []
      let status = 101
      let code = 0
      const client = {
        socket,
        frames,
        status: () => status,
        code: () => code,
        create: (body: object) => socket.send(JSON.stringify({ type: "response.create", ...body }))
      }
      socket.on("message", (data) => frames.push(JSON.parse(String(data))))
      socket.on("close", (closed) => {
        code = closed
      })
      socket.on("error", () => {})
      socket.on("unexpected-response", (_, response) => {
        status = response.statusCode ?? 0
        resume(Effect.succeed(client))
      })
      socket.once("open", () => resume(Effect.succeed(client)))
    }),
    ({ socket }) => Effect.sync(() => socket.terminate())
  )

const types = (frames: ReadonlyArray<Wild>) => frames.map(({ type }) => type)
const ended = (frames: ReadonlyArray<Wild>) =>
  frames.filter(({ type }) => type === "response.completed" || type === "error").length

const gateway = (more: object = {}, options?: Parameters<typeof start>[1]) =>
  Effect.gen(function* () {
    const [a, b] = [yield* FaultServer.make, yield* FaultServer.make]
    const url = yield* start(
      {
        providers: { a: provider("openai", a), b: { ...provider("openai", b), responses: false } },
        models: { both: ["a/m", "b/m"] },
        policy,
        ...more
      },
      options
    )
    return { a, b, url: `${url}/v1/responses` }
  })

const firstBytes = (url: string, said: string) =>
  Effect.callback<string>((resume) => {
    const socket = net.connect(Number(new URL(url).port), "127.0.0.1", () => socket.write(said))
    socket.once("data", (part) => resume(Effect.succeed(part.toString("latin1"))))
    return Effect.sync(() => socket.destroy())
  })

describe("responses over a WebSocket", () => {
  it.live("are sent as frames, several on one connection, each from its own target", () =>
    Effect.gen(function* () {
      const { a, b, url } = yield* gateway()
      a.play(FaultServer.sse(responseEvents("resp_1", "hello 漢🦊")))
      b.play(FaultServer.sse(openai.events))
      const client = yield* connect(url)
      client.create({ model: "a/m", input: "hi", store: false })
      client.create({ model: "b/m", input: "hi" })
      yield* eventually(() => ended(client.frames) === 2)
      assert.deepStrictEqual(types(client.frames).slice(0, 3), [
        "response.created",
        "response.output_text.delta",
        "response.completed"
      ])
      assert.strictEqual(client.frames.at(-1).response.output[0].content[0].text, "hello 漢🦊")
      const sent = JSON.parse(a.requests[0]?.body ?? "")
      assert.deepStrictEqual(sent, { model: "m", input: "hi", store: false, stream: true })
    })
  )

  it.live("that a model declines arrive as events, and refused frames have an id and a log entry", () =>
    Effect.gen(function* () {
      const lines: Array<Wild> = []
      const logger = Logger.map(Logger.formatJson, (line) => void lines.push(JSON.parse(line).annotations))
      const { b, url } = yield* Effect.provide(gateway({ log: { requests: true } }), Logger.layer([logger]))
      const message = { role: "assistant", content: null, refusal: null }
      b.play(FaultServer.json({ choices: [{ index: 0, message, finish_reason: "content_filter" }] }))
      const client = yield* connect(url)
      client.create({ model: "b/m", input: "hi" })
      yield* eventually(() => types(client.frames).includes("response.incomplete"))
      assert.strictEqual(client.frames[0].type, "response.created")
      client.socket.send("[]")
      client.socket.send(JSON.stringify({ type: "response.cancel" }))
      yield* eventually(() => ended(client.frames) === 2)
      yield* eventually(() => lines.filter(({ outcome }) => outcome === "refused").length === 2)
      for (const [index, code] of ["invalid_json", "unknown_event"].entries()) {
        const frame = client.frames.at(index - 2)
        assert.deepInclude(frame, { type: "error", status: 400 })
        assert.strictEqual(frame.error.code, code)
        const entry = lines.find(({ request }) => request === frame.headers["x-request-id"])
        assert.deepInclude(entry, { method: "websocket", status: 400, error: code })
      }
    })
  )

  it.live("fail over before their first content", () =>
    Effect.gen(function* () {
      const { a, b, url } = yield* gateway()
      a.play(FaultServer.json(openai.error("overloaded_error", "Overloaded"), 503), [
        FaultServer.sseHead,
        { send: responseEvents("resp_1", "x")[0]! },
        { cut: true }
      ])
      b.play(FaultServer.sse(openai.events))
      const client = yield* connect(url)
      client.create({ model: "both", input: "hi" })
      yield* eventually(() => ended(client.frames) === 1)
      client.create({ model: "both", input: "hi" })
      yield* eventually(() => ended(client.frames) === 2)
      assert.deepStrictEqual(
        client.frames.flatMap(({ response, type }) =>
          type === "response.completed" ? response.output[0].content[0].text : []
        ),
        ["hello 漢🦊", "hello 漢🦊"]
      )
      assert.strictEqual(a.requests.length, 2)
    })
  )

  it.live("continue the previous one with only the new input, also after a warm-up", () =>
    Effect.gen(function* () {
      const { b, url } = yield* gateway()
      b.play(FaultServer.sse(openai.events))
      const client = yield* connect(url)
      const message = (text: string) => ({
        type: "message",
        role: "user",
        content: [{ type: "input_text", text }]
      })
      client.create({ model: "b/m", instructions: "Be kind.", input: [message("one")], generate: false })
      yield* eventually(() => ended(client.frames) === 1)
      assert.strictEqual(b.requests.length, 0)
      for (const [at, text] of ["two", "three"].entries()) {
        const { id } = client.frames.at(-1).response
        client.create({ model: "b/m", previous_response_id: id, input: [message(text)] })
        yield* eventually(() => ended(client.frames) === at + 2)
      }
      const { messages } = JSON.parse(b.requests[1]?.body ?? "")
      assert.deepStrictEqual(
        messages.flatMap(({ content, role }: Wild) =>
          [content].flat().map((part: Wild) => [role, part.text ?? part])
        ),
        [
          ["user", "one\n\ntwo"],
          ["assistant", "hello 漢🦊"],
          ["user", "three"]
        ]
      )
      client.create({ model: "b/m", previous_response_id: "resp_other", input: [message("four")] })
      yield* eventually(() => ended(client.frames) === 4)
      const { error, status } = client.frames.at(-1)
      assert.deepStrictEqual([status, error.code], [400, "previous_response_not_found"])
    })
  )

  it.live("send errors as frames with their status, before and after the first content", () =>
    Effect.gen(function* () {
      const { a, url } = yield* gateway()
      const events = responseEvents("resp_1", "hello")
      const throttled = FaultServer.json(openai.error("rate_limit_error", "Slow down"), 429)
      a.play(
        // Without a named wait the target is called once more.
        throttled,
        throttled,
        [FaultServer.sseHead, { send: events[0]! }, { send: events[1]! }, { wait: 50 }, { cut: true }],
        FaultServer.json({ error: { message: "bad input", type: "invalid_request_error", code: null } }, 400)
      )
      const client = yield* connect(url)
      const asked = [
        { model: "a/m", input: "hi" },
        { model: "a/m", input: "hi" },
        { model: "a/m", input: "hi" },
        { model: "nobody/m", input: "hi" }
      ]
      for (const [at, body] of asked.entries()) {
        client.create(body)
        yield* eventually(() => ended(client.frames) === at + 1)
      }
      client.socket.send("{")
      client.socket.send('{"type":"session.update"}')
      yield* eventually(() => ended(client.frames) === 6)
      const errors = client.frames.filter(({ type }) => type === "error")
      assert.deepStrictEqual(
        errors.map(({ status }) => status),
        [429, 502, 400, 404, 400, 400]
      )
      assert.strictEqual(errors[2].error.message, "bad input")
      for (const frame of errors) {
        assert.isString(frame.error.message)
        // For Codex `status_code` is another name of `status`: it ignores a frame with both, and waits on.
        assert.notProperty(frame, "status_code")
      }
      assert.strictEqual(client.socket.readyState, WebSocket.OPEN)
      const { text } = yield* ask(url.replace("/v1/responses", "/metrics"))
      for (const status of [200, 400, 404, 429]) {
        assert.include(text, `failover_http_requests_total{route="/v1/responses",status="${status}"}`)
      }
    })
  )

  it.live("need a token, and return 426 if they are switched off", () =>
    Effect.gen(function* () {
      const { a, url } = yield* gateway({ server: { tokens: ["let-me-in"] } })
      a.play(FaultServer.sse(responseEvents("resp_1", "hello")))
      assert.strictEqual((yield* connect(url)).status(), 401)
      const client = yield* connect(url, { authorization: "Bearer let-me-in" })
      client.create({ model: "a/m", input: "hi" })
      yield* eventually(() => ended(client.frames) === 1)

      const off = yield* gateway({ server: { websocket: false } })
      assert.strictEqual((yield* connect(off.url)).status(), 426)
      const said = yield* ask(off.url, {
        headers: {
          connection: "Upgrade",
          upgrade: "websocket",
          "sec-websocket-version": "13",
          "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ=="
        }
      })
      assert.strictEqual(said.status, 426)
      assert.match(String(said.headers.connection), /upgrade/i)
      assert.isString(said.headers.upgrade)
      assert.strictEqual((yield* ask(off.url)).status, 405)

      const handshake =
        "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
      for (const wrong of [
        `GET /v1/responses HTTP/1.0\r\nhost: x\r\n${handshake}\r\n`,
        `GET /v1/responses HTTP/1.1\r\nhost: x\r\n${handshake}content-length: 5\r\n\r\nhello`
      ]) {
        assert.match(yield* firstBytes((yield* gateway()).url, wrong), /^HTTP\/1\.1 426 /)
      }

      const few = yield* gateway({ server: { websocket: { connections: 1 } } })
      assert.deepStrictEqual(
        [(yield* connect(few.url)).status(), (yield* connect(few.url)).status()],
        [101, 426]
      )
    })
  )

  it.live("end by size, by idleness, by binary frames, and with the gateway", () =>
    Effect.gen(function* () {
      const { url } = yield* gateway({ server: { maxBodyBytes: 1000, websocket: { idle: "200 millis" } } })
      const large = yield* connect(url)
      large.create({ model: "a/m", input: "x".repeat(2000) })
      const binary = yield* connect(url)
      binary.socket.send(Buffer.from("{}"))
      const idle = yield* connect(url)
      yield* eventually(() => large.code() !== 0 && binary.code() !== 0 && idle.code() !== 0)
      assert.deepStrictEqual([large.code(), binary.code(), idle.code()], [1009, 1003, 1000])

      const stopped = yield* Effect.scoped(
        Effect.gen(function* () {
          const { a, url } = yield* gateway({}, { drain: "2 seconds" })
          const events = responseEvents("resp_1", "hello")
          a.play([
            FaultServer.sseHead,
            { send: events.slice(0, 2).join("") },
            { wait: 300 },
            { send: events[2]! },
            { end: true }
          ])
          const [busy, idle] = [yield* connectUnscoped(url), yield* connectUnscoped(url)]
          busy.create({ model: "a/m", input: "hi" })
          yield* eventually(() => busy.frames.length > 0)
          return { busy, idle }
        })
      )
      yield* eventually(() => stopped.busy.code() !== 0 && stopped.idle.code() !== 0)
      assert.deepStrictEqual([stopped.busy.code(), stopped.idle.code()], [1001, 1001])
      assert.strictEqual(stopped.busy.frames.at(-1).type, "response.completed")
    })
  )

  it.live("are refused like bodies if they would take long to read, and the connection goes on", () =>
    Effect.gen(function* () {
      const { a, url } = yield* gateway()
      a.play(FaultServer.sse(responseEvents("resp_1", "hello")))
      const client = yield* connect(url)
      const send = (input: string) =>
        client.socket.send(`{"type":"response.create","model":"a/m","input":${input}}`)
      send(`${"[".repeat(20_000)}${"]".repeat(20_000)}`)
      send("[".repeat(5_000_000))
      send(`{${Array.from({ length: 200_000 }, (_, index) => `"k${index}":1`).join(",")}}`)
      client.create({ model: "a/m", input: "hi" })
      yield* eventually(() => ended(client.frames) === 4)
      assert.deepStrictEqual(
        client.frames.slice(0, 3).map(({ status }) => status),
        [400, 400, 413]
      )
      assert.strictEqual(client.frames.at(-1).type, "response.completed")
      assert.lengthOf(a.requests, 1)
    })
  )

  it.live("count for the bodies in flight, and are refused when there are too many", () =>
    Effect.gen(function* () {
      const { a, url } = yield* gateway({ server: { maxBodyBytes: 10_000, maxBodiesBytes: 10_000 } })
      a.play([{ wait: 300 }, ...FaultServer.sse(responseEvents("resp_1", "hello"))])
      const [first, second] = [yield* connect(url), yield* connect(url)]
      first.create({ model: "a/m", input: "x".repeat(6_000) })
      yield* eventually(() => a.requests.length === 1)
      second.create({ model: "a/m", input: "x".repeat(6_000) })
      yield* eventually(() => ended(second.frames) === 1)
      assert.deepInclude(second.frames[0], { type: "error", status: 503 })
      yield* eventually(() => ended(first.frames) === 1)
      second.create({ model: "a/m", input: "x".repeat(6_000) })
      yield* eventually(() => ended(second.frames) === 2)
      assert.strictEqual(second.frames.at(-1).type, "response.completed")
    })
  )

  it.live("count while they arrive, and the connection ends in order when there are too many", () =>
    Effect.gen(function* () {
      const { a, url } = yield* gateway({ server: { maxBodyBytes: 50_000, maxBodiesBytes: 50_000 } })
      const slow = [{ wait: 300 }, ...FaultServer.sse(responseEvents("resp_1", "hello"))]
      a.play(slow, slow, slow)
      const [first, second] = [yield* connect(url), yield* connect(url)]
      first.create({ model: "a/m", input: "one" })
      first.socket.send("x".repeat(40_000), { fin: false })
      yield* eventually(() => a.requests.length === 1)
      second.create({ model: "a/m", input: "two" })
      yield* eventually(() => a.requests.length === 2)
      second.socket.send("x".repeat(20_000), { fin: false })
      second.socket.send("x", { fin: false })
      yield* eventually(() => second.code() !== 0)
      assert.strictEqual(second.code(), 1013)
      assert.deepStrictEqual(types(second.frames).slice(-2), ["response.completed", "error"])
      const { error, status } = second.frames.at(-1)
      assert.deepStrictEqual([status, error.code], [503, "bodies_too_large"])
      first.socket.terminate()
      // Everything that was counted is released.
      const third = yield* connect(url)
      yield* eventually(() => a.running === 0)
      third.create({ model: "a/m", input: "x".repeat(45_000) })
      yield* eventually(() => ended(third.frames) === 1)
      assert.strictEqual(third.frames.at(-1).type, "response.completed")
    })
  )

  it.live("end if a message does not arrive in the time of a request, but not between messages", () =>
    Effect.gen(function* () {
      const { a, url } = yield* gateway({ server: { timeouts: { request: "200 millis" } } })
      a.play(
        FaultServer.sse(responseEvents("resp_1", "hello")),
        FaultServer.sse(responseEvents("resp_2", "hi"))
      )
      const [slow, quiet] = [yield* connect(url), yield* connect(url)]
      quiet.create({ model: "a/m", input: "hi" })
      yield* eventually(() => ended(quiet.frames) === 1)
      quiet.socket.ping("still here")
      slow.socket.send('{"type":"response.create",', { fin: false })
      yield* eventually(() => slow.code() !== 0)
      assert.strictEqual(slow.code(), 1008)
      const { error, status } = slow.frames.at(-1)
      assert.deepStrictEqual([status, error.code], [408, "request_timeout"])
      quiet.create({ model: "a/m", input: "hi" })
      yield* eventually(() => ended(quiet.frames) === 2)
      assert.strictEqual(quiet.frames.at(-1).type, "response.completed")
    })
  )

  it.live("that continue a conversation are refused if it has become too large", () =>
    Effect.gen(function* () {
      const { a, url } = yield* gateway({ server: { maxBodyBytes: 10_000 } })
      a.play(FaultServer.sse(responseEvents("resp_1", "hello")))
      const client = yield* connect(url)
      const input = "x".repeat(6_000)
      client.create({ model: "a/m", input })
      yield* eventually(() => ended(client.frames) === 1)
      client.create({ model: "a/m", input, previous_response_id: "resp_1" })
      yield* eventually(() => ended(client.frames) === 2)
      assert.deepInclude(client.frames.at(-1), { type: "error", status: 413 })
      assert.lengthOf(a.requests, 1)

      const warm = yield* connect(url)
      warm.create({ model: "a/m", input, generate: false })
      yield* eventually(() => ended(warm.frames) === 1)
      const previous_response_id = warm.frames.at(-1).response.id
      warm.create({ model: "a/m", input, generate: false, previous_response_id })
      yield* eventually(() => ended(warm.frames) === 2)
      assert.deepInclude(warm.frames.at(-1), { type: "error", status: 413 })
    })
  )

  it.live("stop with their client", () =>
    Effect.gen(function* () {
      const { a, url } = yield* gateway()
      a.play([
        FaultServer.sseHead,
        { send: responseEvents("resp_1", "hello").slice(0, 2).join("") },
        { hang: true }
      ])
      const client = yield* connect(url)
      client.create({ model: "a/m", input: "hi" })
      yield* eventually(() => client.frames.length === 2)
      client.socket.terminate()
      yield* eventually(() => a.running === 0)
      assert.isTrue(a.requests[0]?.aborted)
    })
  )
})

const connectUnscoped = (url: string) => Effect.provideService(connect(url), Scope.Scope, Scope.makeUnsafe())
