import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option, Stream, Tracer } from "effect"
import { TestClock } from "effect/testing"
import { BenchRegistry, Chain, Failover, Failure, Model } from "../../src/index.ts"
import * as Spans from "../../src/observe/Spans.ts"
import { Scripted } from "../../src/testing/index.ts"

const busy = new Failure.Transient({
  reason: "Overloaded",
  message: "busy with: my secret prompt",
  status: 529,
  evidence: "status=529"
})

/** Runs an effect with a runtime that makes spans, and returns those that have ended, in the order of their starts. */
const play = <A, E>(run: (failover: Failover.Runtime) => Effect.Effect<A, E>, options?: Spans.Options) =>
  Effect.gen(function* () {
    const spans: Array<Tracer.NativeSpan> = []
    const tracer = Tracer.make({
      span: (options) => {
        const span = new Tracer.NativeSpan(options)
        spans.push(span)
        return span
      }
    })
    const observer = yield* Effect.provideService(Spans.observer(options), Tracer.Tracer, tracer)
    const failover = yield* Failover.make({ observer })
    const fiber = yield* Effect.forkChild(Effect.exit(run(failover)))
    yield* TestClock.adjust("1 minute")
    yield* Fiber.join(fiber)
    assert.deepStrictEqual(
      spans.filter(({ status }) => status._tag !== "Ended").map(({ name }) => name),
      []
    )
    return spans
  }).pipe(Effect.provide(BenchRegistry.layerMemory))

const millis = ({ status }: Tracer.NativeSpan) =>
  status._tag === "Ended" ? [Number(status.startTime) / 1e6, Number(status.endTime) / 1e6] : []

const attributes = (span: Tracer.NativeSpan | undefined) => Object.fromEntries(span?.attributes ?? [])

describe("spans", () => {
  it.effect("are one for the run with a child for each attempt, named by the conventions", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[{ wait: "1 second" }, busy]])
      const b = Scripted.make("b", [[{ wait: "2 seconds" }, "hello"]])
      const chain = Chain.withPolicy(Chain.make(Model.make(a, "large"), Model.make(b, "small")), {
        retries: { times: 0 }
      })
      const about = { model: "smart", operation: "chat/completions", requestId: "req_1" }
      const [run, first, second, ...none] = yield* play((failover) => failover.complete(chain, "", { about }))
      assert.deepStrictEqual(none, [])
      assert.strictEqual(run?.name, "chat smart")
      assert.deepInclude(attributes(run), {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "b",
        "gen_ai.request.model": "smart",
        "gen_ai.response.model": "small",
        "failover.request_id": "req_1",
        "failover.attempts": 2,
        "failover.target": "b/small#default",
        "failover.outcome": "answered"
      })
      assert.strictEqual(first?.name, "chat large")
      assert.strictEqual(first?.kind, "client")
      assert.deepInclude(attributes(first), {
        "error.type": "Overloaded",
        "http.response.status_code": 529,
        "failover.evidence": "status=529",
        "failover.credential": "default",
        "failover.attempt": 1,
        "failover.action": "next"
      })
      for (const span of [first, second]) {
        assert.strictEqual(Option.getOrUndefined(span?.parent ?? Option.none())?.spanId, run?.spanId)
      }
      assert.deepStrictEqual(
        [run, first, second].map((span) => span && millis(span)),
        [
          [0, 3000],
          [0, 1000],
          [1000, 3000]
        ]
      )
    })
  )

  it.effect("end with the stream, however it ends, and record its time to first content", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [
        [{ wait: "1 second" }, "one", { wait: "1 second" }, "two"],
        [{ wait: "1 second" }, "one", { wait: "1 second" }, busy]
      ])
      const chain = Chain.make(Model.make(a, "m"))
      const [run, attempt, broken, half] = yield* play((failover) =>
        Effect.andThen(
          Stream.runDrain(failover.stream(chain, "")),
          Stream.runDrain(failover.stream(chain, ""))
        )
      )
      assert.strictEqual(attributes(run)["gen_ai.response.time_to_first_chunk"], 1)
      assert.deepStrictEqual(run && millis(run), [0, 2000])
      assert.deepStrictEqual(attempt && millis(attempt), [0, 2000])
      assert.deepInclude(attributes(broken), { "failover.outcome": "broken", "error.type": "Overloaded" })
      assert.strictEqual(attributes(half)["failover.outcome"], "broken")
    })
  )

  it.effect("continue the caller's trace, and contain no prompts, answers or provider text", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[busy]])
      const parent = Tracer.externalSpan({ traceId: "1".repeat(32), spanId: "2".repeat(16) })
      const spans = yield* play((failover) =>
        failover
          .complete(Chain.make(Model.make(a, "m")), "my secret prompt")
          .pipe(Effect.withParentSpan(parent))
      )
      assert.isTrue(spans.every(({ traceId }) => traceId === parent.traceId))
      assert.strictEqual(attributes(spans[0])["error.type"], "ChainExhausted")
      const said = spans.map(({ attributes, events, name, status }) => [
        name,
        [...attributes],
        events,
        status._tag === "Ended" ? String(status.exit) : ""
      ])
      assert.notInclude(JSON.stringify(said), "secret")
    })
  )

  it.effect("end when the caller disconnects", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[{ hang: true }]])
      const [run, attempt] = yield* play((failover) =>
        Effect.timeoutOption(failover.complete(Chain.make(Model.make(a, "m")), ""), "3 seconds")
      )
      assert.strictEqual(attributes(run)["failover.outcome"], "interrupted")
      assert.deepStrictEqual(attempt && millis(attempt), [0, 3000])
    })
  )
})
