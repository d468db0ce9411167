/**
 * The state of the bench, and which entries it forgets.
 *
 * The cost of a change does not depend on the number of entries: it makes a new version of the maps (see `VersionedMap`)
 * and checks one or two other entries for expiry. Benched keys are never forgotten to make room, with one exception: keys
 * of models that callers named and no configuration has (`Target.unlisted`) share a thousand entries, first in first out.
 */
import type { BenchKey } from "../../domain/BenchKey.ts"
import type { Target } from "../../domain/Target.ts"
import type { FailureClass } from "../../failure/Failure.ts"
import { VersionedMap } from "../../util/VersionedMap.ts"

/** A manual bench. */
export interface Manual {
  readonly since: number
  /** Milliseconds since the epoch; infinite until a manual release. */
  readonly until: number
  readonly reason: string | undefined
  readonly by: string | undefined
}

/** One entry of the bench. Times are milliseconds since the epoch. */
export interface Entry {
  /** Why it is or was last benched; `undefined` when it is free. */
  readonly reason: FailureClass | undefined
  readonly evidence: string | undefined
  /** When a dead key regains access, as the provider stated. It does not end the cooldown: probes do. */
  readonly hint: number | undefined
  /** Which secret was found dead, as a `Fingerprint`; `undefined` where it is not known or not about a secret. */
  readonly fingerprint: string | undefined
  readonly since: number
  readonly until: number
  /** Consecutive benches: the length of the next cooldown grows with them. */
  readonly consecutiveBenches: number
  /** Consecutive exhausted visits. */
  readonly failures: number
  /** The caller of all these visits; `undefined` if there are several, or none is known. */
  readonly by: string | undefined
  /** Whose requests have failed, by their ids; see `HeldFor`. */
  readonly callers: ReadonlyArray<string>
  /** Whether the bench holds for these callers only. */
  readonly isTheirs: boolean
  /** From when on another caller may probe, although the cooldown has not ended; infinite for never. */
  readonly othersAt: number
  /** The state's generation when it was last benched or cleared. */
  readonly generation: number
  /** The probe that is under way, 0 for none. */
  readonly probe: number
  readonly manual: Manual | undefined
  /** The number of an unlisted key, in the order in which they came; `undefined` for all other keys. */
  readonly unlistedNumber: number | undefined
  /** When it last changed; idle entries are forgotten. */
  readonly touched: number
}

/**
 * The latest unlisted keys: models that callers named and no configuration has. A new one takes the place of the oldest, so
 * that names which callers make up displace no other keys.
 */
export interface UnlistedKeys {
  /** How many numbers have been given so far. */
  readonly given: number
  /** The keys, by their numbers modulo `mostUnlisted`. */
  readonly keys: VersionedMap<number, BenchKey>
}

/** The whole bench. Immutable; `generation` grows with every bench and every probe. */
export interface State {
  readonly generation: number
  readonly entries: VersionedMap<BenchKey, Entry>
  readonly unlisted: UnlistedKeys
  /**
   * Held targets, which only a passed health check makes callable again, with the number of checkers that hold them. Neither
   * saved nor shared.
   */
  readonly held: VersionedMap<BenchKey, number>
}

/** An empty bench. */
export const make = (): State => ({
  generation: 0,
  entries: VersionedMap.from(),
  unlisted: { given: 0, keys: VersionedMap.from() },
  held: VersionedMap.from()
})

/** An empty bench. */
export const empty: State = make()

/** Entries that have been idle for so long are forgotten, in milliseconds. */
export const idle = 3_600_000

/**
 * Dead keys that have been idle for so long are forgotten, in milliseconds: the first request after a quiet night is still
 * a probe.
 */
export const idleDead = 24 * 3_600_000

/** How many unlisted keys have entries at once. */
export const mostUnlisted = 1_000

/** A bench that holds for all callers. */
export const forAll: Pick<Entry, "callers" | "isTheirs" | "othersAt"> = {
  callers: [],
  isTheirs: false,
  othersAt: Number.POSITIVE_INFINITY
}

