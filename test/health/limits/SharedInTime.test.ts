/** Limits that are shared over a Redis, in virtual time: how long a request waits for Redis, and how it counts without it. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as RateLimiter from "effect/persistence/RateLimiter"
import * as Redis from "effect/persistence/Redis"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import type { Limiter } from "../../../src/health/Limiter.ts"
import * as SharedLimits from "../../../src/health/limits/SharedLimits.ts"

/** The behaviour of a Redis: to answer after this many milliseconds, to fail at once, or never to answer. */
type Does = number | "fails" | "hangs"

/** A Redis that counts token buckets. Its clock is `ahead` of the test's by so many milliseconds. */
const server = Effect.gen(function* () {
  const memory = yield* Effect.provide(
    RateLimiter.RateLimiterStore,
    Layer.fresh(RateLimiter.layerStoreMemory)
  )
  const redis = { does: 0 as Does, ahead: 0, keys: new Set<string>(), sent: 0, afterTime: () => {} }
  const answering = <A>(answer: Effect.Effect<A>): Effect.Effect<A, Redis.RedisError> =>
    Effect.suspend((): Effect.Effect<A, Redis.RedisError> => {
      const { does } = redis
      redis.sent++
      if (does === "hangs") return Effect.never
      if (does === "fails") return Effect.fail(new Redis.RedisError({ cause: new Error("gone") }))
      return does === 0 ? answer : Effect.delay(answer, does)
    })
  const take = (key: string, _: string, tokens: number, refill: number, limit: number, now: number) => {
    redis.keys.add(key)
    const at = (clock: Clock.Clock): Clock.Clock =>
      Object.assign(Object.create(clock), { currentTimeMillisUnsafe: () => now })
    const options = { key, tokens, refillRate: Duration.millis(refill), limit, allowOverflow: false }
    return Effect.clockWith((clock) =>
      Effect.provideService(memory.tokenBucket(options), Clock.Clock, at(clock))
    )
  }
  const time = Effect.map(Clock.currentTimeMillis, (now) => {
    const millis = now + redis.ahead
    return [String(Math.floor(millis / 1_000)), String((millis % 1_000) * 1_000)]
  })
  const service = {
    send: () => Effect.tap(answering(time), () => Effect.sync(() => redis.afterTime())),
    eval:
      () =>
      (...params: ReadonlyArray<unknown>) =>
        answering(Effect.orDie(Effect.suspend(() => take(...(params as Parameters<typeof take>)))))
  } as unknown as Redis.Redis["Service"]
  /** A replica that is connected to it. */
  const replica = (options?: SharedLimits.Options): Effect.Effect<Limiter, never, Scope.Scope> =>
    Effect.provideService(SharedLimits.make(options), Redis.Redis, service)
  return { redis, replica }
})

const rpm = 6
/** How many of these requests are allowed, and how long they took together. */
const allowed = (limiter: Limiter, times: number) =>
  Effect.gen(function* () {
    const before = yield* Clock.currentTimeMillis
    const fiber = yield* Effect.forkChild(
      Effect.zip(Effect.replicateEffect(limiter.take("a#k", rpm), times), Clock.currentTimeMillis),
      { startImmediately: true }
    )
    for (let i = 0; i < 500 && fiber.pollUnsafe() === undefined; i++) yield* TestClock.adjust(1)
    const [all, after] = yield* Fiber.join(fiber)
    return [all.filter((taken) => taken.allowed).length, after - before]
  })

/** Runs a test and returns what was logged. */
const logged = <E, R>(test: Effect.Effect<void, E, R>) => {
  const lines: Array<string> = []
  const logger = Logger.make<unknown, void>(({ message }) => void lines.push(String(message)))
  return Effect.as(Effect.provide(test, Logger.layer([logger])), lines)
}
const warning = "Redis does not answer: requests per minute are counted by this process alone."

