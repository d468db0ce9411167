/** Input that Node cannot read as a request is answered and logged like every other refusal. */
import * as net from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as FaultServer from "../../support/FaultServer.ts"
import { ask, chat, eventually, openai, provider, start } from "../../support/gateway.ts"

interface Line {
  readonly annotations: Readonly<Record<string, unknown>>
}

const token = "client-token-0123456789"
const authorized = `authorization: Bearer ${token}\r\n`

const gateway = Effect.fnUntraced(function* (settings: object = {}, log: object = { requests: true }) {
  const server = yield* FaultServer.make
  server.play(FaultServer.json(openai.answer))
  const lines: Array<Line> = []
  const logger = Logger.map(Logger.formatJson, (line) => void lines.push(JSON.parse(line)))
  const url = yield* start({
    providers: { a: provider("openai", server) },
    log,
    server: { tokens: [token], adminToken: "admin-token-0123456789", ...settings }
  }).pipe(Effect.provide(Logger.layer([logger])))
  const entries = () => lines.filter(({ annotations }) => annotations.outcome !== undefined)
  return { server, url, entries }
})

interface Sending {
  /** The client ends its side of the connection at once. */
  readonly ends?: boolean
  /** More bytes: after some milliseconds, or when the first answer comes. */
  readonly late?: { readonly after: number | "refusal"; readonly said: string }
}

/** Sends bytes and reads until the connection is closed, or has been quiet for long. */
const exchange = (url: string, said: string | Uint8Array, { ends = false, late }: Sending = {}) =>
  Effect.callback<{ readonly text: string; readonly end: string }>((resume) => {
    let text = ""
    let end = "closed"
    const socket = net.connect(Number(new URL(url).port), "127.0.0.1", () => {
      socket.write(said)
      if (ends) socket.end()
      if (late !== undefined && late.after !== "refusal")
        setTimeout(() => socket.write(late.said), late.after)
    })
    if (late?.after === "refusal") socket.once("data", () => socket.write(late.said))
    socket.on("data", (part) => (text += part.toString("latin1")))
    socket.on("end", () => socket.end())
    socket.on("error", (error) => (end = String(Reflect.get(error, "code"))))
    socket.on("close", () => resume(Effect.succeed({ text, end })))
    return Effect.sync(() => socket.destroy())
  })

const answersOf = (text: string) =>
  text.split(/(?=HTTP\/1\.1 \d{3} )/).map((answer) => {
    const [head = "", body = ""] = answer.split("\r\n\r\n")
    const header = (name: string) => new RegExp(`^${name}: (.*)$`, "im").exec(head)?.[1]?.trim()
    return { status: Number(head.slice(9, 12)), header, body }
  })

const statusesOf = (text: string) => answersOf(text).map(({ status }) => status)

const post = (path: string, headers: string, body: string) =>
  `POST ${path} HTTP/1.1\r\nhost: x\r\n${authorized}${headers}\r\n${body}`

const good = (headers = "") => {
  const body = JSON.stringify(chat("a/x"))
  return post("/v1/chat/completions", `content-length: ${body.length}\r\n${headers}`, body)
}

const large = `x-pad: ${"p".repeat(20_000)}\r\n`
const id = (name: string) => `x-request-id: ${name}\r\n`

interface Kind {
  readonly name: string
  readonly said: string | Uint8Array
  readonly status: number
  readonly code: string
  /** The expected id. If absent, the gateway makes one. */
  readonly id?: string
  readonly protocol?: "anthropic"
  readonly method?: string
  readonly route?: string
}

