/** A request that waits for several targets, more than one of which may be called when a queue admits it. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { layer } from "../support/chains.ts"
import { calls, dead, play, throttle } from "../support/engine.ts"

const now = { startImmediately: true } as const

const ask = (...models: ReadonlyArray<Scripted.Scripted>) =>
  Effect.forkChild(Failover.complete(Chain.fromLinks(models.map((one) => Model.make(one, "m"))), "q"), now)

/** Providers that answer with their names, and are benched by hand for these numbers of seconds. */
const benched = (seconds: Readonly<Record<string, number>>) =>
  Effect.forEach(Object.entries(seconds), ([name, length]) =>
    Effect.gen(function* () {
      yield* (yield* BenchRegistry).bench(name, { for: `${length} seconds` })
      return Scripted.make(name, [[name]])
    })
  )

describe("with whenAllBenched: wait, a request that may call", () => {
  const waiting = layer({ whenAllBenched: "wait" })

  it.effect("the target whose queue admits it, and a later one, calls the first of them", () =>
    Effect.gen(function* () {
      const [a, b] = yield* benched({ a: 10, b: 10 })
      const both = yield* ask(a!, b!)
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(both.pollUnsafe(), Exit.succeed("a"))
    }).pipe(waiting)
  )

  it.effect("two of three, of which the last one admits it, calls the first that it may call", () =>
    Effect.gen(function* () {
      const registry = yield* BenchRegistry
      const [a, b, c] = yield* benched({ a: 60, b: 60, c: 60 })
      // The queue of `c` checks the bench half a second before the others.
      const other = yield* ask(c!)
      yield* TestClock.adjust("500 millis")
      const all = yield* ask(a!, b!, c!)
      yield* registry.unbench("b")
      yield* registry.unbench("c")
      yield* TestClock.adjust("500 millis")
      assert.deepStrictEqual([all.pollUnsafe(), other.pollUnsafe()], [Exit.succeed("b"), Exit.succeed("c")])
      assert.deepStrictEqual(calls(a!), [])
    }).pipe(waiting)
  )

  it.effect("another target than the one whose queue admits it leaves that queue to the others", () =>
    Effect.gen(function* () {
      const registry = yield* BenchRegistry
      const [c] = yield* benched({ c: 60, a: 60 })
      const a = Scripted.make("a", [[{ wait: "1 second" }, "a"]])
      // The queue of `c` checks the bench half a second before the other one.
      const early = yield* ask(c!)
      yield* TestClock.adjust("500 millis")
      const both = yield* ask(a, c!)
      const other = yield* ask(c!)
      yield* Fiber.interrupt(early)
      yield* registry.unbench("a")
      yield* registry.unbench("c")
      yield* TestClock.adjust("500 millis")
      assert.deepStrictEqual([both.pollUnsafe(), other.pollUnsafe()], [undefined, Exit.succeed("c")])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(both.pollUnsafe(), Exit.succeed("a"))
    }).pipe(waiting)
  )

  it.effect("one target keeps the others of a crowd waiting until it has answered", () =>
    Effect.gen(function* () {
      yield* (yield* BenchRegistry).bench("a", { for: "10 seconds" })
      const a = Scripted.make("a", [[{ wait: "200 millis" }, "a"]])
      yield* Effect.forEach([1, 2, 3], () => ask(a))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(
        a.calls.map(({ at }) => at),
        [10_000, 10_200, 10_200]
      )
    }).pipe(waiting)
  )
})

describe("by default, a request that is admitted at a benched target", () => {
  it.effect("calls another one instead that is free by then", () =>
    Effect.gen(function* () {
      const registry = yield* BenchRegistry
      const refused = [{ wait: "1 second" }, throttle("1 minute")] as const
      const a = Scripted.make("a", [[throttle("1 minute")], refused, ["never"]])
      const b = Scripted.make("b", [[throttle("2 minutes")], [{ wait: "2 seconds" }, "b"], ["other"]])
      yield* Effect.exit(Failover.complete(Chain.make(Model.make(a, "m"), Model.make(b, "m")), "before"))
      // Two requests make their last attempts, one at each target. The next request waits for the outcome of either.
      yield* ask(a, b)
      yield* ask(a, b)
      const next = yield* ask(a, b)
      yield* TestClock.adjust("500 millis")
      yield* registry.unbench("b/m#default")
      yield* TestClock.adjust("500 millis")
      assert.deepStrictEqual(next.pollUnsafe(), Exit.succeed("other"))
      assert.deepStrictEqual(calls(a, b), ["0 a/m", "0 a/m", "0 b/m", "0 b/m", "1000 b/m"])
    }).pipe(layer())
  )
})

describe("a retry that a queue admits", () => {
  it.effect("has its own time, whatever time its visit had", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[throttle("35 seconds")], [{ wait: "2 seconds" }, "a"]])
      const b = Scripted.make("b", [[dead()]])
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      const { took, value } = yield* play(Failover.complete(chain, "q", { deadline: "1 minute" }))
      assert.deepStrictEqual([value, took], ["a", 37_000])
    }).pipe(layer({ maxWait: "40 seconds" }))
  )

  it.effect(
    "waits longer if its key was benched after the queue's check, and is made when that bench is over",
    () =>
      Effect.gen(function* () {
        const registry = yield* BenchRegistry
        // Both models share one key, which is found dead at the first model.
        const a = Scripted.make("a", ({ model }) =>
          model === "m1" ? [[dead()]] : [[throttle("2 seconds")], ["m2"]]
        )
        const [m1, m2] = [Model.make(a, "m1"), Model.make(a, "m2")]
        const retry = yield* Effect.forkChild(Failover.complete(Chain.make(m2), "q"), now)
        yield* TestClock.adjust("1 second")
        yield* registry.bench("a", { for: "3100 millis" })
        // The queue of `m2` checks before that of `m1`, and admits all three requests. The second one calls `m1`.
        yield* TestClock.adjust("200 millis")
        yield* Effect.forkChild(Failover.complete(Chain.make(m2), "q"), now)
        yield* TestClock.adjust("300 millis")
        yield* Effect.forkChild(Failover.complete(Chain.make(m1, m2), "q"), now)
        yield* TestClock.adjust("1500 millis")
        yield* registry.unbench("a")
        yield* TestClock.adjust("2 seconds")
        assert.deepStrictEqual(calls(a), ["0 a/m2", "3200 a/m2", "3200 a/m1", "4200 a/m2"])
        assert.deepStrictEqual(retry.pollUnsafe(), Exit.succeed("m2"))
      }).pipe(layer({ maxWait: "3 seconds", cooldown: { authDead: { base: "1 second", max: "1 second" } } }))
  )
})