describe("replicas with a Redis", () => {
  it.effect("are refused if a time is invalid", () =>
    Effect.gen(function* () {
      const { replica } = yield* server
      const message = (options: SharedLimits.Options) =>
        Effect.map(Effect.exit(replica(options)), (exit) => String(exit))
      for (const field of ["timeout", "retry", "resync"]) {
        assert.include(
          yield* message({ [field]: -1 }),
          `SharedLimits.make: ${field} is -1; it has to be a length of time`
        )
      }
    })
  )

  it.effect("share what one credential may send, and name the time of the next request", () =>
    Effect.gen(function* () {
      const { redis, replica } = yield* server
      const [a, b] = [yield* replica(), yield* replica()]
      assert.deepStrictEqual(yield* allowed(a, 4), [4, 0])
      assert.deepStrictEqual(yield* allowed(b, 4), [2, 0])
      assert.deepStrictEqual(yield* a.take("a#k", rpm), { allowed: false, wait: 10_000 })
      yield* TestClock.adjust(9_999)
      assert.isFalse((yield* b.take("a#k", rpm)).allowed)
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(yield* b.take("a#k", rpm), { allowed: true, wait: 10_000 })
      assert.deepStrictEqual([...redis.keys], ["{effect-failover}:rpm:a#k"])
      yield* (yield* replica({ prefix: "other" })).take("a#k", rpm)
      assert.isTrue(redis.keys.has("{other}:rpm:a#k"))
    })
  )

  it.effect("agree on the time, whatever the fraction of the second", () =>
    Effect.gen(function* () {
      const { replica } = yield* server
      const a = yield* replica()
      yield* TestClock.adjust(900)
      const b = yield* replica()
      assert.deepStrictEqual(yield* allowed(a, 6), [6, 0])
      yield* TestClock.adjust(9_999)
      assert.isFalse((yield* b.take("a#k", rpm)).allowed)
      yield* TestClock.adjust(1)
      assert.isTrue((yield* b.take("a#k", rpm)).allowed)
    })
  )

  it.effect("count by its clock, also after that was set", () =>
    Effect.gen(function* () {
      const { redis, replica } = yield* server
      redis.ahead = 3_600_123
      const a = yield* replica()
      assert.deepStrictEqual(yield* allowed(a, 8), [6, 0])
      // A replica that starts later reads a clock that has been set 20 seconds ahead, by which two more are allowed.
      redis.ahead += 20_000
      const b = yield* replica()
      assert.deepStrictEqual(yield* allowed(b, 8), [2, 0])
      assert.deepStrictEqual(yield* allowed(a, 1), [0, 0])
      yield* TestClock.adjust("30 seconds")
      // The clocks were compared meanwhile, so both use the same time: three are back.
      assert.deepStrictEqual(yield* allowed(a, 8), [3, 0])
      assert.deepStrictEqual(yield* allowed(b, 8), [0, 0])
    })
  )

  it.effect("keep the time of Redis when a process stands still while it asks for it", () =>
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      let stood = 0
      const late: Clock.Clock = {
        ...clock,
        currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() + stood,
        currentTimeMillis: Effect.sync(() => clock.currentTimeMillisUnsafe() + stood),
        monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe() + BigInt(stood) * 1_000_000n,
        sleep: (duration) => clock.sleep(duration)
      }
      yield* Effect.gen(function* () {
        const { redis, replica } = yield* server
        // The answer arrives, and is read a minute later.
        redis.afterTime = () => {
          stood += 60_000
          redis.afterTime = () => {}
        }
        const a = yield* replica()
        const b = yield* replica()
        // It has measured the clock again, so both replicas count from the start.
        assert.deepStrictEqual(yield* allowed(a, 2), [2, 0])
        assert.deepStrictEqual(yield* allowed(b, 8), [4, 0])
        yield* TestClock.adjust("10 seconds")
        assert.isTrue((yield* a.take("a#k", rpm)).allowed)
      }).pipe(Effect.provideService(Clock.Clock, late))
    })
  )

  it.effect("compare their clocks every half a minute, and allow for the time of the messages", () =>
    Effect.gen(function* () {
      const { redis, replica } = yield* server
      redis.does = 40
      const a = yield* replica()
      yield* TestClock.adjust(40)
      assert.strictEqual(redis.sent, 1)
      yield* TestClock.adjust("29 seconds")
      assert.strictEqual(redis.sent, 1)
      yield* TestClock.adjust("1 second")
      assert.strictEqual(redis.sent, 2)
      yield* TestClock.adjust(40)
      assert.deepStrictEqual(yield* allowed(a, 2), [2, 80])
    })
  )
})

