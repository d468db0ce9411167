/**
 * For whom a bench holds. A failure that a request can cause by itself is evidence against the target only once a second caller has
 * met it, with no answer to others in between. Until then the bench holds for the caller who met it.
 *
 *     one caller ──another one fails too──▶ all ──a probe of one who failed before fails──▶ all, but another caller may probe at once
 */
import type { Target } from "../../domain/Target.ts"
import type { Failure } from "../../failure/Failure.ts"
import { type Entry, forAll } from "./BenchState.ts"

/** Who makes a request, as the bench distinguishes callers. */
export interface Who {
  /** The id at a target; `undefined` if nothing identifies the caller. */
  readonly idAt: (target: Target) => string | undefined
  /** Whether its failures at a target are no evidence by themselves: the caller is named, or has failed there before. */
  readonly isKnownAt: (target: Target) => boolean
  /** Whether the application named the caller. Default: yes. */
  readonly isNamed?: boolean | undefined
  /** After how many failed visits in a row, which requests may have caused, a bench holds for all. Default: the threshold of the rule. */
  readonly leastInRowAt?: ((target: Target) => number) | undefined
}

/** A caller whose requests have not failed. */
export const stranger: Who = { idAt: () => undefined, isKnownAt: () => false }

/** How many callers are kept for each key, the latest ones. */
export const most = 8

/** How long after a failure of a caller without a name another request may probe, in milliseconds. */
export const early = 1_000

/** Whether one caller can cause such a failure with a request of its own. A wait that the provider named does not come from a request. */
export const canBeProvoked = (failure: Failure): boolean =>
  failure._tag === "Transient" &&
  failure.reason !== "Timeout" &&
  failure.reason !== "Local" &&
  failure.retryAfter === undefined

/** Whether the caller is among those whose requests have failed. True without a caller. */
export const hasMet = ({ callers }: Entry, who: Who | undefined, target: Target): boolean => {
  if (who === undefined) return true
  const id = who.idAt(target)
  return id !== undefined && callers.includes(id)
}

/** Whether the bench, if it is in force, holds for a caller. */
export const holds = (entry: Entry, who: Who | undefined, target: Target): boolean =>
  !entry.isTheirs || hasMet(entry, who, target)

/** Whether the bench is the same for all callers. */
export const isForAll = ({ isTheirs, othersAt }: Entry): boolean =>
  !isTheirs && othersAt === Number.POSITIVE_INFINITY

/** Whether a caller may probe before the cooldown ends. */
export const mayProbe = (entry: Entry, who: Who | undefined, target: Target, now: number): boolean =>
  now >= entry.othersAt && !hasMet(entry, who, target)

/** How a visit failed: the entry before it, the caller, and which attempt it was. */
export interface Failed {
  readonly entry: Entry
  /** The id of the caller; `undefined` if it is not known, or of no importance. */
  readonly id: string | undefined
  readonly isKnown: boolean
  /** Whether the application named the caller. Otherwise another request may come from the same caller. */
  readonly isNamed: boolean
  /** The only caller of the visits in a row; `undefined` if there are several. */
  readonly by: string | undefined
  /** Whether it was the probe after the cooldown; `early` for one that another caller made before. */
  readonly probe: "no" | "yes" | "early"
}

/** For whom the bench holds after a failure. */
export const after = (
  { by, entry, id, isKnown, isNamed, probe }: Failed,
  now: number
): Pick<Entry, "callers" | "isTheirs" | "othersAt"> => {
  const isBenched = entry.reason !== undefined
  if (id === undefined) return { ...forAll, callers: isBenched ? entry.callers : [] }
  if (probe === "no") {
    const isTheirs = isKnown && by === id
    const before = isBenched ? entry.callers : entry.by === undefined ? [] : [entry.by]
    const callers = isTheirs && !isBenched ? [id] : adding(before, id)
    return { callers, isTheirs, othersAt: isTheirs || isNamed ? Number.POSITIVE_INFINITY : now + early }
  }
  if (entry.isTheirs) return { ...forAll, callers: adding(entry.callers, id), isTheirs: true }
  // A caller who had failed before has failed again. That is no new evidence, so another caller may probe at once.
  if (probe === "yes" && entry.callers.includes(id)) return { ...forAll, callers: [id], othersAt: now }
  return { ...forAll, callers: adding(entry.callers, id) }
}

const adding = (callers: ReadonlyArray<string>, id: string): ReadonlyArray<string> =>
  callers.at(-1) === id ? callers : [...callers.filter((other) => other !== id), id].slice(-most)
