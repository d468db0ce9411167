/** A run that can call no target of its chain now: the state of each target, and the run's candidates. */
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { Candidates } from "../../src/candidates/Candidates.ts"
import { prepare } from "../../src/candidates/PreparedChain.ts"
import type { Room } from "../../src/candidates/queue/Room.ts"
import * as Backend from "../../src/domain/Backend.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import type { Target } from "../../src/domain/Target.ts"
import type { Failure } from "../../src/failure/Failure.ts"
import * as Bench from "../../src/health/Bench.ts"
import type { CredentialLimits } from "../../src/health/CredentialLimits.ts"
import * as EngineBench from "../../src/health/EngineBench.ts"
import { RunClock } from "../../src/time/RunClock.ts"
import { throttle } from "./engine.ts"

/** The state of a target of the chain when the run decides, at 1000 ms. */
export interface Standing {
  /** Benched until this time, by this failure or by hand. */
  readonly until?: number
  readonly by?: Failure | "hand"
  /** Whether the run has called it. If so it is benched after the call, otherwise before the run skips it. */
  readonly tried?: boolean
  /** Its model has refused the request. */
  readonly refused?: boolean
  /** At a learned limit when the run skipped it. `"then"`: only then, and not any more. */
  readonly full?: boolean | "then"
  /** Over its own limit until this time. */
  readonly limited?: number
}

/** The targets of a chain, by the names of their providers. */
export type Standings = Readonly<Record<string, Standing>>
/** When the run decides, in milliseconds. */
export const now = 1_000
const restOf = (until: number) => ({ scope: "target", threshold: 1, base: until, max: until }) as const

/** The candidates of a run that has reached the end of its chain, and the targets by their providers. */
export const candidatesOf = Effect.fnUntraced(function* (chain: Standings) {
  const context = yield* Effect.context<never>()
  const registry = EngineBench.makeMemory()
  const full = new Set(Object.keys(chain).filter((name) => chain[name]!.full !== undefined))
  const benched = (target: Target, until: number, reason: "OwnLimit" | "LearnedLimit"): Bench.Benched => ({
    _tag: "Benched",
    key: target.key,
    until,
    reason,
    evidence: undefined,
    probing: false
  })
  const limits = {
    why: (target: Target) => {
      const until = chain[target.provider]?.limited
      return until === undefined ? undefined : benched(target, until, "OwnLimit")
    }
  } as unknown as CredentialLimits
  const room = {
    mayBeFull: true,
    why: (target: Target) =>
      full.has(target.provider) ? benched(target, now + 1_000, "LearnedLimit") : undefined
  } as unknown as Room
  const prepared = prepare(
    Chain.fromLinks(
      Object.entries(chain).map(([name, { limited }]) => {
        const rpm = limited === undefined ? undefined : 1
        return Model.make(Backend.make(name, {}, { credentials: [Credential.make("k", { rpm })] }), "m")
      })
    ),
    []
  )
  const candidates = new Candidates(
    prepared,
    context,
    new RunClock(context),
    { registry, limits, room, turns: new Map() },
    undefined
  )
  const bench = (target: Target, { by = throttle(), until }: Standing) => {
    if (until === undefined) return
    if (by === "hand") {
      const manual = { since: 0, until, reason: undefined, by: undefined }
      registry.modifyUnsafe((state) => [undefined, Bench.bench(state, target.key, manual)], 0)
    } else registry.failUnsafe(target, { _tag: "Go", generation: 0 }, by, restOf(until), 0)
  }
  const targets = new Map<string, { readonly backend: Backend.Backend; readonly target: Target }>()
  for (const model of prepared.models) {
    const backend = model.backendIn(context)
    for (const target of model.targetsOf(backend)) {
      targets.set(target.provider, { backend, target })
      if (chain[target.provider]!.tried !== true) bench(target, chain[target.provider]!)
    }
  }
  for (let visit = candidates.next(); visit !== undefined; visit = candidates.next()) {
    const standing = chain[visit.target.provider]!
    if (standing.refused === true) candidates.refused(visit.target)
    if (standing.tried !== true) continue
    candidates.giveUp(visit.target, "credential")
    bench(visit.target, standing)
  }
  for (const [name, standing] of Object.entries(chain)) if (standing.full === "then") full.delete(name)
  yield* TestClock.adjust(now)
  return { candidates, targets }
})
