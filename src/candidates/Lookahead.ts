/** The targets that may be called after the current one. Nothing here moves the position or takes a probe's slot. */
import type { Backend } from "../domain/Backend.ts"
import type { Target } from "../domain/Target.ts"
import type * as Bench from "../health/Bench.ts"
import type { Next } from "../policy/Rule.ts"
import type { Ordering, Position } from "./Position.ts"
import type { PreparedTier } from "./PreparedChain.ts"

/** The candidates of a run. */
export interface Candidates<P extends Backend, R> extends Ordering<R> {
  readonly position: Position<P, R>
  /** Whether a target may be tried. */
  allows(target: Target): boolean
  /** Why a target cannot be called now. */
  why(target: Target): Bench.Benched | undefined
}

/** A target, and the tier that it is in. */
export interface Found<out P extends Backend, out R> {
  readonly tier: PreparedTier<P, R>
  readonly target: Target
}

/** Whether another credential of the current model, or an equal of it, could be called now. */
export const hasSibling = <P extends Backend, R>(candidates: Candidates<P, R>): boolean =>
  inTier(candidates, (target) => candidates.why(target) === undefined) !== undefined

/** The model, as `provider/model`, of the next target. */
export const following = <P extends Backend, R>(candidates: Candidates<P, R>): string | undefined => {
  const isOpen = (target: Target) => candidates.why(target) === undefined
  const next =
    inTier(candidates, isOpen) ?? inLaterTiers(candidates, isOpen, ({ single }) => single !== undefined)
  return next?.target.benchKeys.model
}

/** The first later target for which `holds` is true: in the current tier, or with `chain` in a later one. */
export const find = <P extends Backend, R>(
  candidates: Candidates<P, R>,
  to: "tier" | "chain",
  holds: (target: Target) => boolean
): Found<P, R> | undefined =>
  inTier(candidates, holds) ?? (to === "chain" ? inLaterTiers(candidates, holds) : undefined)

/** The first such target in the current tier. */
const inTier = <P extends Backend, R>(
  candidates: Candidates<P, R>,
  holds: (target: Target) => boolean
): Found<P, R> | undefined => {
  const { position } = candidates
  const { order, prepared } = position
  for (let at = position.at; at < order.length; at++) {
    const target = order.at(at)!
    if (position.hasLeft(target) || position.avoids(target)) continue
    if (candidates.allows(target) && holds(target)) {
      return { tier: prepared.tiers[position.tier]!, target }
    }
  }
  return undefined
}

/** The first such target in the later tiers. With `isEnough` the listed order is used, and the tier's own order is not computed. */
const inLaterTiers = <P extends Backend, R>(
  candidates: Candidates<P, R>,
  holds: (target: Target) => boolean,
  isEnough: (tier: PreparedTier<P, R>) => boolean = () => false
): Found<P, R> | undefined => {
  const { context, prepared, tier: current } = candidates.position
  const isNext = (target: Target) => candidates.allows(target) && holds(target)
  for (let at = current + 1; at < prepared.tiers.length; at++) {
    const tier = prepared.tiers[at]!
    const targets = tier.targetsIn(context)
    const first = targets.find(isNext)
    if (first === undefined) continue
    if (isEnough(tier)) return { tier, target: first }
    const order = targets.length < 2 ? targets : candidates.ordering().ahead(tier, targets)
    for (let place = 0; place < order.length; place++) {
      const target = order.at(place)!
      if (isNext(target)) return { tier, target }
    }
  }
  return undefined
}

/** The targets of all tiers that may be tried and for which `holds` is true, with their backends. */
export const passed = <P extends Backend, R>(
  candidates: Candidates<P, R>,
  holds: (target: Target) => boolean
): ReadonlyArray<{ readonly backend: P; readonly target: Target }> => {
  const { context, prepared } = candidates.position
  return prepared.tiers.flatMap((tier) =>
    tier
      .targetsIn(context)
      .filter(
        (target) => candidates.allows(target) && !candidates.position.hasLeftForGood(target) && holds(target)
      )
      .map((target) => ({ backend: tier.backendOf(target, context), target }))
  )
}

/**
 * How many of the targets for which `holds` is true may be tried after the given one is left with this `next`: later ones, and those
 * that the run has passed over. By default those that could be called now. Counts up to `most`, since a chain can be long.
 */
export const count = <P extends Backend, R>(
  candidates: Candidates<P, R>,
  current: Target,
  next: Next,
  most: number,
  holds: (target: Target) => boolean = (target) => candidates.why(target) === undefined
): number => {
  if (next === "stop" || most < 1) return 0
  const { position } = candidates
  const { context, prepared } = position
  const { length } = prepared.tiers
  const first = Math.max(0, position.tier)
  let count = 0
  for (let step = 0; step < length; step++) {
    const at = (first + step) % length
    for (const target of prepared.tiers[at]!.targetsIn(context)) {
      const isCounted =
        target.key !== current.key &&
        candidates.allows(target) &&
        isReached(position, at, target, current, next) &&
        holds(target)
      if (isCounted && ++count >= most) return count
    }
  }
  return count
}

/** Whether a run comes to a target of this tier, or back to it, after the given one is left. */
const isReached = <P extends Backend, R>(
  position: Position<P, R>,
  tier: number,
  target: Target,
  { benchKeys, endpoint }: Target,
  next: Next
): boolean => {
  if (tier > position.tier) return true
  if (tier < position.tier) return !position.hasLeftForGood(target)
  const isElsewhere =
    next === "model" ? target.benchKeys.model !== benchKeys.model : target.endpoint !== endpoint
  return (next === "credential" || isElsewhere) && !position.hasLeft(target)
}
