/**
 * Setting the wall clock while the process runs changes nothing, because every wait is measured in elapsed time. The
 * monotonic clock and the timers continue as before.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as KeyValueStore from "effect/persistence/KeyValueStore"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { RateLimits } from "../../src/health/limits/index.ts"
import { PersistedBench } from "../../src/health/stores/index.ts"
import {
  BenchRegistry,
  Chain,
  Credential,
  Failover,
  Failure,
  Limiter,
  Model,
  type Policy
} from "../../src/index.ts"
import { UpstreamRouter } from "../../src/router/index.ts"
import { Scripted } from "../../src/testing/index.ts"
import * as MonotonicClock from "../../src/time/MonotonicClock.ts"

const hour = 3_600_000

/** How the wall clock is set. */
const jumps = {
  "back an hour": -hour,
  "ahead an hour": hour,
  "ahead a day": 24 * hour,
  "back a year": -365 * 24 * hour
}

/** The test's clock, with a wall clock that can be set. */
const settable = Effect.map(Clock.Clock, (clock) => {
  let by = 0
  const currentTimeMillisUnsafe = () => clock.currentTimeMillisUnsafe() + by
  const currentTimeNanosUnsafe = () => clock.currentTimeNanosUnsafe() + BigInt(by) * 1_000_000n
  const own: Clock.Clock = {
    // TestClock reads its controls from the clock itself.
    ...clock,
    currentTimeMillisUnsafe,
    currentTimeMillis: Effect.sync(currentTimeMillisUnsafe),
    currentTimeNanosUnsafe,
    currentTimeNanos: Effect.sync(currentTimeNanosUnsafe),
    monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: clock.monotonicTimeNanos,
    sleep: (duration) => clock.sleep(duration)
  }
  return { clock: own, set: (millis: number) => Effect.sync(() => void (by += millis)) }
})

interface World {
  readonly set: (millis: number) => Effect.Effect<void>
}

/** Runs a test with each jump of the wall clock. */
const underJumps = (
  name: string,
  test: (world: World & { readonly jump: number }) => Effect.Effect<void, unknown>
) => {
  for (const [how, jump] of Object.entries(jumps)) {
    it.effect(`${name}, ${how}`, () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(Date.UTC(2026, 10, 28))
        const { clock, set } = yield* settable
        yield* Effect.provideService(test({ set, jump }), Clock.Clock, clock)
      })
    )
  }
}

const runtime = (policy: Policy.Options = {}, options: Failover.FailoverOptions = {}) =>
  Effect.gen(function* () {
    const bench = yield* BenchRegistry.makeMemory
    const failover = yield* Effect.provideService(
      Failover.make({ policy, ...options }),
      BenchRegistry.BenchRegistry,
      bench
    )
    return { bench, failover }
  })

/** Sets the wall clock while a program runs, lets time pass, and returns the program's exit if it has ended by then. */
const during = <A, E>(
  program: Effect.Effect<A, E>,
  { jump, set }: World & { readonly jump: number },
  before: number,
  after: number
) =>
  Effect.gen(function* () {
    const fiber = yield* Effect.forkChild(Effect.exit(program))
    yield* TestClock.adjust(before)
    yield* set(jump)
    yield* TestClock.adjust(after)
    const exit = fiber.pollUnsafe()
    yield* Fiber.interrupt(fiber)
    return exit === undefined ? "running" : exit._tag === "Success" ? exit.value : "interrupted"
  })

const answered = (exit: unknown) =>
  typeof exit === "object" && exit !== null && "_tag" in exit ? exit._tag : exit

const fault = new Failure.Transient({ reason: "ServerError", message: "boom" })

