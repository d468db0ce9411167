/** What the tests of checks and routes share: targets, failures, and scripted checks. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Random from "effect/Random"
import * as Credential from "../../src/domain/Credential.ts"
import * as Target from "../../src/domain/Target.ts"
import * as Failure from "../../src/failure/Failure.ts"
import * as Policy from "../../src/policy/Policy.ts"

/** A target from its key. */
export const target = (key: string, policy?: Policy.Options): Target.Target => {
  const [, provider = "", model = "", credential = ""] = /^(.+)\/(.+)#(.+)$/.exec(key) ?? []
  return Target.make({
    provider,
    model,
    credential: Credential.make(credential),
    policy: Policy.make(policy)
  })
}

/** A throttle with the wait that the provider named. */
export const throttled = (retryAfter?: Duration.Input) =>
  new Failure.RateLimit({
    message: "slow down",
    ...(retryAfter !== undefined && { retryAfter: Duration.fromInputUnsafe(retryAfter) })
  })

/** A connection that could not be made. */
export const refusedConnection = new Failure.Transient({ reason: "Connection", message: "refused" })

/** A wrong key. */
export const wrongKey = new Failure.AuthDead({ reason: "InvalidKey", message: "no" })

/** A request that every provider would refuse. */
export const badRequest = new Failure.BadRequest({ reason: "Invalid", message: "no" })

/** What one check does: pass, fail, take a while, or never end. */
export type Play = "pass" | Failure.Failure | { readonly take: Duration.Input } | "hang"

/** Checks that are played in order, the last one repeatedly, and when each of them began. */
export const played = (...plays: readonly [Play, ...ReadonlyArray<Play>]) => {
  const began: Array<number> = []
  let open = 0
  const check = Effect.suspend(() => {
    const play = plays[Math.min(began.length, plays.length - 1)]!
    return Effect.flatMap(Clock.currentTimeMillis, (now): Effect.Effect<void, Failure.Failure> => {
      began.push(now)
      if (play === "pass") return Effect.void
      if (play === "hang") return Effect.never
      return "take" in play ? Effect.sleep(play.take) : Effect.fail(play)
    })
  })
  const counted = Effect.acquireUseRelease(
    Effect.sync(() => void open++),
    () => check,
    () => Effect.sync(() => void open--)
  )
  return {
    check: counted,
    began,
    get open() {
      return open
    }
  }
}

/** A random source that always returns the same number. */
export const always = (chance: number): typeof Random.Random.Service => ({
  nextDoubleUnsafe: () => chance,
  nextIntUnsafe: () => 0
})
