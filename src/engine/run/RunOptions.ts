/** The options and the result of a run. */
import type * as Context from "effect/Context"
import type { AffinityKey } from "../../callers/Affinity.ts"
import type { CallerKey } from "../../callers/Caller.ts"
import type { Repeats } from "../../callers/Repeats.ts"
import type { Turns } from "../../candidates/Candidates.ts"
import type { PreparedChain } from "../../candidates/PreparedChain.ts"
import type { Room } from "../../candidates/queue/Room.ts"
import type { WaitQueues } from "../../candidates/queue/WaitQueues.ts"
import type { SignalsOf } from "../../choice/Signals.ts"
import type { Backend } from "../../domain/Backend.ts"
import type { Chain } from "../../domain/Chain.ts"
import type { Target } from "../../domain/Target.ts"
import type { About, Observer, RunInfo } from "../../events/FailoverEvent.ts"
import type * as Failure from "../../failure/Failure.ts"
import type * as RunError from "../../failure/RunError.ts"
import type { AnswersBetween } from "../../health/AnswersBetween.ts"
import type * as Bench from "../../health/Bench.ts"
import type { CredentialLimits } from "../../health/CredentialLimits.ts"
import type { CutOffs } from "../../health/CutOffs.ts"
import type { EngineBench } from "../../health/EngineBench.ts"
import type { FailureStreaks } from "../../health/FailureStreaks.ts"
import type { MixedResults } from "../../health/MixedResults.ts"
import type { RetryBudget } from "../../health/RetryBudget.ts"
import type { Policy } from "../../policy/Policy.ts"
import type * as Running from "../../util/Running.ts"
import type { Classify } from "../failures/Classify.ts"

/** What all runs of a runtime share. */
export interface Shared {
  readonly registry: EngineBench
  readonly limits: CredentialLimits
  readonly budget: RetryBudget
  readonly turns: Turns
  /** What was learned about targets from their attempts. */
  readonly signals: SignalsOf
  /** The learned limits of targets. */
  readonly room: Room
  /** Requests that wait for a target. */
  readonly queues: WaitQueues
  /** Visits in a row that a budget cut short. */
  readonly streaks: FailureStreaks
  /** The answers of targets that have failed. */
  readonly answers: AnswersBetween
  readonly mixed: MixedResults
  /** Attempts that were given up before their own timeout. */
  readonly cutOffs: CutOffs
  /** Conversations and requests that have failed. */
  readonly repeats: Repeats
  /** Prepares a chain, or finds it prepared. `context`: a request begins with it. */
  readonly prepare: <P extends Backend, R>(
    chain: Chain<P, R>,
    context?: Context.Context<R>
  ) => PreparedChain<P, R>
}

/** The options of one run. */
export interface RunOptions<P extends Backend, R, A> {
  readonly prepared: PreparedChain<P, R>
  /** For the whole run: deadline, attempts, fallbackReserve and what to do when all targets are benched. */
  readonly policy: Policy
  readonly kind: RunInfo["kind"]
  readonly request: unknown
  readonly observer: Observer | undefined
  /** For the observer; see `CallOptions`. */
  readonly about: About | undefined
  readonly since: bigint | undefined
  /** The key of the conversation; see `CallOptions`. */
  readonly affinity: AffinityKey | undefined
  /** The key of the caller; see `CallOptions`. */
  readonly caller: CallerKey | undefined
  /**
   * Starts an attempt. `amendedFor` is the failure of an earlier one, for which the provider amends the request. `most`: a stream
   * has at most this many milliseconds until its first content.
   */
  readonly start: (
    backend: P,
    target: Target,
    amendedFor: Failure.BadRequest | undefined,
    most?: number | undefined
  ) => Running.Running<A>
  /** Whether the provider can amend the request after such a failure. */
  readonly canAmend: (backend: P, failure: Failure.BadRequest) => boolean
  /** Whether the caller allows hedges; see `CallOptions`. */
  readonly hedge: boolean | undefined
  /** Whether the backend allows hedges for this request. Called only if the policy hedges. */
  readonly mayHedge: (backend: P, request: unknown) => boolean
  /** Classifies errors that are not failures. */
  readonly classify: Classify<never> | undefined
}

/** The result of a run: the target that answered, and the attempts that failed before. */
export interface Served<out A> {
  readonly value: A
  readonly target: Target
  readonly admission: Bench.Go | Bench.Probe
  /** Attempts made, the successful one included. */
  readonly attempts: number
  /** The attempts that failed, in order. */
  readonly failed: ReadonlyArray<RunError.FailedAttempt>
  /** The target of an attempt that was stopped because another one had content first. */
  readonly dropped: Target | undefined
}
