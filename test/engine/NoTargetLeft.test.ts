/** Requests that can call no target for now: which targets they wait for, and what happens when a wait ends without success. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import * as Backend from "../../src/domain/Backend.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type * as Failure from "../../src/failure/Failure.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import type * as Policy from "../../src/policy/Policy.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { chainOf, layer } from "../support/chains.ts"
import { fault, play, throttle } from "../support/engine.ts"
import { observed, only } from "../support/observed.ts"

const now = { startImmediately: true } as const

/** Benches a key by hand, from a given time on. */
const benchAt = (at: number, key: string, seconds: number) =>
  Effect.flatMap(BenchRegistry, (registry) =>
    Effect.forkChild(Effect.delay(registry.bench(key, { for: `${seconds} seconds` }), at), now)
  )

describe("a request that has waited for one target without success", () => {
  /** `a` is throttled for two seconds and benched by hand until the fourth, and then for longer; `b` is free after three. */
  const scene = (policy: Policy.Options = {}) =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf([[throttle("2 seconds")], ["a"]], [["b"]])
      yield* benchAt(0, "b", 3)
      yield* benchAt(1_000, "a", 3)
      yield* benchAt(3_500, "a", 60)
      const played = yield* play(Failover.complete(chain, "q"))
      return { ...played, calls: calls() }
    }).pipe(layer({ maxWait: "3 seconds", ...policy }))

  it.effect("calls another one that it has skipped, if that is free by then", () =>
    Effect.gen(function* () {
      const { calls, value } = yield* scene()
      assert.deepStrictEqual([value, calls], ["b", ["0 a/m", "4000 b/m"]])
    })
  )

  it.effect("calls no other one if it may call only one", () =>
    Effect.gen(function* () {
      const { calls, error, took } = yield* scene({ targets: 1 })
      assert.deepStrictEqual([error?._tag, took, calls], ["ChainExhausted", 4_000, ["0 a/m"]])
    })
  )
})

describe("a request that has waited for room without success", () => {
  /** `a` takes one request at a time, which fails after three seconds. The key has a limit too, which no last attempt exceeds. */
  const scene = (others: ReadonlyArray<string>, needs = "3500 millis" as Duration.Input) =>
    Effect.gen(function* () {
      let open = 0
      const call = (name: string) =>
        Effect.suspend((): Effect.Effect<string, Failure.Failure> => {
          if (name !== "a") return Effect.fail(throttle("1 second"))
          if (open > 0) return Effect.fail(throttle())
          if (open < 0) return Effect.map(Clock.currentTimeMillis, (at) => `a at ${at}`)
          open = 1
          return Effect.ensuring(
            Effect.delay(Effect.fail(fault("ServerError")), needs),
            Effect.sync(() => (open = -1))
          )
        })
      const a = Backend.make("a", {}, { credentials: [Credential.make("k", { rpm: 6_000 })] })
      const models = [a, ...others.map((name) => Backend.make(name, {}))].map((one) => Model.make(one, "m"))
      const ask = (chain: Chain.Chain<Backend.Backend>, options: Failover.CallOptions = {}) =>
        Failover.use(chain, ({ name }) => call(name), options)
      const alone = Chain.fromLinks(models.slice(0, 1))
      const before = Effect.exit(ask(alone, { whenAllBenched: "fail" }))
      yield* Effect.forkChild(before, now)
      yield* TestClock.adjust("1 second")
      yield* before
      yield* benchAt(500, "b", 3)
      yield* benchAt(3_500, "b", 60)
      const { error, took, value } = yield* play(ask(Chain.fromLinks(models)))
      return value ?? `${error?._tag} after ${took}`
    }).pipe(layer({ learnedLimit: true, maxWait: "3 seconds", retries: { times: 0 } }))

  it.effect("has its one attempt at the target that is benched by now", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* scene([]), "a at 4000")
    })
  )

  it.effect("ends if that target still has none", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* scene([], "1 minute"), "AllBenched after 3000")
    })
  )

  it.effect("has it also if it has waited for the bench of another one, without success", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* scene(["b"]), "a at 5000")
    })
  )
})

