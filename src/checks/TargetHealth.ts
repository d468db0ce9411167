/** How a target is doing, by its checks: what a checker keeps of it, and what it tells. */
import type * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type { Target } from "../domain/Target.ts"
import * as Failure from "../failure/Failure.ts"
import * as Bench from "../health/Bench.ts"

/** How a check ended. `resting`: the target rests, and was not asked. Times are milliseconds. */
export interface Checked {
  readonly target: Target
  readonly result: "passed" | "failed" | "resting"
  readonly at: number
  readonly duration: number
  readonly failure: Failure.Failure | undefined
}

/** How a target is doing, by its checks. Times are milliseconds since the epoch. */
export interface TargetHealth {
  /** `provider/model#credential` */
  readonly target: string
  /** Whether the last check was passed; `undefined` before the first. */
  readonly healthy: boolean | undefined
  /** Whether requests are sent there now, for all the bench knows. */
  readonly callable: boolean
  /** A check is under way. */
  readonly checking: boolean
  readonly checks: number
  readonly failures: number
  readonly failuresInRow: number
  readonly lastCheckedAt: number | undefined
  readonly lastFailure:
    | { readonly class: Failure.FailureClass; readonly at: number; readonly evidence: string | undefined }
    | undefined
}

/** What a checker keeps of one target: how to ask it, the check under way, and the counts. */
export type Watched<R> = {
  -readonly [K in Exclude<keyof TargetHealth, "target" | "callable" | "checking">]: TargetHealth[K]
} & {
  readonly target: Target
  readonly ask: Effect.Effect<unknown, Failure.Failure, R>
  running: Fiber.Fiber<Checked> | undefined
}

/** Nothing is known of it yet. `ask` is its check. */
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

/** Counts a check that was made. */
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

/** What is told of a target. */
export const healthOf = (
  { ask: _, running, target, ...counts }: Watched<unknown>,
  state: Bench.State,
  now: number
): TargetHealth => ({
  target: target.key,
  callable: Bench.peek(state, target, now) === undefined,
  checking: running !== undefined,
  ...counts
})
