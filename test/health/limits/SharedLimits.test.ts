/** Limits that are shared over a real Redis, which is also paused, killed and restarted empty. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Logger from "effect/Logger"
import * as RedisService from "effect/persistence/Redis"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { Limiter } from "../../../src/health/Limiter.ts"
import * as SharedLimits from "../../../src/health/limits/SharedLimits.ts"
import * as CurrentRedis from "../../../src/health/stores/CurrentRedis.ts"
import { connect } from "../../../src/health/stores/NodeConnection.ts"
import * as Redis from "../../support/redis.ts"

/** One replica: a connection that is opened again when it is lost, and the limiter over it. */
const replica = Effect.fnUntraced(function* (url: string, options?: SharedLimits.Options) {
  const current = CurrentRedis.make(connect(Redacted.make(url)))
  const session = Effect.scoped(
    Effect.flatMap(current.connect, (redis) => Effect.forever(Effect.andThen(redis.send("PING"), pause)))
  )
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(Effect.ignoreCause(session), pause)))
  return yield* Effect.provideService(
    // These tests are not about how long a request waits, except where they say so: a busy machine has enough time.
    SharedLimits.make({ retry: "20 millis", timeout: "20 seconds", ...options }),
    RedisService.Redis,
    current.redis
  )
})

const pause = Effect.sleep("20 millis")

/** How many of these requests are allowed. The limiters take turns. */
const allowed = (limiters: ReadonlyArray<Limiter>, key: string, rpm: number, times: number) =>
  Effect.map(
    Effect.forEach(Array.from({ length: times }), (_, index) =>
      limiters[index % limiters.length]!.take(key, rpm)
    ),
    (all) => all.filter((taken) => taken.allowed).length
  )

/** The number of attempts of all calls. The limiter's own count would refuse a key that was used before, as if it were shared. */
let tries = 0

/** Waits until two limiters share their counts. Each attempt uses a new key. */
const together = Effect.fnUntraced(function* (a: Limiter, b: Limiter) {
  yield* Effect.suspend(() => allowed([a, b], `try#${tries++}`, 1, 2)).pipe(
    Effect.filterOrFail((count) => count === 1),
    Effect.retry(Schedule.spaced("20 millis").pipe(Schedule.upTo({ duration: "30 seconds" }))),
    Effect.orDie
  )
})

/** How long an effect takes, in milliseconds. */
const timed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.map(Effect.timed(effect), ([duration, value]) => [Duration.toMillis(duration), value] as const)

const pair = (url: string, options?: SharedLimits.Options) =>
  Effect.gen(function* () {
    const a = yield* replica(url, options)
    const b = yield* replica(url, options)
    yield* together(a, b)
    return [a, b] as const
  })

const live = (name: string, test: Effect.Effect<void, unknown, Scope.Scope>) =>
  it.live(name, () => test.pipe(Effect.scoped, Effect.provide(Logger.layer([]))))

