import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { HealthCheck, type Options } from "../../src/checks/HealthCheck.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import type { Target } from "../../src/domain/Target.ts"
import * as Failover from "../../src/engine/Failover.ts"
import * as Failure from "../../src/failure/Failure.ts"
import { BenchRegistry, layerMemory } from "../../src/health/BenchRegistry.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import {
  always,
  badRequest,
  played,
  refusedConnection,
  target,
  throttled,
  wrongKey
} from "../support/upstream.ts"

const oslo = target("oslo/forecast#main")

/** Checks without jitter, every 30 seconds, over a bench of its own. */
const watching = (options: Pick<Options<never>, "check"> & Partial<Options<never>>) =>
  HealthCheck.layer({ targets: [oslo], jitter: 0, ...options }).pipe(Layer.provideMerge(layerMemory))

/** Benches a target as an exhausted visit would. */
const visit = (at: Target, failure: Failure.Failure) =>
  Effect.flatMap(BenchRegistry, (registry) =>
    Effect.scoped(
      Effect.flatMap(registry.admit(at), (admission) =>
        admission._tag === "Benched"
          ? Effect.die("it rests")
          : registry.record(at, admission, failure, at.policy.rules[Failure.classOf(failure)].rest)
      )
    )
  )

/** The bench's answer to a request now. */
const standing = (at: Target) =>
  Effect.flatMap(BenchRegistry, (registry) =>
    Effect.scoped(Effect.map(registry.admit(at), ({ _tag }) => _tag))
  )

const until = Effect.flatMap(BenchRegistry, (registry) =>
  Effect.map(registry.list, (list) => list.map((info) => [info.key, info.reason, info.until]))
)

