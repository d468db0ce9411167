/** Every client gets an answer in the format of the path that it called, and never a defect or no answer. */
import * as http from "node:http"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Plan from "../../benchmark/chaos/plan.ts"
import { type Asked, streamed, whole } from "../../benchmark/chaos/replies.ts"
import * as FaultServer from "../support/FaultServer.ts"
import { json, mutated } from "../support/fuzz.ts"
import { key, provider, start } from "../support/gateway.ts"
import * as Random from "../support/Random.ts"

const first = Number(process.env.FUZZ_SEED ?? 1)
const cases = 400 * Number(process.env.FUZZ_RUNS ?? 1)

const methods = [
  "POST",
  "POST",
  "POST",
  "POST",
  "GET",
  "PUT",
  "DELETE",
  "OPTIONS",
  "HEAD",
  "PATCH",
  "TRACE",
  "PROPFIND"
]
const known = [
  "/v1/chat/completions",
  "/v1/messages",
  "/v1/responses",
  "/v1/completions",
  "/v1/embeddings",
  "/v1/messages/count_tokens"
]
const others = [
  "/v1/models",
  "/v1/models/smart",
  "/v1/models/%zz",
  "/healthz",
  "/readyz",
  "/metrics",
  "/status",
  "/",
  "//",
  "/v1//messages",
  "/v1/../admin/config",
  "/admin/config",
  "/admin/benches/%00",
  "/admin/benches",
  "/admin/explain?model=smart",
  "/v1/messages?beta=true&x=%ff",
  "/v1/chat/completions/?a",
  "/%E0%A4%A",
  "*",
  `/${"a".repeat(2_000)}`
]
const models = [
  "smart",
  "a/m",
  "b/m",
  "c/m",
  "a/",
  "/",
  "",
  "nobody/m",
  "__proto__",
  "a/m#k1",
  "a/m, b/m",
  "smart\n",
  "x".repeat(500)
]
const headerNames = [
  "accept",
  "accept-encoding",
  "anthropic-version",
  "anthropic-beta",
  "content-type",
  "content-encoding",
  "expect",
  "x-failover-models",
  "x-failover-deadline-ms",
  "x-request-id",
  "x-api-key",
  "authorization",
  "origin",
  "cookie",
  "te",
  "x-stainless-retry-count"
]
const headerValues = [
  "",
  " ",
  "*/*",
  "text/event-stream",
  "application/json",
  "application/json; charset=utf-16",
  "gzip",
  "a/m,b/m",
  "0",
  "1",
  "-5",
  "1e9",
  "NaN",
  "99999999999999999999",
  "\u00ff",
  "Bearer ",
  "Bearer x",
  "a".repeat(3_000),
  "__proto__"
]

const bodyOf = (random: Random.Random, path: string): Buffer => {
  const api = path.includes("messages") ? "messages" : path.includes("responses") ? "responses" : "chat"
  const plan = {
    ...Plan.make(1, random.int(1_000)),
    api,
    padding: 0,
    model: random.chance(0.6) ? random.pick(["smart", "a/m", "b/m", "c/m"]) : random.pick(models)
  } as const
  const body =
    JSON.stringify(mutated(random, JSON.parse(Plan.bodyOf(plan)), random.pick([0, 0.01, 0.05, 0.3]))) ?? ""
  const kind = random.int(12)
  if (kind === 0) return Buffer.from(body.slice(0, random.int(body.length + 1)))
  if (kind === 1) return Buffer.from(JSON.stringify(json(random)) ?? "")
  if (kind === 2) return Buffer.from([0xff, 0xfe, 0, random.int(256)])
  if (kind === 3) return Buffer.from(`\ufeff${body}`)
  if (kind === 4) return Buffer.alloc(0)
  return Buffer.from(body)
}

interface Got {
  readonly status: number
  readonly type: string
  readonly text: string
  readonly ended: "whole" | "cut" | "reset" | "silent"
}

const maxWait = 15_000