describe.skipIf(!Redis.isInstalled)(
  `limits shared over Redis${Redis.isInstalled ? "" : ` (skipped: ${Redis.missing})`}`,
  () => {
    live(
      "all replicas together send no more than the requests per minute of a credential",
      Effect.gen(function* () {
        const [a, b] = yield* pair((yield* Redis.make).url)
        assert.strictEqual(yield* allowed([a, b], "x#k", 7, 20), 7)
        const { allowed: more, wait } = yield* b.take("x#k", 7)
        assert.isFalse(more)
        assert.isTrue(wait > 6_000 && wait <= 8_572, `${wait}`)
        assert.strictEqual(yield* allowed([b, a], "y#k", 3, 6), 3, "each credential has its own")
      })
    )

    live(
      "of a crowd at once, over two replicas, as many are let through as are allowed",
      Effect.gen(function* () {
        const [a, b] = yield* pair((yield* Redis.make).url)
        const all = yield* Effect.forEach(
          Array.from({ length: 400 }),
          (_, index) => (index % 2 === 0 ? a : b).take("x#k", 100),
          { concurrency: "unbounded" }
        )
        const count = all.filter((taken) => taken.allowed).length
        assert.isTrue(count >= 100 && count <= 102, `${count}: one comes back every 600 ms`)
      })
    )

    live(
      "what is allowed comes back with time, and when it was said",
      Effect.gen(function* () {
        const [a, b] = yield* pair((yield* Redis.make).url)
        const rpm = 300
        let wait = 0
        while (wait === 0) wait = (yield* a.take("x#k", rpm)).wait
        assert.isAtMost(wait, 200)
        while ((yield* b.take("x#k", rpm)).allowed);
        const refused = yield* b.take("x#k", rpm)
        yield* Effect.sleep(refused.wait)
        // Each of them has measured the clock of Redis by itself, on a busy machine to some tens of milliseconds.
        let allowed = false
        for (let tries = 0; tries < 20 && !allowed; tries++) {
          allowed = (yield* a.take("x#k", rpm)).allowed
          if (!allowed) yield* Effect.sleep(5)
        }
        assert.isTrue(allowed, "half a token's time later it is still refused")
      })
    )

    live(
      "replicas whose clocks are an hour apart share them all the same",
      Effect.gen(function* () {
        const { url } = yield* Redis.make
        const clock = yield* Clock.Clock
        const early: Clock.Clock = Object.assign(Object.create(clock), {
          currentTimeMillisUnsafe: () => clock.currentTimeMillisUnsafe() - 3_600_000
        })
        const a = yield* replica(url)
        const b = yield* Effect.provideService(replica(url), Clock.Clock, early)
        yield* together(a, b)
        assert.strictEqual(yield* allowed([a, b], "x#k", 6, 20), 6)
        assert.strictEqual(yield* allowed([b, a], "y#k", 6, 20), 6)
        const { wait } = yield* b.take("y#k", 6)
        assert.isTrue(wait > 8_000 && wait <= 10_000, `${wait}`)
      })
    )

    live(
      "prefixes keep services apart",
      Effect.gen(function* () {
        const { url } = yield* Redis.make
        const [a] = yield* pair(url)
        const [other] = yield* pair(url, { prefix: "other" })
        assert.strictEqual(yield* allowed([a], "x#k", 3, 5), 3)
        assert.strictEqual(yield* allowed([other], "x#k", 3, 5), 3)
      })
    )

    live(
      "a Redis that hangs delays requests by at most the timeout, and later ones not at all",
      Effect.gen(function* () {
        const redis = yield* Redis.make
        const [a, b] = yield* pair(redis.url, { timeout: "100 millis" })
        assert.strictEqual(yield* allowed([a], "x#k", 5, 2), 2)
        yield* redis.pause
        const [first, crowd] = yield* timed(
          Effect.forEach(Array.from({ length: 50 }), () => a.take("x#k", 5), { concurrency: "unbounded" })
        )
        assert.isTrue(first >= 95 && first < 1_000, `${first} ms`)
        assert.strictEqual(
          crowd.filter((taken) => taken.allowed).length,
          3,
          "what it has sent itself is still counted"
        )
        const [later, alone] = yield* timed(allowed([a], "y#k", 5, 100))
        assert.isBelow(later, 95)
        assert.strictEqual(alone, 5)
        yield* redis.resume
        yield* together(a, b)
      })
    )

    live(
      "each process counts for itself while Redis is gone, and together again when it is back",
      Effect.gen(function* () {
        const redis = yield* Redis.make
        const [a, b] = yield* pair(redis.url)
        yield* redis.kill
        yield* allowed([a, b], "x#k", 1, 2)
        assert.strictEqual(yield* allowed([a, b], "y#k", 3, 20), 6)
        yield* redis.restart
        yield* together(a, b)
        assert.strictEqual(yield* allowed([a, b], "z#k", 3, 20), 3)
      })
    )

    live(
      "a limiter is there before its Redis",
      Effect.gen(function* () {
        const redis = yield* Redis.make
        yield* redis.kill
        const [a, b] = [yield* replica(redis.url), yield* replica(redis.url)]
        assert.strictEqual(yield* allowed([a], "x#k", 3, 20), 3)
        yield* redis.restart
        yield* together(a, b)
      })
    )
  }
)
