/**
 * The bench as a pure state machine: who rests, until when and why, and who may probe.
 *
 * One entry per bench key goes through these states:
 *
 *     free ──threshold reached──▶ resting ──its end passes──▶ half-open ──one probe──▶ free, or resting for longer
 *
 * Ends are compared with the clock when somebody asks, so there are no timers. Three rules hold everywhere: a rest
 * never gets shorter; an outcome whose attempt began before the key was last benched is stale, and neither clears
 * nor counts (only a later end that the provider named is still taken from it); what was benched by hand is ended by
 * hand or by its end and by nothing else.
 */
import type { BenchKey } from "./BenchKey.ts"
import { classOf, type Failure, type FailureClass, waitMillis } from "./Failure.ts"
import type { Rest } from "./Rule.ts"
import type { Target } from "./Target.ts"

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
  readonly since: number
  readonly until: number
  /** Rests in a row: what the length of the next one grows with. */
  readonly hits: number
  /** Exhausted visits in a row. */
  readonly failures: number
  /** The state's generation when it was last benched or cleared. */
  readonly generation: number
  /** The probe that is under way, 0 for none. */
  readonly probe: number
  readonly manual: Manual | undefined
  /** When it last changed; idle entries are forgotten. */
  readonly touched: number
}

/** The whole bench. Immutable; `generation` grows with every rest and every probe. */
export interface State {
  readonly generation: number
  readonly entries: ReadonlyMap<BenchKey, Entry>
  /**
   * Targets that are let back by a passed check only, with how many checkers hold them. It is this process's own
   * affair and no part of what is saved or shared.
   */
  readonly held: ReadonlyMap<BenchKey, number>
}

/** Nobody rests. */
export const empty: State = { generation: 0, entries: new Map(), held: new Map() }

/** The target is free. `generation` dates the attempt that now begins. */
export interface Go {
  readonly _tag: "Go"
  readonly generation: number
}

/** A rest has ended and this attempt decides whether it is over. The slot of every key in `keys` is held by `id`. */
export interface Probe {
  readonly _tag: "Probe"
  readonly generation: number
  readonly id: number
  readonly keys: ReadonlyArray<BenchKey>
}

/** The target rests. */
export interface Resting {
  readonly _tag: "Resting"
  readonly key: BenchKey
  /** Milliseconds since the epoch; in the past while a probe is under way or a passed check is waited for. */
  readonly until: number
  /** `OwnLimit` is never the bench's word: the credential is over its own limit of requests a minute. */
  readonly reason: FailureClass | "Manual" | "OwnLimit"
  readonly evidence: string | undefined
  readonly probing: boolean
}

/** What the bench says of a target. */
export type Admission = Go | Probe | Resting

/** The longest rest a provider can order for a throttle or a fault: a mistaken date must not bench for weeks. */
export const longestHint = 24 * 3_600_000

/** The shortest rest: "retry after 0" must not become a busy loop. */
export const shortestRest = 250

/** Entries that nothing has happened to for this long are forgotten. */
export const idle = 3_600_000

/** More entries than this are not kept; those that end soonest go first. */
export const capacity = 10_000

const fresh: Entry = {
  reason: undefined,
  evidence: undefined,
  since: 0,
  until: 0,
  hits: 0,
  failures: 0,
  generation: 0,
  probe: 0,
  manual: undefined,
  touched: 0
}

/** True while a key is kept from being called, by hand or by itself. A half-open key is not: it may be probed. */
export const isResting = (entry: Entry, now: number): boolean =>
  (entry.manual !== undefined && now < entry.manual.until) ||
  (entry.reason !== undefined && now < entry.until)

/** Whether anything at all is known of this target. If not, it is free, and a success has nothing to clear. */
export const knows = ({ entries }: State, { allBenchKeys }: Target): boolean => {
  if (entries.size === 0) return false
  for (const key of allBenchKeys) {
    if (entries.has(key)) return true
  }
  return false
}

/**
 * May this target be called? Takes the probe slots if the answer is a probe. `check` asks for a health check, to
 * which the end of a rest is open even when the target is held.
 */
