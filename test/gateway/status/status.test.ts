import * as http from "node:http"
import * as net from "node:net"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Load from "../../../src/config/Load.ts"
import type { Row, Status } from "../../../src/gateway/status/Status.ts"
import { maxViewers } from "../../../src/gateway/status/StatusPage.ts"
import * as FaultServer from "../../support/FaultServer.ts"
import { ask, chat, eventually, key, openai, provider, start } from "../../support/gateway.ts"

const answer = FaultServer.json(openai.answer)
const overloaded = FaultServer.json(openai.error("server_error", "The server is overloaded"), 503)
const admin = { authorization: "Bearer admin-token" }

/** A gateway in front of a provider that fails and one that answers. */
const running = (server: object = {}) =>
  Effect.gen(function* () {
    const [a, b] = [yield* FaultServer.make, yield* FaultServer.make]
    a.play(overloaded)
    b.play(answer)
    const url = yield* start({
      providers: { a: provider("openai", a, [key, `${key}-2`]), b: provider("openai", b) },
      models: { smart: ["a/gpt", "b/small"] },
      policy: { retries: { times: 0 } },
      server: { adminToken: "admin-token", ...server }
    })
    const call = (model = "smart", more: object = {}) =>
      ask(`${url}/v1/chat/completions`, { body: chat(model, more) })
    const status = Effect.map(ask(`${url}/status`), ({ json }) => json as Status)
    return { a, b, url, call, status }
  })

const rowOf = ({ rows }: Status, key: string): Row | undefined => rows.find((row) => row.key === key)

/** Reads the events as a viewer: those that have arrived so far, and whether the stream has ended. Disconnects with the scope. */
const look = (url: string) =>
  Effect.acquireRelease(
    Effect.callback<{
      readonly text: () => string
      readonly isOver: () => boolean
      readonly leave: () => void
    }>((resume) => {
      let text = ""
      let isOver = false
      const request = http.get(`${url}/status/events`, { agent: false }, (response) => {
        response.on("data", (part) => (text += part))
        response.on("close", () => (isOver = true))
        response.on("error", () => {})
        response.once("data", () =>
          resume(
            Effect.succeed({ text: () => text, isOver: () => isOver, leave: () => void request.destroy() })
          )
        )
      })
      request.on("error", () => {})
    }),
    ({ leave }) => Effect.sync(leave)
  )

/** Requests events and reads none of them. Disconnects with the scope. */
const listenWithoutReading = (url: string, path: string) =>
  Effect.callback<net.Socket>((resume) => {
    const { hostname, host, port } = new URL(url)
    const socket = net.connect({ host: hostname, port: Number(port) }, () => {
      socket.write(`GET /${path} HTTP/1.1\r\nhost: ${host}\r\nauthorization: Bearer admin-token\r\n\r\n`)
      socket.pause()
      resume(Effect.succeed(socket))
    })
    socket.on("error", () => {})
  })

