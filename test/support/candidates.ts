/** The candidates of requests to one chain, over a real bench, real limits and real rooms. The test sets the time. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { Candidates } from "../../src/candidates/Candidates.ts"
import { prepare } from "../../src/candidates/PreparedChain.ts"
import { Room } from "../../src/candidates/queue/Room.ts"
import type { Choosing } from "../../src/candidates/TierOrder.ts"
import { SignalsOf } from "../../src/choice/Signals.ts"
import type * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import type { Target } from "../../src/domain/Target.ts"
import type * as Failure from "../../src/failure/Failure.ts"
import { CredentialLimits } from "../../src/health/CredentialLimits.ts"
import * as EngineBench from "../../src/health/EngineBench.ts"
import { memory } from "../../src/health/Limiter.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { RunClock } from "../../src/time/RunClock.ts"
import { rest } from "./bench.ts"
import { fault, throttle } from "./engine.ts"

/** A provider with these credentials. `name@url` has a base URL, and `name*` may send one request a minute. */
export const provider = (name: string, ...credentials: ReadonlyArray<string>) => {
  const [first, ...others] = (credentials.length === 0 ? ["k"] : credentials).map((text) => {
    const [credential = "", baseUrl] = text.replace("*", "").split("@")
    return Credential.make(credential, {
      ...(baseUrl !== undefined && { baseUrl: `https://${baseUrl}.test` }),
      ...(text.includes("*") && { rpm: 1 })
    })
  })
  return Scripted.make(name, [["fine"]], { credentials: [first!, ...others] })
}

/** What requests to a chain share, and the candidates of each. */
export const stage = Effect.fnUntraced(function* (chain: Chain.Chain<Scripted.Scripted>) {
  const context = yield* Effect.context<never>()
  const clock = new RunClock(context)
  const signals = new SignalsOf()
  const shared = {
    registry: EngineBench.makeMemory(),
    limits: new CredentialLimits(memory()),
    room: new Room(signals),
    turns: new Map<string, number>()
  }
  const prepared = prepare(chain, [], signals)
  const targets = prepared.tiers.flatMap((tier) => tier.targetsIn(Context.empty()))
  const targetOf = (key: string) => targets.find((target) => target.key === key)!
  const skipped: Array<string> = []
  const onSkip = (target: Target, { reason }: { readonly reason: string }) =>
    void skipped.push(`${target.key} ${reason}`)
  return {
    clock,
    shared,
    signals,
    targetOf,
    /** The targets that requests reported as skipped, with the reasons. */
    skipped,
    /** The candidates of a new request. */
    request: (choosing?: Choosing) => new Candidates(prepared, context, clock, shared, onSkip, choosing),
    /** The candidates of a request without an observer. */
    unobserved: () => new Candidates(prepared, context, clock, shared, undefined),
    /** The target fails, and is benched for five seconds. */
    fails: (key: string, failure: Failure.Failure = fault()) => {
      const go = { _tag: "Go", generation: shared.registry.stateUnsafe().generation } as const
      shared.registry.failUnsafe(targetOf(key), go, failure, rest, clock.millis())
    },
    /** Uses up the requests per minute of the target's credential. */
    usesUp: (key: string) => shared.limits.take(targetOf(key)),
    /** The target accepts one attempt, which stays under way, and refuses a second one meanwhile. */
    fills: (key: string) => {
      const { load } = signals.ofTarget(targetOf(key))
      load.began()
      shared.room.failed(targetOf(key), undefined, throttle(), false, false, clock.millis())
      return load
    }
  }
})
