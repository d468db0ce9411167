/**
 * The bench as a pure state machine: what is benched, until when and why, and which attempt is a probe.
 *
 * One entry per bench key goes through these states:
 *
 *     free ──threshold reached──▶ benched ──cooldown ends──▶ half-open ──one probe──▶ free, or benched for longer
 *
 * Ends are compared with the clock on each request, so there are no timers. Three rules hold everywhere: a cooldown never
 * gets shorter; an outcome whose attempt began before the key was last benched is stale, and neither clears nor counts
 * (only a later end that the provider named is taken from it); a manual bench ends only manually or at its own end.
 */
import type { Admission, Benched, Go, Probe } from "../domain/Admission.ts"
import type { BenchKey } from "../domain/BenchKey.ts"
import type { Target } from "../domain/Target.ts"
import { classOf, type Failure, type FailureClass, waitMillis } from "../failure/Failure.ts"
import type { Rest } from "../policy/Rule.ts"
import {
  change,
  type Entry,
  entryOf,
  fresh,
  isDead,
  type Manual,
  markListed,
  markUnlisted,
  type State
} from "./state/BenchState.ts"
import * as Fingerprint from "./state/Fingerprint.ts"
import * as HeldFor from "./state/HeldFor.ts"

export type { Admission, Benched, Go, Probe } from "../domain/Admission.ts"
export {
  change,
  type Entry,
  empty,
  entryOf,
  hold,
  idle,
  idleDead,
  isBenched,
  type Manual,
  make,
  markUnlisted,
  mostUnlisted,
  type State,
  unhold
} from "./state/BenchState.ts"
export type { Who } from "./state/HeldFor.ts"

/** The longest cooldown a provider can request for a throttle or a fault: a wrong date must not bench for weeks. */
export const longestHint = 24 * 3_600_000

