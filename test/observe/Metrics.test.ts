import { assert, describe, it, vi } from "@effect/vitest"
import { Effect, Exit, Fiber, Layer, Metric, Scope, Stream } from "effect"
import { PrometheusMetrics } from "effect/observability"
import { TestClock } from "effect/testing"
import { BenchRegistry, Chain, Failover, Failure, Model } from "../../src/index.ts"
import * as Metrics from "../../src/observe/Metrics.ts"
import { Scripted } from "../../src/testing/index.ts"

const busy = new Failure.Transient({ reason: "Overloaded", message: "busy" })

/** Runs an effect with a runtime that counts, in its own registry, and returns the text that Prometheus would read. */
const scrape = <A, E>(
  run: (failover: Failover.Runtime, registry: BenchRegistry.BenchRegistry["Service"]) => Effect.Effect<A, E>,
  options: Metrics.Options = { knowsModel: () => true, knowsName: (name) => name === "smart" }
) =>
  Effect.gen(function* () {
    const observer = yield* Metrics.observer(options)
    const failover = yield* Failover.make({ observer })
    yield* Metrics.watchBudget(failover.retriesLeft)
    yield* Layer.build(Metrics.layerBench(options))
    const fiber = yield* Effect.forkChild(Effect.exit(run(failover, yield* BenchRegistry.BenchRegistry)))
    yield* TestClock.adjust("3 seconds")
    yield* Fiber.join(fiber)
    return yield* PrometheusMetrics.format()
  }).pipe(Effect.provide(BenchRegistry.layerMemory), Effect.provideService(Metric.MetricRegistry, new Map()))

