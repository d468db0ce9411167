import * as http from "node:http"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Exit, Fiber, Layer, Scope } from "effect"
import { HttpServer } from "effect/http"
import type { ConfigError } from "../../../src/config/file/Problem.ts"
import * as Load from "../../../src/config/Load.ts"
import * as Gateway from "../../../src/gateway/Gateway.ts"
import { Failover } from "../../../src/index.ts"
import * as UndiciTransport from "../../../src/providers/transport/UndiciTransport.ts"
import { expectedLogs } from "../../support/expectedLogs.ts"
import * as FaultServer from "../../support/FaultServer.ts"
import { ask, chat, eventually, openai, provider } from "../../support/gateway.ts"

const answer = FaultServer.json(openai.answer)
const overloaded = FaultServer.json(openai.error("server_error", "The server is overloaded"), 503)
const bearer = { authorization: "Bearer admin-token" }

type Text = { readonly server?: object; readonly [key: string]: unknown }

/** The log of a reload is not printed. */
const reloads = expectedLogs(/^config revision/, /^the config in force stays/, /^the config was not reloaded/)

/** A gateway that reads its next config from `file`. */
const running = (file: Text, options: { readonly overOne?: boolean } = {}) =>
  Effect.gen(function* () {
    const state = { file, reads: 0, hold: Effect.void as Effect.Effect<void> }
    const source = Effect.suspend(() => {
      state.reads++
      const text = JSON.stringify({ ...state.file, server: { port: 0, ...state.file.server } }, null, 1)
      return Effect.andThen(state.hold, Load.parse(text, { file: "test.jsonc", folder: "/" }))
    }).pipe(Effect.provide(NodeServices.layer))
    const given = { source, drain: "50 millis" } as const
    const first = yield* source
    const layer =
      options.overOne === true
        ? Gateway.layerNoDeps(first, given).pipe(
            Layer.provide(Failover.layer({ policy: { retries: { times: 1, backoff: [1] } } })),
            Layer.provide(UndiciTransport.layer())
          )
        : Gateway.layer(first, given)
    const context = yield* Layer.build(Layer.fresh(Layer.provide(layer, reloads)))
    const url = HttpServer.formatAddress(Context.get(context, HttpServer.HttpServer).address)
    const { reload } = Context.get(context, Gateway.Reload)
    const call = (model: string, headers: Readonly<Record<string, string>> = {}) =>
      ask(`${url}/v1/chat/completions`, { body: chat(model), headers })
    return { state, url, reload, call }
  })

/** Two providers that answer, each with its own name. */
const two = Effect.gen(function* () {
  const [a, b] = [yield* FaultServer.make, yield* FaultServer.make]
  a.play(answer)
  b.play(answer)
  return { a, b, providers: { a: provider("openai", a), b: provider("openai", b) } }
})

/** A streamed request; its events are read as they arrive. */
const listen = (url: string, path: string, init: http.RequestOptions, body?: string) =>
  Effect.acquireRelease(
    Effect.callback<{ text: string; status: number; ended: boolean; readonly request: http.ClientRequest }>(
      (resume) => {
        const request = http.request(`${url}${path}`, { agent: false, ...init })
        request.on("error", () => {})
        request.on("response", (response) => {
          const got = { text: "", status: response.statusCode ?? 0, ended: false, request }
          response.on("data", (part) => (got.text += part))
          response.on("end", () => (got.ended = true))
          response.on("error", () => {})
          resume(Effect.succeed(got))
        })
        request.end(body)
      }
    ),
    ({ request }) => Effect.sync(() => request.destroy())
  )

