/** Properties of all kinds of answers of a gateway: the id, the format, the log entry, CORS headers, the close. */
import * as http from "node:http"
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Scope from "effect/Scope"
import * as FaultServer from "../../support/FaultServer.ts"
import {
  anthropic,
  ask,
  chat,
  eventually,
  type Got,
  key,
  message,
  openai,
  provider,
  start
} from "../../support/gateway.ts"

const page = "https://app.example"
const client = { authorization: "Bearer client-token-0123456789" }
const admin = { authorization: "Bearer admin-token-0123456789" }

interface Kind {
  readonly name: string
  readonly path: string
  readonly status: number
  /** Default: GET, or POST with a body. */
  readonly method?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** The protocol of its error; `undefined` if it is no error, or one of a page. */
  readonly error?: "openai" | "anthropic"
  /** It has the `x-failover-*` headers of a run. */
  readonly ran?: true
  /** The answer does not end by itself. */
  readonly endless?: true
  /** The request has no log entry. */
  readonly unlogged?: true
}

const declined = {
  id: "c-1",
  choices: [
    {
      index: 0,
      message: { role: "assistant", content: null, refusal: null },
      finish_reason: "content_filter"
    }
  ]
}

/** What the provider answers, by the model. */
const behaviour = ({ model }: FaultServer.Seen): FaultServer.Behaviour => {
  switch (model) {
    case "stream":
      return FaultServer.sse(openai.events)
    case "breaks":
      return [FaultServer.sseHead, { send: openai.events.slice(0, 3).join("") }, { wait: 30 }, { cut: true }]
    case "busy":
      return FaultServer.json(openai.error("overloaded", `busy ${key}`), 503)
    case "picky":
      return FaultServer.json(openai.error("invalid_request_error", `no such field ${key}`), 400)
    case "shy":
      return FaultServer.json(declined)
    case "countless":
      return FaultServer.json(anthropic.error("not_found_error", "no such path"), 404)
    default:
      return FaultServer.json(openai.answer)
  }
}

const chats = "/v1/chat/completions"
const messages = "/v1/messages"
const conversation = (model: string, more: object = {}) => ({ body: chat(model, more), headers: client })
const said = (model: string, more: object = {}) => ({ body: message(model, more), headers: client })

/** For each protocol the errors that the gateway creates itself. */
const errors = (["openai", "anthropic"] as const).flatMap((error): ReadonlyArray<Kind> => {
  const path = error === "openai" ? chats : messages
  const each: ReadonlyArray<Omit<Kind, "error" | "path">> = [
    { name: "no token", status: 401, body: message("a/gpt") },
    { name: "a wrong method", status: 405, headers: client },
    { name: "a wrong method by HEAD", status: 405, method: "HEAD", headers: client },
    { name: "no JSON", status: 400, body: "{", headers: client },
    { name: "no model", status: 400, body: {}, headers: client },
    { name: "an unknown model", status: 404, ...said("nobody") },
    { name: "a key as the model", status: 404, ...said(key) },
    { name: "a key as a provider's model", status: 404, ...said(`a/${key}`) },
    { name: "a key as a fallback", status: 404, ...said("a/gpt", { fallbacks: [key] }) },
    {
      name: "a wrong encoding",
      status: 415,
      body: {},
      headers: { ...client, "content-encoding": "gzip" }
    },
    { name: "a large body", status: 413, body: "x".repeat(70_000), headers: client },
    { name: "an overloaded provider", status: 503, ran: true, ...said("a/busy") },
    { name: "a provider that refuses", status: 400, ran: true, ...said("a/picky") },
    { name: "an unreachable provider", status: 502, ran: true, ...said("gone/gpt") },
    {
      name: "a deadline",
      status: 504,
      ran: true,
      ...said("mute/gpt"),
      headers: { ...client, "x-failover-deadline-ms": "30" }
    }
  ]
  return each.map((kind) => ({ ...kind, path, error }))
})