/** The shortest cooldown: "retry after 0" must not become a busy loop. */
export const shortestCooldown = 250

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
const holdsFor = (
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
const isOfOtherSecret = (
  { fingerprint, reason }: Entry,
  { benchKeys, credential }: Target,
  key: BenchKey
): boolean =>
  fingerprint !== undefined &&
  isDead(reason) &&
  (key === benchKeys.credential || key === benchKeys.target) &&
  fingerprint !== Fingerprint.of(credential)

/** Releases a probe that proved nothing (its caller was interrupted, or the request was at fault). */
export const release = (state: State, probe: Probe, now: number): State =>
  change(state, now, probe.keys, (entry) => (entry.probe === probe.id ? { ...entry, probe: 0 } : entry))

/**
 * The probe's stream has committed: others may call again, but the count of consecutive failures is reset only by a whole
 * answer.
 */
export const reopen = (state: State, probe: Probe, now: number): State =>
  change(state, now, probe.keys, (entry) =>
    entry.probe === probe.id ? { ...entry, probe: 0, reason: undefined, until: 0 } : entry
  )

/**
 * A whole answer. It clears the target, the credential if that was considered dead, every key that the attempt probed, and the
 * consecutive failures of all free keys. A bench that holds for other callers stays: the answer is no evidence about their requests.
 */
export const succeed = (
  state: State,
  target: Target,
  admission: Go | Probe,
  now: number,
  who?: HeldFor.Who
): State => {
  const { credential, target: own } = target.benchKeys
  let generation = state.generation
  const next = change(state, now, target.allBenchKeys, (entry, key) => {
    if (entry.reason !== undefined && !holdsFor(entry, target, who)) {
      return entry.failures === 0 ? entry : { ...entry, failures: 0, by: undefined }
    }
    const proved =
      key === own ||
      entry.reason === undefined ||
      (key === credential && isDead(entry.reason)) ||
      (admission._tag === "Probe" && admission.keys.includes(key))
    if (!proved || entry.generation > admission.generation || isClean(entry)) return entry
    generation++
    return { ...fresh, manual: entry.manual, unlistedNumber: entry.unlistedNumber, generation }
  })
  return generation === state.generation ? next : { ...next, generation }
}

const isClean = (entry: Entry): boolean =>
  entry.reason === undefined && entry.failures === 0 && entry.consecutiveBenches === 0 && entry.probe === 0

/**
 * An exhausted visit. The key of the scope is benched when its threshold is reached, at once when the visit was a probe;
 * without a `rest` only the probe's slots are released. The cooldown of a target that was called although benched stays
 * as it was, or ends at the later time that the provider names.
 */
export const fail = (
  state: State,
  target: Target,
  admission: Go | Probe,
  failure: Failure,
  rest: Rest | undefined,
  now: number,
  who?: HeldFor.Who
): State => {
  const free = admission._tag === "Probe" ? release(state, admission, now) : state
  if (rest === undefined) return free
  const key = target.benchKeys[rest.scope]
  const next = failed(free, key, target, admission, failure, rest, now, who)
  if (next === free) return free
  if (!target.unlisted) return markListed(next, key)
  // The name is in these two keys only. Keys that were known before stay where they are.
  const isMadeUp = (rest.scope === "target" || rest.scope === "model") && !state.entries.has(key)
  return isMadeUp ? markUnlisted(next, key, now) : next
}

const failed = (
  state: State,
  key: BenchKey,
  target: Target,
  admission: Go | Probe,
  failure: Failure,
  rest: Rest,
  now: number,
  who: HeldFor.Who | undefined
): State => {
  const entry = state.entries.get(key) ?? fresh
  const named = namedEnd(failure, now)
  // A bench that holds only for other callers does not hold for this one, whose failure is new evidence.
  const isTheirs = entry.reason !== undefined && !HeldFor.holds(entry, who, target)
  const wasBenched = entry.reason !== undefined && !isTheirs
  if (entry.generation > admission.generation && !isTheirs) {
    // Stale: a concurrent attempt has benched it already. Only a later end that the provider named counts.
    return named === undefined || !wasBenched || named <= entry.until
      ? state
      : change(state, now, [key], (old) => ({ ...old, until: named }))
  }
  const failures = entry.failures + 1
  const id = rest.scope === "target" && HeldFor.canBeProvoked(failure) ? who?.idAt(target) : undefined
  const by = entry.failures === 0 || entry.by === id ? id : undefined
  const isKnown = id !== undefined && who?.isKnownAt(target) === true
  const probed = admission._tag === "Probe" && admission.keys.includes(key)
  // Where nothing tells callers apart, a target that answers other requests has to fail more often in a row.
  const mayBeRequests = rest.scope === "target" && HeldFor.canBeProvoked(failure) && !(isKnown && by === id)
  const threshold = mayBeRequests
    ? Math.max(rest.threshold, who?.leastInRowAt?.(target) ?? 1)
    : rest.threshold
  if (failures < threshold && !probed && !wasBenched) {
    return change(state, now, [key], (old) => ({ ...old, failures, by }))
  }
  const reason = classOf(failure)
  const told = {
    reason,
    evidence: failure.evidence,
    hint: hintOf(failure, now),
    fingerprint: isDead(reason) ? Fingerprint.of(target.credential) : undefined
  }
  if (wasBenched && admission._tag === "Go") {
    // A call to a benched target. The end stays: many such calls would postpone the probe.
    // A throttle that ends sooner does not become the reason: no request has to wait for the end because of it.
    const explains = failure._tag !== "RateLimit" || (named ?? 0) > entry.until
    return change(state, now, [key], (old) => ({
      ...old,
      ...(explains && told),
      until: Math.max(old.until, named ?? 0),
      failures,
      by
    }))
  }
  // A new secret is a new credential: the cooldowns of the old one do not apply to it.
  const isOther = isOfOtherSecret(entry, target, key)
  const isEarly = probed && now < entry.until && HeldFor.mayProbe(entry, who, target, now)
  // A first bench of this caller, and a probe that confirms the latest bench, do not count as a further bench.
  const before = isOther || isTheirs ? 0 : entry.consecutiveBenches - (isEarly ? 1 : 0)
  const usual = now + Math.max(shortestCooldown, Math.min(rest.max, rest.base * 2 ** Math.min(before, 30)))
  const end = endOf(told.hint, named, usual, failure)
  const generation = state.generation + 1
  const probe = isEarly ? "early" : probed ? "yes" : "no"
  const heldFor = HeldFor.after({ entry, id, isKnown, isNamed: who?.isNamed !== false, by, probe }, now)
  const next = change(state, now, [key], (old) => ({
    ...old,
    ...told,
    ...heldFor,
    since: old.reason === undefined ? now : old.since,
    until: Math.max(old.reason === undefined || isOther ? 0 : old.until, end),
    consecutiveBenches: isOther ? 1 : Math.max(before + 1, isTheirs ? entry.consecutiveBenches : 0),
    failures,
    by,
    generation,
    probe: 0
  }))
  return { ...next, generation }
}

/**
 * When the next probe may be sent. The date at which a dead key regains access is a hint: access may come back sooner (after
 * a payment), so probes follow the usual cooldowns, and one is sent at the date if that is sooner.
 */
const endOf = (
  hint: number | undefined,
  named: number | undefined,
  usual: number,
  failure: Failure
): number => {
  if (hint !== undefined) return Math.min(hint, usual)
  if (named === undefined) return usual
  return failure._tag === "Transient" ? Math.max(named, usual) : named
}

/** The end of the wait that the provider asked for, within bounds. Not for dead keys, see `hintOf`. */
const namedEnd = (failure: Failure, now: number): number | undefined => {
  const wait = failure._tag === "AuthDead" ? undefined : waitMillis(failure, now)
  return wait === undefined ? undefined : now + Math.min(longestHint, Math.max(shortestCooldown, wait))
}

/** When a dead key regains access. A time in the past is ignored. */
const hintOf = (failure: Failure, now: number): number | undefined =>
  failure._tag === "AuthDead" && failure.until !== undefined && failure.until > now
    ? Math.max(now + shortestCooldown, failure.until)
    : undefined

/** Benches a key manually. A longer manual bench stays as it is. */
export const bench = (state: State, key: BenchKey, manual: Manual): State =>
  change(state, manual.since, [key], (entry) =>
    entry.manual !== undefined && entry.manual.until > manual.until ? entry : { ...entry, manual }
  )

/** Takes a key off the bench, whether it was benched manually or by failures. */
export const unbench = (state: State, key: BenchKey, now: number): State => {
  if (!state.entries.has(key)) return state
  const generation = state.generation + 1
  return {
    ...change(state, now, [key], ({ unlistedNumber }) => ({ ...fresh, unlistedNumber, generation })),
    generation
  }
}
