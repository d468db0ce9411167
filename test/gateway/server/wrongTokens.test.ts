/** Wrong tokens: how many each address may try. They do not affect right tokens. */
import * as http from "node:http"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type { HttpServerRequest } from "effect/http/HttpServerRequest"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import * as AdminClient from "../../../src/gateway/admin/AdminClient.ts"
import * as WrongTokens from "../../../src/gateway/server/WrongTokens.ts"
import * as FaultServer from "../../support/FaultServer.ts"
import { ask, chat, message, openai, provider, start } from "../../support/gateway.ts"

/** A request with a wrong token from an address. No other field is used. */
const from = (address: string | undefined, headers: Record<string, string> = { "x-api-key": "wrong" }) =>
  ({ headers, remoteAddress: Option.fromNullishOr(address) }) as unknown as HttpServerRequest

const counting = Effect.provideService(Metric.MetricRegistry, new Map())
const limit = { tries: 3, per: 60_000 }

describe("wrong tokens", () => {
  it.effect("are limited to a number at once, and then to a rate", () =>
    Effect.gen(function* () {
      const guard = (yield* WrongTokens.make).at("client", limit)
      const tried = (n: number) => Array.from({ length: n }, () => guard(from("192.0.2.1")))
      assert.deepStrictEqual(tried(5), [undefined, undefined, undefined, 20, 20])
      yield* TestClock.adjust("19 seconds")
      assert.deepStrictEqual(tried(1), [1], "what was refused has not been counted")
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(tried(2), [undefined, 20])
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(tried(4), [undefined, undefined, undefined, 20])
    }).pipe(counting)
  )

  it.effect("are counted per address, for IPv6 per /64, and for all kinds of access together", () =>
    Effect.gen(function* () {
      const tokens = yield* WrongTokens.make
      const guard = tokens.at("client", limit)
      const spend = (address: string) => {
        for (let i = 0; i < 3; i++) assert.isUndefined(guard(from(address)), address)
        assert.strictEqual(guard(from(address)), 20, address)
      }
      spend("192.0.2.1")
      assert.strictEqual(guard(from("::ffff:192.0.2.1")), 20)
      spend("192.0.2.2")
      spend("2001:db8:1:2:3:4:5:6")
      assert.strictEqual(guard(from("2001:db8:1:2::1")), 20)
      assert.strictEqual(tokens.at("admin", limit)(from("2001:db8:1:2:ffff::")), 20)
      spend("2001:db8:1:3::1")
      spend("fe80::1%eth0")
    }).pipe(counting)
  )

  it("belong to these networks", () => {
    const rows = [
      ["203.0.113.9", "203.0.113.9"],
      ["::ffff:203.0.113.9", "203.0.113.9"],
      ["::1", "0:0:0:0"],
      ["::", "0:0:0:0"],
      ["2001:db8::", "2001:db8:0:0"],
      ["2001:db8::7:8:9", "2001:db8:0:0"],
      ["2001:db8:a:b:c:d:e:f", "2001:db8:a:b"],
      ["2001:db8:a:b:c::", "2001:db8:a:b"],
      ["1::2:3:4:5:6", "1:0:0:2"],
      ["64:ff9b::192.0.2.1", "64:ff9b:0:0"],
      ["", ""]
    ] as const
    for (const [address, network] of rows)
      assert.strictEqual(WrongTokens.networkOf(address), network, address)
  })

  it.effect("do not include requests without a token, and are not counted without a limit", () =>
    Effect.gen(function* () {
      const tokens = yield* WrongTokens.make
      for (let i = 0; i < 10; i++) {
        for (const headers of [
          {},
          { authorization: "Basic eA==" },
          { authorization: "Bearer " },
          { "x-api-key": "" }
        ]) {
          assert.isUndefined(tokens.at("client", limit)(from("192.0.2.1", headers)))
        }
        assert.isUndefined(tokens.at("client", "unlimited")(from("192.0.2.1")))
      }
    }).pipe(counting)
  )

  it.effect("from a million addresses take no more memory than from one, and are bounded together", () =>
    Effect.gen(function* () {
      const guard = (yield* WrongTokens.make).at("client", limit)
      let letIn = 0
      for (let i = 0; i < 200_000; i++) {
        if (guard(from(`2001:db8:${(i >> 16).toString(16)}:${(i & 0xffff).toString(16)}::1`)) === undefined)
          letIn++
      }
      assert.isAtMost(letIn, 4096 * limit.tries)
      yield* TestClock.adjust("1 minute")
      assert.isUndefined(guard(from("192.0.2.1")), "and when they are gone, nothing of them is left")
    }).pipe(counting)
  )
})

