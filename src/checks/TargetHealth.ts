/** The health of a target according to its checks: the state that a checker keeps, and its report. */
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { Target } from "../domain/Target.ts"
import * as Failure from "../failure/Failure.ts"
import type { TargetKey } from "../failure/TargetKey.ts"
import * as Bench from "../health/Bench.ts"
import { stranger } from "../health/state/HeldFor.ts"

/** The result of a check. `benched`: the target is benched and was not checked. Times are milliseconds. */
export interface Checked {
  readonly target: Target
  readonly result: "passed" | "failed" | "benched"
  readonly at: number
  readonly duration: number
  readonly failure: Failure.Failure | undefined
}

/** The health of a target according to its checks. Times are milliseconds since the epoch. */
export interface TargetHealth {
  readonly target: TargetKey
  /** Whether the last check passed; `undefined` before the first. */
  readonly healthy: boolean | undefined
  /** Whether the bench lets requests through now. */
  readonly callable: boolean
  /** Whether a check is running. */
  readonly checking: boolean
  readonly checks: number
  readonly failures: number
  readonly failuresInRow: number
  readonly lastCheckedAt: number | undefined
  readonly lastFailure:
    | { readonly class: Failure.FailureClass; readonly at: number; readonly evidence: string | undefined }
    | undefined
}

/** The state of one target: its check, the running check, and the counts. */
export type Watched<R> = {
  -readonly [K in Exclude<keyof TargetHealth, "target" | "callable" | "checking">]: TargetHealth[K]
} & {
  readonly target: Target
  readonly ask: Effect.Effect<unknown, Failure.Failure, R>
  running: Fiber.Fiber<Checked> | undefined
}

/** A target that has not been checked yet. `ask` is its check. */
export const unchecked = <R>(target: Target, ask: Watched<R>["ask"]): Watched<R> => ({
  target,
  ask,
  running: undefined,
  healthy: undefined,
  checks: 0,
  failures: 0,
  failuresInRow: 0,
  lastCheckedAt: undefined,
  lastFailure: undefined
})

/** Counts a check. */
export const count = (watch: Watched<unknown>, { at, failure }: Checked): void => {
  watch.checks++
  watch.lastCheckedAt = at
  watch.healthy = failure === undefined
  if (failure === undefined) {
    watch.failuresInRow = 0
    return
  }
  watch.failures++
  watch.failuresInRow++
  watch.lastFailure = { class: Failure.classOf(failure), at, evidence: failure.evidence }
}

/** The report of a target. */
export const healthOf = (
  { ask: _, running, target, ...counts }: Watched<unknown>,
  state: Bench.State,
  now: number
): TargetHealth => ({
  target: target.key,
  callable: Bench.peek(state, target, now, false, stranger) === undefined,
  checking: running !== undefined,
  ...counts
})
