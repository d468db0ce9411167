/** What a run is made of, and what it gives. */

import type { Turns } from "../candidates/Candidates.ts"
import type { Lines } from "../candidates/Lines.ts"
import type { Prepared } from "../candidates/Prepared.ts"
import type { Chain } from "../domain/Chain.ts"
import type { Pool } from "../domain/Pool.ts"
import type { Target } from "../domain/Target.ts"
import type { About, Observer, RunInfo } from "../events/FailoverEvent.ts"
import type * as Failure from "../failure/Failure.ts"
import type * as RunError from "../failure/RunError.ts"
import type * as Bench from "../health/Bench.ts"
import type { BenchRegistry } from "../health/BenchRegistry.ts"
import type { OwnLimits } from "../health/OwnLimits.ts"
import type { RetryBudget } from "../health/RetryBudget.ts"
import type { Rows } from "../health/Rows.ts"
import type { Silences } from "../health/Silences.ts"
import type { Policy } from "../policy/Policy.ts"
import type * as Attempt from "../util/Attempt.ts"
import type { Classify } from "./FailureOf.ts"

/** What all runs share. */
export interface Shared {
  readonly registry: BenchRegistry["Service"]
  readonly limits: OwnLimits
  readonly budget: RetryBudget
  readonly turns: Turns
  /** Those who wait for a target. */
  readonly lines: Lines
  /** Targets that fail in ways that rest nobody at once. */
  readonly rows: Rows
  /** Attempts that were given up before their own timeout. */
  readonly silences: Silences
  /** A chain, ready to be walked. */
  readonly prepared: <P extends Pool, R>(chain: Chain<P, R>) => Prepared<P, R>
}

/** What makes one run. */
export interface RunOptions<P extends Pool, R, A, E> {
  readonly prepared: Prepared<P, R>
  /** For the whole run: deadline, attempts, reserve and what to do when everything rests. */
  readonly policy: Policy
  readonly kind: RunInfo["kind"]
  readonly request: unknown
  readonly observer: Observer | undefined
  /** For the observer; see `CallOptions`. */
  readonly about: About | undefined
  readonly since: bigint | undefined
  /** Starts an attempt. `capped` is the failure of an attempt whose token cap was too high: leave the cap out. */
  readonly start: (pool: P, target: Target, capped: Failure.BadRequest | undefined) => Attempt.Running<A>
  /** Whether an attempt without the token cap would differ. */
  readonly canUncap: (pool: P, failure: Failure.BadRequest) => boolean
  /** What an error means that is no failure yet. */
  readonly classify: Classify<E> | undefined
}

/** What a run gives: who answered, and what had failed before. */
export interface Served<out A> {
  readonly value: A
  readonly target: Target
  readonly admission: Bench.Go | Bench.Probe
  /** Attempts made, the successful one included. */
  readonly attempts: number
  /** The attempts that failed, in order. */
  readonly failed: ReadonlyArray<RunError.FailedAttempt>
}
