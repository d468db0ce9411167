/** What the tests of the bench share, of the state machine and of the service. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Credential from "../../src/domain/Credential.ts"
import * as Target from "../../src/domain/Target.ts"
import type { Failure } from "../../src/failure/Failure.ts"
import * as Bench from "../../src/health/Bench.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import * as Policy from "../../src/policy/Policy.ts"
import type { Rest } from "../../src/policy/Rule.ts"
import { fault } from "./engine.ts"

/** A target. */
export const target = (model = "m", credential = "k", provider = "a") =>
  Target.make({ provider, model, credential: Credential.make(credential), policy: Policy.defaults })
export const a = target()
/** Five seconds at first, and half a minute at most. */
export const rest: Rest = { scope: "target", threshold: 1, base: 5_000, max: 30_000 }
export const keyRest: Rest = { ...rest, scope: "credential" }

/** Admits a target that may be called, or fails. */
export const admitted = (state: Bench.State, to: Target.Target, now: number) => {
  const [admission, next] = Bench.admit(state, to, now)
  assert(admission._tag !== "Benched", `${to.key} is benched at ${now}`)
  return [admission, next] as const
}
/** Admits a target whose cooldown has ended, or fails. */
export const probe = (state: Bench.State, to: Target.Target, now: number) => {
  const [admission, next] = admitted(state, to, now)
  assert(admission._tag === "Probe")
  return [admission, next] as const
}
/** Why a target may not be called. */
export const why = (state: Bench.State, of: Target.Target, now: number) => {
  const benched = Bench.peek(state, of, now)
  return benched && `${benched.key} ${benched.reason} ${benched.until}${benched.probing ? " probing" : ""}`
}
/** A target that is benched from 0 to 5000. */
export const benched = () => {
  const [go, state] = admitted(Bench.empty, a, 0)
  return Bench.fail(state, a, go, fault(), rest, 0)
}

/** An attempt at `a` by an application that uses the bench only as a service. */
export const attempt = (failure: Failure | undefined) =>
  Effect.scoped(
    Effect.gen(function* () {
      const registry = yield* BenchRegistry
      const admission = yield* registry.admit(a)
      if (admission._tag === "Benched") return "benched"
      const rule = failure && Policy.defaults.rules[failure._tag === "RateLimit" ? "RateLimit" : "Overloaded"]
      yield* registry.record(a, admission, failure, rule?.rest)
      return admission._tag
    })
  )
