/** Explains hedges: after how long a slow attempt would be hedged, and at which target. */
import type { SignalsOf } from "../choice/Signals.ts"
import type { Target } from "../domain/Target.ts"
import * as Hedging from "../policy/Hedging.ts"

/** The hedge of a first attempt at a target. The provider may still forbid hedges for a request. */
export interface ExplainedHedge {
  /**
   * The possible targets of the hedge: one if the tier is tried in order, otherwise all that its strategy chooses from.
   */
  readonly to: ReadonlyArray<Target>
  /** Milliseconds without content after which a stream is hedged; absent while unknown. */
  readonly stream?: number | undefined
  /** Milliseconds after which a whole answer is hedged; absent while unknown. */
  readonly effect?: number | undefined
  /** Why there would be no hedge now, as a text; absent if there would be one. */
  readonly whyNot?: string | undefined
}

/** A target of the chain, as explained. */
interface Known {
  readonly target: Target
  readonly tier: number
  readonly strategy?: string | undefined
  readonly state: string
}

/** The hedge of a first attempt at `target`, which is one of the `targets` of its chain. */
export const hedgeOf = (
  { target, tier, strategy }: Known,
  targets: ReadonlyArray<Known>,
  signals: SignalsOf,
  mostTargets: number
): ExplainedHedge => {
  const { hedge, timeouts } = target.policy
  if (hedge === undefined) return { to: [], whyNot: "hedging is off (policy.hedge)" }
  const at = targets.findIndex((each) => each.target === target)
  const isOpen = (each: Known) => each.state === "callable"
  const equals = targets.filter(
    (each, index) => each.tier === tier && index !== at && (strategy !== undefined || index > at)
  )
  const fallbacks = hedge.to === "chain" ? targets.filter((each) => each.tier > tier) : []
  const here = equals.filter(isOpen)
  const later = fallbacks.filter(isOpen)
  const to = firstOf(here.length > 0 ? here : later.filter((each) => each.tier === later[0]!.tier))
  const { times } = signals.ofTarget(target)
  const delay = (kind: "stream" | "effect", longest: number) => {
    const after = Hedging.delayOf(hedge, () => times[kind])
    return after !== undefined && after < longest ? { [kind]: after } : {}
  }
  const after = { ...delay("stream", timeouts.firstContent), ...delay("effect", timeouts.answer) }
  const whyNot = whyNotOf()
  return { to, ...after, ...(whyNot !== undefined && { whyNot }) }

  function whyNotOf(): string | undefined {
    if (mostTargets < 2) return "a request may go to one target only (policy.targets)"
    if (equals.length + fallbacks.length === 0) {
      return hedge!.to === "chain"
        ? "no target follows it in the chain"
        : 'no target follows it in its tier (policy.hedge.to is "tier")'
    }
    if (to.length === 0) {
      return hedge!.to === "chain"
        ? "no other target of the chain can be called now without being a probe"
        : "no other target of its tier can be called now without being a probe"
    }
    if (Object.keys(after).length === 0) {
      return typeof hedge!.after === "number"
        ? "the delay is not shorter than the timeout of the attempt"
        : "fewer than 20 of the target's times are known, and hedge.otherwise sets no delay for that case"
    }
    return signals.hedges.allowsNext(hedge!.share)
      ? undefined
      : "the budget of hedges is used up; each request that may be hedged adds hedge.share to it"
  }
}

const firstOf = (found: ReadonlyArray<Known>): ReadonlyArray<Target> =>
  (found[0]?.strategy === undefined ? found.slice(0, 1) : found).map(({ target }) => target)
