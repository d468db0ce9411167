/** Unusual retries: refused by a budget, postponed for a hedge, or with a slow schedule. */
import { assert, describe, it } from "@effect/vitest"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import * as Failure from "../../src/failure/Failure.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { chainOf, layer } from "../support/chains.ts"
import { dead, fault, play, refusal, throttle } from "../support/engine.ts"

const now = { startImmediately: true } as const
const hedge = { after: "1 second", share: 1, to: "chain" } as const

/** The failures and attempts of a target that the observer received. */
const counted = (key: string) =>
  Effect.gen(function* () {
    const report = yield* (yield* BenchRegistry).report
    const found = report.find((health) => health.key === `${key}#default`)
    return `${found?.failures} of ${found?.attempts}`
  })

/** A schedule that takes this long for each delay, and whether it was interrupted. */
const slowly = (needs: Duration.Input, delay: Duration.Input) => {
  const state = { stopped: 0 }
  const schedule = Schedule.modifyDelay(Schedule.recurs(2), () =>
    Effect.delay(Effect.succeed(delay), needs).pipe(
      Effect.onInterrupt(() => Effect.sync(() => state.stopped++))
    )
  )
  return { state, schedule }
}

describe("a refusal after which the request is amended", () => {
  it.effect("is counted as a failure of the target", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", (_, request) => [request === "q" ? [refusal("MaxTokens")] : ["a"]], {
        withoutOutputLimit: <Asked>(request: Asked) => (request === "q" ? ("amended" as Asked) : undefined)
      })
      assert.strictEqual((yield* play(Failover.complete(Chain.make(Model.make(a, "m")), "q"))).value, "a")
      assert.strictEqual(yield* counted("a/m"), "1 of 2")
    }).pipe(layer())
  )
})

describe("a first attempt that fails beside its hedge", () => {
  it.effect("does not count against its target if the request has no attempts left", () =>
    Effect.gen(function* () {
      const { chain } = chainOf(
        [[{ wait: "2 seconds" }, fault("ServerError")]],
        [[{ wait: "3 seconds" }, "b"]]
      )
      const { benches, value } = yield* play(Failover.complete(chain, "q", { attempts: 1 }))
      assert.deepStrictEqual([value, benches], ["b", []])
    }).pipe(layer({ hedge }))
  )

  it.effect("is retried soon if its schedule does not return a delay at once", () =>
    Effect.gen(function* () {
      const { schedule, state } = slowly("500 millis", "30 seconds")
      const { calls, chain } = chainOf(
        [[{ wait: "2 seconds" }, fault("ServerError")], ["a"]],
        [[{ wait: "1500 millis" }, dead()]]
      )
      const call = { rules: { ServerError: { retry: schedule } } } as const
      const { value } = yield* play(Failover.complete(Chain.withPolicy(chain, call), "q"))
      assert.deepStrictEqual([value, calls(), state.stopped], ["a", ["0 a/m", "1000 b/m", "2500 a/m"], 1])
    }).pipe(layer({ hedge }))
  )
})

describe("a hedge that fails", () => {
  it.effect("leaves no wait for room at its target, if it is not full", () =>
    Effect.gen(function* () {
      const { chain } = chainOf([[{ wait: "2 seconds" }, dead()]], [[dead()]])
      const { error, took } = yield* play(Failover.complete(chain, "q"))
      assert.deepStrictEqual([error?._tag, took], ["ChainExhausted", 2_000])
    }).pipe(layer({ hedge, maxWait: "10 seconds" }))
  )

  it.effect(
    "with a retry due is a failure, and benches its target when that has happened for some seconds",
    () =>
      Effect.gen(function* () {
        const slow = [{ wait: "2 seconds" }, "a"] as const
        const { chain } = chainOf([slow], [[fault("ServerError")]])
        const first = yield* play(Failover.complete(chain, "q"), { within: "2 seconds" })
        assert.deepStrictEqual([first.value, first.benches], ["a", []])
        assert.strictEqual(yield* counted("b/m"), "1 of 1")
        yield* TestClock.adjust("1 second")
        const second = yield* play(Failover.complete(chain, "q"), { within: "2 seconds" })
        assert.deepStrictEqual([second.value, second.benches], ["a", ["b/m ServerError 9000"]])
      }).pipe(layer({ hedge }))
  )
})

