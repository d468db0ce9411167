import * as http from "node:http"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Context, Effect, Fiber, Layer, Redacted, Result, Stream } from "effect"
import { FetchHttpClient, HttpServer } from "effect/http"
import * as GatewayConfig from "../../../src/config/GatewayConfig.ts"
import * as Load from "../../../src/config/Load.ts"
import * as Gateway from "../../../src/gateway/Gateway.ts"
import { AdminApi, AdminClient } from "../../../src/gateway/index.ts"
import * as ObservedRuntimes from "../../../src/gateway/reload/ObservedRuntimes.ts"
import { Runtimes } from "../../../src/gateway/reload/Runtimes.ts"
import { Chain, Failover, Model } from "../../../src/index.ts"
import * as Decisions from "../../../src/observe/Decisions.ts"
import * as UndiciTransport from "../../../src/providers/transport/UndiciTransport.ts"
import * as Log from "../../../src/simulator/replay/Log.ts"
import { Scripted } from "../../../src/testing/index.ts"
import * as FaultServer from "../../support/FaultServer.ts"
import { ask, chat, eventually, key, openai, provider, start } from "../../support/gateway.ts"

const token = "admin-token-0123456789"
const bearer = { authorization: `Bearer ${token}` }

const answer = FaultServer.json(openai.answer)
const dead = FaultServer.json(openai.error("invalid_api_key", `Incorrect API key provided: ${key}`), 401)
const overloaded = FaultServer.json(openai.error("server_error", "The server is overloaded"), 503)

/** A gateway with an admin token before two providers, and its typed client. */
const running = (config: { readonly server?: object; readonly [key: string]: unknown } = {}) =>
  Effect.gen(function* () {
    const [a, b] = [yield* FaultServer.make, yield* FaultServer.make]
    a.play(answer)
    b.play(answer)
    const url = yield* start({
      providers: { a: provider("openai", a, [key, `${key}-2`]), b: provider("openai", b) },
      models: { smart: ["a/gpt", "b/small"] },
      policy: { retries: { times: 0 } },
      ...config,
      server: { adminToken: token, ...config.server }
    })
    const admin = yield* client(url, token)
    const call = (model = "smart", more: object = {}) =>
      ask(`${url}/v1/chat/completions`, { body: chat(model, more) })
    return { a, b, url, admin, call }
  })

const client = (url: string, secret: string) =>
  Effect.provide(AdminClient.make({ url, token: Redacted.make(secret) }), FetchHttpClient.layer)

const paths = ["benches", "health", "decisions", "explain?model=smart", "config", "events", "openapi.json"]

