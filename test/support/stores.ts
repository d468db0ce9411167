/** Attempts that tests make on a bench. */
import * as Effect from "effect/Effect"
import * as Credential from "../../src/domain/Credential.ts"
import * as Target from "../../src/domain/Target.ts"
import * as Failure from "../../src/failure/Failure.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import * as Policy from "../../src/policy/Policy.ts"

/** A target with the default policy. */
export const target = (provider: string, model: string, credential = "k") =>
  Target.make({ provider, model, credential: Credential.make(credential), policy: Policy.defaults })

/** An attempt that fails, recorded by its row of the decision table. */
export const fail = (of: Target.Target, failure: Failure.Failure) =>
  Effect.scoped(
    Effect.gen(function* () {
      const registry = yield* BenchRegistry
      const admission = yield* registry.admit(of)
      if (admission._tag === "Benched") return
      const { rest } = Policy.defaults.rules[Failure.classOf(failure)]
      yield* registry.record(of, admission, failure, rest)
    })
  )

/** An attempt that succeeds. */
export const answer = (of: Target.Target) =>
  Effect.scoped(
    Effect.gen(function* () {
      const registry = yield* BenchRegistry
      const admission = yield* registry.admit(of)
      if (admission._tag !== "Benched") yield* registry.record(of, admission, undefined)
      return admission._tag
    })
  )
