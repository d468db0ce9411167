/** What a runtime knows of its credentials' own limits, beside what its limiter counts. */
import * as Effect from "effect/Effect"
import type * as Bench from "./Bench.ts"
import type { BenchKey } from "./BenchKey.ts"
import type { Limiter } from "./Limiter.ts"
import * as Steady from "./Steady.ts"
import type { Target } from "./Target.ts"

/** A limiter, and what is known of it: who is over its limit until when. */
export class OwnLimits {
  readonly #limiter: Limiter
  readonly #until = new Map<BenchKey, number>()

  constructor(limiter: Limiter) {
    this.#limiter = limiter
  }

  /** Counts an attempt at a target whose credential has a limit; true when it may be made. */
  take({ benchKeys, credential }: Target): Effect.Effect<boolean> {
    const key = benchKeys.credential
    return Effect.flatMap(
      Effect.suspend(() => this.#limiter.take(key, credential.rpm ?? Number.POSITIVE_INFINITY)),
      (taken) =>
        Effect.map(Steady.currentTimeMillis, (now) => {
          const wait = taken.allowed ? taken.wait : Math.max(1, taken.wait)
          if (wait > 0) this.#until.set(key, now + wait)
          return taken.allowed
        })
    )
  }

  /** Why a target may not be called now; `undefined` if it may, as far as is known here. */
  why({ benchKeys, credential }: Target, now: number): Bench.Resting | undefined {
    if (credential.rpm === undefined) return undefined
    const key = benchKeys.credential
    const until = this.#until.get(key)
    return until === undefined || until <= now ? undefined : limited(key, credential.rpm, until)
  }

  /** The same for a target that has just been turned away. */
  whyNot(target: Target, now: number): Bench.Resting {
    return this.why(target, now) ?? limited(target.benchKeys.credential, target.credential.rpm, now)
  }
}

const limited = (key: BenchKey, rpm: number | undefined, until: number): Bench.Resting => ({
  _tag: "Resting",
  key,
  until,
  reason: "OwnLimit",
  evidence: `rpm=${rpm}`,
  probing: false
})
