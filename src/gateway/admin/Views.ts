/** Maps the engine's records to the records of the admin API. */

import type { Explained } from "../../candidates/Explain.ts"
import type { ExplainedHedge } from "../../candidates/ExplainHedge.ts"
import type { Learned } from "../../candidates/queue/Room.ts"
import * as BenchKey from "../../domain/BenchKey.ts"
import type * as BenchRegistry from "../../health/BenchRegistry.ts"
import type * as Wire from "./Wire.ts"

/** A bench key. */
export const benchOf = (info: BenchRegistry.BenchInfo): Wire.Bench => {
  const {
    by,
    callers,
    evidence,
    failures,
    hint,
    consecutiveBenches,
    key,
    reason,
    scope,
    since,
    status,
    until
  } = info
  return {
    key,
    scope,
    status,
    ...(reason !== undefined && { reason }),
    ...(evidence !== undefined && { evidence }),
    ...(since !== undefined && { since }),
    ...end(until),
    ...(hint !== undefined && { hint }),
    consecutiveBenches,
    failures,
    ...(by !== undefined && { by }),
    ...(callers !== undefined && { callers })
  }
}

/** The counts and state of a key. */
export const healthOf = (health: BenchRegistry.Health): Wire.Health => {
  const { attempts, failures, failuresInRow, key, lastFailure, status, until } = health
  return {
    key,
    scope: BenchKey.scopeOf(BenchKey.parse(key) ?? { provider: key }),
    status,
    ...end(until),
    attempts,
    failures,
    failuresInRow,
    ...(lastFailure !== undefined && {
      lastFailure: {
        class: lastFailure.class,
        at: lastFailure.at,
        ...(lastFailure.evidence !== undefined && { evidence: lastFailure.evidence })
      }
    })
  }
}

/** A target that was never called. */
export const untried = (key: string): Wire.Health => ({
  key,
  scope: "target",
  status: "free",
  attempts: 0,
  failures: 0,
  failuresInRow: 0
})

/** A target as a request would find it. */
export const explainedOf = ({
  callers,
  clears,
  hedge,
  learned,
  state,
  strategy,
  target,
  tier,
  why
}: Explained): Wire.ExplainedTarget => {
  const reason = why && {
    key: why.key,
    reason: why.reason,
    ...(why.evidence !== undefined && { evidence: why.evidence }),
    ...end(why.until)
  }
  const clearing = clears === undefined ? {} : { clears }
  return {
    target: target.key,
    ...(strategy !== undefined && { tier, strategy }),
    state,
    ...reason,
    ...clearing,
    ...(reason && { why: { ...reason, ...clearing } }),
    ...(callers !== undefined && { callers }),
    ...(learned && { learned: learnedOf(learned) }),
    ...(hedge && { hedge: hedgeOf(hedge) })
  }
}

/** What was learned of a target. */
export const learnedOf = ({ inFlight, limit, perSecond, waiting }: Learned): Wire.Learned => ({
  inFlight,
  ...(limit !== undefined && { limit }),
  ...(perSecond !== undefined && { perSecond }),
  waiting
})

const hedgeOf = ({ effect, stream, to, whyNot }: ExplainedHedge) => ({
  to: to.map(({ key }) => key),
  afterMs: { ...(stream !== undefined && { stream }), ...(effect !== undefined && { answer: effect }) },
  ...(whyNot !== undefined && { whyNot })
})

/** The tiers of a chain with their targets. */
export const tiersOf = (targets: ReadonlyArray<Explained>): Wire.Explanation["tiers"] =>
  [...new Set(targets.map(({ tier }) => tier))].map((tier) => {
    const mine = targets.filter((each) => each.tier === tier)
    return {
      tier,
      models: [...new Set(mine.map(({ target }) => target.benchKeys.model))],
      strategy: mine[0]?.strategy ?? "sequential",
      targets: mine.map(explainedOf)
    }
  })

/** A manual bench may have no end. */
const end = (until: number | undefined) => (until !== undefined && Number.isFinite(until) ? { until } : {})
