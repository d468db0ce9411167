/** The contract of every limiter, wherever it counts. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as RateLimiter from "effect/persistence/RateLimiter"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { RateLimits } from "../../../src/health/limits/index.ts"
import { Chain, Credential, Failover, Limiter, Model } from "../../../src/index.ts"
import { Scripted } from "../../../src/testing/index.ts"

const limiters = {
  "Limiter.memory": Effect.sync(() => Limiter.memory()),
  "RateLimits over its memory": Effect.provide(RateLimits.make(), Layer.fresh(RateLimits.layerMemory))
}

const Rpm = Schema.Literals([1, 7, 40, 60, 1_000])
/** Milliseconds between two requests of a crowd. */
const Gaps = Schema.NonEmptyArray(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 5_000 })))

for (const [name, make] of Object.entries(limiters)) {
  describe(name, () => {
    it.effect.prop(
      "never allows for more in any window than its rpm at once and one every 60 s / rpm besides",
      [Rpm, Gaps],
      ([rpm, gaps]) =>
        Effect.gen(function* () {
          const limiter = yield* make
          const allowedAt: Array<number> = []
          for (let i = 0; i < 150; i++) {
            yield* TestClock.adjust(gaps[i % gaps.length]!)
            if ((yield* limiter.take("a#k", rpm)).allowed) allowedAt.push(yield* Clock.currentTimeMillis)
          }
          const each = 60_000 / rpm
          const tooMany = allowedAt.flatMap((from, first) =>
            allowedAt.slice(first).filter((to, more) => more + 1 > rpm + Math.ceil((to - from + 1) / each))
          )
          assert.deepStrictEqual(tooMany, [])
        }),
      { arbitrary: { runs: 25 } }
    )

    it.effect.prop(
      "gives the time of the next one: not before, and then it is allowed",
      [Rpm, Gaps],
      ([rpm, gaps]) =>
        Effect.gen(function* () {
          const limiter = yield* make
          let waits = 0
          for (let i = 0; i < 100; i++) {
            if (i > 2 * rpm) yield* TestClock.adjust(gaps[i % gaps.length]!)
            const { wait } = yield* limiter.take("a#k", rpm)
            if (wait === 0) continue
            waits++
            if (wait > 1) {
              yield* TestClock.adjust(wait - 1)
              assert.isFalse((yield* limiter.take("a#k", rpm)).allowed, "a moment too early")
              yield* TestClock.adjust(1)
            } else yield* TestClock.adjust(wait)
            assert.isTrue((yield* limiter.take("a#k", rpm)).allowed, "as it was said")
          }
          if (rpm < 60) assert.isAbove(waits, 0)
        }),
      { arbitrary: { runs: 25 } }
    )

    it.effect("refills with time, up to one minute's worth", () =>
      Effect.gen(function* () {
        const limiter = yield* make
        const burst = Effect.map(
          Effect.replicateEffect(limiter.take("a#k", 60), 200),
          (all) => all.filter(({ allowed }) => allowed).length
        )
        assert.strictEqual(yield* burst, 60)
        yield* TestClock.adjust("20 seconds")
        assert.strictEqual(yield* burst, 20)
        yield* TestClock.adjust("3 hours")
        assert.strictEqual(yield* burst, 60)
      })
    )

    it.effect("says with the last one that is allowed when the next one may be sent", () =>
      Effect.gen(function* () {
        const limiter = yield* make
        assert.deepStrictEqual(yield* limiter.take("a#k", 2), { allowed: true, wait: 0 })
        assert.deepStrictEqual(yield* limiter.take("a#k", 2), { allowed: true, wait: 30_000 })
        assert.deepStrictEqual(yield* limiter.take("a#k", 2), { allowed: false, wait: 30_000 })
      })
    )

    it.effect("counts each credential separately", () =>
      Effect.gen(function* () {
        const limiter = yield* make
        assert.isTrue((yield* limiter.take("a#k", 1)).allowed)
        assert.isFalse((yield* limiter.take("a#k", 1)).allowed)
        assert.isTrue((yield* limiter.take("b#k", 1)).allowed)
      })
    )

    it.effect("handles 3,000 concurrent requests, each counted once", () =>
      Effect.gen(function* () {
        const failover = yield* Failover.make({ limiter: yield* make })
        const primary = Scripted.make("primary", [[{ wait: 5 }, "primary"]], {
          credentials: [Credential.make("one", { rpm: 500 }), Credential.make("two", { rpm: 700 })]
        })
        const backup = Scripted.make("backup", [[{ wait: 5 }, "backup"]])
        const chain = Chain.make(Model.make(primary, "m"), Model.make(backup, "m"))
        const fibers = yield* Effect.forEach(Array.from({ length: 3_000 }), () =>
          Effect.forkChild(failover.complete(chain, "q"), { startImmediately: true })
        )
        yield* TestClock.adjust(5)
        const answers = yield* Effect.forEach(fibers, Fiber.join)
        assert.strictEqual(answers.filter((answer) => answer === "primary").length, 1_200)
        assert.lengthOf(primary.calls, 1_200)
        assert.lengthOf(backup.calls, 1_800)
      }).pipe(Effect.provide(Failover.layer()))
    )
  })
}

describe("RateLimits over an external store", () => {
  const over = (store: Partial<RateLimiter.RateLimiterStore["Service"]>) =>
    RateLimits.make().pipe(
      Effect.provide(RateLimiter.layer),
      Effect.provideServiceEffect(
        RateLimiter.RateLimiterStore,
        Effect.map(
          Effect.provide(RateLimiter.RateLimiterStore, Layer.fresh(RateLimiter.layerStoreMemory)),
          (memory) => ({ ...memory, ...store })
        )
      )
    )

  it.effect("lets a request through when the store fails", () =>
    Effect.gen(function* () {
      const reason = new RateLimiter.RateLimitStoreError({ message: "gone", cause: new Error("gone") })
      const limiter = yield* over({
        tokenBucket: () => Effect.fail(new RateLimiter.RateLimiterError({ reason }))
      })
      const lines: Array<string> = []
      const logger = Logger.make<unknown, void>(({ message }) => void lines.push(String(message)))
      const taken = yield* Effect.provide(limiter.take("a#k", 1), Logger.layer([logger]))
      assert.deepStrictEqual(taken, { allowed: true, wait: 0 })
      assert.deepStrictEqual(lines, ["the store of the rate limits fails"])
    })
  )

  it.effect("does not wait for a store that does not answer", () =>
    Effect.gen(function* () {
      const limiter = yield* over({ tokenBucket: () => Effect.never })
      const fiber = yield* Effect.forkChild(limiter.take("a#k", 1))
      yield* TestClock.adjust(250)
      assert.deepStrictEqual(yield* Fiber.join(fiber), { allowed: true, wait: 0 })
    })
  )
})
