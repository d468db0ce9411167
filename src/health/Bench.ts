/**
 * The bench as a pure state machine: how the outcomes of attempts, and an operator, change what is benched, until when and
 * why. `state/Admit.ts` decides from it which target may be called.
 *
 * One entry per bench key goes through these states:
 *
 *     free ──threshold reached──▶ benched ──cooldown ends──▶ half-open ──one probe──▶ free, or benched for longer
 *
 * Ends are compared with the clock on each request, so there are no timers. Three rules hold everywhere: a cooldown never
 * gets shorter; an outcome whose attempt began before the key was last benched is stale, and neither clears nor counts
 * (only a later end that the provider named is taken from it); a manual bench ends only manually or at its own end.
 */
import type { Go, Probe } from "../domain/Admission.ts"
import type { BenchKey } from "../domain/BenchKey.ts"
import type { Target } from "../domain/Target.ts"
import { classOf, type Failure, waitMillis } from "../failure/Failure.ts"
import type { Rest } from "../policy/Rule.ts"
import { holdsFor, isOfOtherSecret } from "./state/Admit.ts"
import {
  change,
  type Entry,
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
  admit,
  holdsFor,
  inRow,
  isForAll,
  isFree,
  isProbeAfter,
  isTheirs,
  knows,
  openKeys,
  peek,
  weightier
} from "./state/Admit.ts"
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
