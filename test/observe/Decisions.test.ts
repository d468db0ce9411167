import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Schema, Stream } from "effect"
import { TestClock } from "effect/testing"
import { BenchRegistry, Chain, Failover, Failure, Model } from "../../src/index.ts"
import * as Decisions from "../../src/observe/Decisions.ts"
import { Scripted } from "../../src/testing/index.ts"

const overloaded = new Failure.Transient({
  reason: "Overloaded",
  message: "busy",
  status: 529,
  evidence: "status=529"
})

const play = Effect.fnUntraced(function* <A, E>(
  run: (failover: Failover.Runtime) => Effect.Effect<A, E>,
  decisions = Decisions.make()
) {
  const registry = yield* BenchRegistry.makeMemory
  const failover = yield* Failover.make({ observer: decisions.observer }).pipe(
    Effect.provideService(BenchRegistry.BenchRegistry, registry)
  )
  const fiber = yield* Effect.forkChild(Effect.exit(run(failover)))
  yield* TestClock.adjust("1 minute")
  yield* Fiber.join(fiber)
  return { recent: yield* decisions.recent, registry }
})

describe("the record of recent decisions", () => {
  it.effect("records the attempts, their results, and why the run continued", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[new Failure.RateLimit({ message: "slow down" })]])
      const b = Scripted.make("b", [[{ wait: "1 second" }, "hello"]])
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      const { recent } = yield* play((failover) => failover.complete(chain, "a prompt"))
      const [decision] = recent
      assert.strictEqual(decision?.outcome, "answered")
      assert.strictEqual(decision?.target, "b/m#default")
      assert.strictEqual(decision?.duration, 1000)
      assert.deepStrictEqual(
        decision?.attempts.map(({ duration, failure, outcome, target, action }) => [
          target,
          outcome,
          failure,
          action,
          duration
        ]),
        [
          ["a/m#default", "failed", "RateLimit", "next", 0],
          ["b/m#default", "answered", undefined, undefined, 1000]
        ]
      )
    })
  )

  it.effect("records the caller's request id and the requested model, cut to a limit", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [["hello"]])
      const chain = Chain.make(Model.make(a, "m"))
      const about = { requestId: "req_1", model: "smart".repeat(200), operation: "chat", tenant: "north" }
      const { recent } = yield* play((failover) =>
        Effect.andThen(failover.complete(chain, ""), failover.complete(chain, "", { about }))
      )
      const [said, unsaid] = recent
      assert.deepInclude(said, { requestId: "req_1", model: "smart".repeat(40), operation: "chat" })
      assert.notProperty(said, "tenant")
      assert.notProperty(unsaid, "requestId")
    })
  )

  it.effect("never holds the prompt or the answer", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [["the secret answer"]])
      const { recent } = yield* play((failover) =>
        failover.complete(Chain.make(Model.make(a, "m")), "the secret prompt")
      )
      assert.notInclude(JSON.stringify(recent), "secret")
    })
  )

  it.effect("records skips, and the error of the run", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [["never asked"]])
      const chain = Chain.make(Model.make(a, "m"))
      const decisions = Decisions.make()
      const registry = yield* BenchRegistry.makeMemory
      yield* registry.bench("a", { for: "1 hour", reason: "maintenance" })
      const failover = yield* Failover.make({ observer: decisions.observer }).pipe(
        Effect.provideService(BenchRegistry.BenchRegistry, registry)
      )
      yield* Effect.exit(failover.complete(chain, ""))
      const [decision] = yield* decisions.recent
      assert.deepStrictEqual(decision?.skips, [
        { target: "a/m#default", key: "a", reason: "Manual", until: 3_600_000 }
      ])
      assert.strictEqual(decision?.error, "AllBenched")
    })
  )

  it.effect("records a stream that failed after its commit point as broken", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [["half of it", overloaded]])
      const { recent } = yield* play((failover) =>
        Stream.runDrain(failover.stream(Chain.make(Model.make(a, "m")), ""))
      )
      assert.strictEqual(recent[0]?.outcome, "broken")
      assert.strictEqual(recent[0]?.attempts[0]?.failure, "Overloaded")
    })
  )

  it.effect("gives a decision that does not change any more, and the next reading has what came later", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[new Failure.RateLimit({ message: "slow down" })]])
      const b = Scripted.make("b", [[{ wait: "1 second" }, "hello"]])
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      const decisions = Decisions.make()
      const failover = yield* Failover.make({ observer: decisions.observer }).pipe(
        Effect.provideServiceEffect(BenchRegistry.BenchRegistry, BenchRegistry.makeMemory)
      )
      const fiber = yield* Effect.forkChild(failover.complete(chain, "a prompt"))
      yield* TestClock.adjust("500 millis")
      const [early] = yield* decisions.recent
      const [unchanged] = yield* decisions.recent
      yield* TestClock.adjust("1 minute")
      yield* Fiber.join(fiber)
      const [late] = yield* decisions.recent
      const outcomes = (decision = late) => [
        decision?.outcome,
        decision?.attempts.map(({ outcome }) => outcome)
      ]
      assert.strictEqual(unchanged, early)
      assert.deepStrictEqual(outcomes(early), ["running", ["failed", "running"]])
      assert.deepStrictEqual(outcomes(late), ["answered", ["failed", "answered"]])
    })
  )

  it.effect("remembers at most its capacity, newest first", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [["hello"]])
      const chain = Chain.make(Model.make(a, "m"))
      const { recent } = yield* play(
        (failover) => Effect.forEach([1, 2, 3, 4, 5], () => failover.complete(chain, "")),
        Decisions.make({ capacity: 3 })
      )
      assert.strictEqual(recent.length, 3)
      assert.isTrue(recent[0]!.id > recent[1]!.id && recent[1]!.id > recent[2]!.id)
    })
  )

  it.effect("can be sent over a wire", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[overloaded], ["hello"]])
      const { recent } = yield* play((failover) => failover.complete(Chain.make(Model.make(a, "m")), ""))
      const codec = Schema.Array(Decisions.Decision)
      const json = JSON.parse(JSON.stringify(yield* Schema.encodeEffect(codec)(recent)))
      assert.deepStrictEqual(yield* Schema.decodeUnknownEffect(codec)(json), recent)
    })
  )
})