const send = (url: string, method: string, path: string, headers: http.OutgoingHttpHeaders, body: Buffer) =>
  new Promise<Got>((resolve) => {
    const { hostname, port } = new URL(url)
    let status = 0
    let type = ""
    const parts: Array<Buffer> = []
    const end = (ended: Got["ended"]) => {
      clearTimeout(timer)
      request.destroy()
      resolve({ status, type, text: Buffer.concat(parts).toString(), ended })
    }
    const request = http.request({ hostname, port, method, path, headers, agent: false })
    const timer = setTimeout(() => end("silent"), maxWait)
    request.on("error", () => end("reset"))
    // A stream of statuses does not end. Its beginning is enough.
    request.on("response", (response) => {
      status = response.statusCode ?? 0
      type = String(response.headers["content-type"] ?? "")
      response.on("data", (part: Buffer) => parts.push(part))
      response.on("error", () => end("cut"))
      response.on("close", () => end(response.complete ? "whole" : "cut"))
    })
    request.end(body)
  })

const pathOf: Readonly<Record<string, Asked["path"]>> = {
  "/v1/chat/completions": "chat",
  "/v1/messages": "messages",
  "/v1/responses": "responses"
}

const answers = (request: FaultServer.Seen): FaultServer.Behaviour => {
  const path = pathOf[request.path.split("?")[0] ?? ""]
  if (path === undefined)
    return FaultServer.json({ type: "error", error: { message: "no such endpoint", type: "not_found" } }, 404)
  const asked = { path, tool: false, stream: /"stream":\s*true/.test(request.body) }
  if (!asked.stream) return FaultServer.json(whole(asked, "hello"))
  const { begin, end, pieces } = streamed(asked, "hello", 2)
  return FaultServer.sse([...begin, ...pieces, ...end])
}

const member = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined

/** An error of a path under /v1 has the format of its protocol. */
const hasShape = (path: string, text: string): boolean => {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return false
  }
  const error = member(body, "error")
  const isSaid = typeof member(error, "message") === "string" && typeof member(error, "type") === "string"
  return isSaid && (!/^\/v1\/messages(?:[?/]|$)/.test(path) || member(body, "type") === "error")
}

describe("a gateway", () => {
  it.live("ignores unknown expectations, and answers", () =>
    Effect.gen(function* () {
      const a = yield* FaultServer.make
      a.answer(answers)
      const url = yield* start({ providers: { a: provider("openai", a) } })
      const body = Buffer.from('{"model":"a/m","messages":[{"role":"user","content":"hi"}]}')
      const got = yield* Effect.promise(() =>
        send(
          url,
          "POST",
          "/v1/chat/completions",
          { expect: "200-ok", "content-type": "application/json" },
          body
        )
      )
      assert.strictEqual(got.status, 200, got.text)
    })
  )

  it.live(
    "answers whatever is sent in the shape of what was called, and never with a defect",
    () =>
      Effect.gen(function* () {
        const [a, b] = [yield* FaultServer.make, yield* FaultServer.make]
        a.answer(answers)
        b.answer(answers)
        const url = yield* start({
          providers: {
            a: provider("openai", a),
            b: provider("anthropic", b),
            c: { ...provider("openai", a), responses: false }
          },
          models: { smart: ["a/m", "b/m"] },
          policy: { retries: { times: 0 }, whenAllBenched: "tryAnyway", deadline: "8 seconds" },
          server: { adminToken: "admin-0123456789" }
        })
        for (let seed = first; seed < first + cases; seed++) {
          const random = Random.of(seed, "http")
          const method = random.pick(methods)
          const path = random.chance(0.7) ? random.pick(known) : random.pick(others)
          const headers: Record<string, string> = { "content-type": "application/json" }
          for (let count = random.pick([0, 0, 1, 2, 5]); count > 0; count--)
            headers[random.pick(headerNames)] = random.pick(headerValues)
          const isBare = method === "GET" || method === "HEAD"
          const body = isBare && random.chance(0.9) ? Buffer.alloc(0) : bodyOf(random, path)
          // With these a client expects an interim response before it sends the body, and would have to wait for it.
          if (headers.expect !== undefined) headers.expect = random.pick(["100-continue", "200-ok", ""])
          const got = yield* Effect.promise(() => send(url, method, path, headers, body))
          const what = `FUZZ_SEED=${seed}: ${method} ${path.slice(0, 60)} ${JSON.stringify(headers).slice(0, 300)} ${body.toString().slice(0, 300)} => ${got.status} ${got.ended} ${got.text.slice(0, 300)}`
          assert.strictEqual(got.ended, "whole", what)
          assert.isFalse(got.status === 500 || got.status < 200, what)
          assert.notInclude(got.text, key, what)
          if (got.status >= 400 && method !== "HEAD" && /^\/v1\//.test(path))
            assert.isTrue(hasShape(path, got.text), what)
        }
      }),
    { timeout: 120_000 }
  )
})
