/**
 * The operator's own limit of requests per minute for a credential (`Credential.rpm`).
 *
 * A credential over its own limit is skipped: it has not failed and is not benched, and no request exceeds the limit even if
 * all other targets are benched.
 */
import * as Effect from "effect/Effect"
import type { BenchKey } from "../domain/BenchKey.ts"
import * as MonotonicClock from "../time/MonotonicClock.ts"

/** The result for one request. */
export interface Taken {
  /** Whether the request may be made; it has been counted then. */
  readonly allowed: boolean
  /** The milliseconds until the next request may be made; 0 if it may be made now. */
  readonly wait: number
}

/**
 * Counts the requests of credentials that have a limit. It is asked once for each attempt, in the turn in which the
 * attempt begins, and only where a credential has a limit.
 *
 * It has to end by itself: one that counts in another process lets requests through if that does not answer.
 */
export interface Limiter {
  /** Counts one request of a credential (`provider#name`), if its requests per minute allow for it. */
  readonly take: (credential: BenchKey, rpm: number) => Effect.Effect<Taken>
}

const minute = 60_000

/**
 * Counts in this process, as providers do, with a bucket for each credential: at most `rpm` requests at once, and
 * from then on one every 60 s / `rpm`. In any t minutes there are at most rpm · (1 + t) of them.
 *
 * How Anthropic counts: https://docs.anthropic.com/en/api/rate-limits
 */
export const memory = (): Limiter => {
  /** When the bucket of a credential is full again. */
  const fullAt = new Map<BenchKey, number>()
  return {
    take: (credential, rpm) =>
      Effect.map(MonotonicClock.currentTimeMillis, (now) => {
        const each = minute / rpm
        const full = Math.max(fullAt.get(credential) ?? 0, now)
        // Milliseconds are as fine as clocks are.
        const over = Math.floor(full + each - minute - now)
        if (over > 0) return { allowed: false, wait: over }
        fullAt.set(credential, full + each)
        return { allowed: true, wait: Math.max(0, Math.floor(full + 2 * each - minute - now)) }
      })
  }
}