describe("the metrics", () => {
  it.effect("count attempts, retries, fallbacks and the rescued request", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[busy]])
      const b = Scripted.make("b", [["hello"]])
      const text = yield* scrape((failover) =>
        failover.complete(Chain.make(Model.make(a, "large"), Model.make(b, "small")), "", {
          about: { model: "smart" }
        })
      )
      assert.include(
        text,
        'failover_attempts_total{provider="a",model="large",credential="default",outcome="Overloaded"} 3'
      )
      assert.include(
        text,
        'failover_attempts_total{provider="b",model="small",credential="default",outcome="answered"} 1'
      )
      assert.include(text, 'failover_retries_total{provider="a",class="Overloaded"} 2')
      assert.include(text, 'failover_moves_total{provider="a",class="Overloaded"} 1')
      assert.include(text, 'failover_rescues_total{asked="smart",kind="effect"} 1')
      assert.include(text, 'failover_runs_total{asked="smart",kind="effect",outcome="answered"} 1')
      assert.include(text, 'failover_benches_total{scope="target",provider="a",reason="Overloaded"} 1')
      assert.include(
        text,
        'failover_benched{scope="target",provider="a",model="large",credential="default"} 1'
      )
    })
  )

  it.effect("do not work out the key of a series again when another one was updated in between", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [["hello"]])
      const b = Scripted.make("b", [["hello"]])
      const chains = [Chain.make(Model.make(a, "large")), Chain.make(Model.make(b, "small"))]
      const [first, second] = yield* Effect.gen(function* () {
        const failover = yield* Failover.make({
          observer: yield* Metrics.observer({ knowsModel: () => true })
        })
        const round = Effect.gen(function* () {
          for (const chain of chains) {
            yield* failover.complete(chain, "")
            yield* Stream.runDrain(failover.stream(chain, ""))
          }
        })
        const stringify = vi.spyOn(JSON, "stringify")
        yield* round
        const before = stringify.mock.calls.length
        yield* round
        const after = stringify.mock.calls.length
        stringify.mockRestore()
        return [before, after - before] as const
      }).pipe(
        Effect.provide(BenchRegistry.layerMemory),
        Effect.provideService(Metric.MetricRegistry, new Map())
      )
      assert.isAbove(first, 0)
      assert.strictEqual(second, 0)
    })
  )

  it.effect("count a manual bench once, whatever happens to running attempts", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[{ wait: "1 second" }, busy]])
      const chain = Chain.withPolicy(Chain.make(Model.make(a, "large")), { retries: { times: 0 } })
      const text = yield* scrape((failover, registry) =>
        Effect.gen(function* () {
          const asking = Effect.exit(failover.complete(chain, ""))
          const running = yield* Effect.forkChild(asking, { startImmediately: true })
          yield* registry.bench("a/large#default")
          yield* Fiber.join(running)
        })
      )
      assert.include(text, 'failover_benches_total{scope="target",provider="a",reason="Manual"} 1')
    })
  )

  it.effect("distinguish a stream that broke from one that its consumer left", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [
        ["half", new Failure.Transient({ reason: "Connection", message: "reset" })],
        ["one", { hang: true }]
      ])
      const chain = Chain.withPolicy(Chain.make(Model.make(a, "m")), {
        rules: { Connection: { rest: null } }
      })
      const text = yield* scrape((failover) =>
        Effect.andThen(
          Effect.exit(Stream.runDrain(failover.stream(chain, ""))),
          Stream.runDrain(Stream.take(failover.stream(chain, ""), 1))
        )
      )
      assert.include(text, 'failover_stream_ends_total{provider="a",model="m",outcome="Connection"} 1')
      assert.include(text, 'failover_runs_total{asked="other",kind="stream",outcome="broken"} 1')
      assert.include(text, 'failover_stream_ends_total{provider="a",model="m",outcome="left"} 1')
      assert.include(text, 'failover_runs_total{asked="other",kind="stream",outcome="interrupted"} 1')
    })
  )

  it.effect("measure the time to first content, the whole run, and the overhead", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[{ wait: "200 millis" }, new Failure.RateLimit({ message: "no" })]])
      const b = Scripted.make("b", [[{ wait: "300 millis" }, "one", { wait: "1 second" }, "two"]])
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      const text = yield* scrape((failover) => Stream.runDrain(failover.stream(chain, "")))
      const has = (line: string) => assert.include(text, `\n${line}\n`)
      has('failover_time_to_first_content_seconds_sum{provider="b",model="m"} 0.5')
      has('failover_attempt_duration_seconds_sum{provider="b",model="m",kind="stream"} 0.3')
      has('failover_run_duration_seconds_sum{kind="stream",outcome="answered"} 1.5')
      has('failover_overhead_seconds_bucket{kind="stream",le="0.000025"} 1')
    })
  )

  it.effect("report what is benched now, until its cooldown ends or its owner is gone", () =>
    Effect.gen(function* () {
      const rests = 'failover_benched{scope="credential",provider="a",model="",credential="k"}'
      const registry = yield* BenchRegistry.BenchRegistry
      yield* registry.bench("a#k", { for: "1 minute" })
      const scope = yield* Scope.make()
      yield* Layer.buildWithScope(Metrics.layerBench(), scope)
      assert.include(yield* PrometheusMetrics.format(), `${rests} 1`)
      yield* TestClock.adjust("1 minute")
      assert.include(yield* PrometheusMetrics.format(), `${rests} 0`)
      yield* Scope.close(scope, Exit.void)
      assert.notInclude(yield* PrometheusMetrics.format(), "failover_benched")
    }).pipe(
      Effect.provide(BenchRegistry.layerMemory),
      Effect.provideService(Metric.MetricRegistry, new Map())
    )
  )

  it.effect("report the retries left in the budget", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[busy]])
      const chain = Chain.withPolicy(Chain.make(Model.make(a, "m")), { retries: { times: 7, backoff: [0] } })
      assert.include(yield* scrape(() => Effect.void), "failover_retry_budget 10\n")
      // Seven retries were made, and three were returned in the three seconds since.
      assert.include(yield* scrape((failover) => failover.complete(chain, "")), "failover_retry_budget 6\n")
    })
  )

  it.effect("have no more series for a thousand invented models than for one", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [["hello"]])
      const text = yield* scrape(
        (failover) =>
          Effect.forEach(
            Array.from({ length: 1000 }, (_, i) => `made-up-${i}`),
            (model) => failover.complete(Chain.make(Model.make(a, model)), "")
          ),
        {}
      )
      assert.notInclude(text, "made-up")
      assert.include(
        text,
        'failover_attempts_total{provider="a",model="other",credential="default",outcome="answered"} 1000'
      )
    })
  )
})
