/** Requests that wait in the queues of targets: what happens when one is admitted, or its time is over. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import * as Backend from "../../src/domain/Backend.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { chainOf, layer } from "../support/chains.ts"
import { calls, dead, fault, play, throttle } from "../support/engine.ts"

const now = { startImmediately: true } as const

/** The clock of the test, which advances by a millisecond where `pass` is called. */
const steppedClock = Effect.map(Clock.Clock, (clock) => {
  let passed = 0
  const stepped: Clock.Clock = {
    ...clock,
    currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + passed,
    monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe() + BigInt(passed) * 1_000_000n,
    sleep: (duration) => clock.sleep(duration)
  }
  return { stepped, pass: () => passed++ }
})

describe("a request that its queue admits", () => {
  it.effect("at its deadline calls no target: the request before it kept the process busy", () =>
    Effect.gen(function* () {
      const registry = yield* BenchRegistry
      const { pass, stepped } = yield* steppedClock
      const chain = Chain.make(Model.make(Backend.make("a", {}), "m"))
      const called: Array<number> = []
      const ask = (request: number, deadline: number) =>
        Failover.use(
          chain,
          () =>
            Effect.sync(() => {
              called.push(request)
              pass()
              return request
            }),
          { deadline }
        ).pipe(Effect.result, Effect.provideService(Clock.Clock, stepped))
      yield* registry.bench("a", { for: "1 second" })
      const first = yield* Effect.forkChild(ask(1, 60_000), now)
      const late = yield* Effect.forkChild(ask(2, 1_001), now)
      const other = yield* Effect.forkChild(ask(3, 60_000), now)
      yield* TestClock.adjust("1 second")
      const ends = yield* Effect.forEach([first, late, other], (fiber) => Fiber.join(fiber))
      assert.deepStrictEqual(
        ends.map((end) => (end._tag === "Success" ? end.success : end.failure._tag)),
        [1, "DeadlineExceeded", 3]
      )
      assert.deepStrictEqual(called, [1, 3])
      // It keeps no place in the queue: the next request is admitted as soon as the bench ends.
      yield* registry.bench("a", { for: "1 second" })
      const next = yield* Effect.forkChild(ask(4, 60_000), now)
      yield* TestClock.adjust("1 second")
      assert.isDefined(next.pollUnsafe())
    }).pipe(layer({ whenAllBenched: "wait" }))
  )

  it.effect(
    "waits on if its target is benched since the queue has looked: another one's key was found dead",
    () =>
      Effect.gen(function* () {
        const registry = yield* BenchRegistry
        // Both models share one key. The second call of the first model would answer.
        const a = Scripted.make("a", ({ model }) => (model === "m1" ? [[dead()], ["m1"]] : [["m2"]]))
        const [m1, m2] = [Model.make(a, "m1"), Model.make(a, "m2")]
        yield* registry.bench("a", { for: "1 minute" })
        const ask = (chain: Chain.Chain<Scripted.Scripted>) =>
          Effect.forkChild(Failover.complete(chain, "q"), now)
        const first = yield* ask(Chain.make(m2))
        const both = yield* ask(Chain.make(m1, m2))
        const second = yield* ask(Chain.make(m2))
        yield* registry.unbench("a")
        yield* TestClock.adjust("1 second")
        // The queue of `m2` admits all three. The first is answered. The one for both models calls `m1`, which benches the key.
        assert.deepStrictEqual(
          a.calls.map(({ target }) => target),
          ["a/m2#default", "a/m1#default"]
        )
        assert.deepStrictEqual(
          [first, both, second].map((fiber) => fiber.pollUnsafe() !== undefined),
          [true, false, false]
        )
        yield* registry.unbench("a#default")
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(yield* Fiber.join(second), "m2")
        yield* Fiber.interrupt(both)
      }).pipe(layer({ whenAllBenched: "wait" }))
  )

  it.effect("for its last retry calls no other target that it has called before", () =>
    Effect.gen(function* () {
      const scripts = {
        k1: [[throttle("1 second")], [fault("ServerError")]],
        k2: [[fault("ServerError")], ["never"]]
      }
      const a = Scripted.make("a", ({ credential }) => scripts[credential.name as "k1"], {
        credentials: [Credential.make("k1"), Credential.make("k2")]
      })
      const ask = Failover.complete(Chain.make(Model.make(a, "m")), "q", { attempts: 2 })
      assert.strictEqual((yield* play(ask)).error?._tag, "ChainExhausted")
      assert.deepStrictEqual(calls(a), ["0 a/m#k1", "0 a/m#k2", "1000 a/m#k1"])
    }).pipe(
      layer({
        whenAllBenched: "wait",
        deadline: "20 seconds",
        retries: { times: 0 },
        rules: { ServerError: { rest: null, next: "credential" } }
      })
    )
  )

  it.effect("calls the first in the chain when a later one admits it, and both are free", () =>
    Effect.gen(function* () {
      const [a, b] = [Scripted.make("a", [["a"]]), Scripted.make("b", [["b"]])]
      const [first, second] = [Model.make(a, "m"), Model.make(b, "m")]
      const registry = yield* BenchRegistry
      yield* registry.bench("a", { for: "1 minute" })
      yield* registry.bench("b", { for: "1 minute" })
      // The queue of `second` checks the bench every second from now on.
      const other = yield* Effect.forkChild(Failover.complete(Chain.make(second), "q"), now)
      yield* TestClock.adjust("500 millis")
      const asking = yield* Effect.forkChild(Failover.complete(Chain.make(first, second), "q"), now)
      yield* registry.unbench("a")
      yield* registry.unbench("b")
      yield* TestClock.adjust("500 millis")
      assert.deepStrictEqual([yield* Fiber.join(asking), yield* Fiber.join(other)], ["a", "b"])
    }).pipe(layer({ whenAllBenched: "wait" }))
  )
})

describe("a request that waits for another one's probe", () => {
  it.effect("ends with its deadline", () =>
    Effect.gen(function* () {
      const { chain } = chainOf([[throttle("5 seconds")], [{ hang: true }]])
      yield* Effect.exit(Failover.complete(chain, "q", { whenAllBenched: "fail" }))
      yield* TestClock.adjust("5 seconds")
      const probe = yield* Effect.forkChild(Effect.exit(Failover.complete(chain, "q")), {
        startImmediately: true
      })
      const { error, took } = yield* play(Failover.complete(chain, "q", { deadline: "10 seconds" }))
      assert.deepStrictEqual([error?._tag, took], ["DeadlineExceeded", 10_000])
      yield* Effect.sync(() => probe.interruptUnsafe())
    }).pipe(layer({ whenAllBenched: "wait" }))
  )
})
