/** What one request may set for itself, and what it gets. */
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { AffinityKey } from "../candidates/Affinity.ts"
import type { Backend } from "../domain/Backend.ts"
import type { Chain } from "../domain/Chain.ts"
import type { Target } from "../domain/Target.ts"
import type { About, Observer } from "../events/FailoverEvent.ts"
import type * as Failure from "../failure/Failure.ts"
import type { FailedAttempt, RunError, StreamBroken } from "../failure/RunError.ts"
import type { Commit } from "../policy/Commit.ts"
import type { WhenAllBenched } from "../policy/Policy.ts"
import type { PhaseOf } from "../stream/CommitPoint.ts"
import type { TailError } from "./CommittedStream.ts"
import type { NotMine } from "./failures/Classify.ts"

/** What one request may set for itself. */
export interface CallOptions {
  /** For the whole request, retries and fallbacks included. Default: the policy's. */
  readonly deadline?: Duration.Input | undefined
  /** The attempt budget: one more than the retries of all targets together; see `Policy.Options`. Default: the policy's. */
  readonly attempts?: number | undefined
  /** What to do when all targets are benched. Default: the policy's. */
  readonly whenAllBenched?: WhenAllBenched | undefined
  /** When a stream belongs to its target. Default: the policy's. */
  readonly commit?: Commit | undefined
  /** Receives the events of this request, besides the runtime's own observer. */
  readonly observer?: Observer | undefined
  /** What observers are to know of the request; every event's `run` has it. */
  readonly about?: About | undefined
  /**
   * When work on the request began, as read from `Clock.monotonicTimeNanos`; observers get the time from then on as the
   * run's own. Default: when the run begins.
   */
  readonly since?: bigint | undefined
  /**
   * The key of the conversation that the request belongs to: requests with the same key go to the same target of a tier of
   * several, where the prompt is still in the provider's cache. A function is asked for it only where a strategy leaves the
   * target to chance or load. Default: the one of the context (`Affinity`).
   */
  readonly affinity?: AffinityKey | undefined
  /**
   * `false`: this request is never sent to two targets at once, because answering it does something that must not happen
   * twice. Default: as the policy's `hedge` and the provider say.
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
  /** The target of an attempt that was stopped because this answer's content came first; only where requests are hedged. */
  readonly dropped?: Target | undefined
}

/** A stream up to its commit point, and where it came from. It can be run once. */
export type Opened<C> = Answered<Stream.Stream<C, TailError>>

/** How the generic form reads its errors. `K` is what its classification can say. */
export interface UseOptions<in E, out K extends Failure.Failure | NotMine = Failure.Failure | NotMine>
  extends CallOptions {
  /**
   * What an error of the effect means: a failure, or `Failover.notMine` for an error that goes to the caller as it is.
   * Errors that are failures already, and defects, need no reading; for others the type asks for it.
   */
  readonly classify?: ((error: E, target: Target) => K) | undefined
  /** The request, for observers. */
  readonly request?: unknown
}

/** How the generic form reads a stream. */
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
   * True while something of the caller's own runs inside of the stream, a tool for example. Once the stream is
   * committed, that time does not count as idle: the idle timeout restarts.
   */
  readonly isBusy?: (() => boolean) | undefined
}

/** Options with the classification that an error asks for which is no failure. */
export type Classified<O extends { readonly classify?: unknown }> = O & {
  readonly classify: NonNullable<O["classify"]>
}

/** The errors of the user's own that can reach the caller: none, unless the classification can say `notMine`. */
export type Own<E, K> = [Extract<K, NotMine>] extends [never] ? never : Exclude<E, Failure.Failure>

/** The generic form. `Needs` is what it needs besides. */
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