describe("health checks", () => {
  it.effect("are made at once and then every 30 seconds, from the end of one to the next", () => {
    const play = played({ take: "5 seconds" })
    return Effect.gen(function* () {
      yield* TestClock.adjust("2 minutes")
      assert.deepStrictEqual(play.began, [0, 35_000, 70_000, 105_000])
    }).pipe(Effect.provide(watching({ check: () => play.check })))
  })

  it.effect("keep within the jitter of their interval", () => {
    const began = (chance: number) => {
      const play = played("pass")
      return TestClock.adjust("100 seconds").pipe(
        Effect.provide(
          Layer.fresh(watching({ check: () => play.check, jitter: 0.5, interval: "20 seconds" }))
        ),
        Effect.provideService(Random.Random, always(chance)),
        Effect.map(() => play.began.map((at) => at - play.began[0]!))
      )
    }
    return Effect.gen(function* () {
      assert.deepStrictEqual(
        yield* began(0),
        [0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100].map((s) => s * 1_000)
      )
      assert.deepStrictEqual(yield* began(0.5), [0, 20_000, 40_000, 60_000, 80_000])
      assert.deepStrictEqual(yield* began(0.75), [0, 25_000, 50_000, 75_000])
    })
  })

  it.effect("are spread at random, and repeatable from a seed", () => {
    const targets = ["a", "b", "c"].map((model) => target(`oslo/${model}#main`))
    const began = (seed: string) => {
      const plays = new Map(targets.map(({ key }) => [key, played("pass")]))
      return Effect.gen(function* () {
        const start = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
        yield* TestClock.adjust("10 minutes")
        return [...plays.values()].map((play) => play.began.map((at) => at - start))
      }).pipe(
        Effect.provide(
          Layer.fresh(watching({ targets, jitter: 0.2, check: ({ key }) => plays.get(key)!.check }))
        ),
        Random.withSeed(seed)
      )
    }
    return Effect.gen(function* () {
      const [one, same, other] = [yield* began("one"), yield* began("one"), yield* began("other")]
      assert.deepStrictEqual(one, same)
      assert.notDeepEqual(one, other)
      assert.strictEqual(new Set(one.map((times) => times[0])).size, 3)
      for (const times of one) {
        assert.isAtMost(times[0]!, 6_000)
        for (const [i, at] of times.slice(1).entries()) {
          assert.isAtLeast(at - times[i]!, 24_000)
          assert.isAtMost(at - times[i]!, 36_000)
        }
      }
    })
  })

  it.effect("check a duplicate key once", () => {
    const play = played("pass")
    return Effect.gen(function* () {
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(play.began, [0])
      assert.strictEqual((yield* (yield* HealthCheck).report).length, 1)
    }).pipe(Effect.provide(watching({ targets: [oslo, target(oslo.key)], check: () => play.check })))
  })

  it.effect("bench a target for a failure by the decision table", () => {
    const rows = [
      [throttled("7 seconds"), ["oslo/forecast#main", "RateLimit", 7_000]],
      [throttled(), ["oslo/forecast#main", "RateLimit", 5_000]],
      [refusedConnection, ["oslo/forecast#main", "Connection", 5_000]],
      [wrongKey, ["oslo#main", "InvalidKey", 300_000]]
    ] as const
    return Effect.forEach(rows, ([failure, rest]) =>
      Effect.gen(function* () {
        const start = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
        yield* TestClock.adjust("1 second")
        const [key, reason, length] = rest
        assert.deepStrictEqual(yield* until, [[key, reason, start + length]])
      }).pipe(Effect.provide(Layer.fresh(watching({ check: () => Effect.fail(failure) }))))
    )
  })

  it.effect("neither bench nor unbench anything if the check itself is a bad request", () => {
    const play = played(badRequest)
    return Effect.gen(function* () {
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* until, [])
      yield* visit(oslo, refusedConnection)
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual(yield* standing(oslo), "Benched")
    }).pipe(Effect.provide(watching({ check: () => play.check, recovery: "check" })))
  })

  it.effect("count unknown failures, and bench for the third in a row", () => {
    const play = played("pass")
    return Effect.gen(function* () {
      yield* TestClock.adjust("59 seconds")
      assert.deepStrictEqual(yield* until, [])
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* until, [["oslo/forecast#main", "Unknown", 65_000]])
    }).pipe(
      Effect.provide(watching({ check: () => Effect.andThen(play.check, Effect.die(new Error("a bug"))) }))
    )
  })

  it.effect("fail with Timeout if they take too long, and are interrupted", () => {
    const play = played("hang")
    return Effect.gen(function* () {
      yield* TestClock.adjust("9 seconds")
      assert.strictEqual(play.open, 1)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(play.open, 0)
      assert.deepStrictEqual(yield* until, [["oslo/forecast#main", "Timeout", 15_000]])
    }).pipe(Effect.provide(watching({ check: () => play.check })))
  })

  it.effect("continue despite a check that cannot be stopped, without starting a second one", () => {
    const play = played("pass")
    const stubborn = Effect.andThen(play.check, Effect.uninterruptible(Effect.sleep("1 minute")))
    return Effect.gen(function* () {
      const health = yield* HealthCheck
      yield* TestClock.adjust("90 seconds")
      const [report] = yield* health.report
      assert.deepStrictEqual([report?.checks, report?.failures], [3, 3])
      assert.deepStrictEqual(play.began, [0, 80_000])
      yield* TestClock.adjust("50 seconds")
    }).pipe(Effect.provide(watching({ check: () => stubborn })))
  })

  it.effect("never overlap for one target: concurrent callers share the result", () => {
    const play = played({ take: "4 seconds" })
    return Effect.gen(function* () {
      const health = yield* HealthCheck
      yield* TestClock.adjust("1 second")
      const asked = yield* Effect.forkChild(
        Effect.all([health.check(oslo.key), health.check(oslo.key)], { concurrency: "unbounded" })
      )
      yield* TestClock.adjust("3 seconds")
      const [one, two] = yield* Fiber.join(asked)
      assert.deepStrictEqual(play.began, [0])
      assert.strictEqual(one, two)
      assert.strictEqual(one?.at, 4_000)
    }).pipe(Effect.provide(watching({ check: () => play.check })))
  })

  it.effect("continue when a waiting caller leaves", () => {
    const play = played({ take: "4 seconds" })
    return Effect.gen(function* () {
      const health = yield* HealthCheck
      const asked = yield* Effect.forkChild(health.check(oslo.key), { startImmediately: true })
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(asked)
      assert.strictEqual(play.open, 1)
      yield* TestClock.adjust("3 seconds")
      const [report] = yield* health.report
      assert.isTrue(report?.healthy)
    }).pipe(Effect.provide(watching({ check: () => play.check })))
  })

  it.effect("can be requested at any time for checked targets", () => {
    const play = played(wrongKey)
    return Effect.gen(function* () {
      const health = yield* HealthCheck
      yield* TestClock.adjust("10 seconds")
      assert.deepStrictEqual(play.began, [])
      const checked = yield* health.check(oslo.key)
      assert.deepStrictEqual([checked?.result, checked?.failure, checked?.at], ["failed", wrongKey, 10_000])
      assert.strictEqual((yield* health.check(oslo.key))?.result, "benched")
      assert.isUndefined(yield* health.check("oslo/forecast#other"))
    }).pipe(Effect.provide(watching({ check: () => play.check, interval: Number.POSITIVE_INFINITY })))
  })

  it.effect("are at least 250 ms apart", () => {
    const play = played("pass")
    return Effect.gen(function* () {
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(play.began, [0, 250, 500, 750, 1_000])
    }).pipe(Effect.provide(watching({ check: () => play.check, interval: 0 })))
  })

  it.effect("stop with their layer, and release a running probe", () => {
    const play = played("pass", "hang")
    return Effect.gen(function* () {
      const registry = yield* BenchRegistry
      const scope = yield* Scope.make()
      yield* Layer.buildWithScope(
        HealthCheck.layer({ targets: [oslo], jitter: 0, check: () => play.check }),
        scope
      )
      yield* TestClock.adjust("20 seconds")
      yield* visit(oslo, refusedConnection)
      yield* TestClock.adjust("12 seconds")
      assert.deepStrictEqual(
        (yield* registry.list).map((info) => info.status),
        ["probing"]
      )
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(
        (yield* registry.list).map((info) => info.status),
        ["half-open"]
      )
      yield* TestClock.adjust("1 hour")
      assert.deepStrictEqual(play.began, [0, 30_000])
      assert.strictEqual(play.open, 0)
    }).pipe(Effect.provide(layerMemory))
  })
})

