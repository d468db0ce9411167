/** A probe needs the permission of a shared bench: one process probes, and the others skip the target. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type * as Bench from "../../src/health/Bench.ts"
import { BenchRegistry, makeMemory } from "../../src/health/BenchRegistry.ts"
import * as EngineBench from "../../src/health/EngineBench.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { calls, fault, play, throttle } from "../support/engine.ts"

/** A bench in memory that requests permission before each probe. A refused slot is released. */
const asking = (word: (probe: Bench.Probe) => Effect.Effect<boolean>) =>
  Layer.effect(
    BenchRegistry,
    Effect.map(makeMemory, (registry) => ({
      ...registry,
      [EngineBench.key]: {
        ...EngineBench.of(registry),
        claim: (probe: Bench.Probe) =>
          Effect.flatMap(word(probe), (isOurs) =>
            Effect.map(Clock.currentTimeMillis, (now) => {
              if (!isOurs) EngineBench.of(registry).releaseUnsafe(probe, now)
              return isOurs
            })
          )
      }
    }))
  )

const world = (word: (probe: Bench.Probe) => Effect.Effect<boolean>) =>
  Effect.provide(Layer.provideMerge(Failover.layerNoDeps(), asking(word)), { local: true })

/** `a` was benched for five seconds and is half-open. */
const halfOpen = Effect.fnUntraced(function* (policy = {}) {
  const a = Scripted.make("a", [[throttle("5 seconds")], ["back"]])
  const b = Scripted.make("b", [["other"]])
  const chain = Chain.withPolicy(Chain.make(Model.make(a, "m"), Model.make(b, "m")), policy)
  yield* Failover.complete(chain, "before")
  yield* TestClock.adjust("5 seconds")
  return { chain, calls: () => calls(a, b).slice(2) }
})

const statuses = Effect.flatMap(BenchRegistry, (registry) =>
  Effect.map(registry.list, (list) => list.map((info) => info.status))
)

