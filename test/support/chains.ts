/** Chains of scripted providers, for tests of what one request may use: time, attempts, retries. */
import * as Effect from "effect/Effect"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type * as Policy from "../../src/policy/Policy.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { calls } from "./engine.ts"

type Calls = Scripted.Script<unknown, string, Scripted.Part>

/** Never answers. */
export const hang: Calls = [[{ hang: true }]]

/** A chain of providers `a`, `b`, … with these scripts, which one was called when, and how many streams are open. */
export const chainOf = (...scripts: ReadonlyArray<Calls>) => {
  const providers = scripts.map((script, i) => Scripted.make("abcdef"[i]!, script))
  return {
    chain: Chain.fromLinks(providers.map((provider) => Model.make(provider, "m"))),
    calls: () => calls(...providers),
    open: () => providers.reduce((sum, provider) => sum + provider.open, 0)
  }
}

/** A runtime of the test's own. */
export const layer = (policy?: Policy.Options, retryBudget = Number.POSITIVE_INFINITY) =>
  Effect.provide(Failover.layer({ policy, retryBudget }))
