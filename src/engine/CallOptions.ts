/** The options of a call, and its result. */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { AffinityKey } from "../callers/Affinity.ts"
import type { CallerKey } from "../callers/Caller.ts"
import type { Backend } from "../domain/Backend.ts"
import type { Chain } from "../domain/Chain.ts"
import type { Target } from "../domain/Target.ts"
import type { About, Observer } from "../events/FailoverEvent.ts"
import type * as Failure from "../failure/Failure.ts"
import type { FailedAttempt, RunError, StreamBroken } from "../failure/RunError.ts"
import type { Commit } from "../policy/Commit.ts"
import type { WhenAllBenched } from "../policy/Policy.ts"
import type { PhaseOf } from "../stream/CommitPoint.ts"
import type { CommittedStreamError } from "./CommittedStream.ts"
import type { NotMine } from "./failures/Classify.ts"

/** The options of a call. */
export interface CallOptions {
  /** For the whole request, retries and fallbacks included. Default: the policy's. */
  readonly deadline?: Duration.Input | undefined
  /** The attempt budget: one more than the retries at all targets together; see `Policy.Options`. Default: the policy's. */
  readonly attempts?: number | undefined
  /** What to do when all targets are benched. Default: the policy's. */
  readonly whenAllBenched?: WhenAllBenched | undefined
  /** The commit point of a stream. Default: the policy's. */
  readonly commit?: Commit | undefined
  /** Receives the events of this request, besides the runtime's own observer. */
  readonly observer?: Observer | undefined
  /** Facts about the request for observers, which find them in the `run` of every event. */
  readonly about?: About | undefined
  /**
   * When work on the request began, as read from `Clock.monotonicTimeNanos`. The time since then counts as overhead of the
   * run. Default: when the run begins.
   */
  readonly since?: bigint | undefined
  /**
   * The affinity key: requests with the same key go to the same target of a tier, where the prompt is still in the provider's
   * cache. A function is called only if the strategy of a tier uses a key. Default: the key in the context (`Affinity`).
   */
  readonly affinity?: AffinityKey | undefined
  /**
   * Who makes the request: a failure that only one caller's requests meet does not bench the target for other callers. A
   * function is called only when the key is needed. Default: `Caller.Caller` of the context; without one, the affinity key
   * or the request stands for the caller.
   */
  readonly caller?: CallerKey | undefined
  /**
   * `false`: this request is never hedged, because an answer has a side effect that must not happen twice. Default: the policy's
   * `hedge` and the provider decide.
   */
  readonly hedge?: boolean | undefined
}

/** An answer, with the target that gave it. */
export interface Answered<out A> {
  readonly value: A
  readonly target: Target
  /** Attempts made, the successful one included. */
  readonly attempts: number
  /** The attempts that failed before, in order. */
  readonly failed: ReadonlyArray<FailedAttempt>
  /** The target of an attempt that was stopped because this answer's content came first; only with hedges. */
  readonly dropped?: Target | undefined
}

/** A stream at its commit point, with its target. It can be run once. */
export type Opened<C> = Answered<Stream.Stream<C, CommittedStreamError>>

/** The options of the generic form. `K` is the result type of `classify`. */
export interface UseOptions<in E, out K extends Failure.Failure | NotMine = Failure.Failure | NotMine>
  extends CallOptions {
  /**
   * Classifies an error of the effect: as a failure, or as `Failover.notMine` for an error that the caller gets unchanged. Errors
   * that are failures, and defects, are not passed to it. It is required if the effect has other errors.
   */
  readonly classify?: ((error: E, target: Target) => K) | undefined
  /** The request, for observers. */
  readonly request?: unknown
}

/** The options of the generic form for streams. */
export interface UseStreamOptions<
  in E,
  in C,
  out K extends Failure.Failure | NotMine = Failure.Failure | NotMine
> extends UseOptions<E, K> {
  /**
   * What a chunk means. Without it every chunk is content, and the end of the stream completes it; with it a stream
   * that ends before it is complete fails with `Truncated`.
   */
  readonly phase?: PhaseOf<C>
  /**
   * True while code of the caller runs inside the stream, such as a tool. After the commit point the idle timeout then
   * restarts instead of ending the stream.
   */
  readonly isBusy?: (() => boolean) | undefined
}

/** Options with the required `classify`. */
export type Classified<O extends { readonly classify?: unknown }> = O & {
  readonly classify: NonNullable<O["classify"]>
}

/** The effect's own errors that can reach the caller: none, unless `classify` can return `notMine`. */
export type Own<E, K> = [Extract<K, NotMine>] extends [never] ? never : Exclude<E, Failure.Failure>

/** The generic form. `Needs` are additional requirements. */
export interface Use<Needs = never> {
  <P extends Backend, RP, A, E, R, K extends Failure.Failure | NotMine>(
    chain: Chain<P, RP>,
    effect: (backend: P, target: Target) => Effect.Effect<A, E, R>,
    options: Classified<UseOptions<E, K>>
  ): Effect.Effect<A, RunError | Own<E, K>, RP | R | Needs>
  <P extends Backend, RP, A, E extends Failure.Failure, R>(
    chain: Chain<P, RP>,
    effect: (backend: P, target: Target) => Effect.Effect<A, E, R>,
    options?: UseOptions<E>
  ): Effect.Effect<A, RunError, RP | R | Needs>
}

/** The generic form, with the target that answered. */
export interface UseAnswered<Needs = never> {
  <P extends Backend, RP, A, E, R, K extends Failure.Failure | NotMine>(
    chain: Chain<P, RP>,
    effect: (backend: P, target: Target) => Effect.Effect<A, E, R>,
    options: Classified<UseOptions<E, K>>
  ): Effect.Effect<Answered<A>, RunError | Own<E, K>, RP | R | Needs>
  <P extends Backend, RP, A, E extends Failure.Failure, R>(
    chain: Chain<P, RP>,
    effect: (backend: P, target: Target) => Effect.Effect<A, E, R>,
    options?: UseOptions<E>
  ): Effect.Effect<Answered<A>, RunError, RP | R | Needs>
}

/** The generic form for streams. */
export interface UseStream<Needs = never> {
  <P extends Backend, RP, C, E, R, K extends Failure.Failure | NotMine>(
    chain: Chain<P, RP>,
    stream: (backend: P, target: Target) => Stream.Stream<C, E, R>,
    options: Classified<UseStreamOptions<E, C, K>>
  ): Stream.Stream<C, RunError | StreamBroken | Own<E, K>, RP | R | Needs>
  <P extends Backend, RP, C, E extends Failure.Failure, R>(
    chain: Chain<P, RP>,
    stream: (backend: P, target: Target) => Stream.Stream<C, E, R>,
    options?: UseStreamOptions<E, C>
  ): Stream.Stream<C, RunError | StreamBroken, RP | R | Needs>
}