const kinds: ReadonlyArray<Kind> = [
  { name: "a whole answer", path: chats, status: 200, ran: true, ...conversation("a/gpt") },
  { name: "a translated answer", path: messages, status: 200, ran: true, ...said("a/gpt") },
  { name: "a stream", path: chats, status: 200, ran: true, ...conversation("a/stream", { stream: true }) },
  {
    name: "a broken stream",
    path: chats,
    status: 200,
    ran: true,
    ...conversation("a/breaks", { stream: true })
  },
  {
    name: "a translated stream",
    path: messages,
    status: 200,
    ran: true,
    ...said("a/stream", { stream: true })
  },
  { name: "a declined answer", path: chats, status: 200, ran: true, ...conversation("a/shy") },
  {
    name: "a declined stream",
    path: chats,
    status: 200,
    ran: true,
    ...conversation("a/shy", { stream: true })
  },
  { name: "an estimate", path: "/v1/messages/count_tokens", status: 200, ...said("a/gpt") },
  {
    name: "an estimate after an attempt",
    path: "/v1/messages/count_tokens",
    status: 200,
    ran: true,
    ...said("c/countless")
  },
  { name: "the models", path: "/v1/models", status: 200, headers: client },
  { name: "the models by HEAD", path: "/v1/models", status: 200, method: "HEAD", headers: client },
  { name: "the models, posted", path: "/v1/models", status: 405, body: {}, headers: client, error: "openai" },
  { name: "an unknown path", path: `/v1/nothing/${key}`, status: 404, headers: client, error: "openai" },
  {
    name: "an unknown path of messages",
    path: "/v1/messages/nothing",
    status: 404,
    headers: client,
    error: "anthropic"
  },
  {
    name: "a WebSocket that is not accepted",
    path: "/v1/responses",
    status: 426,
    error: "openai",
    headers: { ...client, connection: "upgrade", upgrade: "websocket" }
  },
  {
    name: "a response in the background",
    path: "/v1/responses",
    status: 400,
    error: "openai",
    body: { model: "a/gpt", background: true },
    headers: client
  },
  {
    name: "a preflight request",
    path: chats,
    status: 204,
    method: "OPTIONS",
    headers: { "access-control-request-method": "POST" }
  },
  ...errors,
  { name: "the health", path: "/healthz", status: 200 },
  { name: "the health by HEAD", path: "/healthz", status: 200, method: "HEAD" },
  { name: "the health, posted", path: "/healthz", status: 405, body: {}, error: "openai" },
  { name: "the readiness", path: "/readyz", status: 200 },
  { name: "the metrics", path: "/metrics", status: 200 },
  { name: "the metrics by HEAD", path: "/metrics", status: 200, method: "HEAD" },
  { name: "another host", path: "/metrics", status: 403, headers: { host: "evil.example" }, error: "openai" },
  { name: "the page", path: "/", status: 200, headers: { host: "localhost" } },
  { name: "the style of the page", path: "/status/page.css", status: 200 },
  { name: "the status", path: "/status", status: 200, headers: admin },
  { name: "the status without a token", path: "/status", status: 401 },
  {
    name: "the status for another site",
    path: "/status",
    status: 403,
    headers: { "sec-fetch-site": "cross-site" }
  },
  { name: "the changes of the status", path: "/status/events", status: 200, headers: admin, endless: true },
  { name: "nothing", path: "/nothing", status: 404, headers: client, error: "openai" },
  { name: "the benches", path: "/admin/benches", status: 200, headers: admin },
  { name: "the admin API without a token", path: "/admin/benches", status: 401 },
  { name: "an unknown path of the admin API", path: "/admin/nothing", status: 404, headers: admin },
  { name: "a wrong request of the admin API", path: "/admin/benches", status: 400, body: {}, headers: admin },
  {
    name: "an unreadable request of the admin API",
    path: "/admin/benches",
    status: 400,
    body: "{",
    headers: { ...admin, "content-type": "application/json" }
  },
  { name: "an unknown bench", path: "/admin/benches/a", status: 404, method: "DELETE", headers: admin },
  { name: "the document of the admin API", path: "/admin/openapi.json", status: 200, headers: admin },
  { name: "the document without a token", path: "/admin/openapi.json", status: 401 },
  { name: "decisions as lines", path: "/admin/decisions?format=jsonl", status: 200, headers: admin },
  { name: "the events", path: "/admin/events", status: 200, headers: admin, endless: true }
]

