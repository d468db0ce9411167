/**
 * What the bench admits: which targets may be called now, which call would be a probe, and why another target may not be
 * called. Nothing here but `admit`, which takes the probe's slot, changes the state.
 */
import type { Admission, Benched, Probe } from "../../domain/Admission.ts"
import type { BenchKey } from "../../domain/BenchKey.ts"
import type { Target } from "../../domain/Target.ts"
import type { FailureClass } from "../../failure/Failure.ts"
import { change, type Entry, entryOf, isDead, type State } from "./BenchState.ts"
import * as Fingerprint from "./Fingerprint.ts"
import * as HeldFor from "./HeldFor.ts"

/** Whether there is an entry for this target. Without one it is free, and a success has nothing to clear. */
export const knows = (state: State, target: Target): boolean =>
  state.entries.size > 0 && knowsAny(state, target)

const knowsAny = ({ entries }: State, { allBenchKeys }: Target): boolean => {
  for (const key of allBenchKeys) {
    if (entries.has(key)) return true
  }
  return false
}

/**
 * Decides whether this target may be called, and takes the probe slots if the attempt is a probe. `check` is for health
 * checks, which may probe a held target after its cooldown. Without a caller (`who`) every bench holds.
 */
export const admit = (
  state: State,
  target: Target,
  now: number,
  check = false,
  who?: HeldFor.Who
): readonly [Admission, State] => {
  const benched = peek(state, target, now, check, who)
  if (benched !== undefined) return [benched, state]
  const open = openKeys(state, target, now, who)
  if (open.length === 0) return [{ _tag: "Go", generation: state.generation }, state]
  const id = state.generation + 1
  const next = change(state, now, open, (entry) => ({ ...entry, probe: id }))
  return [
    { _tag: "Probe", generation: id, id, keys: open },
    { ...next, generation: id }
  ]
}

/** The keys that a call to this target would probe. Only for a target that may be called. */
export const openKeys = (
  state: State,
  target: Target,
  now: number,
  who?: HeldFor.Who
): ReadonlyArray<BenchKey> =>
  target.allBenchKeys.filter((key) => holdsFor(entryOf(state, key, now), target, who))

/** Whether an entry is benched or half-open for a caller. */
export const holdsFor = (
  entry: Entry | undefined,
  target: Target,
  who: HeldFor.Who | undefined
): entry is Entry & { readonly reason: FailureClass } =>
  entry?.reason !== undefined && HeldFor.holds(entry, who, target)

/**
 * Why a target cannot be called now; `undefined` if it can. A manual bench comes first, since no request may call it
 * anyway; otherwise the reason that ends last.
 */
export const peek = (
  state: State,
  target: Target,
  now: number,
  check = false,
  who?: HeldFor.Who
): Benched | undefined => {
  const held = !check && state.held.has(target.key)
  let weightiest: Benched | undefined
  for (const key of target.allBenchKeys) {
    const why = whyBenched(state, target, key, now, held, who)
    if (why !== undefined) weightiest = weightier(weightiest, why)
  }
  return weightiest
}

/** Whether a call to this target now would be an ordinary one: neither a probe nor a call to a benched target. */
export const isFree = (state: State, target: Target, now: number, who?: HeldFor.Who): boolean =>
  peek(state, target, now, false, who) === undefined && openKeys(state, target, now, who).length === 0

/** Whether a call to this target now would be a probe after a cooldown for such a failure. */
export const isProbeAfter = (
  state: State,
  target: Target,
  reason: FailureClass,
  now: number,
  who?: HeldFor.Who
): boolean =>
  target.allBenchKeys.some((key) => {
    const entry = entryOf(state, key, now)
    return entry?.reason === reason && holdsFor(entry, target, who)
  }) && peek(state, target, now, false, who) === undefined

/** Whether the target is benched for this caller and not for all. */
export const isTheirs = (state: State, target: Target, who: HeldFor.Who): boolean => {
  const entry = state.entries.get(target.key)
  return entry?.reason !== undefined && entry.isTheirs && HeldFor.hasMet(entry, who, target)
}

/** Whether a key keeps all callers out in the same way. */
export const isForAll = ({ entries }: State, key: BenchKey): boolean => {
  const entry = entries.get(key)
  return entry === undefined || HeldFor.isForAll(entry)
}

/** The number of benches in a row before a probe, if the last one was for such a failure; otherwise 0. */
export const inRow = ({ entries }: State, { keys }: Probe, reason: FailureClass): number =>
  keys.reduce((most, key) => {
    const entry = entries.get(key)
    return entry?.reason === reason ? Math.max(most, entry.consecutiveBenches) : most
  }, 0)

/** The decisive one of two reasons: a manual bench, otherwise the one that ends later. The first one if both end at the same time. */
export const weightier = (a: Benched | undefined, b: Benched | undefined): Benched | undefined =>
  a === undefined || (b !== undefined && outweighs(b, a)) ? b : a

const outweighs = (a: Benched, b: Benched): boolean => {
  const byHand = a.reason === "Manual"
  return byHand === (b.reason === "Manual") ? a.until > b.until : byHand
}

const whyBenched = (
  state: State,
  target: Target,
  key: BenchKey,
  now: number,
  held: boolean,
  who: HeldFor.Who | undefined
): Benched | undefined => {
  const entry = entryOf(state, key, now)
  if (entry === undefined) return undefined
  const { manual } = entry
  if (manual !== undefined && now < manual.until) {
    return {
      _tag: "Benched",
      key,
      until: manual.until,
      reason: "Manual",
      evidence: manual.reason,
      probing: false
    }
  }
  if (!holdsFor(entry, target, who)) return undefined
  const isOver =
    (!held && (now >= entry.until || HeldFor.mayProbe(entry, who, target, now))) ||
    isOfOtherSecret(entry, target, key)
  if (entry.probe === 0 && isOver) return undefined
  const { evidence, probe, reason, until } = entry
  return { _tag: "Benched", key, until, reason, evidence, probing: probe !== 0 }
}

/**
 * True when the secret that was found dead is not the target's present one. Only entries for one credential are compared:
 * a whole model or provider that is benched for a dead key is benched for all credentials.
 */
export const isOfOtherSecret = (
  { fingerprint, reason }: Entry,
  { benchKeys, credential }: Target,
  key: BenchKey
): boolean =>
  fingerprint !== undefined &&
  isDead(reason) &&
  (key === benchKeys.credential || key === benchKeys.target) &&
  fingerprint !== Fingerprint.of(credential)
