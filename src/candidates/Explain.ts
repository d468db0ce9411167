/** Explains the routing of a request: the targets of a chain in order, and why some of them would be skipped. */
import type * as Context from "effect/Context"
import type { Backend } from "../domain/Backend.ts"
import type { Strategy } from "../domain/Strategy.ts"
import type { Target } from "../domain/Target.ts"
import * as Bench from "../health/Bench.ts"
import type { CredentialLimits } from "../health/CredentialLimits.ts"
import * as HeldFor from "../health/state/HeldFor.ts"
import * as Timestamp from "../time/Timestamp.ts"
import { type ExplainedHedge, hedgeOf } from "./ExplainHedge.ts"
import type { PreparedChain } from "./PreparedChain.ts"
import type { Learned, Room } from "./queue/Room.ts"

/** One target, as a request would find it now. */
export interface Explained {
  readonly target: Target
  /** The number of its tier, from 1. Targets of the same tier are equals, and their strategy orders them. */
  readonly tier: number
  /** The strategy of its tier; absent when the tier has one target or is tried in this order. */
  readonly strategy?: Exclude<Strategy, "sequential"> | undefined
  /**
   * `probe`: the cooldown has ended, and the next request is the probe. `limited`: the credential is over its own limit of
   * requests per minute, or the target is at a limit that was learned from its refusals.
   */
  readonly state: "callable" | "probe" | "resting" | "probing" | "manual" | "limited"
  /** How many callers it is benched for, if only their requests have failed; absent without any. All other callers may call it. */
  readonly callers?: number | undefined
  /** Its learned limits and their use; absent without any. */
  readonly learned?: Learned | undefined
  /** What a hedge would do beside a first attempt here; absent for a target that would be skipped. */
  readonly hedge?: ExplainedHedge | undefined
  /** Why it would be skipped; absent for a target that would be called. */
  readonly why?: Bench.Benched | undefined
  /** What would end the bench, as a text for operators; absent for a callable target. */
  readonly clears?: string | undefined
}

/**
 * The targets of a chain in the order in which the request of a caller who has met no failure would try them now. Targets of a tier are in the given order; a
 * strategy other than `sequential` may change it. Credentials that are not enabled are left out.
 */
export const explain = <P extends Backend, R>(
  prepared: PreparedChain<P, R>,
  context: Context.Context<R>,
  {
    limits,
    room,
    state
  }: { readonly state: Bench.State; readonly limits: CredentialLimits; readonly room: Room },
  now: number
): ReadonlyArray<Explained> => {
  const peek = (target: Target) => Bench.peek(state, target, now, false, HeldFor.stranger)
  const all = prepared.tiers.flatMap((tier, index) => {
    const targets = tier.targetsIn(context)
    const strategy = targets.length < 2 ? "sequential" : tier.strategyIn(context)
    const place = strategy === "sequential" ? { tier: index + 1 } : { tier: index + 1, strategy }
    return targets.map((target): Explained => {
      const benched = Bench.weightier(peek(target), limits.why(target, now))
      const why = benched ?? room.why(target, now)
      const learned = room.of(target, now)
      const known = { target, ...place, ...callersOf(state, target), ...(learned && { learned }) }
      if (why !== undefined) return { ...known, state: stateOf(why), why, clears: clearing(why) }
      const halfOpen = Bench.openKeys(state, target, now, HeldFor.stranger)[0]
      return halfOpen === undefined
        ? { ...known, state: "callable" }
        : { ...known, state: "probe", clears: `the next request to it is a probe of ${halfOpen}` }
    })
  })
  return all.map((each) =>
    each.why === undefined
      ? { ...each, hedge: hedgeOf(each, all, room.signals, prepared.policy.targets) }
      : each
  )
}

const stateOf = ({ probing, reason }: Bench.Benched): Explained["state"] => {
  if (reason === "Manual") return "manual"
  if (reason === "OwnLimit" || reason === "LearnedLimit") return "limited"
  return probing ? "probing" : "resting"
}

/** How many callers a target is benched for that others may call. */
const callersOf = ({ entries }: Bench.State, { key }: Target): { readonly callers?: number } => {
  const entry = entries.get(key)
  return entry?.reason !== undefined && entry.isTheirs ? { callers: entry.callers.length } : {}
}

const clearing = ({ key, probing, reason, until }: Bench.Benched): string => {
  if (probing) return `the probe of ${key} that is under way`
  const end = until === Number.POSITIVE_INFINITY ? "no end of its own" : Timestamp.format(until)
  if (reason === "LearnedLimit") return `the end of an attempt at ${key}, or time: it is at its learned limit`
  if (reason === "OwnLimit") return `time: the limit of ${key} allows for the next request at ${end}`
  return reason === "Manual"
    ? `taking ${key} off the bench by hand (${end})`
    : `a probe of ${key} after ${end}, or taking it off the bench by hand`
}