describe("a retry that is put off for a hedge, near the deadline", () => {
  /** The first attempt fails after two of eight seconds, and its hedge half a second later. */
  const scene = (delay: number, ...first: ReadonlyArray<Failure.Failure>) =>
    Effect.gen(function* () {
      yield* TestClock.adjust("1 hour")
      const failure = first[0] ?? fault("ServerError")
      const { calls, chain } = chainOf(
        [[{ wait: "2 seconds" }, failure], ["a"]],
        [[{ wait: "1500 millis" }, dead()]]
      )
      const policy = { retries: { times: 1, backoff: [2 * delay] } } as const
      const { benches, error, took } = yield* play(Failover.complete(Chain.withPolicy(chain, policy), "q"))
      const isBenched = benches.some((bench) => bench.startsWith("a/m"))
      return [error?._tag, took, calls().length, isBenched]
    }).pipe(layer({ hedge, deadline: "8 seconds", maxWait: "10 seconds" }))

  for (const [delay, at] of [
    [3_500, 5_500],
    [4_000, 5_000],
    [4_500, 5_000]
  ] as const) {
    it.effect(`is made after ${at} ms if its delay is ${delay}: an attempt takes two seconds`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* scene(delay), [undefined, at, 3, false])
      })
    )
  }

  for (const wait of ["6 seconds", "7 seconds"] as const) {
    it.effect(`is not made if the provider names a wait that ends no sooner (${wait})`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* scene(0, fault("Overloaded", wait)), ["ChainExhausted", 2_500, 2, true])
      })
    )
  }
})

describe("a retry that the retry budget of the process refuses", () => {
  it.effect("is made in its time if no other target is left", () =>
    Effect.gen(function* () {
      const { chain } = chainOf([[fault("ServerError")], ["a"]])
      const other = Scripted.make("other", [[fault("ServerError")]])
      const spent = Chain.withPolicy(Chain.make(Model.make(other, "m")), {
        retries: { times: 20, backoff: [0] },
        attempts: 30
      })
      const spending = yield* Effect.forkChild(Failover.complete(spent, "before"), now)
      yield* TestClock.adjust(0)
      assert.strictEqual(yield* (yield* Failover.Failover).retriesLeft, 0)
      yield* Fiber.interrupt(spending)
      const { took, value } = yield* play(Failover.complete(chain, "q"))
      assert.deepStrictEqual([value, took], ["a", 500])
    }).pipe(layer({ retries: { times: 1, backoff: ["1 second"] } }, 0.001))
  )
})

