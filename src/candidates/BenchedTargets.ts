/** The benched targets of a run's chain, and which of them a run may still try: its last attempts. */
import type { Backend } from "../domain/Backend.ts"
import type { Target } from "../domain/Target.ts"
import type * as Bench from "../health/Bench.ts"
import { transientClasses } from "../policy/Rule.ts"
import type { Position } from "./Position.ts"

/** A benched target, with its backend and the reason. */
export interface BenchedTarget<out P> {
  readonly backend: P
  readonly target: Target
  readonly why: Bench.Benched
}

/** Benched targets of a chain, and whether these are all of its targets. */
export interface BenchedOfChain<out P> {
  readonly all: boolean
  readonly benched: ReadonlyArray<BenchedTarget<P>>
}

/** The candidates of a run. */
export interface Candidates<P extends Backend, R> {
  readonly position: Position<P, R>
  /** Whether a target has been tried and given up. */
  hasTried(target: Target): boolean
  /** Whether a target may accept the request. */
  isWilling(target: Target): boolean
  /** Why a target cannot be called now. */
  why(target: Target): Bench.Benched | undefined
  /** Whether a target is neither benched nor half-open. */
  isFree(target: Target): boolean
  /** Whether its credential is over its own limit, or the target at a learned one. */
  isLimited(target: Target): boolean
}

/** All benched targets of the chain. */
export const all = <P extends Backend, R>(candidates: Candidates<P, R>): BenchedOfChain<P> =>
  of(candidates, () => true)

/** Whether no target of the chain is free: each is benched, or was tried by the run and is half-open now. */
export const noneIsFree = <P extends Backend, R>(
  candidates: Candidates<P, R>,
  halfOpen: ReadonlyArray<Pick<BenchedTarget<P>, "target">>
): boolean => {
  const open = new Set(halfOpen.map(({ target }) => target.key))
  return of(candidates, ({ key }) => !open.has(key)).all
}

const of = <P extends Backend, R>(
  candidates: Candidates<P, R>,
  isCounted: (target: Target) => boolean
): BenchedOfChain<P> => {
  const { context, prepared } = candidates.position
  const benched: Array<BenchedTarget<P>> = []
  let all = true
  for (const model of prepared.models) {
    const backend = model.backendIn(context)
    for (const target of model.targetsOf(backend)) {
      if (!isCounted(target)) continue
      const why = candidates.why(target)
      if (why === undefined) all = false
      else benched.push({ backend, target, why })
    }
  }
  return { all, benched }
}

/** The targets that the run has tried and that `isBenched` names, if their cooldowns have ended meanwhile. */
export const halfOpen = <P extends Backend, R>(
  candidates: Candidates<P, R>,
  isBenched: (target: Target) => boolean
): ReadonlyArray<Pick<BenchedTarget<P>, "backend" | "target">> => {
  const { context, prepared } = candidates.position
  const isThere = (target: Target) =>
    candidates.hasTried(target) &&
    candidates.isWilling(target) &&
    candidates.why(target) === undefined &&
    !candidates.isFree(target) &&
    isBenched(target)
  return prepared.models.flatMap((model) => {
    const backend = model.backendIn(context)
    const targets = model.targetsOf(backend).filter(isThere)
    return targets.map((target) => ({ backend, target }))
  })
}

/** Those that may accept the request: without models that refused it, and without windows that are too small. */
export const ofWilling = <P extends Backend, R>(candidates: Candidates<P, R>): BenchedOfChain<P> =>
  of(candidates, (target) => candidates.isWilling(target))

/** Those that were not tried yet and may be tried as last attempts, the soonest end of a cooldown first. */
export const toTry = <P extends Backend, R>(candidates: Candidates<P, R>): ReadonlyArray<BenchedTarget<P>> =>
  inOrder(
    ofWilling(candidates).benched.filter(
      ({ target }) => !candidates.hasTried(target) && !candidates.isLimited(target)
    )
  )

/** Those that are benched by hand, were not tried yet, and are released by `until`. */
export const benchedByHand = <P extends Backend, R>(
  candidates: Candidates<P, R>,
  until: number
): ReadonlyArray<BenchedTarget<P>> =>
  ofWilling(candidates).benched.filter(
    ({ target, why }) => why.reason === "Manual" && why.until <= until && !candidates.hasTried(target)
  )

/** Reasons that are not a cooldown: a target with one of them is never tried early. */
const limits: ReadonlySet<string> = new Set(["Manual", "OwnLimit", "LearnedLimit"])

/** Targets that are benched neither manually nor for a limit, the soonest end of a cooldown first. */
export const inOrder = <P>(benched: ReadonlyArray<BenchedTarget<P>>): ReadonlyArray<BenchedTarget<P>> =>
  benched.filter(({ why }) => !limits.has(why.reason)).sort((a, b) => a.why.until - b.why.until)

/** Temporary reasons: they end without an operator. */
export const passing: ReadonlySet<string> = new Set([
  "RateLimit",
  "OwnLimit",
  "LearnedLimit",
  ...transientClasses
])
