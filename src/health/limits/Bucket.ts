/** Counts one request of a credential with a token bucket of effect's `RateLimiter`. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as RateLimiter from "effect/persistence/RateLimiter"
import type { BenchKey } from "../../domain/BenchKey.ts"
import type { Taken } from "../Limiter.ts"

const minute = 60_000

/** Counts one request if the bucket has room. Fails if its store fails. */
export const take = (
  limiter: RateLimiter.RateLimiter,
  credential: BenchKey,
  rpm: number
): Effect.Effect<Taken, RateLimiter.RateLimiterError> =>
  limiter.consume({ algorithm: "token-bucket", key: credential, limit: rpm, window: minute }).pipe(
    Effect.map(({ remaining, resetAfter }) => ({
      allowed: true,
      // `resetAfter` is when all tokens are back; the next one is back sooner.
      wait: remaining >= 1 ? 0 : millis(resetAfter) - Math.floor(((rpm - 1) * minute) / rpm)
    })),
    Effect.catch((error) =>
      error.reason._tag === "RateLimitExceeded"
        ? Effect.succeed({ allowed: false, wait: millis(error.reason.retryAfter) })
        : Effect.fail(error)
    )
  )

const millis = (duration: Duration.Duration): number => Math.ceil(Duration.toMillis(duration))