describe("the admin API", () => {
  it.live("is at its exact paths only, so that a proxy in front can block them", () =>
    Effect.gen(function* () {
      const { url } = yield* running()
      for (const path of ["//admin/health", "/v1/admin/health"]) {
        const response = yield* ask(`${url}${path}`, { headers: bearer })
        assert.strictEqual(response.status, 404, path)
      }
    })
  )

  it.live("does not exist without an admin token, whatever token a request has", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      const url = yield* start({
        providers: { a: provider("openai", server) },
        server: { tokens: ["client-token"] }
      })
      for (const path of paths) {
        for (const headers of [{}, bearer, { authorization: "Bearer client-token" }]) {
          assert.strictEqual((yield* ask(`${url}/admin/${path}`, { headers })).status, 404, path)
        }
      }
    })
  )

  it.live("refuses requests without its own token", () =>
    Effect.gen(function* () {
      const { url } = yield* running({ server: { tokens: ["client-token"] } })
      const wrong = [{}, { authorization: "Bearer client-token" }, { authorization: `Bearer ${token}x` }]
      for (const path of paths) {
        for (const headers of [...wrong, { "x-api-key": token }, { authorization: `Basic ${token}` }]) {
          const got = yield* ask(`${url}/admin/${path}`, { headers })
          assert.strictEqual(got.status, 401, path)
          assert.strictEqual(got.headers["www-authenticate"], "Bearer")
          assert.strictEqual(got.at("_tag"), "Unauthorized")
        }
      }
      const post = yield* ask(`${url}/admin/benches`, { body: { key: 1 } })
      assert.strictEqual(post.status, 401, "the token is looked at before the body")
      const remove = yield* ask(`${url}/admin/benches/a`, { method: "DELETE" })
      assert.strictEqual(remove.status, 401)
      const typed = yield* Effect.flip((yield* client(url, "wrong")).benches.list())
      assert.strictEqual(typed._tag, "Unauthorized")
    })
  )

  it.live("needs the record of requests, like the status page; without both none is kept", () =>
    Effect.gen(function* () {
      const remembered = (adminToken: Redacted.Redacted | undefined, statusPage: "open" | "off" = "off") =>
        Effect.gen(function* () {
          const backend = Scripted.make("a", [["hello"]])
          const runtimes = yield* Runtimes
          const failover = yield* runtimes.of({
            ...GatewayConfig.fromFile({ providers: {} }, []),
            server: { ...GatewayConfig.defaultServer, adminToken, statusPage }
          })
          yield* failover.complete(Chain.make(Model.make(backend, "m")), "a prompt")
          const { recent } = yield* Decisions.Decisions
          return (yield* recent).length
        }).pipe(Effect.provide(ObservedRuntimes.layer()))
      assert.strictEqual(yield* remembered(undefined), 0)
      assert.strictEqual(yield* remembered(Redacted.make(token)), 1)
      assert.strictEqual(yield* remembered(undefined, "open"), 1)
    })
  )

  it.live("does not open what the client tokens guard", () =>
    Effect.gen(function* () {
      const { url } = yield* running({ server: { tokens: ["client-token"] } })
      const got = yield* ask(`${url}/v1/chat/completions`, { body: chat("smart"), headers: bearer })
      assert.strictEqual(got.status, 401)
    })
  )

  it.live("returns 405 for a method that its path does not have, with those that it has", () =>
    Effect.gen(function* () {
      const { url } = yield* running()
      for (const [method, path, allow] of [
        ["PUT", "/benches", "GET, POST"],
        ["POST", "/health", "GET"],
        ["DELETE", "/explain?model=smart", "GET"],
        ["GET", "/reload", "POST"],
        ["POST", "/benches/openai/gpt-5.2", "DELETE"],
        ["GET", "/benches/openai%2Fgpt-5.2", "DELETE"],
        ["PATCH", "/openapi.json", "GET"]
      ] as const) {
        const got = yield* ask(`${url}/admin${path}`, { method, headers: bearer })
        assert.deepStrictEqual([got.status, got.headers.allow], [405, allow], `${method} ${path}`)
        assert.strictEqual(got.at("_tag"), "MethodNotAllowed")
        assert.strictEqual(got.at("message"), `only ${allow} is allowed here`)
      }
      const other = yield* ask(`${url}/admin/nothing`, { method: "PUT", headers: bearer })
      assert.strictEqual(other.status, 404)
    })
  )

  it.live("returns 404 for unknown paths", () =>
    Effect.gen(function* () {
      const { url } = yield* running()
      for (const path of ["", "/", "/nothing", "/bench"]) {
        const got = yield* ask(`${url}/admin${path}`, { headers: bearer })
        assert.strictEqual(got.status, 404)
        assert.strictEqual(got.at("_tag"), "NotFound")
      }
      assert.strictEqual(
        (yield* ask(`${url}/administrator`, { headers: bearer })).at("error.code"),
        "not_found"
      )
    })
  )

  it.live("describes itself", () =>
    Effect.gen(function* () {
      const { url } = yield* running()
      const got = yield* ask(`${url}/admin/openapi.json`, { headers: bearer })
      assert.strictEqual(got.status, 200)
      assert.match(String(got.at("openapi")), /^3\.1/)
      const described = Object.keys(got.at("paths") as object)
      assert.sameMembers(described, [
        "/admin/benches",
        "/admin/benches/{key}",
        "/admin/health",
        "/admin/decisions",
        "/admin/explain",
        "/admin/config",
        "/admin/events",
        "/admin/reload"
      ])
      assert.strictEqual(AdminApi.identifier, "admin")
    })
  )
})