describe("a shared bench", () => {
  it.effect("is called only before a probe, and the probe is sent when it returns true", () => {
    let asked = 0
    return Effect.gen(function* () {
      const { calls, chain } = yield* halfOpen()
      assert.strictEqual(asked, 0)
      const { took, value } = yield* play(Failover.complete(chain, "q"))
      assert.strictEqual(value, "back")
      assert.strictEqual(took, 40, "it has waited for the word")
      assert.deepStrictEqual(calls(), ["5040 a/m"])
      yield* Failover.complete(chain, "q")
      assert.strictEqual(asked, 1)
    }).pipe(
      world(() =>
        Effect.as(
          Effect.delay(
            Effect.sync(() => asked++),
            "40 millis"
          ),
          true
        )
      )
    )
  })

  it.effect("sends its callers on while another process probes", () =>
    Effect.gen(function* () {
      const { calls, chain } = yield* halfOpen()
      const { value } = yield* play(Failover.complete(chain, "q"))
      assert.strictEqual(value, "other")
      assert.deepStrictEqual(calls(), ["5000 b/m"])
      assert.deepStrictEqual(yield* statuses, ["half-open"])
    }).pipe(world(() => Effect.succeed(false)))
  )

  it.effect("that fails blocks no request", () =>
    Effect.gen(function* () {
      const { calls, chain } = yield* halfOpen()
      const { value } = yield* play(Failover.complete(chain, "q"))
      assert.strictEqual(value, "back")
      assert.deepStrictEqual(calls(), ["5000 a/m"])
    }).pipe(world(() => Effect.die(new Error("the connection is gone"))))
  )

  it.effect("that never answers costs no more than the request's time, and the slot is free again", () =>
    Effect.gen(function* () {
      const { calls, chain } = yield* halfOpen({ deadline: "30 seconds" })
      const { error, took } = yield* play(Failover.complete(chain, "q"))
      assert.strictEqual(error?._tag, "DeadlineExceeded")
      assert.strictEqual(took, 30_000)
      assert.deepStrictEqual(calls(), [])
      assert.deepStrictEqual(yield* statuses, ["half-open"])
    }).pipe(world(() => Effect.never))
  )

  it.effect("gets the slot back of a caller that disconnects during the claim", () =>
    Effect.gen(function* () {
      const { calls, chain } = yield* halfOpen()
      const fiber = yield* Effect.forkChild(Failover.complete(chain, "q"), { startImmediately: true })
      assert.deepStrictEqual(yield* statuses, ["probing"])
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual(yield* statuses, ["half-open"])
      assert.deepStrictEqual(calls(), [])
    }).pipe(world(() => Effect.never))
  )

  it.effect("sends a retry to the rule's next target when another process probes by then", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[fault()], ["never asked"]], {
        credentials: [Credential.make("one"), Credential.make("two")]
      })
      const b = Scripted.make("b", [["other"]])
      const chain = Chain.withPolicy(Chain.make(Model.make(a, "m"), Model.make(b, "m")), {
        rules: { Overloaded: { retry: Schedule.spaced("10 seconds"), next: "model" } }
      })
      const running = yield* Effect.forkChild(play(Failover.complete(chain, "q")), { startImmediately: true })
      // Meanwhile another request is throttled by the same target.
      const other = Scripted.make("a", [[throttle("5 seconds")]], { credentials: [Credential.make("one")] })
      yield* Effect.flip(Failover.complete(Chain.make(Model.make(other, "m")), "q"))
      assert.strictEqual((yield* Fiber.join(running)).value, "other")
      assert.deepStrictEqual(calls(a, b), ["0 a/m#one", "10000 b/m"])
    }).pipe(world(() => Effect.succeed(false)))
  )

  it.effect("makes a retry without another target wait while another process probes", () => {
    let asked = 0
    return Effect.gen(function* () {
      const a = Scripted.make("a", [[fault()], ["back"]])
      const chain = Chain.withPolicy(Chain.make(Model.make(a, "m")), {
        rules: { Overloaded: { retry: Schedule.spaced("10 seconds") } }
      })
      const running = yield* Effect.forkChild(play(Failover.complete(chain, "q")), { startImmediately: true })
      const other = Scripted.make("a", [[throttle("5 seconds")]])
      yield* Effect.flip(Failover.complete(Chain.make(Model.make(other, "m")), "q"))
      assert.strictEqual((yield* Fiber.join(running)).value, "back")
      assert.deepStrictEqual(calls(a).length, 2)
    }).pipe(world(() => Effect.sync(() => ++asked > 1)))
  })

  for (const whenAllBenched of ["tryAnyway", "wait"] as const) {
    it.effect(
      `lets a request with nowhere else to go wait while another process probes (${whenAllBenched})`,
      () => {
        let asked = 0
        return Effect.gen(function* () {
          const a = Scripted.make("a", [[throttle("5 seconds")], ["back"]])
          const chain = Chain.make(Model.make(a, "m"))
          yield* Effect.exit(Failover.complete(chain, "before", { whenAllBenched: "fail" }))
          yield* TestClock.adjust("5 seconds")
          const { took, value } = yield* play(Failover.complete(chain, "q", { whenAllBenched }))
          assert.strictEqual(value, "back")
          assert.isAtMost(took, 1_500)
          assert.isAtMost(asked, 6)
        }).pipe(world(() => Effect.sync(() => ++asked > 4)))
      }
    )
  }

  it.effect("ends it at once with whenAllBenched: fail", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[throttle("5 seconds")], ["back"]])
      const chain = Chain.make(Model.make(a, "m"))
      yield* Effect.exit(Failover.complete(chain, "before", { whenAllBenched: "fail" }))
      yield* TestClock.adjust("5 seconds")
      const { error, took } = yield* play(Failover.complete(chain, "q", { whenAllBenched: "fail" }))
      assert.strictEqual(error?._tag, "AllBenched")
      assert.strictEqual(took, 0)
    }).pipe(world(() => Effect.succeed(false)))
  )

  it.effect("is not a call of a request that had its turn while another process probed", () => {
    let probing = true
    return Effect.gen(function* () {
      const a = Scripted.make("a", [[throttle("5 seconds")], ["back"]])
      const b = Scripted.make("b", [["other"], [{ wait: "6 seconds" }, fault("Timeout")]])
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      yield* Failover.complete(chain, "before")
      // The first cooldown ends while `b` fails; then another process probes for a while.
      yield* Effect.forkChild(
        Effect.delay(
          Effect.sync(() => (probing = false)),
          "7 seconds"
        )
      )
      const { failed, value } = (yield* play(Failover.answer(chain, "q", { attempts: 1 }))).value ?? {}
      assert.strictEqual(value, "back")
      assert.lengthOf(failed ?? [], 1)
      assert.lengthOf(a.calls, 2)
    }).pipe(world(() => Effect.sync(() => !probing)))
  })

  it.effect("does not keep a request from benched targets while another process probes", () => {
    let asked = 0
    return Effect.gen(function* () {
      const a = Scripted.make("a", [[throttle("5 seconds")], ["back"]])
      const b = Scripted.make("b", [["other"], [fault("Timeout")], ["other"]])
      const [first, second] = [Model.make(a, "m"), Model.make(b, "m")]
      const chain = Chain.make(first, second)
      yield* Failover.complete(chain, "before")
      yield* TestClock.adjust("5 seconds")
      yield* Effect.exit(Failover.complete(Chain.make(second), "before", { whenAllBenched: "fail" }))
      const { took, value } = yield* play(Failover.complete(chain, "q"))
      assert.strictEqual(value, "other")
      assert.isAtMost(took, 20)
      assert.strictEqual(asked, 1)
    }).pipe(world(() => Effect.sync(() => ++asked > 1_000)))
  })

  it.effect("adds no target to a request that may call no other one", () => {
    let asked = 0
    return Effect.gen(function* () {
      const a = Scripted.make("a", [[throttle("5 seconds")], ["back"]])
      const b = Scripted.make("b", [["other"], [throttle("1 minute")]])
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      yield* Failover.complete(chain, "before")
      yield* TestClock.adjust("5 seconds")
      const one = Chain.withPolicy(chain, { targets: 1 })
      const { error, value } = yield* play(Failover.complete(one, "q"))
      assert.strictEqual(value, undefined)
      assert.strictEqual(error?._tag, "ChainExhausted")
      assert.deepStrictEqual(calls(a, b).slice(2), ["5000 b/m"])
    }).pipe(world(() => Effect.sync(() => ++asked > 1)))
  })

  it.effect("adds no attempt to a target that was called after another process probed it", () => {
    let asked = 0
    return Effect.gen(function* () {
      const a = Scripted.make("a", [[throttle("5 seconds")], [throttle("4 seconds")], ["back"]])
      const b = Scripted.make("b", [["other"], [throttle("5100 millis")], [throttle("1 minute")]])
      const [first, second] = [Model.make(a, "m"), Model.make(b, "m")]
      const chain = Chain.make(first, second)
      yield* Failover.complete(chain, "before")
      yield* Effect.exit(Failover.complete(Chain.make(second), "before", { whenAllBenched: "fail" }))
      yield* TestClock.adjust("5 seconds")
      const call = { whenAllBenched: "wait", attempts: 1 } as const
      const { error } = yield* play(Failover.complete(chain, "q", call))
      assert.strictEqual(error?._tag, "ChainExhausted")
      assert.deepStrictEqual(calls(a, b).slice(3), ["5100 a/m", "5100 b/m"])
    }).pipe(world(() => Effect.sync(() => ++asked > 1)))
  })
})
