/** `/metrics` under traffic: correct on every exit path, and bounded whatever clients send. */
import { spawnSync } from "node:child_process"
import * as net from "node:net"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as Schedule from "effect/Schedule"
import * as FaultServer from "../../support/FaultServer.ts"
import { ask, chat, openai, provider, start } from "../../support/gateway.ts"

/** A gateway with its own metrics before two providers. */
const gateway = Effect.gen(function* () {
  const [a, b] = [yield* FaultServer.make, yield* FaultServer.make]
  const url = yield* start({
    providers: { a: provider("openai", a), b: provider("openai", b) },
    models: { smart: ["a/large", "b/small"] },
    policy: { retries: { times: 0 } }
  })
  const scrape = Effect.map(ask(`${url}/metrics`), ({ text }) => text)
  const call = (body: object) => ask(`${url}/v1/chat/completions`, { body })
  return { a, b, url, call, scrape }
}).pipe(
  Effect.provideServiceEffect(
    Metric.MetricRegistry,
    Effect.sync(() => new Map())
  )
)

/** The value of a series. A missing one is 0. */
const valueOf = (text: string, series: string): number =>
  Number(
    text
      .split("\n")
      .find((line) => line.startsWith(`${series} `))
      ?.slice(series.length + 1) ?? 0
  )

const inFlight = "failover_http_requests_in_flight"
const requests = (route: string, status: number | string) =>
  `failover_http_requests_total{route="${route}",status="${status}"}`

describe("the metrics of a gateway", () => {
  it.live("count the requests in flight, and not those that have ended or were abandoned", () =>
    Effect.gen(function* () {
      const { a, scrape, url } = yield* gateway
      const { hostname, port } = new URL(url)
      const becomes = (count: number) =>
        // The scrape itself is in flight, too.
        Effect.filterOrFail(scrape, (text) => valueOf(text, inFlight) === count + 1).pipe(
          Effect.retry(Schedule.max([Schedule.spaced("10 millis"), Schedule.recurs(200)]))
        )
      a.play([{ hang: true }])
      const whole = yield* Effect.forkChild(ask(`${url}/v1/chat/completions`, { body: chat("a/large") }))
      yield* becomes(1)
      a.play([FaultServer.sseHead, { send: openai.events.slice(0, 3).join("") }, { hang: true }])
      const begun = yield* Effect.promise(() =>
        fetch(`${url}/v1/chat/completions`, {
          method: "POST",
          body: JSON.stringify(chat("a/large", { stream: true }))
        })
      )
      yield* becomes(2)
      yield* Effect.promise(async () => begun.body?.cancel())
      yield* becomes(1)
      yield* Fiber.interrupt(whole)
      yield* becomes(0)
      // Several on one connection, which is cut while the first is being answered.
      a.play([{ hang: true }])
      const text = JSON.stringify(chat("a/large"))
      const raw = `POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`
      const socket = net.connect(Number(port), hostname)
      socket.write(raw + raw + raw)
      yield* becomes(3)
      socket.destroy()
      yield* becomes(0)
      const after = yield* scrape
      assert.strictEqual(valueOf(after, requests("/v1/chat/completions", 499)), 4)
      assert.strictEqual(valueOf(after, requests("/v1/chat/completions", 200)), 1)
    })
  )

  it.live("report attempts, fallbacks, benches, durations and statuses of requests", () =>
    Effect.gen(function* () {
      const { a, b, call, scrape } = yield* gateway
      a.play(FaultServer.json(openai.error("overloaded", "busy"), 503))
      b.play(FaultServer.json(openai.answer))
      yield* call(chat("smart"))
      b.play(FaultServer.sse(openai.events))
      yield* call(chat("smart", { stream: true }))
      yield* call({ model: 7 })
      const text = yield* scrape
      const is = (series: string, value: number) => assert.strictEqual(valueOf(text, series), value, series)
      is('failover_attempts_total{provider="a",model="large",credential="k1",outcome="Overloaded"}', 1)
      is('failover_attempts_total{provider="b",model="small",credential="k1",outcome="answered"}', 2)
      is('failover_moves_total{provider="a",class="Overloaded"}', 1)
      is('failover_rescues_total{asked="smart",kind="effect"}', 1)
      is('failover_skips_total{provider="a",reason="Overloaded"}', 1)
      is('failover_benches_total{scope="target",provider="a",reason="Overloaded"}', 1)
      is('failover_benched{scope="target",provider="a",model="large",credential="k1"}', 1)
      is('failover_time_to_first_content_seconds_count{provider="b",model="small"}', 1)
      is('failover_run_duration_seconds_count{kind="stream",outcome="answered"}', 1)
      is('failover_overhead_seconds_count{kind="effect"}', 1)
      is("failover_retry_budget", 10)
      is(requests("/v1/chat/completions", 200), 2)
      is(requests("/v1/chat/completions", 400), 1)
      const own = valueOf(text, 'failover_overhead_seconds_sum{kind="effect"}')
      assert.isTrue(own > 0 && own < 1, `the overhead is ${own}`)
    })
  )

  it.live("have no more series for hundreds of names that clients made up than for one", () =>
    Effect.gen(function* () {
      const { a, call, scrape, url } = yield* gateway
      a.answer(({ model }) =>
        model === "large"
          ? FaultServer.json(openai.answer)
          : FaultServer.json(openai.error("overloaded", "busy"), 503)
      )
      const round = (i: number) =>
        Effect.all([
          call(chat(`a/made-up-${i}`)),
          call(chat(`made-up-${i}`)),
          call(chat("a/large", { fallbacks: [`b/made-up-${i}`] })),
          ask(`${url}/made-up-${i}`),
          ask(`${url}/admin/made-up-${i}`),
          ask(`${url}/v1/chat/completions?made-up=${i}`, { method: "PUT" }),
          ask(`${url}/v1/chat/completions`, {
            body: chat("a/large"),
            headers: { "x-request-id": `made-up-${i}`, "x-failover-models": `a/made-up-${i}` }
          })
        ])
      const names = (text: string) =>
        text
          .split("\n")
          .filter((line) => !line.startsWith("#"))
          .map((line) => line.slice(0, line.lastIndexOf(" ")))
      for (let i = 0; i < 10; i++) yield* round(i)
      yield* scrape // which is a request as well
      const few = names(yield* scrape)
      for (let i = 10; i < 60; i++) yield* round(i)
      const many = yield* scrape
      assert.sameMembers(names(many), few)
      assert.notInclude(many, "made-up")
    })
  )

  it.live.skipIf(spawnSync("promtool", ["--version"]).error !== undefined)(
    "pass Prometheus' own linter (skipped without promtool)",
    () =>
      Effect.gen(function* () {
        const { a, b, call, scrape } = yield* gateway
        a.play(FaultServer.json(openai.error("overloaded", "busy"), 503))
        b.play(FaultServer.sse(openai.events))
        yield* call(chat("smart", { stream: true }))
        const linted = spawnSync("promtool", ["check", "metrics"], { input: yield* scrape, encoding: "utf8" })
        assert.strictEqual(linted.stdout + linted.stderr, "")
        assert.strictEqual(linted.status, 0)
      })
  )
})