describe("a gateway that is tried with wrong tokens", () => {
  const scene = Effect.fnUntraced(function* (more: object = {}) {
    const server = yield* FaultServer.make
    server.play(FaultServer.json(openai.answer))
    const url = yield* start({
      providers: { a: provider("openai", server) },
      server: {
        tokens: ["the-right-token"],
        adminToken: "the-admin-token",
        wrongTokens: { tries: 2, per: "1 minute" },
        statusPage: "admin",
        ...more
      }
    })
    return { url, server }
  })
  const counts = (url: string) =>
    Effect.map(ask(`${url}/metrics`), ({ text }) => {
      const count = (limited: boolean) =>
        Number(text.match(`failover_wrong_tokens_total{door="client",limited="${limited}"} (\\d+)`)?.[1] ?? 0)
      return { plain: count(false), limited: count(true) }
    })
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

  it.live("returns 429 with retry-after in the caller's protocol, and still accepts the right token", () =>
    Effect.gen(function* () {
      const { server, url } = yield* scene()
      const before = yield* counts(url)
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
      yield* Effect.addFinalizer(() => Effect.sync(() => agent.destroy()))
      const asked = (token: string) =>
        ask(`${url}/v1/chat/completions`, { body: chat("a/x"), headers: bearer(token), agent })
      for (let i = 0; i < 2; i++) {
        const got = yield* asked("wrong")
        assert.deepStrictEqual([got.status, got.at("error.code")], [401, "invalid_api_key"])
      }
      const refused = yield* asked("wrong")
      assert.deepStrictEqual(
        [refused.status, refused.at("error.type"), refused.at("error.code"), refused.headers["retry-after"]],
        [429, "rate_limit_error", "too_many_wrong_tokens", "30"]
      )
      assert.deepInclude(refused.headers, { connection: "close", "x-should-retry": "false" })
      assert.notInclude(refused.text, 'wrong"')
      assert.strictEqual((yield* asked("the-right-token")).status, 200)
      const headers = { "x-api-key": "wrong", "anthropic-version": "2023-06-01" }
      const told = yield* ask(`${url}/v1/messages`, { body: message("a/x"), headers })
      assert.deepStrictEqual(
        [told.status, told.at("type"), told.at("error.type")],
        [429, "error", "rate_limit_error"]
      )
      assert.strictEqual((yield* ask(`${url}/v1/models`, { headers: bearer("wrong") })).status, 429)
      assert.strictEqual((yield* ask(`${url}/v1/models`)).status, 401, "no token is no try")
      assert.strictEqual((yield* asked("the-right-token")).status, 200)
      assert.lengthOf(server.requests, 2)
      const after = yield* counts(url)
      assert.deepStrictEqual([after.plain - before.plain, after.limited - before.limited], [2, 3])
    })
  )

  it.live("is the same for the admin API, its description and the status page, each in its own format", () =>
    Effect.gen(function* () {
      const { url } = yield* scene()
      for (let i = 0; i < 2; i++) {
        const got = yield* ask(`${url}/admin/benches`, { headers: bearer("wrong") })
        assert.deepStrictEqual(
          [got.status, got.at("_tag"), got.headers["www-authenticate"]],
          [401, "Unauthorized", "Bearer"]
        )
      }
      for (const path of ["/admin/benches", "/admin/openapi.json", "/status", "/status/events"]) {
        const got = yield* ask(`${url}${path}`, { headers: bearer("wrong") })
        assert.strictEqual(got.status, 429, path)
        assert.strictEqual(got.headers["retry-after"], "30")
        if (path.startsWith("/admin")) assert.strictEqual(got.at("_tag"), "TooManyTries")
        assert.isString(got.at("message"))
        const right = { headers: bearer("the-admin-token") }
        if (path !== "/status/events")
          assert.strictEqual((yield* ask(`${url}${path}`, right)).status, 200, path)
      }
      const client = yield* Effect.provide(
        AdminClient.make({ url, token: Redacted.make("wrong") }),
        FetchHttpClient.layer
      )
      assert.strictEqual((yield* Effect.flip(client.benches.list()))._tag, "TooManyTries")
    })
  )

  it.live("keeps returning 401 without a limit", () =>
    Effect.gen(function* () {
      const { url } = yield* scene({ wrongTokens: "unlimited" })
      for (let i = 0; i < 30; i++) {
        assert.strictEqual((yield* ask(`${url}/v1/models`, { headers: bearer("wrong") })).status, 401)
      }
    })
  )
})
