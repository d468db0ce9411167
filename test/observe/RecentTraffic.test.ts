import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { TestClock } from "effect/testing"
import { BenchRegistry, Chain, Failover, Failure, Model } from "../../src/index.ts"
import { Histogram } from "../../src/observe/Latency.ts"
import * as RecentTraffic from "../../src/observe/RecentTraffic.ts"
import { Scripted } from "../../src/testing/index.ts"

const busy = new Failure.Transient({ reason: "Overloaded", message: "busy" })

/** A runtime with a record as its observer, and a function that advances the time until a call is over. */
const watched = Effect.fnUntraced(function* (options?: RecentTraffic.Options) {
  const pulse = RecentTraffic.make(options)
  const registry = yield* BenchRegistry.makeMemory
  const failover = yield* Failover.make({
    observer: pulse.observer,
    policy: { retries: { times: 0 } }
  }).pipe(Effect.provideService(BenchRegistry.BenchRegistry, registry))
  const finish = Effect.fnUntraced(function* <A, E>(call: Effect.Effect<A, E>) {
    const fiber = yield* Effect.forkChild(Effect.exit(call))
    yield* TestClock.adjust("5 seconds")
    yield* Fiber.join(fiber)
  })
  return { pulse, failover, finish }
})

describe("the record of the last minutes", () => {
  it.effect("counts answers, failures and durations per target", () =>
    Effect.gen(function* () {
      const { failover, finish, pulse } = yield* watched()
      const a = Scripted.make("a", [[busy]])
      const b = Scripted.make("b", [[{ wait: "800 millis" }, "hello"]])
      yield* finish(failover.complete(Chain.make(Model.make(a, "m"), Model.make(b, "m")), ""))
      const [first, second] = yield* pulse.readings
      assert.deepInclude(first, { answered: 0, failed: 1, failures: { Overloaded: 1 } })
      assert.strictEqual(first?.p50, undefined)
      assert.deepInclude(second, { answered: 1, failed: 0, failures: {} })
      assert.deepStrictEqual(second?.target, {
        key: "b/m#default",
        provider: "b",
        model: "m",
        credential: "default"
      })
      assert.approximately(second?.p50 ?? 0, 800, 80)
    })
  )

  it.effect("counts the outcomes of requests separately from attempts", () =>
    Effect.gen(function* () {
      const { failover, finish, pulse } = yield* watched()
      const broken = () => Scripted.make("a", [[busy]])
      yield* finish(
        failover.complete(
          Chain.make(Model.make(broken(), "m"), Model.make(Scripted.make("b", [["hello"]]), "m")),
          ""
        )
      )
      yield* finish(failover.complete(Chain.make(Model.make(broken(), "n")), ""))
      const refused = new Failure.BadRequest({ reason: "Invalid", message: "no such field" })
      yield* finish(failover.complete(Chain.make(Model.make(Scripted.make("c", [[refused]]), "m")), ""))
      const steps = yield* pulse.requests
      const sum = (of: "answered" | "failed") => steps.reduce((all, step) => all + step[of], 0)
      assert.deepStrictEqual([sum("answered"), sum("failed")], [1, 1])
      yield* TestClock.adjust("20 minutes")
      assert.deepStrictEqual(yield* pulse.requests, [])
    })
  )

  it.effect("keeps a window of steps, and drops older ones", () =>
    Effect.gen(function* () {
      const { failover, finish, pulse } = yield* watched({ stepMillis: 10_000, steps: 3 })
      const chain = Chain.make(Model.make(Scripted.make("a", [["hello"]]), "m"))
      yield* finish(failover.complete(chain, ""))
      yield* TestClock.adjust("10 seconds")
      yield* finish(failover.complete(chain, ""))
      yield* finish(failover.complete(chain, ""))
      const steps = (yield* pulse.readings)[0]?.steps.map(({ answered, number }) => [number, answered])
      assert.deepStrictEqual(steps, [
        [0, 1],
        [1, 1],
        [2, 1]
      ])
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* pulse.readings)[0]?.answered, 2)
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* pulse.readings, [])
    })
  )

  it.effect("returns the same object while nothing has changed", () =>
    Effect.gen(function* () {
      const { failover, finish, pulse } = yield* watched()
      const chain = Chain.make(Model.make(Scripted.make("a", [["hello"]]), "m"))
      yield* finish(failover.complete(chain, ""))
      const before = (yield* pulse.readings)[0]
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* pulse.readings)[0], before)
      yield* finish(failover.complete(chain, ""))
      assert.notStrictEqual((yield* pulse.readings)[0], before)
    })
  )

  it.effect("counts neither bad requests nor disconnected callers as failures of a target", () =>
    Effect.gen(function* () {
      const { failover, finish, pulse } = yield* watched()
      const bad = Scripted.make("a", [[new Failure.BadRequest({ reason: "Invalid", message: "no" })]])
      yield* finish(failover.complete(Chain.make(Model.make(bad, "m")), ""))
      const slow = Scripted.make("b", [[{ wait: "1 hour" }, "hello"]])
      const fiber = yield* Effect.forkChild(failover.complete(Chain.make(Model.make(slow, "m")), ""))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(yield* pulse.readings, [])
    })
  )

  it.effect("drops the target that was idle the longest if there are too many", () =>
    Effect.gen(function* () {
      const { failover, finish, pulse } = yield* watched({ capacity: 2 })
      const backend = Scripted.make("a", [["hello"]])
      for (const model of ["one", "two", "one", "three"]) {
        yield* finish(failover.complete(Chain.make(Model.make(backend, model)), ""))
      }
      const models = (yield* pulse.readings).map(({ target }) => target.model)
      assert.deepStrictEqual(models.sort(), ["one", "three"])
    })
  )
})

describe("a histogram of durations", () => {
  it("is accurate within a tenth, from milliseconds to minutes", () => {
    for (const millis of [2, 37, 820, 5_100, 61_000, 600_000]) {
      const histogram = new Histogram()
      for (let i = 0; i < 100; i++) histogram.add(i < 90 ? millis : millis * 1.6)
      assert.isBelow(Math.abs(histogram.quantile(0.5) / millis - 1), 0.1, String(millis))
      assert.isAbove(histogram.quantile(0.95), histogram.quantile(0.5))
    }
  })
})