describe("manual benching", () => {
  it.live("keeps requests away from a key until it is unbenched", () =>
    Effect.gen(function* () {
      const { a, admin, call } = yield* running()
      const before = Date.now()
      const added = yield* admin.benches.add({ payload: { key: "a/gpt", reason: "maintenance", by: "ada" } })
      assert.deepInclude(added, {
        key: "a/gpt",
        scope: "model",
        status: "manual",
        reason: "Manual",
        evidence: "maintenance",
        by: "ada"
      })
      assert.isAtLeast(added.since ?? 0, before)
      assert.isUndefined(added.until)
      assert.strictEqual((yield* call()).headers["x-failover-target"], "b/small#k1")
      assert.strictEqual(a.requests.length, 0)
      assert.deepStrictEqual(yield* admin.benches.list(), [added])

      yield* admin.benches.remove({ params: { key: "a/gpt" } })
      assert.deepStrictEqual(yield* admin.benches.list(), [])
      assert.strictEqual((yield* call()).headers["x-failover-target"], "a/gpt#k1")
    })
  )

  it.live("ends at the given time, and a longer bench stays", () =>
    Effect.gen(function* () {
      const { admin, call, url } = yield* running()
      const soon = Date.now() + 400
      const text = new Date(soon).toISOString()
      const got = yield* ask(`${url}/admin/benches`, { body: { key: "a#k1", until: text }, headers: bearer })
      assert.strictEqual(got.status, 200)
      assert.strictEqual(got.at("until"), text)
      const shorter = yield* admin.benches.add({ payload: { key: "a#k1", until: soon - 200 } })
      assert.strictEqual(shorter.until, soon, "a rest by hand never gets shorter")
      assert.strictEqual((yield* call()).headers["x-failover-target"], "a/gpt#k2")
      const other = yield* admin.benches.add({ payload: { key: "b", for: "10 minutes" } })
      assert.isTrue(Math.abs((other.until ?? 0) - Date.now() - 600_000) < 5_000)
      yield* admin.benches.remove({ params: { key: "b" } })
      yield* eventually(() => Date.now() > soon)
      assert.deepStrictEqual(yield* admin.benches.list(), [])
      assert.strictEqual((yield* call()).headers["x-failover-target"], "a/gpt#k1")
    })
  )

  it.live("takes a key in the path with its slashes as they are, or escaped", () =>
    Effect.gen(function* () {
      const { admin, url } = yield* running()
      const name = "a/team/gpt#k1"
      for (const path of ["a/team/gpt%23k1", "a%2Fteam%2Fgpt%23k1"]) {
        yield* admin.benches.add({ payload: { key: name } })
        const got = yield* ask(`${url}/admin/benches/${path}`, { method: "DELETE", headers: bearer })
        assert.strictEqual(got.status, 204)
        assert.deepStrictEqual(yield* admin.benches.list(), [])
      }
      const long = `a/${"m".repeat(400)}`
      yield* admin.benches.add({ payload: { key: long } })
      yield* admin.benches.remove({ params: { key: long } })
      assert.deepStrictEqual(yield* admin.benches.list(), [])
    })
  )

  it.live("refuses invalid requests, with the reason", () =>
    Effect.gen(function* () {
      const { admin, url } = yield* running()
      const post = (body: unknown) => ask(`${url}/admin/benches`, { body, headers: bearer })
      const cases: ReadonlyArray<readonly [body: unknown, why: RegExp]> = [
        [{ key: "c/gpt" }, /no provider "c" \(known: a, b\)/],
        [{ key: "a#k9" }, /no credential "k9" \(known: k1, k2\)/],
        [{ key: "" }, /not a bench key/],
        [{ key: "a", until: Date.now() - 1000 }, /not in the future/],
        [{ key: "a", until: 1e300 }, /9999/],
        [{ key: "a", until: Date.now() + 5000, for: 5000 }, /not both/],
        [{ key: "a", for: 0 }, /not in the future/],
        [{ key: "a", for: "a while" }, /for.*duration such as/],
        [{ key: "a", until: "tomorrow" }, /until.*date such as/],
        [{}, /key/],
        [{ key: "a", reason: "x".repeat(501) }, /at most 500/],
        ["{", /JSON/]
      ]
      for (const [body, why] of cases) {
        const got = yield* post(body)
        assert.strictEqual(got.status, 400, got.text)
        assert.strictEqual(got.at("_tag"), "InvalidRequest")
        assert.match(String(got.at("message")), why)
      }
      const gone = yield* Effect.flip(admin.benches.remove({ params: { key: "a/gpt" } }))
      assert.strictEqual(gone._tag, "NotBenched")
      assert.deepStrictEqual(yield* admin.benches.list(), [])
    })
  )
})