/** The entry of an unknown key. */
export const fresh: Entry = {
  reason: undefined,
  evidence: undefined,
  hint: undefined,
  fingerprint: undefined,
  since: 0,
  until: 0,
  consecutiveBenches: 0,
  failures: 0,
  by: undefined,
  ...forAll,
  generation: 0,
  probe: 0,
  manual: undefined,
  unlistedNumber: undefined,
  touched: 0
}

/** True while a key is benched, manually or by failures. A half-open key is not: it may be probed. */
export const isBenched = (entry: Entry, now: number): boolean =>
  isByHand(entry, now) || (entry.reason !== undefined && now < entry.until)

const isByHand = ({ manual }: Entry, now: number): boolean => manual !== undefined && now < manual.until

/** True for reasons that only an operator can fix: a dead credential, or a missing model. */
export const isDead = (reason: FailureClass | undefined): boolean =>
  reason === "InvalidKey" || reason === "Forbidden" || reason === "Balance" || reason === "ModelMissing"

/**
 * Changes entries, and forgets idle ones; the same state if nothing changes. Used to apply
 * entries that were known elsewhere.
 */
export const change = (
  state: State,
  now: number,
  keys: ReadonlyArray<BenchKey>,
  f: (entry: Entry, key: BenchKey) => Entry
): State => {
  let { entries } = state
  for (const key of keys) {
    const old = entries.get(key)
    const known = old ?? fresh
    const next = f(known, key)
    if (next === known) continue
    entries = entries.with(key, { ...next, touched: now })
    // Two entries are checked for each new one, so that all are checked before there are twice as many.
    const others = entries.pass(
      old === undefined ? 2 : 1,
      (entry, other) => other !== key && isIdle(state, entry, other, now)
    )
    for (const other of others) entries = entries.with(other, undefined)
  }
  return entries === state.entries ? state : { ...state, entries }
}

/**
 * What keeps a key from being called, or makes the next call a probe: an idle entry does neither, even before it is
 * removed. Streaks of failures continue until then.
 */
export const entryOf = (state: State, key: BenchKey, now: number): Entry | undefined => {
  const entry = state.entries.get(key)
  return entry === undefined || isIdle(state, entry, key, now) ? undefined : entry
}

const isIdle = ({ held }: State, entry: Entry, key: BenchKey, now: number): boolean =>
  now >= Math.max(entry.touched, entry.until) + (isDead(entry.reason) ? idleDead : idle) &&
  entry.probe === 0 &&
  !(entry.reason !== undefined && held.has(key)) &&
  !isBenched(entry, now)

/**
 * Gives an unlisted key its number, and forgets the key that has to make way for it. If that one was benched by hand, it
 * stays and counts as listed.
 */
export const markUnlisted = (state: State, key: BenchKey, now: number): State => {
  const entry = state.entries.get(key)
  if (entry === undefined || entry.unlistedNumber !== undefined) return state
  const { given, keys } = state.unlisted
  const index = given % mostUnlisted
  let { entries } = state
  const before = keys.get(index)
  const old = before === undefined ? undefined : entries.get(before)
  if (before !== undefined && old?.unlistedNumber === given - mostUnlisted) {
    entries = entries.with(before, isByHand(old, now) ? { ...old, unlistedNumber: undefined } : undefined)
  }
  entries = entries.with(key, { ...entry, unlistedNumber: given })
  return { ...state, entries, unlisted: { given: given + 1, keys: keys.with(index, key) } }
}

/** Marks a key as configured, or part of a chain that was built in code: it is not forgotten for an unlisted one. */
export const markListed = (state: State, key: BenchKey): State => {
  const entry = state.entries.get(key)
  return entry?.unlistedNumber === undefined
    ? state
    : { ...state, entries: state.entries.with(key, { ...entry, unlistedNumber: undefined }) }
}

/**
 * Holds a target: after a cooldown only a passed health check, or an answer to a last attempt, makes it callable again.
 */
export const hold = (state: State, target: Target): State =>
  holding(state, target, (state.held.get(target.key) ?? 0) + 1)

/** Undoes one `hold`. Without any, requests may probe after a cooldown again. */
export const unhold = (state: State, target: Target): State =>
  holding(state, target, (state.held.get(target.key) ?? 0) - 1)

const holding = (state: State, { key }: Target, count: number): State => ({
  ...state,
  held: state.held.with(key, count > 0 ? count : undefined)
})
