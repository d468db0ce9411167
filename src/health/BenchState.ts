/**
 * What the bench knows, and what of it is forgotten.
 *
 * Every change costs the same however much is known: it makes a new version of the maps (see `VersionedMap`) and looks
 * at one or two other entries to see whether they may be forgotten. Nothing that rests is forgotten to make room, with
 * one exception: names that callers made up and no configuration has (`Target.unlisted`) share a room of a thousand
 * entries, and in it the first one in is the first one out.
 */
import type { BenchKey } from "../domain/BenchKey.ts"
import type { FailureClass } from "../failure/Failure.ts"
import { VersionedMap } from "../util/VersionedMap.ts"

/** A rest that a person ordered. */
export interface Manual {
  readonly since: number
  /** Milliseconds since the epoch; infinite for "until somebody takes it off". */
  readonly until: number
  readonly reason: string | undefined
  readonly by: string | undefined
}

/** What is known about one key. Times are milliseconds since the epoch. */
export interface Entry {
  /** Why it rests or last rested; `undefined` when it is free. */
  readonly reason: FailureClass | undefined
  readonly evidence: string | undefined
  /** When access comes back, as the provider said of a dead key. It does not end the rest: probes find out. */
  readonly hint: number | undefined
  /** Which secret was found dead, as a `Fingerprint`; `undefined` where it is not known or not about a secret. */
  readonly fingerprint: string | undefined
  readonly since: number
  readonly until: number
  /** Rests in a row: what the length of the next one grows with. */
  readonly consecutiveBenches: number
  /** Exhausted visits in a row. */
  readonly failures: number
  /** The state's generation when it was last benched or cleared. */
  readonly generation: number
  /** The probe that is under way, 0 for none. */
  readonly probe: number
  readonly manual: Manual | undefined
  /** Its place in the room of names that nobody configured; `undefined` for all other keys. */
  readonly seat: number | undefined
  /** When it last changed; idle entries are forgotten. */
  readonly touched: number
}

/** The room of names that nobody configured. */
export interface Room {
  /** How many seats have been given out so far. */
  readonly given: number
  /** Who was given a seat last, by its number modulo the size of the room. */
  readonly seats: VersionedMap<number, BenchKey>
}

/** The whole bench. Immutable; `generation` grows with every rest and every probe. */
export interface State {
  readonly generation: number
  readonly entries: VersionedMap<BenchKey, Entry>
  readonly room: Room
  /**
   * Targets that are let back by a passed check only, with how many checkers hold them. It is this process's own
   * affair and no part of what is saved or shared.
   */
  readonly held: VersionedMap<BenchKey, number>
}

/** A bench on which nobody rests. */
export const make = (): State => ({
  generation: 0,
  entries: VersionedMap.from(),
  room: { given: 0, seats: VersionedMap.from() },
  held: VersionedMap.from()
})

/** Nobody rests. */
export const empty: State = make()

/** Entries that nothing has happened to for this long are forgotten, in milliseconds. */
export const idle = 3_600_000

/** The same for dead keys: the first request after a quiet night is a probe still, and not a crowd. */
export const idleDead = 24 * 3_600_000

/** How many names that nobody configured are known at once. */
export const room = 1_000

/** What is known of a key of which nothing is known. */
export const fresh: Entry = {
  reason: undefined,
  evidence: undefined,
  hint: undefined,
  fingerprint: undefined,
  since: 0,
  until: 0,
  consecutiveBenches: 0,
  failures: 0,
  generation: 0,
  probe: 0,
  manual: undefined,
  seat: undefined,
  touched: 0
}

/** True while a key is kept from being called, by hand or by itself. A half-open key is not: it may be probed. */
export const isResting = (entry: Entry, now: number): boolean =>
  isByHand(entry, now) || (entry.reason !== undefined && now < entry.until)

const isByHand = ({ manual }: Entry, now: number): boolean => manual !== undefined && now < manual.until

/** True for what is wrong with a credential, or with a model for this credential: only a person can mend it. */
export const isDead = (reason: FailureClass | undefined): boolean =>
  reason === "InvalidKey" || reason === "Forbidden" || reason === "Balance" || reason === "ModelMissing"

/**
 * Changes entries, forgetting on the way what has been idle; the same state if nothing changes. For those who bring in
 * what was known elsewhere.
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
    // Two for each that comes: so all are looked at before there are twice as many.
    const others = entries.pass(
      old === undefined ? 2 : 1,
      (entry, other) => other !== key && isIdle(state, entry, other, now)
    )
    for (const other of others) entries = entries.with(other, undefined)
  }
  return entries === state.entries ? state : { ...state, entries }
}

/**
 * What keeps a key from being called, or makes the next call a probe: what has been idle does neither, also while it has
 * not been swept out yet. Rows of failures go on until then.
 */
export const entryOf = (state: State, key: BenchKey, now: number): Entry | undefined => {
  const entry = state.entries.get(key)
  return entry === undefined || isIdle(state, entry, key, now) ? undefined : entry
}

const isIdle = ({ held }: State, entry: Entry, key: BenchKey, now: number): boolean =>
  now >= Math.max(entry.touched, entry.until) + (isDead(entry.reason) ? idleDead : idle) &&
  entry.probe === 0 &&
  !(entry.reason !== undefined && held.has(key)) &&
  !isResting(entry, now)

/**
 * Says of a key that nobody configured it: it takes a seat in the room, and whoever had that seat is forgotten. Rests by
 * hand leave the room instead of being forgotten.
 */
export const takeSeat = (state: State, key: BenchKey, now: number): State => {
  const entry = state.entries.get(key)
  if (entry === undefined || entry.seat !== undefined) return state
  const { given, seats } = state.room
  const place = given % room
  let { entries } = state
  const before = seats.get(place)
  const old = before === undefined ? undefined : entries.get(before)
  if (before !== undefined && old?.seat === given - room) {
    entries = entries.with(before, isByHand(old, now) ? { ...old, seat: undefined } : undefined)
  }
  entries = entries.with(key, { ...entry, seat: given })
  return { ...state, entries, room: { given: given + 1, seats: seats.with(place, key) } }
}

/** Says of a key that it stands in a configuration, or in a chain that was built in code: it leaves the room. */
export const leaveRoom = (state: State, key: BenchKey): State => {
  const entry = state.entries.get(key)
  return entry?.seat === undefined
    ? state
    : { ...state, entries: state.entries.with(key, { ...entry, seat: undefined }) }
}