interface Line {
  readonly annotations: Readonly<Record<string, unknown>>
}

/** A clock on which no grace period of a connection ends. */
const frozen = Effect.clockWith((clock) =>
  Effect.succeed({
    ...clock,
    currentTimeMillisUnsafe: () => 0,
    currentTimeMillis: Effect.succeed(0),
    monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
    sleep: (duration: Parameters<typeof clock.sleep>[0]) => clock.sleep(duration)
  } satisfies Clock.Clock)
)

const gateway = (more: object = {}, drain: `${number} millis` = "20000 millis") =>
  Effect.gen(function* () {
    const a = yield* FaultServer.make
    a.answer(behaviour)
    const lines: Array<Line> = []
    const logger = Logger.map(Logger.formatJson, (line) => void lines.push(JSON.parse(line)))
    const scope = yield* Scope.make()
    const gone = { ...a, origin: yield* FaultServer.refused }
    const mute = { ...a, origin: yield* FaultServer.mute }
    const url = yield* start(
      {
        providers: {
          a: provider("openai", a),
          c: provider("anthropic", a),
          gone: provider("openai", gone),
          mute: provider("openai", mute)
        },
        models: { smart: ["a/gpt"] },
        policy: { retries: { times: 0 }, threshold: { transient: 1000 }, maxWait: 0 },
        log: { requests: "all" },
        server: {
          tokens: ["client-token-0123456789"],
          adminToken: "admin-token-0123456789",
          statusPage: "admin",
          cors: [page],
          maxBodyBytes: 65_536,
          websocket: false
        },
        ...more
      },
      { drain }
    ).pipe(Effect.provide(Logger.layer([logger])), Scope.provide(scope))
    const entries = (id: string) => lines.filter(({ annotations }) => annotations.request === id)
    return { a, url, scope, entries, stop: Scope.close(scope, Exit.void) }
  })

/** The headers of an answer, and of one that ends its text too. */
const request = (url: string, kind: Kind, id: string, agent?: http.Agent): Effect.Effect<Got> => {
  const { body, headers, method, path } = kind
  const given = { ...headers, "x-request-id": id, origin: page }
  if (kind.endless !== true)
    return ask(`${url}${path}`, {
      headers: given,
      body,
      ...(method !== undefined && { method }),
      ...(agent && { agent })
    })
  return Effect.callback<Got>((resume) => {
    const asked = http.get(`${url}${path}`, { headers: given, agent: agent ?? false }, (response) => {
      const { headers, statusCode = 0 } = response
      resume(
        Effect.succeed({
          status: statusCode,
          headers,
          text: "",
          json: {},
          at: () => undefined,
          broken: false
        })
      )
      response.on("error", () => {})
      asked.destroy()
    })
    asked.on("error", () => {})
  })
}

