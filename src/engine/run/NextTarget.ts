/** Finds the next target that can be called, and begins a visit. */
import { Visit } from "../../candidates/Visit.ts"
import type { Backend } from "../../domain/Backend.ts"
import * as Attempt from "./Attempt.ts"
import type { RunState } from "./RunState.ts"
import * as Step from "./Step.ts"

/**
 * Finds the next target within the policy's number of targets and the deadline. A hedge that is under way comes next. Without a
 * target to move to, the run may still continue a visit that a budget cut short, or that waits as the provider asked.
 */
export const find = <P extends Backend, R, A>(run: RunState<P, R, A>): Step.Step<A> => {
  if (run.hedge !== undefined) return Step.join
  if (run.isOverdue && run.mayMove) return run.outOfTime()
  if (!run.mayMove) return Step.noTargetLeft
  const visit = run.candidates.next(run.attemptsLeft > 0)
  return visit === undefined ? Step.noTargetLeft : begin(run, visit)
}

/**
 * Finds the first target. If it is the only one of its tier and nothing is known against it, it is called without making the
 * candidates, which only further targets need.
 */
export const first = <P extends Backend, R, A>(run: RunState<P, R, A>): Step.Step<A> => {
  const { registry, room } = run.shared
  const tier = run.options.prepared.tiers[0]
  const target = tier?.sole
  if (tier === undefined || target === undefined || room.mayBeFull) return find(run)
  const admission = target.credential.rpm === undefined ? registry.freeUnsafe(target) : undefined
  if (admission === undefined) return find(run)
  run.visit = new Visit(tier.backendOf(target, run.context), target, admission)
  run.visits = 1
  return Attempt.make(run, undefined)
}

/** Begins a visit. */
export const begin = <P extends Backend, R, A>(run: RunState<P, R, A>, visit: Visit<P>): Step.Step<A> => {
  run.visit = visit
  if (!run.candidates.hasTried(visit.target)) run.visits++
  return Attempt.make(run, undefined)
}
