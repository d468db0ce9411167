/** A throttled target: when the run waits for it, and when it moves on. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import type * as Policy from "../../src/policy/Policy.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { layer } from "../support/chains.ts"
import { benches, calls, fault, play, throttle } from "../support/engine.ts"

const runtime = Failover.layer()
const hour = 3_600_000

const keys = (...names: readonly [string, ...Array<string>]) => {
  const [first, ...rest] = names
  return [Credential.make(first), ...rest.map((name) => Credential.make(name))] as const
}

/** A clock whose timers fire a millisecond early. */
const hasty = (clock: Clock.Clock): Clock.Clock => ({
  currentTimeMillis: clock.currentTimeMillis,
  currentTimeNanos: clock.currentTimeNanos,
  monotonicTimeNanos: clock.monotonicTimeNanos,
  currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe(),
  currentTimeNanosUnsafe: () => clock.currentTimeNanosUnsafe(),
  monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
  sleep: (duration) => clock.sleep(Duration.millis(Math.max(1, Duration.toMillis(duration) - 1)))
})

describe("a throttle that passes soon", () => {
  it.effect("is waited for, once, when leaving would change the model", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[throttle("2 seconds")], ["fine"]])
      const b = Scripted.make("b", [["other"]])
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      const { at, benches, value } = yield* play(Failover.complete(chain, "q"))
      assert.strictEqual(value, "fine")
      assert.strictEqual(at, 2_000)
      assert.deepStrictEqual(calls(a, b), ["0 a/m", "2000 a/m"])
      assert.deepStrictEqual(benches, [])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("is waited for to its very end, although timers may go off a little early", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[throttle("2 seconds")], ["fine"]])
      const b = Scripted.make("b", [["other"]])
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      const clock = yield* Clock.Clock
      const { value } = yield* play(
        Effect.provideService(Failover.complete(chain, "q"), Clock.Clock, hasty(clock))
      )
      assert.strictEqual(value, "fine")
      assert.deepStrictEqual(calls(a, b), ["0 a/m", "2000 a/m"])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("keeps others from the target meanwhile", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[throttle("2 seconds")], ["fine"]])
      const b = Scripted.make("b", [["other"]])
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      const waiting = yield* Effect.forkChild(Failover.complete(chain, "first"))
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* benches, ["a/m RateLimit 2000"])
      assert.strictEqual(yield* Failover.complete(chain, "second"), "other")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(waiting), "fine")
      assert.deepStrictEqual(calls(a, b), ["0 a/m", "1000 b/m", "2000 a/m"])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("is not waited for a second time, and is benched for longer than before", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[throttle("2 seconds")], [throttle()]])
      const b = Scripted.make("b", [["other"]])
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      const { benches, value } = yield* play(Failover.complete(chain, "q"))
      assert.strictEqual(value, "other")
      assert.deepStrictEqual(calls(a, b), ["0 a/m", "2000 a/m", "2000 b/m"])
      assert.deepStrictEqual(benches, ["a/m RateLimit 12000"])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("is waited for by all requests, but only one of them goes first", () =>
    Effect.gen(function* () {
      const slow = [{ wait: "1 second" }, throttle("2 seconds")] as const
      const a = Scripted.make("a", [slow, slow, [{ wait: "1 second" }, "fine"]])
      const b = Scripted.make("b", [["other"]])
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      const both = Effect.all([Failover.complete(chain, "1"), Failover.complete(chain, "2")], {
        concurrency: 2
      })
      const { value } = yield* play(both)
      assert.deepStrictEqual(value, ["fine", "other"])
      assert.deepStrictEqual(calls(a, b), ["0 a/m", "0 a/m", "3000 a/m", "3000 b/m"])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("is not waited for while another key of the model is free", () =>
    Effect.gen(function* () {
      const a = Scripted.make(
        "a",
        (target) => (target.credential.name === "one" ? [[throttle("1 second")]] : [["fine"]]),
        { credentials: keys("one", "two") }
      )
      const { at, benches, value } = yield* play(Failover.complete(Chain.make(Model.make(a, "m")), "q"))
      assert.strictEqual(value, "fine")
      assert.strictEqual(at, 0)
      assert.deepStrictEqual(calls(a), ["0 a/m#one", "0 a/m#two"])
      assert.deepStrictEqual(benches, ["a/m#one RateLimit 1000"])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("is waited for when the other keys of the model are benched", () =>
    Effect.gen(function* () {
      const a = Scripted.make(
        "a",
        (target) =>
          target.credential.name === "one" ? [[throttle("1 minute")]] : [[throttle("1 second")], ["fine"]],
        { credentials: keys("one", "two") }
      )
      const b = Scripted.make("b", [["other"]])
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      const { value } = yield* play(Failover.complete(chain, "q"))
      assert.strictEqual(value, "fine")
      assert.deepStrictEqual(calls(a, b), ["0 a/m#one", "0 a/m#two", "1000 a/m#two"])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("is waited for when the other keys are at an endpoint with a fault", () =>
    Effect.gen(function* () {
      const credentials = [
        Credential.make("one"),
        Credential.make("far", { baseUrl: "https://far" }),
        Credential.make("two")
      ] as const
      const a = Scripted.make(
        "a",
        (target) =>
          target.credential.name === "far" ? [[throttle("1 second")], ["fine"]] : [[fault("Timeout")]],
        { credentials }
      )
      const { value } = yield* play(Failover.complete(Chain.make(Model.make(a, "m")), "q"))
      assert.strictEqual(value, "fine")
      assert.deepStrictEqual(calls(a), ["0 a/m#one", "0 a/m#far", "1000 a/m#far"])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("is left when the wait is longer than the maxWait, by a millisecond", () =>
    Effect.gen(function* () {
      const wait = (retryAfter: number) =>
        Effect.gen(function* () {
          const a = Scripted.make("a", [[throttle(retryAfter)], ["fine"]])
          const b = Scripted.make("b", [["other"]])
          return yield* play(Failover.complete(Chain.make(Model.make(a, "m"), Model.make(b, "m")), "q"))
        }).pipe(Effect.provide(runtime))
      assert.strictEqual((yield* wait(3_000)).value, "fine")
      assert.strictEqual((yield* wait(3_001)).value, "other")
    })
  )

  it.effect("is left when the target is benched by hand meanwhile", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[throttle("2 seconds")], ["fine"]])
      const b = Scripted.make("b", [["other"]])
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      const waiting = yield* Effect.forkChild(Failover.complete(chain, "q"))
      yield* TestClock.adjust("1 second")
      yield* (yield* BenchRegistry).bench("a")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(waiting), "other")
      assert.deepStrictEqual(calls(a, b), ["0 a/m", "2000 b/m"])
    }).pipe(Effect.provide(runtime))
  )
})

describe("a throttled target is benched", () => {
  it.effect("until the time that the provider names, and is called again then", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[throttle("40 seconds")], ["back"]])
      const b = Scripted.make("b", [["other"]])
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      assert.strictEqual(yield* Failover.complete(chain, "q"), "other")
      assert.deepStrictEqual(yield* benches, ["a/m RateLimit 40000"])
      yield* TestClock.adjust(39_999)
      assert.strictEqual(yield* Failover.complete(chain, "q"), "other")
      yield* TestClock.adjust(1)
      assert.strictEqual(yield* Failover.complete(chain, "q"), "back")
    }).pipe(Effect.provide(runtime))
  )

  it.effect("five seconds without a hint, doubling with each hit in a row, to five minutes", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[throttle()]])
      const b = Scripted.make("b", [["other"]])
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      const rests: Array<number> = []
      for (let hit = 0; hit < 8; hit++) {
        const began = yield* Clock.currentTimeMillis
        yield* Failover.complete(chain, "q")
        const end = Number((yield* benches)[0]?.split(" ")[2])
        rests.push((end - began) / 1_000)
        yield* TestClock.adjust(end - began)
      }
      assert.deepStrictEqual(rests, [5, 10, 20, 40, 80, 160, 300, 300])
      assert.strictEqual(a.calls.length, 8)
    }).pipe(Effect.provide(runtime))
  )

  it.effect("from five seconds again once it has answered", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[throttle()], [throttle()], ["fine"], [throttle()]])
      const b = Scripted.make("b", [["other"]])
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      yield* Failover.complete(chain, "q")
      yield* TestClock.adjust("5 seconds")
      yield* Failover.complete(chain, "q")
      assert.deepStrictEqual(yield* benches, ["a/m RateLimit 15000"])
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* Failover.complete(chain, "q"), "fine")
      yield* Failover.complete(chain, "q")
      assert.deepStrictEqual(yield* benches, ["a/m RateLimit 20000"])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("a quarter of a second at least, so that 'retry after 0' is not a busy loop", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[throttle(0)]])
      const b = Scripted.make("b", [["other"]])
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      const { benches, value } = yield* play(Failover.complete(chain, "q"))
      assert.strictEqual(value, "other")
      assert.deepStrictEqual(calls(a, b), ["0 a/m", "250 a/m", "250 b/m"])
      assert.deepStrictEqual(benches, ["a/m RateLimit 500"])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("a day at most, whatever date the provider names", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[throttle("400 days")]])
      const b = Scripted.make("b", [["other"]])
      const { benches, value } = yield* play(
        Failover.complete(Chain.make(Model.make(a, "m"), Model.make(b, "m")), "q")
      )
      assert.strictEqual(value, "other")
      assert.deepStrictEqual(benches, [`a/m RateLimit ${24 * hour}`])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("alone: other models of its key go on", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", (target) =>
        target.model === "large" ? [[throttle()]] : [["small answer"]]
      )
      const chain = Chain.make(Model.make(a, "large"), Model.make(a, "small"))
      const { value } = yield* play(Failover.complete(chain, "q"))
      assert.strictEqual(value, "small answer")
      assert.deepStrictEqual(calls(a), ["0 a/large", "0 a/small"])
    }).pipe(Effect.provide(runtime))
  )
})