describe("what it reports", () => {
  it.live("what is benched automatically: why, on what evidence, since and until when", () =>
    Effect.gen(function* () {
      const { a, admin, call } = yield* running()
      a.play(dead)
      yield* call()
      const list = yield* admin.benches.list()
      assert.deepStrictEqual(list.map(({ key, reason, status }) => [key, reason, status]).sort(), [
        ["a#k1", "InvalidKey", "resting"],
        ["a#k2", "InvalidKey", "resting"]
      ])
      for (const { evidence, consecutiveBenches, since = 0, until = 0 } of list) {
        assert.isAbove(until, since)
        assert.isString(evidence)
        assert.strictEqual(consecutiveBenches, 1)
      }
    })
  )

  it.live("the health of every target, including those that were never called", () =>
    Effect.gen(function* () {
      const { a, admin, call } = yield* running()
      a.play(overloaded)
      yield* call()
      const health = new Map((yield* admin.insight.health()).map((row) => [row.key, row]))
      assert.sameMembers([...health.keys()], ["a/gpt#k1", "a/gpt#k2", "b/small#k1"])
      assert.deepInclude(health.get("a/gpt#k1"), { attempts: 1, failures: 1, status: "resting" })
      assert.strictEqual(health.get("a/gpt#k1")?.lastFailure?.class, "Overloaded")
      assert.deepInclude(health.get("a/gpt#k2"), { attempts: 0, failures: 0, status: "free" })
      assert.deepInclude(health.get("b/small#k1"), { attempts: 1, failures: 0, status: "free" })
    })
  )

  it.live("what was decided for each request, the newest first", () =>
    Effect.gen(function* () {
      const { a, admin, call } = yield* running()
      a.play(overloaded)
      yield* call()
      yield* call()
      const [second, first, ...none] = yield* admin.insight.decisions({ query: {} })
      assert.deepStrictEqual(none, [])
      assert.deepInclude(first, { kind: "effect", outcome: "answered", target: "b/small#k1" })
      assert.deepStrictEqual(
        first?.attempts.map(({ action, failure, outcome, status, target }) => [
          target,
          outcome,
          failure,
          status,
          action
        ]),
        [
          ["a/gpt#k1", "failed", "Overloaded", 503, "next"],
          ["b/small#k1", "answered", undefined, undefined, undefined]
        ]
      )
      assert.deepStrictEqual(
        second?.skips.map(({ key, reason }) => [key, reason]),
        [["a/gpt#k1", "Overloaded"]]
      )
      assert.strictEqual((yield* admin.insight.decisions({ query: { limit: 1 } })).length, 1)
    })
  )

  it.live("the same as JSON lines, oldest first, to be stored or replayed", () =>
    Effect.gen(function* () {
      const { a, admin, call, url } = yield* running()
      a.play(overloaded)
      yield* call()
      yield* call()
      const [said, accepted, last] = [
        yield* ask(`${url}/admin/decisions?format=jsonl`, { headers: bearer }),
        yield* ask(`${url}/admin/decisions`, { headers: { ...bearer, accept: "application/jsonl" } }),
        yield* ask(`${url}/admin/decisions?format=jsonl&limit=1`, { headers: bearer })
      ]
      for (const got of [said, accepted, last]) {
        assert.strictEqual(got.status, 200)
        assert.match(got.headers["content-type"] ?? "", /^application\/jsonl/)
      }
      assert.strictEqual(accepted.text, said.text)
      const lines = said.text.trimEnd().split("\n")
      const decisions = yield* admin.insight.decisions({ query: {} })
      assert.deepStrictEqual(
        lines.map((line) => JSON.parse(line).id),
        decisions.map(({ id }) => id).toReversed()
      )
      assert.strictEqual(last.text, `${lines[1]}\n`)
      const log = Result.getOrThrow(Log.parse(said.text))
      assert.deepStrictEqual(
        log.map(({ attempts }) => attempts.map(({ failure, target }) => [target, failure])),
        decisions.toReversed().map(({ attempts }) => attempts.map(({ failure, target }) => [target, failure]))
      )
      assert.strictEqual((yield* ask(`${url}/admin/decisions?format=xml`, { headers: bearer })).status, 400)
    })
  )

  it.live("the id, the model and the operation of a request", () =>
    Effect.gen(function* () {
      const { admin, call, url } = yield* running()
      const got = yield* call()
      const headers = { "x-request-id": "mine-1" }
      yield* ask(`${url}/v1/chat/completions`, { body: chat("a/gpt", { stream: true }), headers })
      const known = (yield* admin.insight.decisions({ query: {} })).map(({ model, operation, requestId }) => [
        requestId,
        model,
        operation
      ])
      assert.deepStrictEqual(known, [
        ["mine-1", "a/gpt", "chat/completions"],
        [got.headers["x-request-id"], "smart", "chat/completions"]
      ])
    })
  )

  it.live("the conversation of a request, without revealing its key", () =>
    Effect.gen(function* () {
      const { admin, url } = yield* running()
      const turn = (session: string) =>
        ask(`${url}/v1/chat/completions`, { body: chat("a/gpt"), headers: { "x-session-id": session } })
      yield* turn("one")
      yield* turn("two")
      yield* turn("one")
      const [third, second, first] = (yield* admin.insight.decisions({ query: {} })).map(
        ({ conversation }) => conversation
      )
      assert.match(first ?? "", /^[0-9a-f]{8}$/)
      assert.strictEqual(third, first)
      assert.notStrictEqual(second, first)
    })
  )

  it.live("where a request would go, what keeps the others away and what would clear them", () =>
    Effect.gen(function* () {
      const { a, admin, call } = yield* running()
      a.play(overloaded)
      yield* call()
      yield* admin.benches.add({ payload: { key: "a#k2", reason: "rotating" } })
      const told = yield* admin.insight.explain({ query: { model: "smart", fallbacks: "a/spare, b/large" } })
      assert.deepStrictEqual(told.chain, ["a/gpt", "b/small", "a/spare", "b/large"])
      assert.strictEqual(told.first, "b/small#k1")
      assert.deepStrictEqual(
        told.targets.map(({ key, reason, state, target }) => [target, state, key, reason]),
        [
          ["a/gpt#k1", "resting", "a/gpt#k1", "Overloaded"],
          ["a/gpt#k2", "manual", "a#k2", "Manual"],
          ["b/small#k1", "callable", undefined, undefined],
          ["a/spare#k1", "callable", undefined, undefined],
          ["a/spare#k2", "manual", "a#k2", "Manual"],
          ["b/large#k1", "callable", undefined, undefined]
        ]
      )
      assert.match(told.targets[0]?.clears ?? "", /probe of a\/gpt#k1 after 20/)
      assert.deepInclude(told.targets[0]?.why, { key: "a/gpt#k1", reason: "Overloaded" })
      assert.strictEqual(told.targets[2]?.hedge?.whyNot, "hedging is off (policy.hedge)")
      assert.deepStrictEqual(
        told.tiers.map(({ models, strategy, tier }) => `${tier} ${models.join("|")} ${strategy}`),
        told.chain.map((model, index) => `${index + 1} ${model} sequential`)
      )
      assert.deepStrictEqual(
        told.tiers.flatMap(({ targets }) => targets),
        told.targets
      )
      assert.match(told.targets[1]?.clears ?? "", /taking a#k2 off/)
      assert.isAbove(told.retriesLeft ?? 0, 0)
    })
  )

  it.live("that a model is unknown, or was not named", () =>
    Effect.gen(function* () {
      const { admin, url } = yield* running()
      const unknown = yield* Effect.flip(admin.insight.explain({ query: { model: "smrt" } }))
      assert.deepInclude(unknown, { _tag: "UnknownModel", model: "smrt" })
      const raw = yield* ask(`${url}/admin/explain?model=smrt`, { headers: bearer })
      assert.strictEqual(raw.status, 404)
      const unnamed = yield* ask(`${url}/admin/explain`, { headers: bearer })
      assert.strictEqual(unnamed.status, 400)
      assert.match(String(unnamed.at("message")), /model/)
    })
  )
})

describe("the live events", () => {
  it.live("report decisions and benches as they happen", () =>
    Effect.gen(function* () {
      const { a, admin, call } = yield* running()
      a.play(overloaded)
      const events = yield* admin.insight.events()
      const got: Array<string> = []
      const listening = yield* Effect.forkChild(
        Stream.runForEach(events, (event) =>
          Effect.sync(() => {
            got.push(
              event.event === "decision"
                ? `${event.data.outcome} after ${event.data.attempts.length}`
                : event.event === "bench"
                  ? `${event.data.key} ${event.data.status}`
                  : event.event
            )
          })
        )
      )
      yield* eventually(() => got.length > 0)
      assert.deepStrictEqual(got.splice(0), ["ping"], "a sign of life at once")
      yield* call()
      yield* eventually(() => got.includes("answered after 2"))
      assert.include(got, "a/gpt#k1 resting")
      assert.include(got, "running after 1")
      yield* Fiber.interrupt(listening)
    })
  )

  it.live("end when the subscriber disconnects", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      let listeners = 0
      const decisions: Decisions.Decisions["Service"] = {
        ...Decisions.make(),
        changes: Stream.unwrap(
          Effect.sync(() => {
            listeners++
            return Stream.ensuring(
              Stream.never,
              Effect.sync(() => listeners--)
            )
          })
        )
      }
      const config = yield* Load.parse(
        JSON.stringify({
          providers: { a: provider("openai", server) },
          server: { port: 0, adminToken: token }
        }),
        { file: "test.jsonc", folder: "/" }
      )
      const context = yield* Layer.build(
        Gateway.layerNoDeps(config, { drain: "50 millis" }).pipe(
          Layer.provide(Layer.succeed(Decisions.Decisions, decisions)),
          Layer.provide(Failover.layer()),
          Layer.provide(UndiciTransport.layer())
        )
      )
      const url = HttpServer.formatAddress(Context.get(context, HttpServer.HttpServer).address)
      yield* Effect.scoped(
        Effect.andThen(
          listen(url),
          Effect.sync(() => assert.strictEqual(listeners, 1))
        )
      )
      yield* eventually(() => listeners === 0)
    }).pipe(Effect.provide(NodeServices.layer))
  )

  it.live("do not keep a gateway from stopping", () =>
    Effect.gen(function* () {
      const ended = yield* Effect.scoped(
        Effect.gen(function* () {
          const server = yield* FaultServer.make
          const url = yield* start(
            { providers: { a: provider("openai", server) }, server: { adminToken: token } },
            { drain: "10 seconds" }
          )
          const admin = yield* client(url, token)
          const events = yield* admin.insight.events()
          const seen: Array<string> = []
          const fiber = yield* Effect.forkDetach(
            Stream.runForEach(events, ({ event }) => Effect.sync(() => void seen.push(event)))
          )
          yield* eventually(() => seen.length > 0)
          return Fiber.join(fiber)
        })
      ).pipe(Effect.timeout("3 seconds"))
      yield* ended
    })
  )
})