const kinds: ReadonlyArray<Kind> = [
  { name: "no HTTP at all", said: "hello\r\n\r\n", status: 400, code: "malformed_request" },
  {
    name: "the beginning of TLS",
    said: Uint8Array.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]),
    status: 400,
    code: "malformed_request"
  },
  {
    name: "the beginning of HTTP/2",
    said: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    status: 400,
    code: "malformed_request"
  },
  {
    name: "a header that is none",
    said: `GET /v1/models HTTP/1.1\r\nhost: x\r\n${id("one")}a b: c\r\n\r\n`,
    status: 400,
    code: "malformed_request",
    id: "one",
    method: "GET",
    route: "/v1/models"
  },
  {
    name: "two lengths",
    said: post("/v1/messages", `${id("two")}content-length: 1\r\ntransfer-encoding: chunked\r\n`, "x"),
    status: 400,
    code: "malformed_request",
    id: "two",
    protocol: "anthropic",
    method: "POST",
    route: "/v1/messages"
  },
  {
    name: "no host",
    said: `GET /v1/models HTTP/1.1\r\n${id("three")}\r\n`,
    status: 400,
    code: "malformed_request",
    id: "three",
    method: "GET",
    route: "/v1/models"
  },
  {
    name: "two hosts",
    said: `GET /v1/models HTTP/1.1\r\nhost: x\r\nhost: x\r\n${authorized}${id("hosts")}\r\n`,
    status: 400,
    code: "malformed_request",
    id: "hosts",
    method: "GET",
    route: "/v1/models"
  },
  {
    name: "a version before 1.0",
    said: "GET /v1/models\r\n\r\n",
    status: 400,
    code: "malformed_request",
    method: "GET",
    route: "/v1/models"
  },
  {
    name: "a version above 1.1",
    said: `GET /v1/models HTTP/2.0\r\nhost: x\r\n${authorized}${id("version")}\r\n`,
    status: 400,
    code: "malformed_request",
    id: "version",
    method: "GET",
    route: "/v1/models"
  },
  {
    name: "chunks in HTTP/1.0, which has none",
    said: `POST /v1/messages HTTP/1.0\r\nconnection: keep-alive\r\n${authorized}${id("chunks")}transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n`,
    status: 400,
    code: "malformed_request",
    id: "chunks",
    protocol: "anthropic",
    method: "POST",
    route: "/v1/messages"
  },
  {
    name: "an unknown coding of its body",
    said: post("/v1/messages", `${id("coding")}transfer-encoding: gzip, chunked\r\n`, "2\r\n{}\r\n0\r\n\r\n"),
    status: 400,
    code: "malformed_request",
    id: "coding",
    protocol: "anthropic",
    method: "POST",
    route: "/v1/messages"
  },
  {
    name: "large headers",
    said: post("/v1/messages", `${id("four")}${large}`, ""),
    status: 431,
    code: "headers_too_large",
    id: "four",
    protocol: "anthropic",
    method: "POST",
    route: "/v1/messages"
  },
  {
    name: "a wrong chunk",
    said: post("/v1/messages", `${id("five")}transfer-encoding: chunked\r\n`, "5\r\n{    \r\nzz\r\n"),
    status: 400,
    code: "malformed_request",
    id: "five",
    protocol: "anthropic",
    method: "POST",
    route: "/v1/messages"
  },
  {
    name: "half of its headers",
    said: "POST /v1/chat/completions HTTP/1.1\r\nhost: loc",
    status: 408,
    code: "request_timeout"
  },
  {
    name: "half of its body",
    said: post("/v1/messages", `${id("six")}content-length: 100\r\n`, "{"),
    status: 408,
    code: "request_timeout",
    id: "six",
    protocol: "anthropic",
    method: "POST",
    route: "/v1/messages"
  },
  {
    name: "half of the body of an admin request",
    said: `POST /admin/benches HTTP/1.1\r\nhost: x\r\nauthorization: Bearer admin-token-0123456789\r\ncontent-type: application/json\r\n${id("seven")}content-length: 100\r\n\r\n{`,
    status: 408,
    code: "request_timeout",
    id: "seven",
    method: "POST",
    route: "/admin"
  },
  {
    name: "a tunnel",
    said: `CONNECT example.com:443 HTTP/1.1\r\nhost: example.com\r\n${id("eight")}\r\n`,
    status: 405,
    code: "method_not_allowed",
    id: "eight",
    method: "CONNECT"
  }
]