describe("a benched target", () => {
  it.effect("is not checked before its cooldown has ended, and then the check is the probe", () => {
    const play = played("pass", "pass", { take: "2 seconds" })
    return Effect.gen(function* () {
      yield* TestClock.adjust("20 seconds")
      yield* visit(oslo, throttled("1 minute"))
      yield* TestClock.adjust("71 seconds")
      assert.deepStrictEqual(play.began, [0, 90_000])
      assert.strictEqual(yield* standing(oslo), "Go")
      yield* visit(oslo, throttled("20 seconds"))
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(play.began, [0, 90_000, 120_000])
      assert.strictEqual(yield* standing(oslo), "Benched")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* standing(oslo), "Go")
    }).pipe(Effect.provide(watching({ check: () => play.check })))
  })

  it.effect("is benched for longer if the next check fails", () => {
    const play = played("pass", refusedConnection)
    return Effect.gen(function* () {
      yield* TestClock.adjust("1 second")
      yield* visit(oslo, refusedConnection)
      assert.deepStrictEqual(yield* until, [["oslo/forecast#main", "Connection", 6_000]])
      yield* TestClock.adjust("29 seconds")
      assert.deepStrictEqual(yield* until, [["oslo/forecast#main", "Connection", 40_000]])
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(yield* until, [["oslo/forecast#main", "Connection", 75_000]])
    }).pipe(Effect.provide(watching({ check: () => play.check })))
  })

  it.effect("is unbenched by a check and keeps its count of consecutive benches", () => {
    const play = played("pass")
    return Effect.gen(function* () {
      yield* TestClock.adjust("1 second")
      const lengths: Array<unknown> = []
      for (let i = 0; i < 4; i++) {
        const now = yield* Effect.clockWith((clock) => clock.currentTimeMillis)
        yield* visit(oslo, throttled())
        lengths.push(((yield* until)[0]?.[2] as number) - now)
        yield* TestClock.adjust("1 minute")
        assert.strictEqual(yield* standing(oslo), "Go")
      }
      assert.deepStrictEqual(lengths, [5_000, 10_000, 20_000, 40_000])
    }).pipe(Effect.provide(watching({ check: () => play.check })))
  })

  it.effect("is also unbenched by the timer if recovery is by timer", () =>
    Effect.gen(function* () {
      yield* TestClock.adjust("1 second")
      yield* visit(oslo, throttled("5 seconds"))
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(yield* standing(oslo), "Probe")
    }).pipe(Effect.provide(watching({ check: () => Effect.void, recovery: "timer" })))
  )

  it.effect("is neither checked nor unbenched if benched manually", () => {
    const play = played("pass")
    return Effect.gen(function* () {
      const registry = yield* BenchRegistry
      yield* TestClock.adjust("1 second")
      yield* registry.bench("oslo", { for: "10 minutes", by: "ops" })
      yield* TestClock.adjust("9 minutes")
      assert.deepStrictEqual(play.began, [0])
      assert.isTrue(yield* registry.isBenched("oslo"))
    }).pipe(Effect.provide(watching({ check: () => play.check })))
  })
})