describe("a retry that a queue has admitted", () => {
  /** Two keys: the first is throttled, then fails again and again; the second is dead. */
  const scene = (...failures: ReadonlyArray<Scripted.Step<string, Scripted.Part>>) => {
    const steps = [throttle("500 millis"), ...failures]
    const a = Scripted.make(
      "a",
      ({ credential }) => (credential.name === "k1" ? steps.map((step) => [step]) : [[dead()]]),
      {
        credentials: [Credential.make("k1"), Credential.make("k2")]
      }
    )
    return { chain: Chain.make(Model.make(a, "m")), times: () => a.calls.map(({ at }) => at) }
  }

  it.effect("is followed by the retries of its schedule, and by no other", () =>
    Effect.gen(function* () {
      const { chain, times } = scene(fault(), fault(), "never")
      const { error, took } = yield* play(Failover.complete(chain, "q"))
      assert.deepStrictEqual([error?._tag, took, times()], ["ChainExhausted", 1_000, [0, 0, 500, 1_000]])
    }).pipe(
      layer({ retries: { times: 1, backoff: ["1 second"] }, maxWait: "10 seconds", deadline: "10 seconds" })
    )
  )

  it.effect("does not ask its schedule for another one when the request has no attempts left", () =>
    Effect.gen(function* () {
      const { schedule } = slowly("500 millis", 0)
      const { chain, times } = scene(fault(), "never")
      const policy = { attempts: 2, rules: { Overloaded: { retry: schedule } } } as const
      const { error, took } = yield* play(Failover.complete(Chain.withPolicy(chain, policy), "q"))
      assert.deepStrictEqual([error?._tag, took, times()], ["ChainExhausted", 500, [0, 0, 500]])
    }).pipe(layer())
  )

  for (const [wait, calls] of [
    [3_000, [0, 0, 500, 3_500]],
    [3_001, [0, 0, 500]]
  ] as const) {
    it.effect(`with whenAllBenched: wait waits for no longer than maxWait, which is 3 s (${wait} ms)`, () =>
      Effect.gen(function* () {
        const { chain, times } = scene(fault("Overloaded", wait), "a")
        yield* play(Failover.complete(chain, "q"))
        assert.deepStrictEqual(times(), [...calls])
      }).pipe(layer({ whenAllBenched: "wait", maxWait: "3 seconds", rules: { Overloaded: { rest: null } } }))
    )
  }

  it.effect("leaves its queue to the others if its caller leaves while the schedule is running", () =>
    Effect.gen(function* () {
      const { schedule } = slowly("900 millis", "1 second")
      const { chain, times } = scene(fault(), "a")
      const policy = { rules: { Overloaded: { retry: schedule } } } as const
      const caller = yield* Effect.forkChild(Failover.complete(Chain.withPolicy(chain, policy), "q"), now)
      yield* TestClock.adjust("600 millis")
      assert.deepStrictEqual(times(), [0, 0, 500])
      const next = yield* Effect.forkChild(Failover.complete(chain, "q", { whenAllBenched: "wait" }), now)
      assert.isUndefined(next.pollUnsafe())
      yield* Fiber.interrupt(caller)
      assert.deepStrictEqual(next.pollUnsafe(), Exit.succeed("a"))
    }).pipe(layer({ maxWait: "5 seconds" }))
  )
})

describe("a target that throttles a request without naming a wait", () => {
  it.effect("is called once more after half a second, if that is within maxWait", () =>
    Effect.gen(function* () {
      const { chain } = chainOf([[throttle()], ["a"]])
      const { took, value } = yield* play(Failover.complete(chain, "q"))
      assert.deepStrictEqual([value, took], ["a", 500])
    }).pipe(layer({ maxWait: "500 millis" }))
  )

  it.effect("is not called once more if the refusal concerns that request alone", () =>
    Effect.gen(function* () {
      const large = new Failure.RateLimit({ message: "too large", onlyThisRequest: true })
      const { calls, chain } = chainOf([[large], ["never"]])
      const { error, took } = yield* play(Failover.complete(chain, "q"))
      assert.deepStrictEqual([error?._tag, took, calls()], ["ChainExhausted", 0, ["0 a/m"]])
    }).pipe(layer({ maxWait: "10 seconds" }))
  )

  it.effect("is not called once more if its own maxWait is shorter than that", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[throttle()], ["never"]], { policy: { maxWait: "499 millis" } })
      const { error, took } = yield* play(Failover.complete(Chain.make(Model.make(a, "m")), "q"))
      assert.deepStrictEqual([error?._tag, took, a.calls.length], ["ChainExhausted", 0, 1])
    }).pipe(layer({ maxWait: "10 seconds" }))
  )

  it.effect("is called once more as well if another one was throttled before it", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf([[throttle()], [dead()]], [[throttle()], ["b"]])
      const { value } = yield* play(Failover.complete(chain, "q"))
      assert.deepStrictEqual([value, calls()], ["b", ["0 a/m", "0 b/m", "500 a/m", "500 b/m"]])
    }).pipe(layer({ maxWait: "3 seconds" }))
  )
})

describe("a retry whose target is benched when it is due", () => {
  it.effect("with whenAllBenched: wait waits for the end of the bench", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf([[fault()], [fault("ServerError")], ["a"]])
      const first = yield* Effect.forkChild(Failover.complete(chain, "q"), now)
      const rules = { ServerError: { retry: "never" } } as const
      yield* Effect.exit(Failover.complete(Chain.withPolicy(chain, { rules, whenAllBenched: "fail" }), "q"))
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(
        [first.pollUnsafe(), calls()],
        [Exit.succeed("a"), ["0 a/m", "0 a/m", "5000 a/m"]]
      )
    }).pipe(layer({ whenAllBenched: "wait" }))
  )
})
