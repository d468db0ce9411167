/**
 * Rate limits of credentials, counted by effect's `RateLimiter`.
 *
 * With an in-memory store it counts in this process, as the runtime does by default; with an external store, all
 * processes share one count for each credential. `SharedLimits` shares the counts over Redis and counts locally while
 * Redis is unavailable.
 */
import * as Clock from "effect/Clock"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as RateLimiter from "effect/persistence/RateLimiter"
import * as MonotonicClock from "../../time/MonotonicClock.ts"
import * as Checks from "../../util/Checks.ts"
import type { Limiter, Taken } from "../Limiter.ts"
import * as Bucket from "./Bucket.ts"

/** Options of a limiter. */
export interface Options {
  /**
   * How long the store may take. After that the request is let through, as when the store fails: the provider's own
   * limit still applies. Default 250 ms.
   */
  readonly timeout?: Duration.Input | undefined
}

const letThrough: Taken = { allowed: true, wait: 0 }

/**
 * A limiter over the `RateLimiter` of the context, for `Failover.layer({ limiter })`. It uses token buckets: a burst
 * of at most `rpm` requests, then one every 60 s / `rpm`.
 *
 * A request whose caller leaves during the call of an external store may have been counted.
 *
 * @example
 * import { Failover } from "effect-failover"
 * import { RateLimits } from "effect-failover/limits"
 * import { Effect, Layer } from "effect"
 *
 * Layer.unwrap(Effect.map(RateLimits.make(), (limiter) => Failover.layer({ limiter }))).pipe(
 *   Layer.provide(RateLimits.layerMemory)
 * )
 */
export const make = (options: Options = {}): Effect.Effect<Limiter, never, RateLimiter.RateLimiter> => {
  Checks.fields("RateLimits.make", options, { timeout: Checks.duration })
  return over(options)
}

const over = (options: Options): Effect.Effect<Limiter, never, RateLimiter.RateLimiter> =>
  Effect.map(RateLimiter.RateLimiter, (limiter) => ({
    take: (credential, rpm) =>
      onSteadyTime(Bucket.take(limiter, credential, rpm)).pipe(
        Effect.catch(() => Effect.as(Effect.logWarning("the store of the rate limits fails"), letThrough)),
        Effect.timeoutOrElse({
          duration: options.timeout ?? "250 millis",
          orElse: () => Effect.succeed(letThrough)
        })
      )
  }))

/** effect's `RateLimiter` counts by the wall clock; a bucket must neither fill nor empty because that is set. */
const onSteadyTime = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.clockWith((clock) => Effect.provideService(effect, Clock.Clock, MonotonicClock.clockOf(clock)))

/** A `RateLimiter` of effect that counts in this process. */
export const layerMemory: Layer.Layer<RateLimiter.RateLimiter> = Layer.provide(
  RateLimiter.layer,
  RateLimiter.layerStoreMemory
)
