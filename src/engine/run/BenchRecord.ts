/** Records failed attempts at the bench. A target that fails more often than its equals is ejected: benched although its visits may succeed. */
import * as Ejection from "../../choice/Ejection.ts"
import type { Kind } from "../../choice/Load.ts"
import { Outcomes } from "../../choice/Outcomes.ts"
import type { Group, Signals, SignalsOf } from "../../choice/Signals.ts"
import type { Target } from "../../domain/Target.ts"
import * as Failure from "../../failure/Failure.ts"
import * as Bench from "../../health/Bench.ts"
import type { EngineBench } from "../../health/EngineBench.ts"
import { canBeProvoked } from "../../health/state/HeldFor.ts"
import { doubtfulClasses, type Rest } from "../../policy/Rule.ts"

/** What failed. A `committed` stream was counted as a success at its first content. */
type Failed = Kind | "committed"

/** The shared state that is needed here. */
export interface Shared {
  readonly registry: EngineBench
  readonly signals: SignalsOf
}

/** Who made the attempt. */
export interface Who extends Bench.Who {
  /** Records that the caller's request has failed at a target. */
  readonly hasFailedAt: (target: Target, wasFree: boolean) => void
}

/** Records a failed attempt. `rest` is the rule's; an ejection replaces it. */
export const record = (
  shared: Shared,
  target: Target,
  admission: Bench.Go | Bench.Probe,
  failure: Failure.Failure,
  rest: Rest | undefined,
  kind: Failed,
  now: number,
  who?: Who
): void => {
  const { registry, signals } = shared
  // If the target is benched for this caller alone, the caller's failure is no evidence for the others.
  const isAlone = () => who !== undefined && Bench.isTheirs(registry.stateUnsafe(), target, who)
  const fault = isItsOwn(failure) && !isAlone() ? failure : undefined
  const group = fault && signals.groups.get(target)
  const found = group && tooOften(group, target, signals.ofTarget(target), registry, kind, now, who)
  const recorded = fault && found ? withEvidence(fault, found.evidence) : failure
  // A bench of another caller alone does not count: this one's failure may be the first of an outage, or caused by its request.
  const isDoubtful = rest !== undefined && canBeProvoked(failure)
  const wasFree = isDoubtful && !Bench.holdsFor(registry.stateUnsafe().entries.get(target.key), target, who)
  registry.failUnsafe(target, admission, recorded, found?.rest ?? rest, now, who)
  if (isDoubtful) who?.hasFailedAt(target, wasFree)
}

/**
 * Whether a failure counts for ejection: a fault of the target or on the way to it. A throttle is not a fault, and a failure that
 * the text of a request can cause must not bench a target for other requests.
 */
const isItsOwn = (failure: Failure.Failure): failure is Failure.Transient =>
  failure._tag === "Transient" && failure.reason !== "Local" && !doubtfulClasses.has(failure.reason)

const tooOften = (
  group: Group,
  target: Target,
  own: Signals,
  registry: EngineBench,
  kind: Failed,
  now: number,
  who?: Who
): { readonly rest: Rest; readonly evidence: string } | undefined => {
  const settings = target.policy.ejection
  own.load.failed(kind === "committed" ? "stream" : kind, 0, now)
  if (settings === undefined) return undefined
  if (own.outcomes?.window === settings.window && kind === "committed") own.outcomes.turn(now)
  else {
    if (own.outcomes?.window !== settings.window) own.outcomes = new Outcomes(settings.window)
    own.outcomes.add(true, now)
  }
  const counted = own.outcomes.count(now)
  const others = () =>
    group.signals.flatMap((signals) => (signals === own ? [] : (signals.outcomes?.count(now) ?? nothing)))
  if (!Ejection.isTooMuch(counted, others, settings)) return undefined
  const state = registry.stateUnsafe()
  const isOut = (item: Target) => Bench.peek(state, item, now, false, who) !== undefined
  const items = group.items as ReadonlyArray<Target>
  if (isOut(target) || !Ejection.hasRoom(items.length, items.filter(isOut).length, settings)) return undefined
  // A row of ejections ends after some time without one.
  if (now - own.outUntil > memory) own.ejections = 0
  const length = Ejection.lengthOf(own.ejections++)
  own.outUntil = now + length
  return {
    rest: { scope: "target", threshold: 1, base: length, max: length },
    evidence: `${counted.failed} of ${counted.attempts} attempts in ${settings.window / 1_000} s failed`
  }
}

/** After this many milliseconds without an ejection, the next one counts as the first again. */
const memory = 300_000

const nothing = { attempts: 0, failed: 0 }

/** The failure with other evidence, for the bench. */
const withEvidence = ({ message, reason, retryAfter }: Failure.Transient, evidence: string) =>
  new Failure.Transient({ reason, message, evidence, ...(retryAfter && { retryAfter }) })
