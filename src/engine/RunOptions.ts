/** What a run is made of, and what it gives. */

import type { AffinityKey } from "../candidates/Affinity.ts"
import type { Turns } from "../candidates/Candidates.ts"
import type { PreparedChain } from "../candidates/PreparedChain.ts"
import type { WaitQueues } from "../candidates/WaitQueues.ts"
import type { SignalsOf } from "../choice/Signals.ts"
import type { Backend } from "../domain/Backend.ts"
import type { Chain } from "../domain/Chain.ts"
import type { Target } from "../domain/Target.ts"
import type { About, Observer, RunInfo } from "../events/FailoverEvent.ts"
import type * as Failure from "../failure/Failure.ts"
import type * as RunError from "../failure/RunError.ts"
import type * as Bench from "../health/Bench.ts"
import type { BenchRegistry } from "../health/BenchRegistry.ts"
import type { CredentialLimits } from "../health/CredentialLimits.ts"
import type { CutOffs } from "../health/CutOffs.ts"
import type { FailureStreaks } from "../health/FailureStreaks.ts"
import type { RetryBudget } from "../health/RetryBudget.ts"
import type { Policy } from "../policy/Policy.ts"
import type * as Running from "../util/Running.ts"
import type { Classify } from "./FailureOf.ts"

/** What all runs share. */
export interface Shared {
  readonly registry: BenchRegistry["Service"]
  readonly limits: CredentialLimits
  readonly budget: RetryBudget
  readonly turns: Turns
  /** What is known of targets from their attempts. */
  readonly signals: SignalsOf
  /** Those who wait for a target. */
  readonly lines: WaitQueues
  /** Targets that fail in ways that rest nobody at once. */
  readonly rows: FailureStreaks
  /** Attempts that were given up before their own timeout. */
  readonly silences: CutOffs
  /** A chain, ready to be walked. */
  readonly prepared: <P extends Backend, R>(chain: Chain<P, R>) => PreparedChain<P, R>
}

/** What makes one run. */
export interface RunOptions<P extends Backend, R, A, E> {
  readonly prepared: PreparedChain<P, R>
  /** For the whole run: deadline, attempts, fallbackReserve and what to do when everything rests. */
  readonly policy: Policy
  readonly kind: RunInfo["kind"]
  readonly request: unknown
  readonly observer: Observer | undefined
  /** For the observer; see `CallOptions`. */
  readonly about: About | undefined
  readonly since: bigint | undefined
  /** The key of the conversation; see `CallOptions`. */
  readonly affinity: AffinityKey | undefined
  /** Starts an attempt. `capped` is the failure of an attempt whose token cap was too high: leave the cap out. */
  readonly start: (backend: P, target: Target, capped: Failure.BadRequest | undefined) => Running.Running<A>
  /** Whether an attempt without the token cap would differ. */
  readonly canUncap: (backend: P, failure: Failure.BadRequest) => boolean
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
