/** What a run would find behind its current target. Nothing here moves the position or takes a probe's slot. */
import type { Backend } from "../domain/Backend.ts"
import type { Target } from "../domain/Target.ts"
import type * as Bench from "../health/Bench.ts"
import type { Next } from "../policy/Rule.ts"
import type { Ordering, Position } from "./Position.ts"
import type { PreparedTier } from "./PreparedChain.ts"

/** The candidates of a run. */
export interface Candidates<P extends Backend, R> extends Ordering<R> {
  readonly position: Position<P, R>
  /** Whether a target is left for this request. */
  allows(target: Target): boolean
  /** What keeps a target from being called now. */
  why(target: Target): Bench.Resting | undefined
}

/** A target, and the tier that it is in. */
export interface Found<out P extends Backend, out R> {
  readonly tier: PreparedTier<P, R>
  readonly target: Target
}

/** Whether another credential of the current model, or an equal of it, could be called now. */
export const hasSibling = <P extends Backend, R>(candidates: Candidates<P, R>): boolean =>
  inTier(candidates, (target) => candidates.why(target) === undefined) !== undefined

/** The model, as `provider/model`, of the target that would come next. */
export const following = <P extends Backend, R>(candidates: Candidates<P, R>): string | undefined => {
  const isOpen = (target: Target) => candidates.why(target) === undefined
  const next =
    inTier(candidates, isOpen) ?? inLaterTiers(candidates, isOpen, ({ single }) => single !== undefined)
  return next?.target.benchKeys.model
}

/** The first target behind the current one for which something holds: in the current tier, or with `chain` in a later one. */
export const find = <P extends Backend, R>(
  candidates: Candidates<P, R>,
  to: "tier" | "chain",
  holds: (target: Target) => boolean
): Found<P, R> | undefined =>
  inTier(candidates, holds) ?? (to === "chain" ? inLaterTiers(candidates, holds) : undefined)

/** The first one in the current tier. */
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

/** The first one in the later tiers. Where the first one as listed is enough, the tier's order is not worked out. */
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

/** Targets of all tiers that are left for this request and for which something holds, with their backends. */
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
 * How many targets could be called now by a run that leaves a target this way. Counts up to `most` only, since a chain can be
 * long.
 */
export const count = <P extends Backend, R>(
  candidates: Candidates<P, R>,
  { benchKeys, endpoint }: Target,
  next: Next,
  most: number
): number => {
  if (next === "stop" || most < 1) return 0
  const { position } = candidates
  const { order, prepared } = position
  const isOpen = (target: Target) => candidates.allows(target) && candidates.why(target) === undefined
  let count = 0
  const isOnly = prepared.tiers[position.tier]?.single !== undefined
  const leaves = next === "model" && isOnly
  for (let at = leaves ? order.length : position.at; at < order.length; at++) {
    const target = order.at(at)!
    const isThere =
      next === "model" ? target.benchKeys.model !== benchKeys.model : target.endpoint !== endpoint
    if ((next === "credential" || isThere) && !position.hasLeft(target) && isOpen(target)) count++
    if (count >= most) return count
  }
  for (let at = position.tier + 1; at < prepared.tiers.length; at++) {
    for (const target of prepared.tiers[at]!.targetsIn(position.context)) {
      if (isOpen(target) && ++count >= most) return count
    }
  }
  return count
}
