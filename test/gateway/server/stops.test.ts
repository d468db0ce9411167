/** A gateway that stops, and what connections do meanwhile. */
import * as http from "node:http"
import * as net from "node:net"
import { Worker } from "node:worker_threads"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Connections from "../../../src/gateway/server/Connections.ts"
import * as FaultServer from "../../support/FaultServer.ts"
import { ask, chat, eventually, message, openai, provider, start } from "../../support/gateway.ts"

/** A connection that sends something and reads. */
const connect = (url: string, said = "") =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<{
        readonly socket: net.Socket
        readonly heard: () => string
        readonly ended: () => string
      }>((resume) => {
        let heard = ""
        let ended = ""
        const socket = net.connect(Number(new URL(url).port), "127.0.0.1")
        socket.on("data", (part) => (heard += part.toString("latin1")))
        socket.on("error", (error) => (ended = Reflect.get(error, "code") ?? "error"))
        socket.on("close", () => (ended ||= "end"))
        socket.on("connect", () => {
          if (said !== "") socket.write(said)
          resume(Effect.succeed({ socket, heard: () => heard, ended: () => ended }))
        })
      }),
      ({ socket }) => Effect.sync(() => socket.destroy())
    ),
    (connection) => connection
  )

/** A gateway in its own scope, with a drain that the test would notice. */
const gateway = Effect.fnUntraced(function* (settings: object = {}, hasOwnDrain = true) {
  const server = yield* FaultServer.make
  server.play(FaultServer.json(openai.answer))
  const scope = yield* Scope.make()
  const url = yield* Scope.provide(
    start(
      { providers: { a: { ...provider("openai", server), responses: false } }, server: settings },
      hasOwnDrain ? { drain: "20 seconds" } : {}
    ),
    scope
  )
  const stop = Effect.gen(function* () {
    const startedAt = Date.now()
    yield* Scope.close(scope, Exit.void)
    return Date.now() - startedAt
  })
  return { server, url, stop }
})

const body = JSON.stringify(chat("a/x"))
const post = (path: string, headers: ReadonlyArray<string> = [], text = body) =>
  `POST ${path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${Buffer.byteLength(text)}\r\n${headers.map((line) => `${line}\r\n`).join("")}\r\n${text}`