export const admit = (
  state: State,
  target: Target,
  now: number,
  check = false
): readonly [Admission, State] => {
  const resting = peek(state, target, now, check)
  if (resting !== undefined) return [resting, state]
  const open = target.allBenchKeys.filter((key) => state.entries.get(key)?.reason !== undefined)
  if (open.length === 0) return [{ _tag: "Go", generation: state.generation }, state]
  const id = state.generation + 1
  const entries = new Map(state.entries)
  for (const key of open) entries.set(key, { ...entries.get(key)!, probe: id, touched: now })
  return [
    { _tag: "Probe", generation: id, id, keys: open },
    { ...state, generation: id, entries }
  ]
}

/**
 * Why a target cannot be called now; `undefined` if it can. Of several reasons one by hand, for nothing may try that
 * anyway; else the one that ends last.
 */
export const peek = (state: State, target: Target, now: number, check = false): Resting | undefined => {
  const held = !check && state.held.has(target.key)
  let weightiest: Resting | undefined
  for (const key of target.allBenchKeys) {
    const why = whyResting(state, key, now, held)
    if (why !== undefined) weightiest = weightier(weightiest, why)
  }
  return weightiest
}

/** Of two reasons the one that keeps a target away: one by hand, else the one that ends later; of equals the first. */
export const weightier = (a: Resting | undefined, b: Resting | undefined): Resting | undefined =>
  a === undefined || (b !== undefined && outweighs(b, a)) ? b : a

const outweighs = (a: Resting, b: Resting): boolean => {
  const byHand = a.reason === "Manual"
  return byHand === (b.reason === "Manual") ? a.until > b.until : byHand
}

const whyResting = (state: State, key: BenchKey, now: number, held: boolean): Resting | undefined => {
  const entry = state.entries.get(key)
  if (entry === undefined) return undefined
  const { manual } = entry
  if (manual !== undefined && now < manual.until) {
    return {
      _tag: "Resting",
      key,
      until: manual.until,
      reason: "Manual",
      evidence: manual.reason,
      probing: false
    }
  }
  if (entry.reason === undefined || (now >= entry.until && entry.probe === 0 && !held)) return undefined
  const { evidence, probe, reason, until } = entry
  return { _tag: "Resting", key, until, reason, evidence, probing: probe !== 0 }
}

/** The probe proved nothing (its caller hung up, or the request was at fault): the next one may try. */
export const release = (state: State, probe: Probe, now: number): State =>
  change(state, now, probe.keys, (entry) => (entry.probe === probe.id ? { ...entry, probe: 0 } : entry))

/**
 * The probe's stream has begun to answer: others may call again, but the row of failures ends only with a whole
 * answer.
 */
export const reopen = (state: State, probe: Probe, now: number): State =>
  change(state, now, probe.keys, (entry) =>
    entry.probe === probe.id ? { ...entry, probe: 0, reason: undefined, until: 0 } : entry
  )

/**
 * A whole answer. It clears what it proves: the target, the credential if that was held to be dead, whatever it was
 * the probe of, and the row of failures of all that is free.
 */
export const succeed = (state: State, target: Target, admission: Go | Probe, now: number): State => {
  const { credential, target: own } = target.benchKeys
  let generation = state.generation
  const next = change(state, now, target.allBenchKeys, (entry, key) => {
    const proved =
      key === own ||
      entry.reason === undefined ||
      (key === credential && isAuth(entry.reason)) ||
      (admission._tag === "Probe" && admission.keys.includes(key))
    if (!proved || entry.generation > admission.generation || isClean(entry)) return entry
    generation++
    return { ...fresh, manual: entry.manual, generation }
  })
  return generation === state.generation ? next : { ...next, generation }
}

const isClean = (entry: Entry): boolean =>
  entry.reason === undefined && entry.failures === 0 && entry.hits === 0 && entry.probe === 0

const isAuth = (reason: FailureClass | undefined): boolean =>
  reason === "InvalidKey" || reason === "Forbidden" || reason === "Balance"

/**
 * An exhausted visit. The key of the rest's scope is benched when its threshold is reached, at once when the visit
 * was a probe; without a rest only the probe's slots are given back. The rest of a target that was tried although it
 * rested goes on as it was, or until the later end that the provider names.
 */
