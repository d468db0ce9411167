/** The credentials' own limits of requests per minute, as a runtime knows them. */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { BenchKey } from "../domain/BenchKey.ts"
import type { Target } from "../domain/Target.ts"
import * as MonotonicClock from "../time/MonotonicClock.ts"
import * as UserCode from "../util/UserCode.ts"
import type * as Bench from "./Bench.ts"
import type { Limiter, Taken } from "./Limiter.ts"

/** A limiter, and which credentials are over their limit until when. */
export class CredentialLimits {
  readonly #limiter: Limiter
  readonly #until = new Map<BenchKey, number>()

  constructor(limiter: Limiter) {
    this.#limiter = limiter
  }

  /**
   * Counts an attempt at a target whose credential has a limit; true when it may be made. A limiter that fails, takes
   * longer than a second or returns an invalid result lets the attempt through.
   */
  take({ benchKeys, credential }: Target): Effect.Effect<boolean> {
    const key = benchKeys.credential
    const ask = Effect.suspend(() => this.#limiter.take(key, credential.rpm ?? Number.POSITIVE_INFINITY))
    return Effect.flatMap(UserCode.run(ask), (outcome) =>
      Effect.contextWith((context: Context.Context<never>) => {
        if (outcome._tag === "Failed") return this.#letThrough(outcome.did, context)
        if (!isTaken(outcome.value)) return this.#letThrough("returned an invalid result", context)
        const { allowed, wait } = outcome.value
        return Effect.map(MonotonicClock.currentTimeMillis, (now) => {
          const pause = allowed ? wait : Math.max(1, wait)
          if (pause > 0) this.#until.set(key, now + pause)
          return allowed
        })
      })
    )
  }

  #letThrough(did: string, context: Context.Context<never>): Effect.Effect<boolean> {
    UserCode.name(
      this.#limiter,
      "the limiter of requests per minute",
      did,
      "requests are let through",
      context
    )
    return Effect.succeed(true)
  }

  /** Why a target may not be called now; `undefined` if it may, as far as this process knows. */
  why({ benchKeys, credential }: Target, now: number): Bench.Benched | undefined {
    if (credential.rpm === undefined) return undefined
    const key = benchKeys.credential
    const until = this.#until.get(key)
    return until === undefined || until <= now ? undefined : limited(key, credential.rpm, until)
  }

  /** Why a target that the limiter has just refused may not be called now. */
  whyNot(target: Target, now: number): Bench.Benched {
    return this.why(target, now) ?? limited(target.benchKeys.credential, target.credential.rpm, now)
  }
}

/** Checks the result of a limiter, which is code of the application. */
const isTaken = (u: Taken | undefined): u is Taken =>
  typeof u?.allowed === "boolean" && Number.isFinite(u.wait)

const limited = (key: BenchKey, rpm: number | undefined, until: number): Bench.Benched => ({
  _tag: "Benched",
  key,
  until,
  reason: "OwnLimit",
  evidence: `rpm=${rpm}`,
  probing: false
})
