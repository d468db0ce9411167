/** The bench as a service: scoped probes for code that makes its own attempts, a report, and a stream of changes. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import { BenchRegistry, layerMemory } from "../../src/health/BenchRegistry.ts"
import * as EngineBench from "../../src/health/EngineBench.ts"
import * as Policy from "../../src/policy/Policy.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { attempt, a as target } from "../support/bench.ts"
import { dead, fault, play, throttle } from "../support/engine.ts"

const { rules } = Policy.defaults

describe("code that makes its own attempts", () => {
  it.effect("is admitted, may probe when a cooldown ends, and frees the target by an answer", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* attempt(throttle("10 seconds")), "Go")
      assert.strictEqual(yield* attempt(undefined), "benched")
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* attempt(fault()), "Probe")
      assert.strictEqual(yield* attempt(undefined), "benched")
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* attempt(undefined), "Probe")
      assert.strictEqual(yield* attempt(undefined), "Go")
    }).pipe(Effect.provide(layerMemory))
  )

  it.effect("cannot keep a probe's slot: the scope releases it, however it ends", () =>
    Effect.gen(function* () {
      const registry = yield* BenchRegistry
      yield* attempt(throttle("1 second"))
      yield* TestClock.adjust("1 second")
      const probing = Effect.flatMap(registry.admit(target), (admission) => {
        assert.strictEqual(admission._tag, "Probe")
        return Effect.as(Effect.never, admission)
      })
      const hanging = yield* Effect.forkChild(Effect.scoped(probing))
      yield* Effect.yieldNow
      assert.strictEqual(yield* attempt(undefined), "benched")
      yield* Fiber.interrupt(hanging)
      const dying = Effect.flatMap(registry.admit(target), () => Effect.die("a bug"))
      assert.isTrue(Exit.hasDies(yield* Effect.exit(Effect.scoped(dying))))
      assert.strictEqual(yield* attempt(undefined), "Probe")
    }).pipe(Effect.provide(layerMemory))
  )

  it.effect("releases no slot twice: the recorded outcome stays when the scope closes", () =>
    Effect.gen(function* () {
      const registry = yield* BenchRegistry
      yield* attempt(throttle("1 second"))
      yield* TestClock.adjust("1 second")
      const scope = yield* Scope.make()
      const first = yield* Scope.provide(registry.admit(target), scope)
      assert(first._tag === "Probe")
      yield* registry.record(target, first, throttle("1 second"), rules.RateLimit.rest)
      yield* TestClock.adjust("1 second")
      const second = yield* registry.admit(target)
      assert.strictEqual(second._tag, "Probe")
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(
        (yield* registry.admit(target))._tag,
        "Benched",
        "the second probe is still under way"
      )
    }).pipe(Effect.provide(layerMemory))
  )
})

describe("the list and the report", () => {
  it.effect("the list has the state of every key, through all its states", () =>
    Effect.gen(function* () {
      const registry = yield* BenchRegistry
      const status = Effect.map(registry.list, (list) => list.map((info) => info.status).join())
      assert.strictEqual(yield* status, "")
      yield* attempt(throttle("10 seconds"))
      assert.strictEqual(yield* status, "resting")
      yield* registry.bench("a/m#k", { for: "1 second" })
      assert.strictEqual(yield* status, "manual")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* status, "resting")
      yield* TestClock.adjust("9 seconds")
      assert.strictEqual(yield* status, "half-open")
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* registry.admit(target)
          assert.strictEqual(yield* status, "probing")
        })
      )
      assert.strictEqual(yield* status, "half-open")
      yield* attempt(undefined)
      assert.strictEqual(yield* status, "")
    }).pipe(Effect.provide(layerMemory))
  )

  it.effect("the list has the whole history of a key", () =>
    Effect.gen(function* () {
      const registry = yield* BenchRegistry
      yield* attempt(throttle("10 seconds"))
      yield* registry.bench("a#k", { for: "1 minute", reason: "repairs", by: "ann" })
      const [own, byHand] = yield* registry.list
      assert.deepStrictEqual(own, {
        key: "a/m#k",
        scope: "target",
        status: "resting",
        reason: "RateLimit",
        evidence: undefined,
        since: 0,
        until: 10_000,
        hint: undefined,
        consecutiveBenches: 1,
        failures: 1,
        by: undefined
      })
      assert.strictEqual(byHand?.scope, "credential")
      assert.strictEqual(byHand?.reason, "Manual")
      assert.strictEqual(byHand?.evidence, "repairs")
      assert.strictEqual(byHand?.by, "ann")
    }).pipe(Effect.provide(layerMemory))
  )

  it.effect("the report counts every attempt of a target that ended by itself", () =>
    Effect.gen(function* () {
      const registry = yield* BenchRegistry
      const script = [["fine"], [throttle("1 second")], [dead()], [{ hang: true }]] as const
      const a = Scripted.make("a", script)
      const chain = Chain.withPolicy(Chain.make(Model.make(a, "m")), { maxWait: 0 })
      yield* play(Failover.complete(chain, "q"), { within: 0 })
      yield* play(Failover.complete(chain, "q"), { within: 0 })
      yield* TestClock.adjust("1 second")
      yield* play(Failover.complete(chain, "q"), { within: 0 })
      yield* TestClock.adjust("5 minutes")
      const hanging = yield* Effect.forkChild(Failover.complete(chain, "q"))
      yield* TestClock.adjust("1 second")
      yield* Fiber.interrupt(hanging)
      assert.deepStrictEqual(
        (yield* registry.report).filter(({ key }) => key === "a/m#default"),
        [
          {
            key: "a/m#default",
            status: "half-open",
            until: 1_000,
            attempts: 3,
            failures: 2,
            failuresInRow: 2,
            lastFailure: { class: "InvalidKey", at: 1_000, evidence: undefined }
          }
        ]
      )
    }).pipe(Effect.provide(Failover.layer()))
  )

  // Run.ts records a visit when it ends, not each of its attempts.
  it.effect("the report counts the attempts that were retried, too", () =>
    Effect.gen(function* () {
      const registry = yield* BenchRegistry
      const a = Scripted.make("a", [[fault()], [fault()], ["fine"]])
      yield* play(Failover.complete(Chain.make(Model.make(a, "m")), "q"))
      const [health] = yield* registry.report
      assert.deepStrictEqual([health?.attempts, health?.failures, health?.failuresInRow], [3, 2, 0])
    }).pipe(Effect.provide(Failover.layer()))
  )

  it.effect("the report has targets that are free, but no key whose bench by hand is over", () =>
    Effect.gen(function* () {
      const registry = yield* BenchRegistry
      yield* attempt(undefined)
      yield* registry.bench("b", { for: "1 minute" })
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(
        (yield* registry.report).map(({ key, status, until }) => [key, status, until]),
        [["a/m#k", "free", undefined]]
      )
    }).pipe(Effect.provide(layerMemory))
  )

  it.effect("the credentials have the attempts of all their models, and the state of their own key", () =>
    Effect.gen(function* () {
      const registry = yield* BenchRegistry
      const a = Scripted.make("a", ({ model }) => (model === "m" ? [["fine"]] : [[dead()]]))
      for (const model of ["m", "n"])
        yield* Effect.exit(Failover.complete(Chain.make(Model.make(a, model)), "q"))
      const [only, ...others] = yield* registry.credentials
      assert.deepStrictEqual(others, [])
      const { attempts, failures, key, lastFailure, status, until } = only!
      assert.deepStrictEqual(
        [key, status, until, attempts, failures, lastFailure?.class],
        ["a#default", "resting", 300_000, 2, 1, "InvalidKey"]
      )
    }).pipe(Effect.provide(Failover.layer()))
  )

  it.effect("the report contains benched targets that were never called", () =>
    Effect.gen(function* () {
      const registry = yield* BenchRegistry
      yield* registry.bench("b", { for: "1 minute" })
      const [health] = yield* registry.report
      assert.strictEqual(health?.key, "b")
      assert.strictEqual(health?.status, "manual")
      assert.strictEqual(health?.attempts, 0)
    }).pipe(Effect.provide(layerMemory))
  )
})

describe("the changes", () => {
  const watched = Effect.fnUntraced(function* (during: Effect.Effect<void, never, BenchRegistry>) {
    const registry = yield* BenchRegistry
    const seen: Array<string> = []
    const fiber = yield* registry.changes.pipe(
      Stream.runForEach(({ at, info }) =>
        Effect.sync(() => seen.push(`${at} ${info.key} ${info.status} ${info.until}`))
      ),
      Effect.forkChild
    )
    yield* Effect.yieldNow
    yield* during
    yield* Effect.yieldNow
    yield* Fiber.interrupt(fiber)
    return seen
  })

  it.effect("are published as they happen: benched, extended, probed, freed, benched by hand", () =>
    Effect.gen(function* () {
      const seen = yield* watched(
        Effect.gen(function* () {
          const registry = yield* BenchRegistry
          yield* attempt(throttle("10 seconds"))
          yield* TestClock.adjust("10 seconds")
          yield* attempt(throttle("20 seconds"))
          yield* TestClock.adjust("20 seconds")
          yield* attempt(undefined)
          yield* registry.bench("a", { for: "1 second" })
          yield* registry.unbench("a")
        })
      )
      assert.deepStrictEqual(seen, [
        "0 a/m#k resting 10000",
        "10000 a/m#k probing 10000",
        "10000 a/m#k resting 30000",
        "30000 a/m#k probing 30000",
        "30000 a/m#k free undefined",
        "30000 a manual 31000",
        "30000 a free undefined"
      ])
    }).pipe(Effect.provide(layerMemory))
  )

  it.effect("tell how the key stood until then", () =>
    Effect.gen(function* () {
      const registry = yield* BenchRegistry
      const seen: Array<string> = []
      const fiber = yield* registry.changes.pipe(
        Stream.runForEach(({ before, info }) =>
          Effect.sync(() => seen.push(`${before.status} ${before.until} to ${info.status} ${info.until}`))
        ),
        Effect.forkChild({ startImmediately: true })
      )
      yield* attempt(throttle("10 seconds"))
      yield* TestClock.adjust("10 seconds")
      yield* attempt(undefined)
      yield* registry.bench("a", { for: "1 second" })
      yield* Effect.yieldNow
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(seen, [
        "free undefined to resting 10000",
        "half-open 10000 to probing 10000",
        "probing 10000 to free undefined",
        "free undefined to manual 11000"
      ])
    }).pipe(Effect.provide(layerMemory))
  )

  it.effect("have none of a key that is forgotten, and subscribers that have left receive nothing", () =>
    Effect.gen(function* () {
      const registry = yield* BenchRegistry
      const seen = yield* watched(
        Effect.gen(function* () {
          yield* attempt(throttle("10 seconds"))
          yield* TestClock.adjust("2 hours")
          yield* registry.bench("b", { for: "1 second" })
          assert.deepStrictEqual(
            (yield* registry.list).map(({ key }) => key),
            ["b"]
          )
        })
      )
      assert.deepStrictEqual(seen, ["0 a/m#k resting 10000", "7200000 b manual 7201000"])
      const { listeners } = registry[EngineBench.key] as EngineBench.MemoryBench
      assert.strictEqual(listeners.size, 0)
    }).pipe(Effect.provide(layerMemory))
  )

  it.effect("are published to all subscribers, from then on", () =>
    Effect.gen(function* () {
      yield* attempt(throttle("10 seconds"))
      const both = yield* Effect.all([watched(Effect.yieldNow), watched(Effect.void)], { concurrency: 2 })
      assert.deepStrictEqual(both, [[], []])
    }).pipe(Effect.provide(layerMemory))
  )

  it.effect("do not pile up for a slow listener: it loses the oldest", () =>
    Effect.gen(function* () {
      const registry = yield* BenchRegistry
      const seen: Array<string> = []
      const fiber = yield* registry.changes.pipe(
        Stream.runForEach(({ info }) =>
          Effect.andThen(
            Effect.sync(() => seen.push(info.key)),
            Effect.sleep("1 hour")
          )
        ),
        Effect.forkChild
      )
      yield* Effect.yieldNow
      for (let i = 0; i < 1_000; i++) yield* registry.bench(`p${i}`)
      yield* TestClock.adjust("2000 hours")
      yield* Fiber.interrupt(fiber)
      // The first 256, which were taken at once, and the latest 256.
      assert.isAtMost(seen.length, 512)
      assert.strictEqual(seen.at(-1), "p999")
    }).pipe(Effect.provide(layerMemory))
  )
})