describe("a replica whose Redis does not answer", () => {
  it.effect("waits a tenth of a second once, and counts alone from then on, with what it has sent", () =>
    Effect.gen(function* () {
      const { redis, replica } = yield* server
      const a = yield* replica()
      assert.deepStrictEqual(yield* allowed(a, 4), [4, 0])
      redis.does = "hangs"
      assert.deepStrictEqual(yield* allowed(a, 1), [1, 101])
      assert.deepStrictEqual(yield* allowed(a, 4), [1, 0])
    }).pipe(Effect.provide(Logger.layer([])))
  )

  it.effect("takes an answer that comes just in time, and does not wait where Redis fails at once", () =>
    Effect.gen(function* () {
      const { redis, replica } = yield* server
      const a = yield* replica()
      redis.does = 100
      assert.deepStrictEqual(yield* allowed(a, 1), [1, 100])
      assert.deepStrictEqual(yield* allowed(a, 1), [1, 100])
      redis.does = "fails"
      assert.deepStrictEqual(yield* allowed(a, 8), [4, 0])
    }).pipe(Effect.provide(Logger.layer([])))
  )

  it.effect("shares the limit again a quarter of a second after it is back", () =>
    Effect.gen(function* () {
      const { redis, replica } = yield* server
      redis.does = "fails"
      const [a, b] = [yield* replica(), yield* replica()]
      assert.deepStrictEqual(
        [yield* allowed(a, 1), yield* allowed(b, 1)],
        [
          [1, 0],
          [1, 0]
        ]
      )
      redis.does = 0
      yield* TestClock.adjust(249)
      yield* allowed(a, 1)
      assert.strictEqual(redis.keys.size, 0)
      yield* TestClock.adjust(1)
      assert.deepStrictEqual(
        [yield* allowed(a, 4), yield* allowed(b, 4)],
        [
          [4, 0],
          [2, 0]
        ]
      )
      assert.strictEqual(redis.keys.size, 1)
    }).pipe(Effect.provide(Logger.layer([])))
  )

  it.effect("tries it again while requests are counted alone, not before a pause", () =>
    Effect.gen(function* () {
      const { redis, replica } = yield* server
      const a = yield* replica({ retry: "1 second", timeout: "10 millis" })
      redis.does = "hangs"
      assert.deepStrictEqual(yield* allowed(a, 1), [1, 11])
      const { sent } = redis
      yield* TestClock.adjust(999)
      assert.strictEqual(redis.sent, sent)
      redis.does = 0
      yield* TestClock.adjust(1)
      assert.strictEqual(redis.sent, sent + 1)
      yield* allowed(a, 1)
      assert.strictEqual(redis.keys.size, 1)
    }).pipe(Effect.provide(Logger.layer([])))
  )

  it.effect("logs it once, and after a minute again", () =>
    Effect.gen(function* () {
      const { redis, replica } = yield* server
      const lines = yield* logged(
        Effect.gen(function* () {
          const a = yield* replica()
          const goes = Effect.gen(function* () {
            redis.does = "fails"
            yield* allowed(a, 1)
            redis.does = 0
            yield* TestClock.adjust("1 second")
          })
          yield* goes
          yield* goes
          yield* TestClock.adjust("58 seconds")
          yield* goes
        })
      )
      assert.deepStrictEqual(lines, [warning, warning])
    })
  )

  it.effect("log nothing for a Redis that was never reachable, and stop with their scope", () =>
    Effect.gen(function* () {
      const { redis, replica } = yield* server
      redis.does = "hangs"
      const lines = yield* logged(
        Effect.asVoid(Effect.scoped(Effect.andThen(replica(), TestClock.adjust("1 second"))))
      )
      assert.deepStrictEqual(lines, [])
      const { sent } = redis
      assert.isAbove(sent, 2)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(redis.sent, sent)
    })
  )
})