/** Reads the events from the wire; returns those that have arrived so far. Disconnects with the scope. */
const listen = (url: string) =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<{ readonly text: () => string; readonly leave: () => void }>((resume) => {
        let text = ""
        const request = http.get(`${url}/admin/events`, { headers: bearer, agent: false }, (response) => {
          response.on("data", (part) => (text += part))
          response.once("data", () =>
            resume(Effect.succeed({ text: () => text, leave: () => void request.destroy() }))
          )
        })
        request.on("error", () => {})
      }),
      ({ leave }) => Effect.sync(leave)
    ),
    ({ text }) => text
  )

describe("no secret is revealed", () => {
  it.live("in any answer: no key, no token, no prompt, no value of a header or a query", () =>
    Effect.gen(function* () {
      const a = yield* FaultServer.make
      a.play(dead)
      const withHeaders = {
        ...provider("openai", a),
        baseUrl: `${a.origin.replace("//", "//user:hidden-password@")}/v1?hidden-query=1`,
        headers: { "x-team": "hidden-header" },
        query: { "api-version": "hidden-version" }
      }
      const { url } = yield* running({
        providers: { a: provider("openai", a), b: withHeaders },
        server: { tokens: ["client-token-9876"] }
      })
      const call = (model: string) =>
        ask(`${url}/v1/chat/completions`, {
          body: chat(model),
          headers: { authorization: "Bearer client-token-9876" }
        })
      yield* call("smart")
      const live = yield* listen(url)
      const refusedCall = yield* call("a/other")
      assert.notStrictEqual(refusedCall.status, 200)
      const admin = (path: string, options: Parameters<typeof ask>[1] = {}) =>
        ask(`${url}/admin/${path}`, { headers: bearer, ...options })
      const told = [
        ...(yield* Effect.forEach(
          [
            ...paths.filter((path) => path !== "events"),
            "explain?model=b/x",
            "explain?model=nothing",
            "nothing"
          ],
          (path) => admin(path)
        )),
        yield* admin("benches", { body: { key: "a" } }),
        yield* admin("benches", { body: { key: "c" } }),
        yield* admin("benches", { body: { key: 1 } }),
        yield* admin("benches/a", { method: "DELETE" }),
        yield* admin("benches/a", { method: "DELETE" }),
        yield* admin("config", { headers: { authorization: "Bearer wrong" } }),
        yield* ask(`${url}/metrics`),
        yield* ask(`${url}/readyz`)
      ]
      yield* eventually(() => live().includes("event: bench") && live().includes('"outcome":"failed"'))
      const everything = JSON.stringify([told, live()])
      const secrets = [key, token, "client-token-9876", "deepest secret", "hidden-", "Incorrect API key"]
      for (const secret of secrets) assert.notInclude(everything, secret)
      const config = (yield* ask(`${url}/admin/config`, { headers: bearer })).at
      assert.strictEqual(config("providers.a.credentials.0.apiKey"), "<redacted>")
      assert.strictEqual(config("server.adminToken"), "<redacted>")
      assert.deepStrictEqual(config("server.tokens"), ["<redacted>"])
      assert.deepStrictEqual(config("models.smart.chain"), ["a/gpt", "b/small"])
      assert.deepInclude(config("policy") as object, { maxWait: 3000, whenAllBenched: "tryAnyway" })
    })
  )
})
