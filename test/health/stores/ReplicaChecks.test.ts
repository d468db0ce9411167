/** Health checks of several replicas over one bench: a half-open target is checked once. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { make } from "../../../src/checks/HealthCheck.ts"
import { type BenchRegistry, makeMemory } from "../../../src/health/BenchRegistry.ts"
import * as EngineBench from "../../../src/health/EngineBench.ts"
import { throttle } from "../../support/engine.ts"
import * as Redis from "../../support/redis.ts"
import { becomes, eventually, live, on, replica, together } from "../../support/replicas.ts"
import { fail, target } from "../../support/stores.ts"

const x = target("x", "m")

/** Checks that are made on demand. */
const checks = (check: Effect.Effect<void>) =>
  make({ targets: [x], check: () => check, interval: Number.POSITIVE_INFINITY })

describe.skipIf(!Redis.isInstalled)(
  `health checks of replicas${Redis.isInstalled ? "" : ` (skipped: ${Redis.missing})`}`,
  () => {
    live(
      "send one check to a half-open target, whatever their number, and all know what it proved",
      Effect.gen(function* () {
        const { url } = yield* Redis.make
        const all = yield* Effect.forEach([1, 2, 3, 4, 5], () => replica(url))
        yield* together(...all)
        yield* on(all[0]!, fail(x, throttle("300 millis")))
        for (const one of all) yield* becomes(one, "x/m#k", "half-open")
        const passed = yield* Deferred.make<void>()
        let asked = 0
        const check = Effect.suspend(() => {
          asked++
          return Deferred.await(passed)
        })
        const running = yield* Effect.forEach(all, (one) =>
          Effect.flatMap(on(one, checks(check)), (health) => Effect.forkChild(health.check("x/m#k")))
        )
        yield* eventually(
          Effect.sync(() => running.filter((fiber) => fiber.pollUnsafe() !== undefined).length),
          (ended) => ended === 4
        )
        assert.strictEqual(asked, 1)
        yield* Deferred.succeed(passed, undefined)
        const results = yield* Effect.forEach(running, Fiber.join)
        assert.deepStrictEqual(results.map((checked) => checked?.result).sort(), [
          "benched",
          "benched",
          "benched",
          "benched",
          "passed"
        ])
        for (const one of all) yield* becomes(one, "x/m#k", "free")
      })
    )
  }
)

describe("a health check over a shared bench", () => {
  const halfOpen = (claim: Effect.Effect<boolean>) =>
    Effect.gen(function* () {
      const memory = yield* makeMemory
      const registry: BenchRegistry["Service"] = {
        ...memory,
        [EngineBench.key]: { ...EngineBench.of(memory), claim: () => claim }
      }
      yield* on(registry, fail(x, throttle("300 millis")))
      yield* becomes(registry, "x/m#k", "half-open")
      return registry
    })

  it.live("runs if the bench fails to answer", () =>
    Effect.gen(function* () {
      const registry = yield* halfOpen(Effect.die("broken"))
      const health = yield* on(registry, checks(Effect.void))
      assert.strictEqual((yield* health.check("x/m#k"))?.result, "passed")
    }).pipe(Effect.scoped)
  )

  it.live("releases its probe when it ends before the bench has answered", () =>
    Effect.gen(function* () {
      const registry = yield* halfOpen(Effect.never)
      yield* Effect.scoped(
        Effect.gen(function* () {
          const health = yield* on(registry, checks(Effect.void))
          yield* Effect.forkChild(health.check("x/m#k"))
          yield* becomes(registry, "x/m#k", "probing")
        })
      )
      yield* becomes(registry, "x/m#k", "half-open")
    }).pipe(Effect.scoped)
  )
})