describe("a request that cannot be read", () => {
  for (const kind of kinds) {
    it.live(`(${kind.name}) gets an id, a body of its protocol and an entry in the log`, () =>
      Effect.gen(function* () {
        const { entries, server, url } = yield* gateway({ timeouts: { headers: 100, request: 200 } })
        const { end, text } = yield* exchange(url, kind.said)
        assert.strictEqual(end, "closed")
        const answers = answersOf(text)
        assert.lengthOf(answers, 1)
        const { body, header, status } = answers[0]!
        assert.strictEqual(status, kind.status)
        assert.strictEqual(header("connection"), "close")
        assert.strictEqual(header("content-type"), "application/json")
        const given = header("x-request-id") ?? ""
        if (kind.id === undefined) assert.match(given, /^req_\w{20}$/)
        else assert.strictEqual(given, kind.id)
        const json = JSON.parse(body)
        if (kind.protocol === "anthropic") assert.deepInclude(json, { type: "error", request_id: given })
        else assert.strictEqual(json.error.code, kind.code)
        yield* eventually(() => entries().length > 0)
        assert.lengthOf(entries(), 1)
        assert.deepInclude(entries()[0]?.annotations, {
          request: given,
          method: kind.method ?? "unknown",
          route: kind.route ?? "other",
          status: kind.status,
          outcome: "refused",
          error: kind.code
        })
        assert.lengthOf(server.requests, 0)
      })
    )
  }

  it.live("is counted like every other one", () =>
    Effect.gen(function* () {
      const { url } = yield* gateway()
      const counted = Effect.map(ask(`${url}/metrics`), ({ text }) =>
        Number(/requests_total\{[^}]*route="other"[^}]*status="431"[^}]*\} (\d+)/.exec(text)?.[1] ?? 0)
      )
      const before = yield* counted
      yield* exchange(url, `GET /nothing HTTP/1.1\r\nhost: x\r\n${large}\r\n`)
      assert.strictEqual(yield* counted, before + 1)
    })
  )

  it.live("does not take the id of another request of its connection", () =>
    Effect.gen(function* () {
      const { entries, server, url } = yield* gateway()
      server.play([{ wait: 100 }, ...FaultServer.json(openai.answer)])
      const { text } = yield* exchange(url, `${good(id("first"))}nonsense\r\n\r\n`)
      const [first, second] = answersOf(text)
      assert.deepStrictEqual([first?.status, first?.header("x-request-id")], [200, "first"])
      assert.strictEqual(second?.status, 400)
      assert.match(second?.header("x-request-id") ?? "", /^req_/)
      yield* eventually(() => entries().length === 2)
    })
  )

  it.live("does not cut off the answers of accepted requests before it", () =>
    Effect.gen(function* () {
      const late = {
        "nonsense\r\n\r\n": 400,
        "POST /v1/chat/completions HTTP/1.1\r\nhost: loc": 408,
        [post("/v1/chat/completions", "content-length: 100\r\n", "{")]: 408,
        [post("/v1/chat/completions", large, "")]: 431,
        "CONNECT example.com:443 HTTP/1.1\r\nhost: example.com\r\n\r\n": 405
      }
      for (const [next, status] of Object.entries(late)) {
        // Long enough that a busy process has read the first two requests by then.
        const { server, url } = yield* gateway({ timeouts: { headers: 500, request: 600 } })
        server.play([{ wait: 800 }, ...FaultServer.json(openai.answer)])
        const { end, text } = yield* exchange(url, `${good()}${good()}${next}`)
        assert.deepStrictEqual(statusesOf(text), [200, 200, status])
        assert.strictEqual(end, "closed")
      }
    })
  )

  it.live("is not called after its refusal if the rest of it arrives then", () =>
    Effect.gen(function* () {
      const { server, url } = yield* gateway({ timeouts: { headers: 50, request: 100 } })
      server.play([{ wait: 400 }, ...FaultServer.json(openai.answer)])
      const [half, rest] = [good().slice(0, 40), good().slice(40)]
      const alone = yield* exchange(url, half, { late: { after: "refusal", said: rest } })
      assert.deepStrictEqual(statusesOf(alone.text), [408])
      yield* Effect.sleep(50)
      assert.lengthOf(server.requests, 0)
      const behind = yield* exchange(url, `${good()}${half}`, { late: { after: 250, said: rest } })
      assert.deepStrictEqual(statusesOf(behind.text), [200, 408])
      yield* Effect.sleep(50)
      assert.lengthOf(server.requests, 1)
    })
  )

  it.live("is answered even while the client continues to send, and then ends", () =>
    Effect.gen(function* () {
      const { url } = yield* gateway()
      const { text } = yield* exchange(url, `nonsense\r\n\r\n${"x".repeat(3_000_000)}`)
      assert.strictEqual(answersOf(text)[0]?.status, 400)
    })
  )

  it.live("that ends in the middle is answered in its headers, and has left in its body", () =>
    Effect.gen(function* () {
      const { entries, url } = yield* gateway({ maxConcurrent: 1 })
      const half = (said: string) => exchange(url, said, { ends: true })
      assert.strictEqual(answersOf((yield* half("GET /v1/models HTTP/1.1\r\nhos")).text)[0]?.status, 400)
      yield* half(post("/v1/chat/completions", "content-length: 100\r\n", "{"))
      yield* eventually(() => entries().length === 2)
      assert.deepStrictEqual(
        entries().map(({ annotations }) => annotations.outcome),
        ["refused", "client left"]
      )
      assert.strictEqual(
        answersOf((yield* exchange(url, good("connection: close\r\n"))).text)[0]?.status,
        200
      )
    })
  )

  it.live("frees its connection slot at once", () =>
    Effect.gen(function* () {
      const { url } = yield* gateway({ maxConcurrent: 1 })
      const broken = post("/v1/chat/completions", "transfer-encoding: chunked\r\n", "zz\r\n")
      assert.strictEqual(answersOf((yield* exchange(url, broken)).text)[0]?.status, 400)
      assert.strictEqual(
        answersOf((yield* exchange(url, good("connection: close\r\n"))).text)[0]?.status,
        200
      )
    })
  )

  it.live("has no log entry if it is for a page, a probe or a scrape, unless all are logged", () =>
    Effect.gen(function* () {
      for (const [requests, expected] of [
        [true, []],
        ["all", ["/", "/healthz", "/metrics", "/readyz", "other", "other"]]
      ] as const) {
        const { entries, url } = yield* gateway({}, { requests })
        for (const path of ["/", "/healthz", "/metrics?x=1", "/readyz", "/status", "/status/events"]) {
          yield* exchange(url, `GET ${path} HTTP/1.1\r\nhost: x\r\n${large}\r\n`)
          yield* exchange(url, `GET /v1/models HTTP/1.1\r\nhost: x\r\n${large}\r\n`)
        }
        yield* eventually(() => entries().length >= 6 + expected.length)
        const routes = entries().map(({ annotations }) => String(annotations.route))
        assert.deepStrictEqual(routes.filter((route) => route !== "/v1/models").sort(), [...expected])
      }
    })
  )

  it.live("has no log entry if nothing of it arrived", () =>
    Effect.gen(function* () {
      const { entries, url } = yield* gateway({ timeouts: { headers: 50, request: 100 } })
      const { text } = yield* exchange(url, "")
      assert.strictEqual(answersOf(text)[0]?.status, 408)
      assert.lengthOf(entries(), 0)
    })
  )
})