describe("with recovery by check", () => {
  const held = (options: Pick<Options<never>, "check"> & Partial<Options<never>>) =>
    watching({ recovery: "check", ...options })

  it.effect("a cooldown that has ended admits no request, however long ago", () => {
    const play = played("pass", refusedConnection)
    return Effect.gen(function* () {
      const registry = yield* BenchRegistry
      yield* TestClock.adjust("1 second")
      yield* visit(oslo, throttled("10 seconds"))
      for (let i = 0; i < 100; i++) {
        yield* TestClock.adjust("90 seconds")
        assert.strictEqual(yield* standing(oslo), "Benched")
        assert.isTrue(yield* registry.isBenched(oslo.key))
        assert.deepStrictEqual(
          (yield* registry.list).map((info) => info.status),
          ["resting"]
        )
        assert.deepStrictEqual(
          (yield* registry.report).map((health) => health.status),
          ["resting"]
        )
      }
    }).pipe(Effect.provide(held({ check: () => play.check, interval: "5 minutes" })))
  })

  it.effect("a target is not forgotten while it cannot be checked", () => {
    const others = [target("bergen/forecast#main"), target("bodo/forecast#main")]
    return Effect.gen(function* () {
      yield* visit(oslo, throttled("5 seconds"))
      for (const other of others) {
        yield* TestClock.adjust("2 hours")
        yield* visit(other, throttled("5 seconds"))
      }
      assert.strictEqual(yield* standing(oslo), "Benched")
      assert.strictEqual(yield* standing(others[0]!), "Go")
    }).pipe(Effect.provide(held({ check: () => Effect.void, interval: Number.POSITIVE_INFINITY })))
  })

  it.effect("a passed check unbenches it, not before the cooldown has ended", () => {
    const play = played("pass", refusedConnection, refusedConnection, "pass")
    return Effect.gen(function* () {
      yield* TestClock.adjust("1 second")
      yield* visit(oslo, throttled("40 seconds"))
      yield* TestClock.adjust("119 seconds")
      assert.deepStrictEqual(play.began, [0, 60_000, 90_000, 120_000])
      assert.strictEqual(yield* standing(oslo), "Go")
    }).pipe(Effect.provide(held({ check: () => play.check })))
  })

  it.effect("also holds for shared keys: a dead key recovers by a check", () => {
    const play = played("pass", wrongKey, "pass")
    return Effect.gen(function* () {
      yield* TestClock.adjust("1 second")
      yield* visit(oslo, wrongKey)
      yield* TestClock.adjust("13 minutes")
      assert.strictEqual(play.began.length, 2)
      assert.strictEqual(yield* standing(oslo), "Benched")
      yield* TestClock.adjust("3 minutes")
      assert.strictEqual(yield* standing(oslo), "Go")
    }).pipe(Effect.provide(held({ check: () => play.check })))
  })

  it.effect("does not affect unchecked targets", () => {
    const other = target("oslo/history#main")
    return Effect.gen(function* () {
      yield* TestClock.adjust("1 second")
      yield* visit(oslo, wrongKey)
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual(yield* standing(oslo), "Benched")
      assert.strictEqual(yield* standing(other), "Probe")
    }).pipe(Effect.provide(held({ check: () => Effect.fail(badRequest) })))
  })

  it.effect("returns to timers when the checks stop", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const hold = HealthCheck.layer({
        targets: [oslo],
        recovery: "check",
        check: () => Effect.fail(badRequest)
      })
      yield* Layer.buildWithScope(hold, scope)
      yield* TestClock.adjust("10 seconds")
      yield* visit(oslo, throttled("5 seconds"))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* standing(oslo), "Benched")
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(yield* standing(oslo), "Probe")
    }).pipe(Effect.provide(layerMemory))
  )

  it.effect("holds until the last of several checkers stops", () =>
    Effect.gen(function* () {
      const hold = Layer.fresh(
        HealthCheck.layer({ targets: [oslo], recovery: "check", check: () => Effect.fail(badRequest) })
      )
      const [one, two] = [yield* Scope.make(), yield* Scope.make()]
      yield* Layer.buildWithScope(hold, one)
      yield* Layer.buildWithScope(hold, two)
      yield* visit(oslo, throttled("5 seconds"))
      yield* TestClock.adjust("1 minute")
      yield* Scope.close(one, Exit.void)
      assert.strictEqual(yield* standing(oslo), "Benched")
      yield* Scope.close(two, Exit.void)
      assert.strictEqual(yield* standing(oslo), "Probe")
    }).pipe(Effect.provide(layerMemory))
  )
})