describe("a request with a retry that is due, and with a target that is full", () => {
  /** `a` is benched by hand before the retry, `b` refuses after 45 seconds because another attempt is under way there. */
  const scene = Effect.gen(function* () {
    let open = 0
    const call = (name: string) =>
      Effect.suspend((): Effect.Effect<string, Failure.Failure> => {
        if (name === "a") return Effect.fail(fault("ServerError"))
        return open++ > 0 ? Effect.delay(Effect.fail(throttle()), "45 seconds") : Effect.never
      })
    const [a, b] = ["a", "b"].map((name) => Model.make(Backend.make(name, {}), "m"))
    const ask = (chain: Chain.Chain<Backend.Backend>) => Failover.use(chain, ({ name }) => call(name))
    const other = yield* Effect.forkChild(ask(Chain.make(b!)), now)
    yield* benchAt(30_000, "a", 10_000)
    const { error, took } = yield* play(ask(Chain.make(a!, b!)))
    yield* Fiber.interrupt(other)
    return [error?._tag, took]
  })

  for (const targets of [2, 3]) {
    it.effect(`waits for a second at most, with ${targets} targets allowed`, () =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* scene, ["ChainExhausted", 46_000])
      }).pipe(
        layer({
          targets,
          learnedLimit: true,
          maxWait: 0,
          deadline: "200 seconds",
          timeouts: { answer: "10 minutes" },
          fallbackReserve: 0.9,
          rules: { ServerError: { retry: Schedule.spaced("40 seconds"), rest: null, next: "model" } }
        })
      )
    )
  }
})

describe("a request that returns to a target when the limit of its key allows it", () => {
  it.effect("calls it at once, although another request waits for that target", () =>
    Effect.gen(function* () {
      const a = Scripted.make(
        "a",
        ({ model }) => (model === "m" ? [[{ wait: "10 seconds" }, "slow"]] : [["x"]]),
        {
          credentials: [Credential.make("k", { rpm: 60 })]
        }
      )
      const chain = Chain.make(Model.make(a, "m"))
      for (let i = 0; i < 60; i++) yield* Failover.complete(Chain.make(Model.make(a, "other")), "before")
      // The first request waits for the bench in the queue of the target, and takes the last place under the limit.
      yield* benchAt(0, "a", 1)
      const first = yield* Effect.forkChild(Failover.complete(chain, "q"), now)
      yield* TestClock.adjust("1500 millis")
      const { took } = yield* play(Failover.complete(chain, "q"))
      yield* Fiber.join(first)
      assert.deepStrictEqual([took, a.calls.slice(60).map(({ at }) => at)], [10_500, [1_000, 2_000]])
    }).pipe(layer({ maxWait: "3 seconds" }))
  )
})

describe("a request that waits for all targets to be free again", () => {
  /** A failure that benches nothing, and is not retried. */
  const rules = { Unknown: { retry: "never", rest: null, next: "model" } } as const
  /** `a` has failed, and is not benched; `b` is benched by hand for ten seconds, and fails then. */
  const scene = (a: ReadonlyArray<Scripted.Call<string, Scripted.Part>>, attempts: number, options = {}) =>
    Effect.gen(function* () {
      const { events, observer } = observed()
      const { calls, chain } = chainOf([[fault("Unknown")], ...a], [[fault("Unknown")]])
      yield* benchAt(0, "b", 10)
      const { error, value } = yield* play(Failover.complete(chain, "q", { attempts, observer }))
      const last = only(events, "AttemptFailed").at(-1)
      return { end: value ?? error?._tag, calls: calls(), next: last?.action }
    }).pipe(layer({ whenAllBenched: "wait", rules, ...options }))

  it.effect("calls targets again that it called before the wait, as long as attempts are left", () =>
    Effect.gen(function* () {
      const { calls, end } = yield* scene([["a"]], 2)
      assert.deepStrictEqual([end, calls], ["a", ["0 a/m", "10000 a/m", "10000 b/m"]])
    })
  )

  it.effect("names none of them as the next one without attempts left", () =>
    Effect.gen(function* () {
      const { calls, end, next } = yield* scene([["never"]], 1)
      assert.deepStrictEqual([end, calls], ["ChainExhausted", ["0 a/m", "10000 b/m"]])
      assert.deepStrictEqual(next, { _tag: "Next" })
    })
  )

  it.effect("counts such a call as a repeated one", () =>
    Effect.gen(function* () {
      const retries = { times: 1, backoff: [0] } as const
      const { calls, end } = yield* scene([[fault("ServerError")], ["never"]], 2, { retries })
      assert.deepStrictEqual([end, calls], ["ChainExhausted", ["0 a/m", "10000 a/m", "10000 b/m"]])
    })
  )
})