describe("setting the wall clock", () => {
  underJumps("does not move an attempt's timeout", (world) =>
    Effect.gen(function* () {
      const { failover } = yield* runtime({ timeouts: { answer: "2 seconds" } })
      const slow = Scripted.make("slow", [[{ hang: true }]])
      const quick = Scripted.make("quick", [["one"]])
      const ask = failover.complete(Chain.make(Model.make(slow, "m"), Model.make(quick, "m")), "hi")
      assert.strictEqual(yield* during(ask, world, 1_000, 999), "running")
      const again = failover.complete(Chain.make(Model.make(slow, "n"), Model.make(quick, "n")), "hi")
      assert.strictEqual(answered(yield* during(again, world, 1_000, 1_001)), "Success")
    })
  )

  underJumps("does not move the timeout of the first content", (world) =>
    Effect.gen(function* () {
      const { failover } = yield* runtime({ timeouts: { firstContent: "2 seconds" } })
      const slow = Scripted.make("slow", [[{ hang: true }]])
      const quick = Scripted.make("quick", [["one"]])
      const ask = (model: string) =>
        Stream.runDrain(failover.stream(Chain.make(Model.make(slow, model), Model.make(quick, model)), "hi"))
      assert.strictEqual(yield* during(ask("m"), world, 1_000, 999), "running")
      assert.strictEqual(answered(yield* during(ask("n"), world, 1_000, 1_001)), "Success")
    })
  )

  underJumps("neither ends a running stream nor moves its idle timeout", (world) =>
    Effect.gen(function* () {
      const { failover } = yield* runtime({ deadline: "10 minutes", timeouts: { idle: "30 seconds" } })
      const model = Model.make(
        Scripted.make("p", [
          ["one", { wait: "20 seconds" }, "two", { wait: "20 seconds" }, "three"],
          ["one", { hang: true }]
        ]),
        "m"
      )
      const ask = Stream.runDrain(failover.stream(Chain.make(model), "hi"))
      assert.strictEqual(answered(yield* during(ask, world, 10_000, 31_000)), "Success")
      assert.strictEqual(answered(yield* during(ask, world, 10_000, 21_000)), "Failure")
    })
  )

  underJumps("does not move a deadline", (world) =>
    Effect.gen(function* () {
      const { failover } = yield* runtime({ deadline: "10 seconds" })
      const model = Model.make(
        Scripted.make("p", [["one", { wait: "9 seconds" }, "two"], [{ hang: true }]]),
        "m"
      )
      const stream = Stream.runDrain(failover.stream(Chain.make(model), "hi"))
      assert.strictEqual(answered(yield* during(stream, world, 1_000, 8_500)), "Success")
      const ask = failover.complete(Chain.make(model), "hi")
      assert.strictEqual(answered(yield* during(ask, world, 1_000, 9_001)), "Failure")
    })
  )

  underJumps("does not move a retry", (world) =>
    Effect.gen(function* () {
      const { failover } = yield* runtime({ retries: { times: 1, backoff: ["2 seconds"] } })
      const model = Model.make(Scripted.make("p", [[fault], ["one"]]), "m")
      const ask = failover.complete(Chain.make(model), "hi")
      assert.strictEqual(answered(yield* during(ask, world, 1, 2_001)), "Success")
    })
  )

  underJumps("does not change a cooldown", ({ jump, set }) =>
    Effect.gen(function* () {
      const { bench, failover } = yield* runtime({ retries: { times: 0 }, whenAllBenched: "fail" })
      const model = Model.make(Scripted.make("p", [[fault], ["one"]]), "m")
      const ask = Effect.exit(failover.complete(Chain.make(model), "hi"))
      yield* ask
      yield* set(jump)
      yield* TestClock.adjust("4 seconds")
      assert.strictEqual((yield* ask)._tag, "Failure")
      assert.strictEqual((yield* bench.list)[0]?.status, "resting")
      yield* TestClock.adjust("1001 millis")
      assert.strictEqual((yield* ask)._tag, "Success")
    })
  )

  underJumps("does not change the length of a manual bench", ({ jump, set }) =>
    Effect.gen(function* () {
      const { bench } = yield* runtime()
      yield* bench.bench("a", { for: "1 minute" })
      yield* set(jump)
      // A date that an operator enters now refers to the wall clock as it is now.
      yield* bench.bench("b", { until: (yield* Clock.currentTimeMillis) + 60_000 })
      yield* TestClock.adjust("59 seconds")
      assert.deepStrictEqual([yield* bench.isBenched("a"), yield* bench.isBenched("b")], [true, true])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual([yield* bench.isBenched("a"), yield* bench.isBenched("b")], [false, false])
    })
  )

  for (const kind of ["memory", "effect's RateLimiter"] as const) {
    underJumps(`neither fills nor empties a bucket (${kind})`, ({ jump, set }) =>
      Effect.gen(function* () {
        const limiter =
          kind === "memory"
            ? Limiter.memory()
            : yield* Effect.provide(RateLimits.make(), RateLimits.layerMemory)
        const { failover } = yield* runtime({ maxWait: 0, whenAllBenched: "fail" }, { limiter })
        const model = Model.make(
          Scripted.make("p", [["one"]], { credentials: [Credential.make("c", { rpm: 6 })] }),
          "m"
        )
        const ask = Effect.map(Effect.exit(failover.complete(Chain.make(model), "hi")), ({ _tag }) => _tag)
        for (let i = 0; i < 6; i++) assert.strictEqual(yield* ask, "Success")
        yield* set(jump)
        yield* TestClock.adjust("9 seconds")
        assert.strictEqual(yield* ask, "Failure")
        yield* TestClock.adjust("1 second")
        assert.strictEqual(yield* ask, "Success")
        assert.strictEqual(yield* ask, "Failure")
      })
    )
  }

  underJumps("does not refill the retry budget: only elapsed time does", ({ jump, set }) =>
    Effect.gen(function* () {
      const { failover } = yield* runtime({
        retries: { times: 20, backoff: [0] },
        attempts: 100,
        threshold: { transient: 100 }
      })
      const model = Model.make(Scripted.make("p", [[fault]]), "m")
      yield* Effect.exit(failover.complete(Chain.make(model), "hi"))
      const left = yield* failover.retriesLeft
      yield* set(jump)
      assert.strictEqual(yield* failover.retriesLeft, left)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* failover.retriesLeft, Math.min(left + 2, 10))
    })
  )

  underJumps("does not move the return of a router after its cooldown", ({ jump, set }) =>
    Effect.gen(function* () {
      const { failover } = yield* runtime()
      const primary = Model.make(
        Scripted.make("a", [[new Failure.RateLimit({ message: "later" })], ["one"]]),
        "m"
      )
      const backup = Model.make(Scripted.make("b", [["two"]]), "m")
      const router = yield* UpstreamRouter.make({
        primary,
        backup,
        check: Effect.void,
        cooldown: "1 minute",
        ramp: false
      })
      const ask = Effect.provideService(UpstreamRouter.complete(router, "hi"), Failover.Failover, failover)
      yield* ask
      yield* set(jump)
      yield* TestClock.adjust("59 seconds")
      assert.strictEqual((yield* router.status).phase, "backup")
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* router.status).phase, "primary")
    }).pipe(Effect.scoped)
  )

  underJumps("leaves a saved bench its remaining time in the next process", ({ jump, set }) =>
    Effect.gen(function* () {
      yield* Effect.scoped(
        Effect.gen(function* () {
          const bench = yield* PersistedBench.make()
          yield* bench.bench("a", { for: "1 hour" })
          yield* set(jump)
        })
      )
      const next: Clock.Clock = { ...(yield* Clock.Clock) }
      const bench = yield* Effect.provideService(PersistedBench.make(), Clock.Clock, next)
      const [info] = yield* Effect.provideService(bench.list, Clock.Clock, next)
      assert.strictEqual(info?.until, next.currentTimeMillisUnsafe() + hour)
    }).pipe(Effect.scoped, Effect.provide(KeyValueStore.layerMemory))
  )

  it.effect("shows as the distance between the monotonic clock and the wall clock", () =>
    Effect.gen(function* () {
      const { clock, set } = yield* settable
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(MonotonicClock.millis(clock), 60_000)
      yield* set(-5_000)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(MonotonicClock.millis(clock), 120_000)
      assert.strictEqual(yield* Effect.provideService(MonotonicClock.ahead, Clock.Clock, clock), -5_000)
    })
  )
})