describe("the checks of a chain", () => {
  const chainOf = (first: Scripted.Scripted, second: Scripted.Scripted) =>
    Chain.make(Model.make(first, "large"), Model.make(second, "small"))

  it.effect("check every target of it, and keep requests from failing ones", () => {
    const first = Scripted.make("first", [[refusedConnection]])
    const second = Scripted.make("second", [["hello"]])
    const chain = chainOf(first, second)
    return Effect.gen(function* () {
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual([first.calls.length, second.calls.length], [1, 1])
      const answered = yield* Failover.answer(chain, "hi")
      assert.strictEqual(answered.attempts, 1)
      assert.strictEqual(answered.target.provider, "second")
    }).pipe(
      Effect.provide(
        HealthCheck.layerChain({
          chain,
          check: (backend, at) => backend.complete("ping", at),
          jitter: 0
        }).pipe(Layer.provideMerge(Failover.layer()))
      )
    )
  })

  it.effect("check every enabled credential, under the policy of the runtime", () => {
    const first = Scripted.make("first", [[throttled()]], {
      credentials: [Credential.make("a"), Credential.make("b"), Credential.make("c", { enabled: false })]
    })
    const policy = { cooldown: { rateLimit: { base: "20 seconds" } } } as const
    return Effect.gen(function* () {
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* until, [
        ["first/large#a", "RateLimit", 20_000],
        ["first/large#b", "RateLimit", 20_000]
      ])
    }).pipe(
      Effect.provide(
        HealthCheck.layerChain({
          chain: Chain.make(Model.make(first, "large")),
          policy,
          check: (backend, at) => backend.complete("ping", at),
          jitter: 0
        }).pipe(Layer.provideMerge(Failover.layer({ policy })))
      )
    )
  })

  it.effect("admit only a last attempt to a held target, and its answer unbenches it", () => {
    const only = Scripted.make("only", [[throttled("5 seconds")], ["hello"]])
    const chain = Chain.make(Model.make(only, "large"))
    return Effect.gen(function* () {
      const failed = yield* Effect.flip(Failover.complete(chain, "hi"))
      assert.strictEqual(failed._tag, "ChainExhausted")
      yield* TestClock.adjust("1 minute")
      const refused = yield* Effect.flip(Failover.complete(chain, "hi", { whenAllBenched: "fail" }))
      assert.strictEqual(refused._tag, "AllBenched")
      assert.strictEqual(only.calls.length, 1)
      assert.strictEqual(yield* Failover.complete(chain, "hi"), "hello")
      assert.strictEqual(yield* Failover.complete(chain, "hi", { whenAllBenched: "fail" }), "hello")
    }).pipe(
      Effect.provide(
        HealthCheck.layerChain({ chain, recovery: "check", check: () => Effect.fail(badRequest) }).pipe(
          Layer.provideMerge(Failover.layer())
        )
      )
    )
  })

  it.effect("keep a request waiting for a held target until a check has passed", () => {
    const only = Scripted.make("only", [[throttled("5 seconds")], ["hello"]])
    const chain = Chain.make(Model.make(only, "large"))
    const play = played("pass", refusedConnection, "pass")
    return Effect.gen(function* () {
      yield* TestClock.adjust("1 second")
      yield* Effect.flip(Failover.complete(chain, "hi"))
      const waiting = yield* Effect.forkChild(Failover.complete(chain, "hi", { whenAllBenched: "wait" }))
      yield* TestClock.adjust("58 seconds")
      assert.strictEqual(only.calls.length, 1)
      yield* TestClock.adjust("2 seconds")
      assert.strictEqual(yield* Fiber.join(waiting), "hello")
    }).pipe(
      Effect.provide(
        HealthCheck.layerChain({ chain, recovery: "check", jitter: 0, check: () => play.check }).pipe(
          Layer.provideMerge(Failover.layer())
        )
      )
    )
  })
})

