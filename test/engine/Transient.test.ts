/** Faults: retries after growing random delays, then a move to another endpoint. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { benches, calls, fault, play, throttle } from "../support/engine.ts"

const runtime = Failover.layer()

describe("a fault", () => {
  it.effect("that ends at the first retry is not visible to the caller", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[fault()], ["fine"]])
      const { benches, value } = yield* play(Failover.answer(Chain.make(Model.make(a, "m")), "q"))
      assert.strictEqual(value?.value, "fine")
      assert.strictEqual(value?.attempts, 2)
      assert.deepStrictEqual(
        value?.failed.map(({ target }) => target),
        ["a/m#default"]
      )
      assert.deepStrictEqual(calls(a), ["0 a/m", "250 a/m"])
      assert.deepStrictEqual(benches, [])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("is retried after at most half a second, then after at most two", () =>
    Effect.gen(function* () {
      for (let seed = 0; seed < 20; seed++) {
        const a = Scripted.make("a", [[fault()]])
        const run = Failover.complete(Chain.make(Model.make(a, `m${seed}`)), "q").pipe(
          Effect.result,
          Random.withSeed(seed)
        )
        const fiber = yield* Effect.forkChild(run)
        yield* TestClock.adjust("1 minute")
        yield* Fiber.join(fiber)
        const [first, second, third] = a.calls.map((call) => call.at)
        assert.isAtMost(second! - first!, 500)
        assert.isAtMost(third! - second!, 2_000)
        assert.strictEqual(a.calls.length, 3)
      }
    }).pipe(Effect.provide(runtime))
  )

  it.effect("waits as long as the provider names if that is longer than its own pause", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[fault("Overloaded", "2 seconds")], ["fine"]])
      yield* play(Failover.complete(Chain.make(Model.make(a, "m")), "q"))
      assert.deepStrictEqual(calls(a), ["0 a/m", "2000 a/m"])
    }).pipe(Effect.provide(runtime))
  )

  it.effect(
    "is left at once when the provider asks for more than the maxWait, and is benched for that long",
    () =>
      Effect.gen(function* () {
        const a = Scripted.make("a", [[fault("Overloaded", "20 seconds")]])
        const b = Scripted.make("b", [["other"]])
        const { at, benches } = yield* play(
          Failover.complete(Chain.make(Model.make(a, "m"), Model.make(b, "m")), "q")
        )
        assert.strictEqual(at, 0)
        assert.deepStrictEqual(calls(a, b), ["0 a/m", "0 b/m"])
        assert.deepStrictEqual(benches, ["a/m Overloaded 20000"])
      }).pipe(Effect.provide(runtime))
  )

  it.effect("is benched for at least the usual cooldown, whatever the provider names", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[fault("Overloaded", "1 second")]])
      const b = Scripted.make("b", [["other"]])
      const { benches } = yield* play(
        Failover.complete(Chain.make(Model.make(a, "m"), Model.make(b, "m")), "q"),
        { chance: 0 }
      )
      assert.deepStrictEqual(calls(a, b), ["0 a/m", "1000 a/m", "2000 a/m", "2000 b/m"])
      assert.deepStrictEqual(benches, ["a/m Overloaded 7000"])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("is benched for five seconds, then ten, then fifteen while its probes fail", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[fault()]])
      const b = Scripted.make("b", [["other"]])
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      const ends: Array<string> = []
      for (const pause of ["6250 millis", "10 seconds", "15 seconds", "15 seconds", "15 seconds"] as const) {
        const { benches } = yield* play(Failover.complete(chain, "q"), { within: pause })
        ends.push(...benches)
      }
      assert.deepStrictEqual(ends, [
        "a/m Overloaded 6250",
        "a/m Overloaded 16250",
        "a/m Overloaded 31250",
        "a/m Overloaded 46250",
        "a/m Overloaded 61250"
      ])
      // Three attempts at first; then one probe each time, which is not repeated.
      assert.strictEqual(a.calls.length, 7)
    }).pipe(Effect.provide(runtime))
  )

  it.effect("of another kind does not begin the retries again", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [
        [fault("Connection")],
        [fault("ServerError")],
        [fault("Empty")],
        ["late"]
      ])
      const { error } = yield* play(Failover.complete(Chain.make(Model.make(a, "m")), "q"))
      assert.strictEqual(error?._tag, "ChainExhausted")
      assert.strictEqual(a.calls.length, 3)
    }).pipe(Effect.provide(runtime))
  )

  it.effect("that turns into a throttle is treated as the throttle it is", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[fault()], [throttle("1 minute")]])
      const b = Scripted.make("b", [["other"]])
      const { benches } = yield* play(
        Failover.complete(Chain.make(Model.make(a, "m"), Model.make(b, "m")), "q")
      )
      assert.deepStrictEqual(calls(a, b), ["0 a/m", "250 a/m", "250 b/m"])
      assert.deepStrictEqual(benches, ["a/m RateLimit 60250"])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("in a provider that throws instead of failing is Unknown", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[{ die: new Error("a bug") }]])
      const b = Scripted.make("b", [["other"]])
      const { value } = yield* play(Failover.answer(Chain.make(Model.make(a, "m"), Model.make(b, "m")), "q"))
      assert.strictEqual(value?.value, "other")
      assert.deepStrictEqual(
        value?.failed.map(({ failure }) => "reason" in failure && failure.reason),
        ["Unknown", "Unknown", "Unknown"]
      )
    }).pipe(Effect.provide(runtime))
  )
})

describe("the place of a fault", () => {
  it.effect("is the base URL: a key at another one is tried, a key at the same one is not", () =>
    Effect.gen(function* () {
      const credentials = [
        Credential.make("one"),
        Credential.make("two", { baseUrl: "https://home" }),
        Credential.make("three", { baseUrl: "https://abroad" })
      ] as const
      const a = Scripted.make(
        "a",
        (target) => (target.credential.name === "three" ? [["fine"]] : [[fault("Timeout")]]),
        { credentials, baseUrl: "https://home" }
      )
      yield* play(Failover.complete(Chain.make(Model.make(a, "m")), "q"))
      assert.deepStrictEqual(calls(a), ["0 a/m#one", "0 a/m#three"])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("does not prevent a call to the next model there", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", (target) => (target.model === "large" ? [[fault("Timeout")]] : [["fine"]]))
      const chain = Chain.make(Model.make(a, "large"), Model.make(a, "small"))
      const { value } = yield* play(Failover.complete(chain, "q"))
      assert.strictEqual(value, "fine")
    }).pipe(Effect.provide(runtime))
  )
})

describe("an unknown failure", () => {
  const visits = Effect.fnUntraced(function* (script: Scripted.Script<unknown, string, Scripted.Part>) {
    const policy = { retries: Schedule.recurs(0) }
    const a = Scripted.make("a", script)
    const b = Scripted.make("b", [["other"]])
    const chain = Chain.withPolicy(Chain.make(Model.make(a, "m"), Model.make(b, "m")), policy)
    const rests: Array<number> = []
    for (let visit = 0; visit < 4; visit++) {
      yield* Failover.complete(chain, "q")
      rests.push((yield* benches).length)
    }
    return rests
  })

  it.effect("is benched at the third visit in a row", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* visits([[fault("Unknown")]]), [0, 0, 1, 1])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("benches nothing when the target answers in between", () =>
    Effect.gen(function* () {
      const unknown = [fault("Unknown")]
      assert.deepStrictEqual(yield* visits([unknown, unknown, ["fine"], unknown]), [0, 0, 0, 0])
    }).pipe(Effect.provide(runtime))
  )
})