describe("a throttle that names no wait", () => {
  const alone = (...script: ReadonlyArray<ReadonlyArray<ReturnType<typeof throttle> | string>>) => {
    const a = Scripted.make("a", script)
    return { a, chain: Chain.make(Model.make(a, "m")) }
  }

  it.effect("is followed by one more call after half a second, if no other target is left", () =>
    Effect.gen(function* () {
      const { a, chain } = alone([throttle()], ["fine"])
      const { at, benches, value } = yield* play(Failover.complete(chain, "q"))
      assert.deepStrictEqual([value, at, benches], ["fine", 500, []])
      assert.deepStrictEqual(calls(a), ["0 a/m", "500 a/m"])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("is followed by no second one", () =>
    Effect.gen(function* () {
      const { a, chain } = alone([throttle()])
      const { at, benches, error } = yield* play(Failover.complete(chain, "q"))
      assert.deepStrictEqual([error?._tag, at], ["ChainExhausted", 500])
      assert.deepStrictEqual(calls(a), ["0 a/m", "500 a/m"])
      // The second failure does not extend the bench.
      assert.deepStrictEqual(benches, ["a/m RateLimit 5000"])
    }).pipe(Effect.provide(runtime))
  )

  it.effect(
    "is followed by one at the end of the bench if that is soon, and by another one after the wait that it names",
    () =>
      Effect.gen(function* () {
        const { a, chain } = alone([throttle()], [throttle("1 second")], ["fine"])
        const { value } = yield* play(Failover.complete(chain, "q"))
        assert.strictEqual(value, "fine")
        assert.deepStrictEqual(calls(a), ["0 a/m", "1000 a/m", "2000 a/m"])
      }).pipe(layer({ cooldown: { rateLimit: { base: "1 second" } } }))
  )

  it.effect("is followed by none if another target answers", () =>
    Effect.gen(function* () {
      const { a } = alone([throttle()], ["never"])
      const b = Scripted.make("b", [["other"]])
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      const { at, value } = yield* play(Failover.complete(chain, "q"))
      assert.deepStrictEqual([value, at], ["other", 0])
      assert.deepStrictEqual(calls(a), ["0 a/m"])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("is followed by one when the others have failed", () =>
    Effect.gen(function* () {
      const { a } = alone([throttle()], ["fine"])
      const b = Scripted.make("b", [[throttle()]])
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      const { value } = yield* play(Failover.complete(chain, "q"))
      assert.strictEqual(value, "fine")
      assert.deepStrictEqual(calls(a, b), ["0 a/m", "0 b/m", "500 a/m"])
    }).pipe(Effect.provide(runtime))
  )

  for (const [name, policy] of Object.entries({
    "if the request does not wait so long": { maxWait: "400 millis" },
    "if the row says so": { rules: { RateLimit: { retry: "never" } } },
    "if the request has no retries": { attempts: 1 },
    "if benched targets are not called": { whenAllBenched: "fail" }
  } satisfies Record<string, Policy.Options>)) {
    it.effect(`is followed by none ${name}`, () =>
      Effect.gen(function* () {
        const { a, chain } = alone([throttle()], ["never"])
        const { at, error } = yield* play(Failover.complete(chain, "q"))
        assert.deepStrictEqual([error?._tag, at, calls(a)], ["ChainExhausted", 0, ["0 a/m"]])
      }).pipe(layer(policy))
    )
  }

  it.effect("is followed by none if the process makes no retries", () =>
    Effect.gen(function* () {
      const { a, chain } = alone([throttle()], ["never"])
      const { at, error } = yield* play(Failover.complete(chain, "q"))
      assert.deepStrictEqual([error?._tag, at, calls(a)], ["ChainExhausted", 0, ["0 a/m"]])
    }).pipe(Effect.provide(Failover.layer({ retryBudget: 0 })))
  )

  /** How many callers are lost, and how many calls fail. */
  const crowd = Effect.fnUntraced(function* (callers: number, gap: number, until: number) {
    let failed = 0
    const ask = Effect.gen(function* () {
      yield* Effect.sleep(5)
      if ((yield* Clock.currentTimeMillis) >= until) return
      failed++
      return yield* throttle()
    })
    const { chain } = alone([])
    const fibers = yield* Effect.forEach(Array.from({ length: callers }), (_, i) =>
      Effect.forkChild(
        Effect.exit(
          Effect.delay(
            Failover.use(chain, () => ask),
            i * gap
          )
        )
      )
    )
    yield* TestClock.adjust("5 minutes")
    const exits = yield* Fiber.joinAll(fibers)
    return { lost: exits.filter(({ _tag }) => _tag === "Failure").length, failed }
  })

  for (const [callers, gap] of [
    [1, 0],
    [14, 0],
    [500, 0],
    [300, 1]
  ] as const) {
    it.effect(`loses none of ${callers} callers, ${gap} ms apart, if it lasts for 100 ms`, () =>
      Effect.gen(function* () {
        const { failed, lost } = yield* crowd(callers, gap, 100)
        assert.strictEqual(lost, 0)
        assert.isAtMost(failed, callers)
      }).pipe(Effect.provide(runtime))
    )
  }

  it.effect("is followed by few calls of a crowd if it lasts", () =>
    Effect.gen(function* () {
      assert.isAtMost((yield* crowd(500, 0, hour)).failed, 520)
      assert.isAtMost((yield* crowd(60, 1_000, hour)).failed, 120)
    }).pipe(Effect.provide(runtime))
  )
})
