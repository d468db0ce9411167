/** What a gateway sends to a collector, and that an unreachable collector has no effect. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import * as Scope from "effect/Scope"
import { collected } from "../../support/collector.ts"
import * as FaultServer from "../../support/FaultServer.ts"
import { ask, chat, eventually, key, openai, provider, start } from "../../support/gateway.ts"

/** A gateway that sends its telemetry to a collector, in its own scope. */
const gateway = (endpoint: string, a: FaultServer.FaultServer, scope: Scope.Scope) =>
  start({
    providers: { a: provider("openai", a) },
    models: { smart: ["a/large"] },
    telemetry: {
      otlp: { endpoint, headers: { "x-collector-key": "collector-secret" }, interval: "100 millis" }
    }
  }).pipe(
    Scope.provide(scope),
    Effect.provideServiceEffect(
      Metric.MetricRegistry,
      Effect.sync(() => new Map())
    )
  )

const smart = (a: FaultServer.FaultServer) => ({
  providers: { a: provider("openai", a) },
  models: { smart: ["a/large"] },
  policy: { retries: { times: 0 } }
})

describe("OTLP", () => {
  it.live("sends a collector spans and metrics, including the last ones, without keys and prompts", () =>
    Effect.gen(function* () {
      const [a, collector] = [yield* FaultServer.make, yield* FaultServer.make]
      a.play(FaultServer.json(openai.answer))
      collector.play(FaultServer.json({}))
      const scope = yield* Scope.make()
      const url = yield* gateway(`${collector.origin}/otlp/`, a, scope)
      const traceId = "0af7651916cd43dd8448eb211c80319c"
      const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01`, "x-request-id": "mine" }
      yield* ask(`${url}/v1/chat/completions`, { body: chat("smart"), headers })
      // A key that a client sends in the wrong places.
      const wrong = { "x-request-id": `of-${key}` }
      yield* ask(`${url}/v1/chat/completions`, { body: chat(`a/${key}`), headers: wrong })
      assert.notProperty(a.requests[0]?.headers ?? {}, "traceparent")
      yield* Scope.close(scope, Exit.void)
      const sent = collector.requests.map(({ body, path }) => ({ path, body }))
      const spans = sent
        .filter(({ path }) => path === "/otlp/v1/traces")
        .map(({ body }) => body)
        .join()
      const metrics = sent
        .filter(({ path }) => path === "/otlp/v1/metrics")
        .map(({ body }) => body)
        .join()
      for (const part of [`"${traceId}"`, '"b7ad6b7169203331"', '"chat smart"', '"chat large"', '"mine"']) {
        assert.include(spans, part)
      }
      for (const part of ["failover_attempts_total", "failover_http_requests_total", "effect-failover"]) {
        assert.include(metrics, part)
      }
      for (const secret of [key, "deepest secret", "collector-secret", "hello 漢"]) {
        assert.notInclude(JSON.stringify(sent), secret)
      }
      assert.isTrue(
        collector.requests.every(({ headers }) => headers["x-collector-key"] === "collector-secret")
      )
    })
  )

  it.live("that no collector accepts affects neither requests nor the end of the gateway", () =>
    Effect.gen(function* () {
      const [a, mute] = [yield* FaultServer.make, yield* FaultServer.make]
      a.play(FaultServer.json(openai.answer))
      mute.play([{ hang: true }])
      for (const endpoint of ["http://127.0.0.1:1", mute.origin]) {
        const scope = yield* Scope.make()
        const url = yield* gateway(endpoint, a, scope)
        for (let i = 0; i < 5; i++) {
          const got = yield* ask(`${url}/v1/chat/completions`, { body: chat("smart") })
          assert.strictEqual(got.status, 200)
        }
        const began = performance.now()
        yield* Scope.close(scope, Exit.void)
        assert.isBelow(performance.now() - began, 8000)
      }
    })
  )

  it.live("sends the log, from its level on, with its annotations", () =>
    Effect.gen(function* () {
      const a = yield* FaultServer.make
      a.play(FaultServer.json(openai.error("server_error", "overloaded: my deepest secret"), 503))
      const { logs, spans, text } = yield* collected(
        { ...smart(a), log: { level: "warn", requests: true } },
        (url, heard) =>
          Effect.andThen(
            ask(`${url}/v1/chat/completions`, { body: chat("smart"), headers: { "x-request-id": "mine" } }),
            // The changes of the bench are counted in the background.
            eventually(() => heard().includes("a/large#k1 is benched"))
          ),
        { log: true }
      )
      const failed = logs.find(({ body }) => body?.stringValue === "a request failed: ChainExhausted")
      assert.strictEqual(failed?.severityText, "Warn")
      assert.deepInclude(failed?.attributes ?? {}, {
        request: "mine",
        model: "smart",
        causes: "a/large#k1: Overloaded"
      })
      const run = spans.find(({ kind }) => kind === 2)
      assert.deepStrictEqual([failed?.traceId, failed?.spanId], [run?.traceId, run?.spanId])
      assert.isString(run?.spanId)
      assert.include(
        logs.map(({ body }) => body?.stringValue),
        "a/large#k1 is benched"
      )
      assert.isTrue(logs.every(({ severityText }) => severityText === "Warn"))
      assert.notInclude(text, "deepest secret")
      assert.notInclude(text, key)
    })
  )

  it.live("sends only the configured signals, and the log only if the gateway keeps one", () =>
    Effect.gen(function* () {
      const a = yield* FaultServer.make
      a.play(FaultServer.json(openai.answer))
      const call = (url: string) => ask(`${url}/v1/chat/completions`, { body: chat("smart") })
      const config = { ...smart(a), log: { requests: true } }
      const paths = (signals: ReadonlyArray<string> | undefined, options: object) =>
        Effect.map(collected({ ...config, telemetry: { otlp: { signals } } }, call, options), (got) =>
          [...got.paths].sort()
        )
      const [logs, metrics, traces] = ["/v1/logs", "/v1/metrics", "/v1/traces"]
      assert.deepStrictEqual(yield* paths(undefined, { log: true }), [logs, metrics, traces])
      assert.deepStrictEqual(yield* paths(undefined, {}), [metrics, traces])
      assert.deepStrictEqual(yield* paths(["logs"], { log: true }), [logs])
      assert.deepStrictEqual(yield* paths(["metrics"], { log: true }), [metrics])
      assert.deepStrictEqual(yield* paths(["traces"], { log: true }), [traces])
    })
  )
})
