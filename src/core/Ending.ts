/** How a run ends when nobody could answer: what rests, and when it makes sense to come back. */
import type * as Bench from "./Bench.ts"
import { AllBenched, type RestingKey } from "./RunError.ts"
import type { Target } from "./Target.ts"

/** A target that rests, with its pool and the reason. */
export interface RestingTarget<out P> {
  readonly pool: P
  readonly target: Target
  readonly why: Bench.Resting
}

/** The rest that ends soonest, of those that nobody put by hand. */
export const soonest = <P>(resting: ReadonlyArray<RestingTarget<P>>): RestingTarget<P> | undefined =>
  resting
    .filter(({ why }) => why.reason !== "Manual")
    .reduce<RestingTarget<P> | undefined>(
      (a, b) => (a === undefined || b.why.until < a.why.until ? b : a),
      undefined
    )

/** The soonest end of all, by hand or not, in milliseconds since the epoch; infinite when there is none. */
export const soonestEnd = (resting: ReadonlyArray<RestingTarget<unknown>>): number =>
  resting.reduce((end, { why }) => Math.min(end, why.until), Number.POSITIVE_INFINITY)

/** The error's field for the soonest end; absent when there is none. */
export const retryAt = (resting: ReadonlyArray<RestingTarget<unknown>>): { readonly retryAt?: number } => {
  const end = soonestEnd(resting)
  return end === Number.POSITIVE_INFINITY ? {} : { retryAt: end }
}

/** Nothing was callable. */
export const allBenched = (resting: ReadonlyArray<RestingTarget<unknown>>): AllBenched => {
  const byKey = new Map<string, RestingKey>()
  for (const { why } of resting) {
    byKey.set(why.key, {
      key: why.key,
      reason: why.reason,
      ...(why.evidence !== undefined && { evidence: why.evidence }),
      ...(why.until !== Number.POSITIVE_INFINITY && { until: why.until })
    })
  }
  return new AllBenched({ benches: [...byKey.values()], ...retryAt(resting) })
}