describe("every answer", () => {
  it.live(
    "has the id of its request, an entry in the log, the shape of its protocol, CORS, and no secret",
    () =>
      Effect.gen(function* () {
        const { entries, stop, url } = yield* gateway()
        const wrong: Array<string> = []
        for (const [index, kind] of kinds.entries()) {
          const id = `id-${index}`
          const got = yield* request(url, kind, id)
          const expect = (is: boolean, what: string) =>
            void (is || wrong.push(`${kind.path} ${kind.name}: ${what}`))
          expect(got.status === kind.status, `status ${got.status} instead of ${kind.status} ${got.text}`)
          expect(got.headers["x-request-id"] === id, "no request id")
          expect(!JSON.stringify([got.headers, got.text]).includes(key), "a secret")
          if (kind.ran) {
            expect(got.headers["x-failover-attempts"] !== undefined, "no attempts")
            expect(got.headers["x-failover-trail"] !== undefined, "no trail")
          }
          const isCors = kind.path.startsWith("/v1/")
          expect((got.headers["access-control-allow-origin"] === page) === isCors, "CORS")
          if (kind.method === "HEAD") {
            expect(got.text === "", "a body for HEAD")
            expect(Number(got.headers["content-length"]) > 0, "no length for HEAD")
          } else if (kind.error === "openai") {
            expect(typeof got.at("error.message") === "string" && got.at("error.type") !== undefined, "shape")
          } else if (kind.error === "anthropic") {
            expect(got.at("type") === "error" && typeof got.at("error.message") === "string", "shape")
            expect(
              kind.name === "a provider that refuses" || got.at("request_id") === id,
              "the id in the body"
            )
          } else if (kind.status >= 400)
            expect(typeof (got.at("message") ?? got.at("_tag")) === "string", "shape")
          if (kind.status !== 204)
            expect(got.headers["content-type"] !== undefined && !got.broken, "no type, or no end")
          yield* eventually(() => entries(id).length > 0).pipe(Effect.timeoutOption("1 second"))
          const [entry, ...others] = entries(id)
          expect(entry !== undefined && others.length === 0, "not logged once")
          expect(entry?.annotations.status === kind.status, `logged as ${entry?.annotations.status}`)
          if (kind.error !== undefined && kind.name !== "a provider that refuses")
            expect(typeof entry?.annotations.error === "string", "logged without an error")
        }
        yield* stop
        assert.deepStrictEqual(wrong, [])
      })
  )

  it.live("closes its connection while the gateway stops", () =>
    Effect.gen(function* () {
      const { stop, url } = yield* Effect.provideService(gateway(), Clock.Clock, yield* frozen)
      // On such a clock a deadline never passes.
      const timeless = kinds.filter(({ status }) => status !== 504)
      const agents = timeless.map(() => new http.Agent({ keepAlive: true, maxSockets: 1 }))
      const other = new http.Agent({ keepAlive: true, maxSockets: 1 })
      // Each kind has an open connection of its own when the stop begins.
      const health = (agent: http.Agent) => ask(`${url}/healthz`, { agent })
      yield* Effect.forEach([...agents, other], health, { concurrency: 10, discard: true })
      const isClosing = Effect.map(health(other), ({ headers }) => headers.connection === "close")
      assert.isFalse(yield* isClosing)
      const stopping = yield* Effect.forkChild(stop, { startImmediately: true })
      yield* Effect.repeat(isClosing, { until: (is) => is, times: 100 })
      const wrong: Array<string> = []
      for (const [index, kind] of timeless.entries()) {
        const got = yield* request(url, kind, `id-${index}`, agents[index])
        if (got.status !== kind.status)
          wrong.push(`${kind.path} ${kind.name}: status ${got.status} ${got.text}`)
        if (!/\bclose$/.test(String(got.headers.connection)))
          wrong.push(`${kind.path} ${kind.name}: ${got.headers.connection}`)
      }
      assert.deepStrictEqual(wrong, [])
      for (const agent of [...agents, other]) agent.destroy()
      yield* Fiber.await(stopping)
    })
  )

  it.live("is an error of its protocol if the gateway ends before it begins", () =>
    Effect.gen(function* () {
      const { entries, stop, url } = yield* gateway({}, "30 millis")
      const kinds: ReadonlyArray<Kind> = [
        { name: "openai", path: chats, status: 503, error: "openai", ...conversation("mute/gpt") },
        {
          name: "anthropic",
          path: messages,
          status: 503,
          error: "anthropic",
          ...said("mute/gpt", { stream: true })
        }
      ]
      const asked = yield* Effect.forEach(kinds, (kind) => Effect.forkChild(request(url, kind, kind.name)))
      yield* Effect.sleep("200 millis")
      yield* stop
      for (const [index, { name }] of kinds.entries()) {
        const got = yield* Fiber.join(asked[index]!)
        assert.strictEqual(got.status, 503)
        assert.include(got.at("error.message"), "stopped")
        assert.deepInclude(got.headers, { "x-request-id": name, "retry-after": "1", connection: "close" })
        assert.deepInclude(entries(name)[0]?.annotations, {
          status: 503,
          outcome: "broke off",
          error: "stopping"
        })
      }
    })
  )
})