describe("the status", () => {
  it.live("has the state of every target of the config, the reason, and its last minutes", () =>
    Effect.gen(function* () {
      const { call, status } = yield* running()
      const before = yield* status
      assert.deepStrictEqual(
        before.rows.map(({ key, state }) => [key, state]),
        [
          ["a/gpt#k1", "serving"],
          ["a/gpt#k2", "serving"],
          ["b/small#k1", "serving"]
        ]
      )
      assert.deepStrictEqual(before.models, [
        { name: "smart", targets: ["a/gpt#k1", "a/gpt#k2", "b/small#k1"] }
      ])
      yield* call()
      const after = yield* status
      assert.deepInclude(rowOf(after, "a/gpt#k1"), {
        state: "resting",
        bench: "a/gpt#k1",
        failed: 1,
        answered: 0
      })
      assert.deepInclude(rowOf(after, "b/small#k1"), { state: "serving", answered: 1, failed: 0 })
      assert.deepInclude(after.benches[0], { key: "a/gpt#k1", status: "resting", reason: "Overloaded" })
      assert.deepInclude(after.decisions[0], { model: "smart", outcome: "answered", target: "b/small#k1" })
    })
  )

  it.live("names the bench that keeps a target out of rotation, even if it covers more than the target", () =>
    Effect.gen(function* () {
      const { status, url } = yield* running()
      for (const body of [{ key: "a" }, { key: "a#k2", for: "1 hour" }]) {
        yield* ask(`${url}/admin/benches`, { body, headers: admin })
      }
      const now = yield* status
      assert.deepInclude(rowOf(now, "a/gpt#k1"), { state: "manual", bench: "a" })
      assert.deepInclude(rowOf(now, "b/small#k1"), { state: "serving" })
    })
  )

  it.live(
    "marks models that clients name as not configured, and shows no request ids and users of clients",
    () =>
      Effect.gen(function* () {
        const { call, status, url } = yield* running()
        yield* ask(`${url}/v1/chat/completions`, {
          body: chat("b/made-up"),
          headers: { "x-request-id": "chosen-id" }
        })
        yield* call("smart", { user: "somebody" })
        const now = yield* status
        assert.deepInclude(rowOf(now, "b/made-up#k1"), { named: false, answered: 1 })
        for (const secret of [key, "admin-token", "deepest secret", "somebody", "chosen-id"]) {
          assert.notInclude(JSON.stringify(now), secret)
        }
      })
  )

  it.live("sends viewers the changes, and ends when the gateway stops", () =>
    Effect.gen(function* () {
      const viewer = yield* Effect.scoped(
        Effect.gen(function* () {
          const { call, url } = yield* running()
          const viewer = yield* look(url)
          assert.match(viewer.text(), /^event: status\ndata: \{/)
          yield* call()
          yield* eventually(() => viewer.text().includes("event: update"))
          const update = JSON.parse(/event: update\ndata: (.*)\n/.exec(viewer.text())?.[1] ?? "")
          assert.include(
            update.rows.map((row: Row) => `${row.key} ${row.state}`),
            "a/gpt#k1 resting"
          )
          return viewer
        })
      )
      yield* eventually(() => viewer.isOver())
    }).pipe(Effect.timeout("6 seconds"))
  )

  it.live("reconnects viewers to the new config after a reload, with the earlier traffic", () =>
    Effect.gen(function* () {
      const server = yield* FaultServer.make
      server.play(answer)
      const config = (models: object) => ({
        providers: { a: provider("openai", server) },
        models,
        server: { port: 0, adminToken: "admin-token" }
      })
      const next = Load.parse(JSON.stringify(config({ smart: ["a/gpt", "a/new"] })), {
        file: "test.jsonc",
        folder: "/"
      })
      const source = Effect.provide(next, NodeServices.layer)
      const url = yield* start(config({ smart: ["a/gpt"] }), { source, drain: "50 millis" })
      yield* ask(`${url}/v1/chat/completions`, { body: chat("smart") })
      const viewer = yield* look(url)
      assert.notInclude(viewer.text(), "a/new#k1")
      assert.strictEqual((yield* ask(`${url}/admin/reload`, { method: "POST", headers: admin })).status, 200)
      yield* eventually(() => viewer.isOver())
      const status = (yield* ask(`${url}/status`)).json as Status
      assert.deepInclude(rowOf(status, "a/new#k1"), { state: "serving" })
      assert.deepInclude(rowOf(status, "a/gpt#k1"), { answered: 1 })
    })
  )

  it.live("limits the number of viewers", () =>
    Effect.gen(function* () {
      const { url } = yield* running()
      yield* Effect.forEach(Array.from({ length: maxViewers }), () => look(url), { concurrency: 10 })
      const refused = yield* ask(`${url}/status/events`)
      assert.strictEqual(refused.status, 503)
      assert.strictEqual(refused.headers["retry-after"], "10")
    })
  )

  for (const path of ["status/events", "admin/events"]) {
    it.live(`does not wait for a client that has stopped reading /${path} when it stops`, () =>
      Effect.gen(function* () {
        const beforeStop = yield* Effect.scoped(
          Effect.gen(function* () {
            const server = yield* FaultServer.make
            const names = Array.from({ length: 40 }, (_, index) => `a/${"name".repeat(200)}-${index}`)
            const url = yield* start(
              {
                providers: { a: provider("openai", server) },
                models: { smart: names },
                server: { adminToken: "admin-token" }
              },
              { drain: "1 minute" }
            )
            // Each request skips many targets, so its decision is large.
            yield* ask(`${url}/admin/benches`, { body: { key: "a" }, headers: admin })
            const call = ask(`${url}/v1/chat/completions`, { body: chat("smart") })
            const calls = Effect.forEach(Array.from({ length: 100 }), () => call, { concurrency: 4 })
            yield* calls
            yield* listenWithoutReading(url, path)
            for (let round = 0; round < 4; round++) yield* Effect.andThen(calls, Effect.sleep("550 millis"))
            return performance.now()
          })
        )
        assert.isBelow(performance.now() - beforeStop, 30_000, "it does not use the time for draining")
      })
    )
  }

  it.live("is for holders of the admin token if the config requires it, and missing if it is off", () =>
    Effect.gen(function* () {
      const closed = yield* running({ statusPage: "admin" })
      for (const path of ["status", "status/events"]) {
        for (const headers of [{}, { authorization: "Bearer wrong" }]) {
          assert.strictEqual((yield* ask(`${closed.url}/${path}`, { headers })).status, 401, path)
        }
      }
      assert.strictEqual((yield* ask(`${closed.url}/status`, { headers: admin })).status, 200)
      assert.strictEqual((yield* ask(`${closed.url}/`)).status, 200, "the page itself holds nothing")
      const off = yield* running({ statusPage: "off" })
      for (const path of ["", "status", "status/events", "status/main.js"]) {
        assert.strictEqual((yield* ask(`${off.url}/${path}`)).status, 404, path)
      }
    })
  )

  it.live("answers no page of another site", () =>
    Effect.gen(function* () {
      const { url } = yield* running()
      const headers = { "sec-fetch-site": "cross-site" }
      assert.strictEqual((yield* ask(`${url}/status`, { headers })).status, 403)
      assert.strictEqual((yield* ask(`${url}/status/events`, { headers })).status, 403)
    })
  )
})

describe("every answer of the status page", () => {
  it.live("is safe: no inline scripts, no frames, no type sniffing, and no caching", () =>
    Effect.gen(function* () {
      const { url } = yield* running({ statusPage: "admin" })
      const elsewhere = { "sec-fetch-site": "cross-site" }
      const page = yield* ask(`${url}/`)
      const tag = { "if-none-match": String(page.headers.etag) }
      const rows = [
        ["", {}, 200, "no-cache"],
        ["", tag, 304, "no-cache"],
        ["status/main.js", {}, 200, "no-cache"],
        ["status/page.css", {}, 200, "no-cache"],
        ["status", admin, 200, "no-store"],
        ["status", {}, 401, "no-store"],
        ["status/events", {}, 401, "no-store"],
        ["status", { ...admin, ...elsewhere }, 403, "no-store"]
      ] as const
      for (const [path, headers, status, cache] of rows) {
        const got = yield* ask(`${url}/${path}`, { headers })
        const name = `${path} ${status}`
        assert.strictEqual(got.status, status, name)
        assert.strictEqual(got.headers["cache-control"], cache, name)
        assert.strictEqual(got.headers["x-content-type-options"], "nosniff", name)
        assert.strictEqual(got.headers["x-frame-options"], "DENY", name)
        assert.strictEqual(got.headers["referrer-policy"], "no-referrer", name)
        assert.strictEqual(got.headers["cross-origin-resource-policy"], "same-origin", name)
        const policy = String(got.headers["content-security-policy"]).split("; ")
        for (const rule of [
          "default-src 'none'",
          "frame-ancestors 'none'",
          "base-uri 'none'",
          "form-action 'none'"
        ]) {
          assert.include(policy, rule, name)
        }
        assert.notMatch(policy.join(), /unsafe|\*|https?:/, name)
        assert.strictEqual(got.headers["access-control-allow-origin"], undefined, name)
      }
    })
  )

  it.live("has no script, no style and no handler in its markup, and loads only its own files", () =>
    Effect.gen(function* () {
      const { url } = yield* running()
      const { text } = yield* ask(`${url}/`)
      assert.notMatch(text, /<style|\sstyle=|\son[a-z]+=|<script(?![^>]* src=)/)
      const names = [...text.matchAll(/(?:src|href)="(?!data:|#)([^"]+)"/g)].map(([, name]) => String(name))
      assert.isAbove(names.length, 8)
      for (const name of names) assert.strictEqual((yield* ask(`${url}/${name}`)).status, 200, name)
      const preloaded = new Set(names)
      for (const name of names.filter((name) => name.endsWith(".js"))) {
        for (const [, other] of (yield* ask(`${url}/${name}`)).text.matchAll(/ from "\.\/(.+)"/g)) {
          assert.isTrue(preloaded.has(`status/${other}`), `${name} loads ${other} after itself`)
        }
      }
    })
  )
})

describe("the files of the status page", () => {
  it.live("have their types, a strict policy and an ETag", () =>
    Effect.gen(function* () {
      const { url } = yield* running()
      const types = { "": "text/html", "status/page.css": "text/css", "status/main.js": "text/javascript" }
      for (const [path, type] of Object.entries(types)) {
        const got = yield* ask(`${url}/${path}`)
        assert.strictEqual(got.status, 200, path)
        assert.strictEqual(got.headers["content-type"], `${type}; charset=utf-8`)
        assert.strictEqual(got.headers["x-content-type-options"], "nosniff")
        assert.match(
          String(got.headers["content-security-policy"]),
          /^default-src 'none'; script-src 'self';/
        )
        const again = yield* ask(`${url}/${path}`, { headers: { "if-none-match": String(got.headers.etag) } })
        assert.strictEqual(again.status, 304)
        assert.strictEqual(again.text, "")
      }
      assert.strictEqual((yield* ask(`${url}/status/main.ts`)).status, 404)
      assert.strictEqual((yield* ask(`${url}/`, { body: {} })).status, 405)
    })
  )
})
