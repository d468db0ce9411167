import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Metric, Stream } from "effect"
import { PrometheusMetrics } from "effect/observability"
import { TestClock } from "effect/testing"
import { BenchRegistry, Chain, Failover, Failure, Model } from "../../src/index.ts"
import * as Metrics from "../../src/observe/Metrics.ts"
import { Scripted } from "../../src/testing/index.ts"

const busy = new Failure.Transient({ reason: "Overloaded", message: "busy" })

/** Runs something with a runtime that counts, in a registry of its own, and gives what Prometheus would read. */
const scrape = <A, E>(
  run: (failover: Failover.Runtime) => Effect.Effect<A, E>,
  options: Metrics.Options = { knowsModel: () => true }
) =>
  Effect.gen(function* () {
    const observer = yield* Metrics.observer(options)
    const failover = yield* Failover.make({ observer })
    yield* Metrics.watchBench
    const fiber = yield* Effect.forkChild(Effect.exit(run(failover)))
    yield* TestClock.adjust("3 seconds")
    yield* Fiber.join(fiber)
    yield* Metrics.refreshBench
    return yield* PrometheusMetrics.format()
  }).pipe(
    Effect.provide(BenchRegistry.BenchRegistry.layerMemory),
    Effect.provideService(Metric.MetricRegistry, new Map())
  )

describe("the metrics", () => {
  it.effect("count attempts, retries, moves and the request that was saved", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[busy]])
      const b = Scripted.make("b", [["hello"]])
      const text = yield* scrape((failover) =>
        failover.complete(Chain.make(Model.make(a, "large"), Model.make(b, "small")), "")
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
      assert.include(text, 'failover_rescues_total{kind="effect"} 1')
      assert.include(text, 'failover_runs_total{kind="effect",outcome="answered"} 1')
      assert.include(text, 'failover_benches_total{scope="target",reason="Overloaded"} 1')
      assert.include(text, 'failover_benched{scope="target"} 1')
    })
  )

  it.effect("tell a stream that broke from one that its consumer left", () =>
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
      assert.include(text, 'failover_runs_total{kind="stream",outcome="broken"} 1')
      assert.include(text, 'failover_stream_ends_total{provider="a",model="m",outcome="left"} 1')
      assert.include(text, 'failover_runs_total{kind="stream",outcome="interrupted"} 1')
    })
  )

  it.effect("have no more series for a thousand models that clients made up than for one", () =>
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