describe("a stop", () => {
  const holders: ReadonlyArray<readonly [name: string, said: string, settings?: object]> = [
    ["a connection that never says anything", ""],
    ["half of the headers of a request", "POST /v1/chat/completions HTTP/1.1\r\nhost: loc"],
    [
      "a body that never arrives",
      "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n"
    ],
    [
      "a body that has begun",
      "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{"
    ],
    [
      "a body in chunks that has begun",
      "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{    \r\n"
    ],
    [
      "a client that waits for 100 Continue",
      "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: 100\r\n\r\n"
    ],
    [
      "a refused request with a body that never arrives",
      "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n",
      { tokens: ["t"] }
    ],
    [
      "a page request with a body that never arrives",
      "GET /healthz HTTP/1.1\r\nhost: localhost\r\ncontent-length: 9\r\n\r\n"
    ],
    [
      "an offer of a web socket",
      "GET / HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ],
    [
      "an offer of HTTP/2",
      post("/v1/chat/completions", [
        "connection: upgrade, http2-settings",
        "upgrade: h2c",
        "http2-settings: AAMAAABkAAQAAP__"
      ])
    ],
    [
      "an upgrade with a body that never arrives",
      "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: other\r\ncontent-length: 100\r\n\r\n"
    ],
    ["a tunnel that was asked for", "CONNECT example.com:443 HTTP/1.1\r\nhost: example.com\r\n\r\n"]
  ]
  for (const [name, said, settings] of holders) {
    it.live(`is not held up by ${name}`, () =>
      Effect.gen(function* () {
        const { stop, url } = yield* gateway(settings)
        const connection = yield* connect(url, said)
        yield* Effect.sleep("50 millis")
        assert.isBelow(yield* stop, 1_500)
        yield* eventually(() => connection.ended() !== "")
      })
    )
  }

  it.live("is not delayed by a body that arrives too slowly to end, and refuses it", () =>
    Effect.gen(function* () {
      const { server, stop, url } = yield* gateway()
      const connection = yield* connect(
        url,
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1000\r\n\r\n"
      )
      const timer = setInterval(() => connection.socket.write(" "), 20)
      yield* Effect.addFinalizer(() => Effect.sync(() => clearInterval(timer)))
      yield* Effect.sleep("50 millis")
      assert.isBelow(yield* stop, 2_000)
      yield* eventually(() => connection.ended() !== "")
      assert.match(connection.heard(), /^HTTP\/1\.1 503 /)
      assert.match(connection.heard(), /^connection: close\r$/im)
      assert.match(connection.heard(), /^retry-after: 1\r$/im)
      assert.lengthOf(server.requests, 0)
    })
  )

  it.live("ends within a second of the last answer, which has connection: close", () =>
    Effect.gen(function* () {
      const { server, stop, url } = yield* gateway()
      server.play([{ wait: 700 }, ...FaultServer.json(openai.answer)])
      const silent = yield* connect(url)
      const answer = yield* Effect.forkChild(
        ask(`${url}/v1/chat/completions`, { body: chat("a/x"), agent: new http.Agent({ keepAlive: true }) })
      )
      yield* eventually(() => server.requests.length === 1)
      const took = yield* stop
      const got = yield* Fiber.join(answer)
      assert.strictEqual(got.status, 200)
      assert.strictEqual(got.headers.connection, "close")
      assert.isBelow(took, 1_700)
      yield* eventually(() => silent.ended() !== "")
    })
  )

  it.live(
    "answers all requests sent on one connection before it, and sends connection: close with the last one only",
    () =>
      Effect.gen(function* () {
        const { server, stop, url } = yield* gateway()
        server.play([{ wait: 300 }, ...FaultServer.json(openai.answer)])
        const connection = yield* connect(url, post("/v1/chat/completions").repeat(5))
        yield* eventually(() => server.requests.length === 5)
        assert.isBelow(yield* stop, 1_500)
        yield* eventually(() => connection.ended() !== "")
        assert.strictEqual(connection.ended(), "end")
        assert.lengthOf(connection.heard().match(/HTTP\/1\.1 200 /g) ?? [], 5)
        assert.lengthOf(connection.heard().match(/connection: close/gi) ?? [], 1)
      })
  )

  it.live("resets no request of busy clients that keep their connections", () =>
    Effect.gen(function* () {
      for (let round = 0; round < 3; round++) {
        const { stop, url } = yield* gateway()
        const agent = new http.Agent({ keepAlive: true, maxSockets: 16 })
        const faults: Array<string> = []
        let answered = 0
        let isOver = false
        const client = async () => {
          while (!isOver) {
            const end = await new Promise<string>((resolve) => {
              const request = http.request(`${url}/v1/chat/completions`, {
                method: "POST",
                agent,
                headers: { "content-length": Buffer.byteLength(body) }
              })
              // A new connection that met the closed port was never accepted, and nor was its request.
              request.on("error", (error) =>
                resolve(request.reusedSocket ? String(Reflect.get(error, "code")) : "ECONNREFUSED")
              )
              request.on("response", (response) => {
                response.resume()
                response.on("error", (error) => resolve(`cut: ${error.message}`))
                response.on("end", () => resolve(String(response.statusCode)))
              })
              request.end(body)
            })
            if (end === "200") answered++
            else if (end === "ECONNREFUSED") return
            else faults.push(end)
          }
        }
        const clients = Array.from({ length: 16 }, client)
        yield* eventually(() => answered > 16)
        assert.isBelow(yield* stop, 1_500)
        isOver = true
        yield* Effect.promise(() => Promise.all(clients))
        agent.destroy()
        assert.deepStrictEqual(faults, [])
      }
    })
  )

  it.live(
    "reads what has arrived during a pause of the event loop before it closes an idle connection",
    () => {
      const paused = Effect.gen(function* () {
        const { stop, url } = yield* gateway()
        const used = yield* connect(url, post("/v1/chat/completions"))
        const answers = () => used.heard().match(/HTTP\/1\.1 200 /g)?.length ?? 0
        yield* eventually(() => answers() === 1)
        const began = Date.now()
        const stopping = yield* Effect.forkChild(stop)
        yield* Effect.sleep("100 millis")
        // Timers run after immediates, and only then are sockets read.
        const isInTime = yield* Effect.callback<boolean>((resume) => {
          setImmediate(() => {
            const isInTime = Date.now() - began < 250
            used.socket.write(post("/v1/chat/completions"))
            const until = Date.now() + 500
            while (Date.now() < until) {}
            resume(Effect.succeed(isInTime))
          })
        })
        yield* eventually(() => used.ended() !== "")
        const got = [answers(), used.ended()]
        yield* Fiber.join(stopping)
        return isInTime ? got : undefined
      })
      // On a busy machine the grace of an idle connection may be over before the pause begins; then it is tried again.
      return Effect.map(Effect.repeat(paused, { until: (got) => got !== undefined }), (got) =>
        assert.deepStrictEqual(got, [2, "end"])
      )
    }
  )

  const streams = {
    "/v1/chat/completions": chat("a/x", { stream: true }),
    "/v1/messages": message("a/x", { stream: true }),
    "/v1/responses": { model: "a/x", input: "hello", stream: true }
  }
  for (const [path, asked] of Object.entries(streams)) {
    it.live(`ends a stream of ${path} that takes longer than the drain with an error event`, () =>
      Effect.gen(function* () {
        const { server, stop, url } = yield* gateway({ drain: "200 millis" }, false)
        server.play([FaultServer.sseHead, { send: openai.events.slice(0, 3).join("") }, { hang: true }])
        let heard = ""
        const answer = yield* Effect.forkChild(
          ask(`${url}${path}`, { body: asked, hears: (part) => void (heard += part) })
        )
        yield* eventually(() => heard.includes("hel"))
        assert.isBelow(yield* stop, 1_500)
        const { broken, text } = yield* Fiber.join(answer)
        assert.isFalse(broken)
        assert.include(text, "the gateway stopped before the request was answered")
        assert.notMatch(text, /\[DONE\]|message_stop|response\.completed/)
      })
    )
  }

  it.live("is not held up by the connections that Node's fetch keeps", () =>
    Effect.gen(function* () {
      const { stop, url } = yield* gateway()
      yield* Effect.promise(() =>
        Promise.all(
          Array.from({ length: 8 }, () =>
            fetch(`${url}/v1/chat/completions`, { method: "POST", body }).then((answer) => answer.text())
          )
        )
      )
      assert.isBelow(yield* stop, 1_000)
    })
  )
})

describe("a request with an upgrade", () => {
  for (const offer of ["h2c", "websocket", "TLS/1.0", "h2c, websocket", "x", ""]) {
    it.live(`(${offer || "an empty one"}) is served as any other, with its body`, () =>
      Effect.gen(function* () {
        const { server, stop, url } = yield* gateway()
        const connection = yield* connect(
          url,
          post("/v1/chat/completions", ["connection: upgrade", `upgrade: ${offer}`])
        )
        yield* eventually(() => connection.heard().includes("HTTP/1.1 200 "))
        assert.lengthOf(server.requests, 1)
        connection.socket.write(post("/v1/chat/completions", ["connection: upgrade", `upgrade: ${offer}`]))
        yield* eventually(() => (connection.heard().match(/HTTP\/1\.1 200 /g) ?? []).length === 2)
        yield* stop
      })
    )
  }

  it.live("is under the same timeouts and the same bound of connections", () =>
    Effect.gen(function* () {
      const { stop, url } = yield* gateway({ maxConnections: 3, timeouts: { headers: 200, request: 400 } })
      const offer =
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: h2c\r\ncontent-length: 100\r\n\r\n"
      const three = [
        yield* connect(url, offer),
        yield* connect(url, offer),
        yield* connect(url, offer.replace("h2c", "websocket"))
      ]
      const fourth = yield* connect(url, "GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
      yield* eventually(() => fourth.ended() !== "")
      assert.strictEqual(fourth.heard(), "")
      for (const each of three) {
        yield* eventually(() => each.ended() !== "")
        assert.match(each.heard(), /^HTTP\/1\.1 408 /)
      }
      yield* stop
    })
  )

  it.live("is counted as a request, and so is one that waits for 100 Continue", () =>
    Effect.gen(function* () {
      const { stop, url } = yield* gateway()
      const counted = Effect.map(ask(`${url}/metrics`), ({ text }) =>
        ["200", "400"].map((status) => {
          const line = new RegExp(
            `requests_total\\{[^}]*chat/completions[^}]*status="${status}"[^}]*\\} (\\d+)`
          )
          return Number(line.exec(text)?.[1] ?? 0)
        })
      )
      const before = yield* counted
      const offer = yield* connect(url, post("/v1/chat/completions", ["connection: upgrade", "upgrade: h2c"]))
      yield* eventually(() => offer.heard().includes("HTTP/1.1 200 "))
      const asked = yield* connect(url, post("/v1/chat/completions", ["expect: 100-continue"], ""))
      yield* eventually(() => asked.heard().includes("HTTP/1.1 400 "))
      yield* Effect.sleep("50 millis")
      const after = yield* counted
      assert.deepStrictEqual([after[0]! - before[0]!, after[1]! - before[1]!], [1, 1])
      yield* stop
    })
  )
})

describe("a port that closes", () => {
  it.live("answers the requests that came while the event loop was busy", () =>
    Effect.gen(function* () {
      const server = http.createServer((_, response) => response.end("ok"))
      const connections = yield* Connections.watch(server)
      yield* Effect.promise(() => new Promise<void>((done) => server.listen(0, "127.0.0.1", done)))
      const address = server.address()
      const port = typeof address === "object" && address !== null ? address.port : 0
      const sent = new Int32Array(new SharedArrayBuffer(4))
      const clients = new Worker(
        `const { parentPort, workerData: { port, sent } } = require("node:worker_threads")
         const net = require("node:net")
         parentPort.once("message", () => {
           for (let each = 0; each < 100; each++) {
             let text = ""
             const socket = net.connect(port, "127.0.0.1", () => {
               socket.write("GET / HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n", () => { Atomics.add(sent, 0, 1); Atomics.notify(sent, 0) })
             })
             socket.on("data", (part) => (text += part))
             socket.on("error", (error) => (text += error.code))
             socket.on("close", () => parentPort.postMessage(text.slice(0, 15)))
           }
         })`,
        { eval: true, workerData: { port, sent } }
      )
      yield* Effect.addFinalizer(() => Effect.promise(() => clients.terminate()))
      const said: Array<string> = []
      clients.on("message", (text: string) => said.push(text))
      yield* Effect.promise(() => new Promise((done) => clients.once("online", done)))
      yield* connections.stop(10_000)
      clients.postMessage("go")
      for (let all = 0; all < 100; all = Atomics.load(sent, 0)) Atomics.wait(sent, 0, all, 5_000)
      yield* Effect.promise(() => new Promise<unknown>((done) => server.close(done)))
      yield* eventually(() => said.length === 100)
      assert.deepStrictEqual(said, Array(100).fill("HTTP/1.1 200 OK"))
    })
  )
})
