/**
 * Rate limits of credentials, shared by all replicas of a service over Redis: together they stay within the requests
 * per minute of a credential.
 *
 * Effect's `RateLimiter` counts in Redis, by the clock of Redis, so the clocks of the replicas need not agree. A
 * request waits for Redis for at most 100 ms. If Redis fails or is slow, each process counts alone, starting with
 * what it has sent itself, and no request waits again until Redis has answered in the background; until then the
 * replicas together may exceed the limit, but none of them alone.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as RateLimiter from "effect/persistence/RateLimiter"
import * as Redis from "effect/persistence/Redis"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as MonotonicClock from "../../time/MonotonicClock.ts"
import * as Checks from "../../util/Checks.ts"
import { type Limiter, memory, type Taken } from "../Limiter.ts"
import * as RedisProblem from "../stores/RedisProblem.ts"
import * as Bucket from "./Bucket.ts"

/** How replicas share their limits. */
export interface Options {
  /** The prefix of all keys in Redis; replicas with the same prefix share the limits. Default `effect-failover`. */
  readonly prefix?: string | undefined
  /** How long a request waits for Redis before it is counted locally. Default 100 ms. */
  readonly timeout?: Duration.Input | undefined
  /** The delay before Redis is tried again, in the background. Default 250 ms. */
  readonly retry?: Duration.Input | undefined
  /** How often the clocks are compared while Redis answers. Default 30 s. */
  readonly resync?: Duration.Input | undefined
}

/** The shortest interval between two warnings that Redis does not answer, in milliseconds. */
const quiet = 60_000

/**
 * A limiter over the `Redis` of the context, for `Failover.layer({ limiter })`. It is available at once, whether
 * Redis answers or not.
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
    // After a busy turn the answer may already have arrived: it is read before the timeout counts.
    Effect.andThen(Effect.sleep(1)),
    Effect.andThen(Effect.fail("late"))
  )
  const resync = options.resync ?? "30 seconds"
  const store = yield* RateLimiter.makeStoreRedis({ prefix: `{${options.prefix ?? "effect-failover"}}:rpm:` })
  const shared = yield* Effect.provideService(RateLimiter.make, RateLimiter.RateLimiterStore, store)
  const own = memory()
  const lost = yield* Queue.sliding<void>(1)
  /** The clock of Redis; `undefined` while it does not answer. */
  let clock: Clock.Clock | undefined
  let toldAt = Number.NEGATIVE_INFINITY

  const lose = (cause: unknown) =>
    Effect.flatMap(MonotonicClock.currentTimeMillis, (now) => {
      if (clock === undefined) return Effect.void
      clock = undefined
      Queue.offerUnsafe(lost, undefined)
      if (now - toldAt < quiet) return Effect.void
      toldAt = now
      const { why } = RedisProblem.of(cause)
      return Effect.logWarning(
        why === RedisProblem.noAnswer
          ? "Redis does not answer: requests per minute are counted by this process alone."
          : `Requests per minute are counted by this process alone, not over Redis: ${why}.`
      )
    })

  const pause = Effect.sleep(options.retry ?? "250 millis")
  const longest = Duration.toMillis(options.timeout ?? "100 millis")
  const turn = redisClock(redis, longest).pipe(
    // After a standstill of the process the next answer is in time.
    Effect.retry({ times: 1, while: (error) => error === "late" }),
    Effect.raceFirst(late),
    Effect.matchCauseEffect({
      onSuccess: (found) => {
        clock = found
        return Effect.flatMap(Effect.timeoutOption(Queue.take(lost), resync), (news) =>
          Option.isSome(news) ? pause : Effect.void
        )
      },
      onFailure: (cause) => Effect.andThen(lose(cause), pause)
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
          onFailure: (cause) => Effect.andThen(lose(cause), alone),
          // Every sent request is counted locally too, in case Redis is gone at the next one.
          onSuccess: (taken): Effect.Effect<Taken> =>
            taken.allowed ? Effect.as(alone, taken) : Effect.succeed(taken)
        })
      })
  }
})

/**
 * This process's clock, corrected to that of Redis. Fails if the answer took longer than `longest` milliseconds: after a standstill of
 * the process it is not known when Redis gave it.
 */
const redisClock = Effect.fnUntraced(function* (redis: Redis.Redis["Service"], longest: number) {
  const clock = MonotonicClock.clockOf(yield* Clock.Clock)
  const before = clock.currentTimeMillisUnsafe()
  const [seconds, micros] = yield* redis.send<readonly [string, string]>("TIME")
  const after = clock.currentTimeMillisUnsafe()
  if (after - before > longest) return yield* Effect.fail("late")
  const middle = (before + after) / 2
  return behind(clock, Math.round(middle - Number(seconds) * 1_000 - Number(micros) / 1_000))
})

/** A clock that is this many milliseconds behind another. */
const behind = (clock: Clock.Clock, millis: number): Clock.Clock =>
  MonotonicClock.withWallTime(clock, {
    millis: () => clock.currentTimeMillisUnsafe() - millis,
    nanos: () => clock.currentTimeNanosUnsafe() - BigInt(millis) * 1_000_000n
  })
