import { assert, describe, it } from "@effect/vitest"
import { Effect, Metric } from "effect"
import * as FaultServer from "../../support/FaultServer.ts"
import { ask, chat, key, openai, provider, start } from "../../support/gateway.ts"

const answer = FaultServer.json(openai.answer)
const overloaded = FaultServer.json(openai.error("server_error", "The server is overloaded"), 503)
const throttled = FaultServer.json(openai.error("rate_limit_exceeded", "slow down"), 429, {
  "retry-after": "60"
})
const policy = { retries: { times: 0 } }

describe("/readyz", () => {
  it.live("is 200 while a target can be called, and needs no token", () =>
    Effect.gen(function* () {
      const [a, b] = [yield* FaultServer.make, yield* FaultServer.make]
      a.play(overloaded)
      b.play(answer)
      const url = yield* start({
        providers: { a: provider("openai", a), b: provider("openai", b) },
        models: { smart: ["a/gpt", "b/small"] },
        policy,
        server: { tokens: ["client"] }
      })
      const headers = { authorization: "Bearer client" }
      yield* ask(`${url}/v1/chat/completions`, { body: chat("smart"), headers })
      const got = yield* ask(`${url}/readyz`)
      assert.strictEqual(got.status, 200)
      assert.deepStrictEqual(got.json, { status: "ready" })
      assert.strictEqual((yield* ask(`${url}/readyz`, { body: {} })).status, 405)
      assert.strictEqual(b.requests.length, 1, "nobody is called to find out")
    })
  )

  it.live("is 503 when all targets are benched, with the reasons and retry-after", () =>
    Effect.gen(function* () {
      const a = yield* FaultServer.make
      a.play(throttled)
      const url = yield* start({
        providers: { a: provider("openai", a, ["key-1", "key-2"]) },
        models: { smart: ["a/gpt"] },
        policy: { ...policy, maxWait: 0 }
      })
      yield* ask(`${url}/v1/chat/completions`, { body: chat("smart") })
      const got = yield* ask(`${url}/readyz`)
      assert.strictEqual(got.status, 503)
      assert.strictEqual(got.at("status"), "unavailable")
      assert.deepInclude(got.at("targets.0"), { target: "a/gpt#k1", state: "resting", reason: "RateLimit" })
      assert.strictEqual((got.at("targets") as ReadonlyArray<unknown>).length, 2)
      const retryAfter = Number(got.headers["retry-after"])
      assert.isTrue(retryAfter > 50 && retryAfter <= 60, String(retryAfter))
      assert.strictEqual((yield* ask(`${url}/healthz`)).status, 200, "the gateway itself is fine")
    })
  )

  it.live("needs any credential of any provider if the config names no models", () =>
    Effect.gen(function* () {
      const a = yield* FaultServer.make
      const dead = FaultServer.json(openai.error("invalid_api_key", "no"), 401)
      a.answer((seen) => (seen.headers.authorization?.endsWith("2") ? answer : dead))
      const url = yield* start({ providers: { a: provider("openai", a, ["key-1", "key-2"]) }, policy })
      assert.strictEqual((yield* ask(`${url}/readyz`)).status, 200)
      yield* ask(`${url}/v1/chat/completions`, { body: chat("a/gpt") })
      assert.strictEqual((yield* ask(`${url}/readyz`)).status, 200)
      a.answer(() => dead)
      yield* ask(`${url}/v1/chat/completions`, { body: chat("a/gpt") })
      const got = yield* ask(`${url}/readyz`)
      assert.strictEqual(got.status, 503)
      assert.strictEqual(got.at("targets.0.key"), "a#k1")
    })
  )
})

describe("/metrics", () => {
  /** A gateway with its own metric registry. */
  const counting = (config: { readonly server?: object; readonly [key: string]: unknown }) =>
    Effect.provideService(start(config), Metric.MetricRegistry, new Map())

  it.live("counts attempts, fallbacks and benches, with durations in seconds, as Prometheus reads them", () =>
    Effect.gen(function* () {
      const [a, b] = [yield* FaultServer.make, yield* FaultServer.make]
      a.play(overloaded)
      b.play(answer)
      const url = yield* counting({
        providers: { a: provider("openai", a), b: provider("openai", b) },
        models: { smart: ["a/gpt", "b/small"] },
        policy
      })
      yield* ask(`${url}/v1/chat/completions`, { body: chat("smart") })
      const got = yield* ask(`${url}/metrics`)
      assert.strictEqual(got.status, 200)
      assert.strictEqual(got.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8")
      const lines = got.text.split("\n")
      const expected = [
        "# TYPE failover_attempts_total counter",
        'failover_attempts_total{provider="a",model="gpt",credential="k1",outcome="Overloaded"} 1',
        'failover_attempts_total{provider="b",model="small",credential="k1",outcome="answered"} 1',
        'failover_moves_total{provider="a",class="Overloaded"} 1',
        'failover_rescues_total{asked="smart",kind="effect"} 1',
        'failover_benched{scope="target",provider="a",model="gpt",credential="k1"} 1',
        "# TYPE failover_attempt_duration_seconds histogram",
        'failover_attempt_duration_seconds_count{provider="b",model="small",kind="effect"} 1'
      ]
      for (const line of expected) assert.include(lines, line)
      const seconds = lines.find((line) => line.startsWith("failover_attempt_duration_seconds_sum"))
      assert.isBelow(Number(seconds?.split(" ").at(-1)), 2)
    })
  )

  it.live("has a bounded number of series, whatever models clients request", () =>
    Effect.gen(function* () {
      const a = yield* FaultServer.make
      a.play(answer)
      const url = yield* counting({
        providers: { a: { ...provider("openai", a), models: { known: {} }, fallbackModels: ["spare"] } },
        models: { smart: ["a/gpt"] },
        fallbacks: ["a/last"],
        server: { tokens: ["client"] }
      })
      const headers = { authorization: "Bearer client" }
      const ask1 = (model: string) => ask(`${url}/v1/chat/completions`, { body: chat(model), headers })
      for (const model of ["known", "spare", "gpt", "last", "x1"]) yield* ask1(`a/${model}`)
      const series = () => Effect.map(ask(`${url}/metrics`), ({ text }) => text.split("\n").length)
      yield* series() // which is a request as well
      const before = yield* series()
      for (let i = 0; i < 20; i++) yield* ask1(`a/made-up-${i}`)
      assert.strictEqual(yield* series(), before)
      const { text } = yield* ask(`${url}/metrics`)
      for (const model of ["known", "spare", "gpt", "last"]) assert.include(text, `model="${model}"`)
      assert.include(text, 'model="other",credential="k1",outcome="answered"} 21')
      for (const secret of [key, "deepest secret", "made-up"]) assert.notInclude(text, secret)
    })
  )
})