export const fail = (
  state: State,
  target: Target,
  admission: Go | Probe,
  failure: Failure,
  rest: Rest | undefined,
  now: number
): State => {
  const free = admission._tag === "Probe" ? release(state, admission, now) : state
  if (rest === undefined) return free
  const key = target.benchKeys[rest.scope]
  const entry = free.entries.get(key) ?? fresh
  const named = namedEnd(failure, now)
  if (entry.generation > admission.generation) {
    // Stale: another attempt of the same time has benched it already. Only a later end that was named still counts.
    return named === undefined || entry.reason === undefined || named <= entry.until
      ? free
      : change(free, now, [key], (old) => ({ ...old, until: named }))
  }
  const failures = entry.failures + 1
  const probed = admission._tag === "Probe" && admission.keys.includes(key)
  if (failures < rest.threshold && !probed && entry.reason === undefined) {
    return change(free, now, [key], (old) => ({ ...old, failures }))
  }
  if (entry.reason !== undefined && admission._tag === "Go") {
    // A last try, made although it rests. Its end stays where it is: many of them would push away the probe.
    return change(free, now, [key], (old) => ({
      ...old,
      reason: classOf(failure),
      evidence: failure.evidence,
      until: Math.max(old.until, named ?? 0),
      failures
    }))
  }
  const ladder = now + Math.max(shortestRest, Math.min(rest.max, rest.base * 2 ** Math.min(entry.hits, 30)))
  const end = named === undefined ? ladder : failure._tag === "Transient" ? Math.max(named, ladder) : named
  const generation = free.generation + 1
  const next = change(free, now, [key], (old) => ({
    ...old,
    reason: classOf(failure),
    evidence: failure.evidence,
    since: old.reason === undefined ? now : old.since,
    until: Math.max(old.reason === undefined ? 0 : old.until, end),
    hits: old.hits + 1,
    failures,
    generation,
    probe: 0
  }))
  return { ...next, generation }
}

/** The end the provider named, within bounds. A date of access that has passed already says nothing. */
const namedEnd = (failure: Failure, now: number): number | undefined => {
  const hint = waitMillis(failure, now)
  if (hint === undefined || (failure._tag === "AuthDead" && hint === 0)) return undefined
  const rest = Math.max(shortestRest, hint)
  return now + (failure._tag === "AuthDead" ? rest : Math.min(longestHint, rest))
}

/** Benches a key by hand. A longer manual rest stays as it is. */
export const bench = (state: State, key: BenchKey, manual: Manual): State =>
  change(state, manual.since, [key], (entry) =>
    entry.manual !== undefined && entry.manual.until > manual.until ? entry : { ...entry, manual }
  )

/** Takes a key off the bench, whoever put it there. */
export const unbench = (state: State, key: BenchKey, now: number): State => {
  if (!state.entries.has(key)) return state
  const generation = state.generation + 1
  return { ...change(state, now, [key], () => ({ ...fresh, generation })), generation }
}

/**
 * From now on this target is let back by a passed check only: the end of a rest opens it to checks and to nothing
 * else. An answer of its own (of a last resort, when everything rests) is as good as a check.
 */
export const hold = (state: State, target: Target): State =>
  holding(state, target, (state.held.get(target.key) ?? 0) + 1)

/** Undoes one `hold`. With the last one the end of a rest is open to requests again. */
export const unhold = (state: State, target: Target): State =>
  holding(state, target, (state.held.get(target.key) ?? 0) - 1)

const holding = (state: State, { key }: Target, count: number): State => {
  const held = new Map(state.held)
  if (count > 0) held.set(key, count)
  else held.delete(key)
  return { ...state, held }
}

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
  let entries: Map<BenchKey, Entry> | undefined
  for (const key of keys) {
    const old = (entries ?? state.entries).get(key) ?? fresh
    const next = f(old, key)
    if (next === old) continue
    entries ??= remembered(state, now)
    entries.set(key, { ...next, touched: now })
  }
  return entries === undefined ? state : { ...state, entries }
}

const remembered = ({ entries, held }: State, now: number): Map<BenchKey, Entry> => {
  const kept = new Map<BenchKey, Entry>()
  for (const [key, entry] of entries) {
    const waits = entry.probe !== 0 || (entry.reason !== undefined && held.has(key))
    if (waits || isResting(entry, now) || now < Math.max(entry.touched, entry.until) + idle) {
      kept.set(key, entry)
    }
  }
  if (kept.size >= capacity) {
    const automatic = [...kept].filter(([, entry]) => entry.manual === undefined && entry.probe === 0)
    automatic.sort(([, a], [, b]) => a.until - b.until)
    for (const [key] of automatic.slice(0, kept.size - capacity + 1)) kept.delete(key)
  }
  return kept
}