describe("a reload", () => {
  it.live("puts another config in force for the following requests", () =>
    Effect.gen(function* () {
      const { providers } = yield* two
      const { call, reload, state } = yield* running({ providers, models: { smart: "a/gpt" } })
      assert.strictEqual((yield* call("smart")).headers["x-failover-target"], "a/gpt#k1")
      state.file = { providers, models: { smart: "b/gpt", other: "a/gpt" } }
      const { restart, revision } = yield* reload
      assert.deepStrictEqual({ revision, restart }, { revision: 2, restart: [] })
      assert.strictEqual((yield* call("smart")).headers["x-failover-target"], "b/gpt#k1")
      assert.strictEqual((yield* call("other")).status, 200)
    })
  )

  it.live("gives a dead key that has a new secret a chance at once, and not one that has the old one", () =>
    Effect.gen(function* () {
      const { a, b, providers } = yield* two
      const withSecret = (apiKey: string, weight = 1) => ({
        providers: { ...providers, a: { ...providers.a, credentials: [{ name: "k1", apiKey, weight }] } },
        models: { smart: ["a/gpt", "b/gpt"] }
      })
      const { call, reload, state } = yield* running(withSecret("sk-old-0123456789"))
      a.play(FaultServer.json(openai.error("invalid_api_key", "Incorrect API key provided"), 401))
      const answeredBy = Effect.map(call("smart"), ({ headers }) => headers["x-failover-target"])
      assert.strictEqual(yield* answeredBy, "b/gpt#k1")
      a.play(answer)
      state.file = withSecret("sk-old-0123456789", 2)
      yield* reload
      assert.strictEqual(yield* answeredBy, "b/gpt#k1", "the same secret rests on")
      state.file = withSecret("sk-new-0123456789", 2)
      yield* reload
      assert.strictEqual(yield* answeredBy, "a/gpt#k1")
      assert.isAtLeast(b.requests.length, 2)
    })
  )

  it.live("leaves a stream in flight on the config it began with, to its last event", () =>
    Effect.gen(function* () {
      const { a, providers } = yield* two
      const { call, reload, state, url } = yield* running({ providers, models: { smart: "a/gpt" } })
      // The second half arrives after the config that served the first is replaced.
      const half = openai.events.length - 4
      a.play([
        FaultServer.sseHead,
        { send: openai.events.slice(0, half).join("") },
        { wait: 300 },
        { send: openai.events.slice(half).join("") },
        { end: true }
      ])
      const body = JSON.stringify(chat("smart", { stream: true }))
      const stream = yield* listen(url, "/v1/chat/completions", { method: "POST" }, body)
      yield* eventually(() => stream.text.includes("hel"))
      state.file = { providers: { b: providers.b }, models: { smart: "b/gpt" }, server: { tokens: ["new"] } }
      yield* reload
      assert.isFalse(stream.ended)
      assert.strictEqual((yield* call("smart")).status, 401, "the new tokens are in force")
      yield* eventually(() => stream.ended)
      assert.strictEqual(stream.text, openai.events.join(""))
    })
  )

  it.live("keeps benches, also of keys that the config no longer has", () =>
    Effect.gen(function* () {
      const { a, b, providers } = yield* two
      a.play(overloaded)
      const config = {
        providers,
        models: { smart: ["a/gpt", "b/gpt"] },
        policy: { retries: { times: 0 } },
        server: { adminToken: "admin-token" }
      }
      const { call, reload, state, url } = yield* running(config)
      const benches = Effect.map(ask(`${url}/admin/benches`, { headers: bearer }), ({ json }) =>
        (json as ReadonlyArray<{ key: string }>).map(({ key }) => key)
      )
      yield* call("smart")
      assert.deepStrictEqual(yield* benches, ["a/gpt#k1"])
      state.file = { ...config, models: { smart: ["a/gpt", "b/large"] } }
      yield* reload
      const seen = a.requests.length
      assert.strictEqual((yield* call("smart")).headers["x-failover-target"], "b/large#k1")
      assert.strictEqual(a.requests.length, seen, "a still rests")
      assert.strictEqual(b.requests.length, 2)
      state.file = { ...config, providers: { b: providers.b }, models: { smart: "b/gpt" } }
      yield* reload
      assert.deepStrictEqual(yield* benches, ["a/gpt#k1"])
      assert.strictEqual((yield* call("smart")).status, 200)
    })
  )

  it.live("keeps the counters", () =>
    Effect.gen(function* () {
      const { providers } = yield* two
      const { call, reload, url } = yield* running({ providers, models: { smart: "a/gpt" } })
      yield* call("smart")
      yield* reload
      yield* call("smart")
      const { text } = yield* ask(`${url}/metrics`)
      const [, count] = /failover_attempts_total\{[^}]*model="gpt"[^}]*outcome="answered"[^}]*\} (\d+)/.exec(
        text
      ) ?? [undefined, ""]
      assert.isAtLeast(Number(count), 2)
    })
  )

  it.live("applies nothing of an invalid config, and lists its problems", () =>
    Effect.gen(function* () {
      const { providers } = yield* two
      const config = {
        providers,
        models: { smart: "a/gpt" },
        server: { adminToken: "admin-token", tokens: ["old"] }
      }
      const { call, reload, state, url } = yield* running(config)
      state.file = {
        ...config,
        models: { smart: "nobody/gpt" },
        policy: { deadlin: 1 },
        server: { tokens: ["new"] }
      }
      const error = (yield* Effect.flip(reload)) as ConfigError
      assert.strictEqual(error._tag, "ConfigError")
      assert.sameMembers(
        error.problems.map(({ path }) => path),
        ["models.smart", "policy.deadlin"]
      )
      const got = yield* ask(`${url}/admin/reload`, { method: "POST", headers: bearer })
      assert.strictEqual(got.status, 422)
      assert.strictEqual(got.at("_tag"), "ConfigError")
      assert.match(String(got.at("problems.0.message")), /nobody/)
      assert.isNumber(got.at("problems.0.line"))
      const served = yield* call("smart", { authorization: "Bearer old" })
      assert.strictEqual(served.status, 200)
      assert.strictEqual((yield* ask(`${url}/admin/config`, { headers: bearer })).at("revision"), 1)
    })
  )

  it.live("reads the admin calls after a reload by the admin API by their own path, query and body", () =>
    Effect.gen(function* () {
      const { providers } = yield* two
      const { url } = yield* running({
        providers,
        models: { smart: "a/gpt" },
        server: { adminToken: "admin-token" }
      })
      const got = yield* ask(`${url}/admin/reload`, { method: "POST", headers: bearer })
      assert.strictEqual(got.at("revision"), 2, got.text)
      const explained = yield* ask(`${url}/admin/explain?model=smart`, { headers: bearer })
      assert.strictEqual(explained.at("model"), "smart", explained.text)
      const key = { key: "a", for: "1 minute" }
      const benched = yield* ask(`${url}/admin/benches`, { headers: bearer, body: key })
      assert.strictEqual(benched.at("key"), "a", benched.text)
      const off = yield* ask(`${url}/admin/benches/a`, { method: "DELETE", headers: bearer })
      assert.strictEqual(off.status, 204, off.text)
    })
  )

  it.live("takes tokens over at once, and closes what an old admin token has opened", () =>
    Effect.gen(function* () {
      const { providers } = yield* two
      const config = (admin: string, client: string, more: object = {}) => ({
        providers,
        models: { smart: "a/gpt" },
        server: { adminToken: admin, tokens: [client], ...more }
      })
      const { call, reload, state, url } = yield* running(config("admin-token", "old"))
      const events = yield* listen(url, "/admin/events", { headers: bearer })
      yield* eventually(() => events.text.includes("ping"))

      state.file = config("admin-token", "new")
      yield* reload
      assert.strictEqual((yield* call("smart", { authorization: "Bearer old" })).status, 401)
      assert.strictEqual((yield* call("smart", { authorization: "Bearer new" })).status, 200)
      yield* eventually(() => /event: config\ndata: \{"revision":2/.test(events.text))
      assert.isFalse(events.ended, "a listener outlives a reload")

      state.file = config("another", "new")
      yield* reload
      yield* eventually(() => events.ended)
      assert.strictEqual((yield* ask(`${url}/admin/benches`, { headers: bearer })).status, 401)
      state.file = { providers, models: { smart: "a/gpt" } }
      yield* reload
      assert.strictEqual((yield* ask(`${url}/admin/benches`, { headers: bearer })).status, 404)
    })
  )

  it.live("names fields that need a restart, and applies the others", () =>
    Effect.gen(function* () {
      const { providers } = yield* two
      const config = { providers, models: { smart: "a/gpt" } }
      const { call, reload, state } = yield* running(config)
      state.file = {
        ...config,
        bench: { store: "file:bench.json" },
        server: { host: "127.0.0.2", port: 1, maxBodyBytes: 20 }
      }
      const { restart } = yield* reload
      assert.deepStrictEqual(restart, ["server.host", "server.port", "bench"])
      assert.strictEqual((yield* call("smart")).status, 413)
    })
  )

  it.live("does not open a gateway that others can reach", () =>
    Effect.gen(function* () {
      const { providers } = yield* two
      const open = { host: "0.0.0.0", tokens: ["t"] }
      const { call, reload, state } = yield* running({
        providers,
        models: { smart: "a/gpt" },
        server: open
      })
      // Without tokens the new host would be safe, but the server still listens on the old one.
      state.file = { providers, models: { smart: "a/gpt" }, server: { host: "127.0.0.1" } }
      const error = (yield* Effect.flip(reload)) as ConfigError
      assert.strictEqual(error.problems[0]?.path, "server.tokens")
      assert.strictEqual((yield* call("smart")).status, 401)
    })
  )

  it.live("waits for the one before it", () =>
    Effect.gen(function* () {
      const { providers } = yield* two
      const { reload, state } = yield* running({ providers })
      const go = yield* Deferred.make<void>()
      state.hold = Deferred.await(go)
      const fibers = yield* Effect.forEach([1, 2, 3], () =>
        Effect.forkChild(reload, { startImmediately: true })
      )
      yield* Effect.yieldNow
      assert.strictEqual(state.reads, 2, "the first config, and one reload")
      yield* Deferred.succeed(go, undefined)
      const revisions = yield* Effect.forEach(fibers, (fiber) =>
        Effect.map(Fiber.join(fiber), ({ revision }) => revision)
      )
      assert.deepStrictEqual(revisions, [2, 3, 4])
    })
  )

  it.live("is refused while the gateway stops", () =>
    Effect.gen(function* () {
      const { providers } = yield* two
      const scope = yield* Scope.make()
      const { reload, state } = yield* Effect.provideService(running({ providers }), Scope.Scope, scope)
      const go = yield* Deferred.make<void>()
      state.hold = Deferred.await(go)
      const fiber = yield* Effect.forkChild(Effect.flip(reload), { startImmediately: true })
      yield* Scope.close(scope, Exit.void)
      yield* Deferred.succeed(go, undefined)
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "NotReloadable")
    })
  )

  it.live("is refused without a source", () =>
    Effect.gen(function* () {
      const { providers } = yield* two
      const { url } = yield* Effect.gen(function* () {
        const text = JSON.stringify({ providers, server: { port: 0, adminToken: "admin-token" } })
        const config = yield* Load.parse(text, { file: "test.jsonc", folder: "/" })
        const layer = Layer.provide(Gateway.layer(config, { drain: "50 millis" }), reloads)
        const context = yield* Layer.build(Layer.fresh(layer))
        return { url: HttpServer.formatAddress(Context.get(context, HttpServer.HttpServer).address) }
      }).pipe(Effect.provide(NodeServices.layer))
      const got = yield* ask(`${url}/admin/reload`, { method: "POST", headers: bearer })
      assert.strictEqual(got.status, 409)
      assert.strictEqual(got.at("_tag"), "NotReloadable")
      assert.match(String(got.at("message")), /without a config file/)
    })
  )

  it.live("adds new providers to an existing runtime, without changing it", () =>
    Effect.gen(function* () {
      const { a, providers } = yield* two
      a.play(overloaded)
      const { call, reload, state } = yield* running(
        { providers, models: { smart: "a/gpt" } },
        { overOne: true }
      )
      state.file = { providers, models: { smart: ["a/gpt", "b/gpt"] }, policy: { attempts: 1 } }
      yield* reload
      const got = yield* call("smart")
      assert.strictEqual(got.status, 200)
      assert.strictEqual(got.headers["x-failover-target"], "b/gpt#k1")
      assert.strictEqual(a.requests.length, 2, "the runtime's own retries")
    })
  )
})