describe("the health of targets", () => {
  it.effect("follows from their checks", () => {
    const play = played("pass", throttled("1 minute"), { take: "5 seconds" })
    return Effect.gen(function* () {
      const health = yield* HealthCheck
      const report = Effect.map(health.report, ([first]) => first)
      const unknown = yield* report
      assert.deepStrictEqual([unknown?.healthy, unknown?.checks], [undefined, 0])
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(yield* report, {
        target: oslo.key,
        healthy: false,
        callable: false,
        checking: false,
        checks: 2,
        failures: 1,
        failuresInRow: 1,
        lastCheckedAt: 30_000,
        lastFailure: { class: "RateLimit", at: 30_000, evidence: undefined }
      })
      yield* TestClock.adjust("61 seconds")
      assert.isTrue((yield* report)?.checking)
      yield* TestClock.adjust("4 seconds")
      const last = yield* report
      assert.deepStrictEqual(
        [last?.healthy, last?.callable, last?.checks, last?.failures, last?.failuresInRow],
        [true, true, 3, 1, 0]
      )
    }).pipe(Effect.provide(watching({ check: () => play.check })))
  })

  it.effect("can be streamed", () => {
    const play = played("pass", wrongKey)
    return Effect.gen(function* () {
      const health = yield* HealthCheck
      yield* TestClock.adjust("1 second")
      const heard = yield* health.checks.pipe(
        Stream.map(({ at, failure, result }) => [at, result, failure]),
        Stream.take(1),
        Stream.runCollect,
        Effect.forkChild({ startImmediately: true })
      )
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* Fiber.join(heard), [[30_000, "failed", wrongKey]])
    }).pipe(Effect.provide(watching({ check: () => play.check })))
  })

  it.effect("is not part of the bench's counts of attempts", () =>
    Effect.gen(function* () {
      const registry = yield* BenchRegistry
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(
        (yield* registry.report).map(({ attempts, failures, key, status }) => [
          key,
          status,
          attempts,
          failures
        ]),
        [[oslo.key, "resting", 0, 0]]
      )
    }).pipe(Effect.provide(watching({ check: () => Effect.fail(refusedConnection) })))
  )
})
