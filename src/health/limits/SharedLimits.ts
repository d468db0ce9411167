/**
 * Credentials' own limits, shared by all replicas of a service over Redis: together they stay within the requests per
 * minute of a credential.
 *
 * They are counted by effect's `RateLimiter` with its store in Redis, by the clock of Redis: those of the replicas need
 * not agree. A request waits for the word of Redis for at most 100 ms. When Redis fails or is slow, each process counts
 * for itself, beginning with what it has sent itself, and nobody waits again until Redis has answered in the background;
 * until then the replicas may send more than the limit together, each of them no more than the limit.
 */
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as RateLimiter from "effect/persistence/RateLimiter"
import * as Redis from "effect/persistence/Redis"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as MonotonicClock from "../../time/MonotonicClock.ts"
import * as Checks from "../../util/Checks.ts"
import { type Limiter, memory, type Taken } from "../Limiter.ts"
import * as Bucket from "./Bucket.ts"

/** How replicas share their limits. */
export interface Options {
  /** What all keys in Redis begin with; replicas with the same prefix share the limits. Default `effect-failover`. */
  readonly prefix?: string | undefined
  /** How long a request may wait for the word of Redis, before it is counted here. Default 100 ms. */
  readonly timeout?: Duration.Input | undefined
  /** How long to wait before Redis is tried again, in the background. Default 250 ms. */
  readonly retry?: Duration.Input | undefined
  /** How often the clocks are compared, while Redis answers. Default 30 s. */
  readonly resync?: Duration.Input | undefined
}

/** That Redis does not answer is logged this often at most, in milliseconds. */
const quiet = 60_000

/**
 * A limiter over the `Redis` of the context, for `Failover.layer({ limiter })`. It is there at once, whether Redis
 * answers or not.
 *
 * @example
 * import { NodeRedis } from "@effect/platform-node"
 * import { Failover } from "effect-failover"
 * import { SharedLimits } from "effect-failover/limits"
 * import { Effect, Layer } from "effect"
 *
 * Layer.unwrap(Effect.map(SharedLimits.make(), (limiter) => Failover.layer({ limiter }))).pipe(
 *   Layer.provide(NodeRedis.layer({ url: "redis://127.0.0.1:6379" }))
 * )
 */
export const make = Effect.fnUntraced(function* (
  options: Options = {}
): Effect.fn.Return<Limiter, never, Redis.Redis | Scope.Scope> {
  Checks.fields("SharedLimits.make", options, {
    timeout: Checks.duration,
    retry: Checks.duration,
    resync: Checks.duration
  })
  const redis = yield* Redis.Redis
  const late = Effect.sleep(options.timeout ?? "100 millis").pipe(
    // A process that was busy may have the answer lying there: it is read before the time is held to be up.
    Effect.andThen(Effect.sleep(1)),
    Effect.andThen(Effect.fail("late"))
  )
  const resync = options.resync ?? "30 seconds"
  const store = yield* RateLimiter.makeStoreRedis({ prefix: `{${options.prefix ?? "effect-failover"}}:rpm:` })
  const shared = yield* Effect.provideService(RateLimiter.make, RateLimiter.RateLimiterStore, store)
  const own = memory()
  const lost = yield* Queue.sliding<void>(1)
  /** The clock of Redis, while it answers. */
  let clock: Clock.Clock | undefined
  let toldAt = Number.NEGATIVE_INFINITY

  const lose = Effect.flatMap(MonotonicClock.currentTimeMillis, (now) => {
    if (clock === undefined) return Effect.void
    clock = undefined
    Queue.offerUnsafe(lost, undefined)
    if (now - toldAt < quiet) return Effect.void
    toldAt = now
    return Effect.logWarning("Redis does not answer: requests per minute are counted by this process alone.")
  })

  const pause = Effect.sleep(options.retry ?? "250 millis")
  const turn = redisClock(redis).pipe(
    Effect.raceFirst(late),
    Effect.matchCauseEffect({
      onSuccess: (found) => {
        clock = found
        return Effect.flatMap(Effect.timeoutOption(Queue.take(lost), resync), (news) =>
          Option.isSome(news) ? pause : Effect.void
        )
      },
      onFailure: () => Effect.andThen(lose, pause)
    })
  )
  yield* Effect.forkScoped(Effect.forever(turn), { startImmediately: true })

  return {
    take: (credential, rpm) =>
      Effect.suspend(() => {
        const alone = own.take(credential, rpm)
        if (clock === undefined) return alone
        const together = Effect.provideService(Bucket.take(shared, credential, rpm), Clock.Clock, clock)
        return Effect.matchCauseEffect(Effect.raceFirst(together, late), {
          onFailure: () => Effect.andThen(lose, alone),
          // What is sent is counted here, too, should Redis be gone with the next request.
          onSuccess: (taken): Effect.Effect<Taken> =>
            taken.allowed ? Effect.as(alone, taken) : Effect.succeed(taken)
        })
      })
  }
})

/** This process's clock, set by that of Redis. */
const redisClock = Effect.fnUntraced(function* (redis: Redis.Redis["Service"]) {
  const clock = MonotonicClock.clockOf(yield* Clock.Clock)
  const before = clock.currentTimeMillisUnsafe()
  const [seconds, micros] = yield* redis.send<readonly [string, string]>("TIME")
  const middle = (before + clock.currentTimeMillisUnsafe()) / 2
  return behind(clock, Math.round(middle - Number(seconds) * 1_000 - Number(micros) / 1_000))
})

const behind = (clock: Clock.Clock, millis: number): Clock.Clock => {
  const currentTimeMillisUnsafe = () => clock.currentTimeMillisUnsafe() - millis
  const currentTimeNanosUnsafe = () => clock.currentTimeNanosUnsafe() - BigInt(millis) * 1_000_000n
  return {
    currentTimeMillisUnsafe,
    currentTimeMillis: Effect.sync(currentTimeMillisUnsafe),
    currentTimeNanosUnsafe,
    currentTimeNanos: Effect.sync(currentTimeNanosUnsafe),
    monotonicTimeNanosUnsafe: () => clock.monotonicTimeNanosUnsafe(),
    monotonicTimeNanos: clock.monotonicTimeNanos,
    sleep: (duration) => clock.sleep(duration)
  }
}
