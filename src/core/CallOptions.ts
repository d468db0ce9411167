/** What one request may set for itself, and what it gets. */
import type * as Duration from "effect/Duration"
import type * as Stream from "effect/Stream"
import type { Commit } from "./Commit.ts"
import type { About, Observer } from "./FailoverEvent.ts"
import type * as Failure from "./Failure.ts"
import type { Flow } from "./Flow.ts"
import type { PhaseOf } from "./OpenStream.ts"
import type { WhenAllBenched } from "./Policy.ts"
import type { FailedAttempt } from "./RunError.ts"
import type { TailError } from "./Tail.ts"
import type { Target } from "./Target.ts"

/** What one request may set for itself. */
export interface CallOptions {
  /** For the whole request, retries and fallbacks included. Default: the policy's. */
  readonly deadline?: Duration.Input | undefined
  /** Attempts for the whole request. Default: the policy's. */
  readonly attempts?: number | undefined
  /** What is done when everything rests. Default: the policy's. */
  readonly whenAllBenched?: WhenAllBenched | undefined
  /** When a stream belongs to its target. Default: the policy's. */
  readonly commit?: Commit | undefined
  /** Hears the events of this request, besides the runtime's own observer. */
  readonly observer?: Observer | undefined
  /** What observers are to know of the request; every event's `run` has it. */
  readonly about?: About | undefined
  /**
   * When work on the request began, as `Clock.monotonicTimeNanos` said it; observers get the time from then on as the
   * run's own. Default: when the run begins.
   */
  readonly since?: bigint | undefined
}

/** An answer, and where it came from. */
export interface Answered<out A> {
  readonly value: A
  readonly target: Target
  /** Attempts made, the successful one included. */
  readonly attempts: number
  /** The attempts that failed before, in order. */
  readonly failed: ReadonlyArray<FailedAttempt>
}

/** A stream up to its commit point, and where it came from. */
export interface Opened<out C> extends Answered<Stream.Stream<C, TailError>> {
  /** The same stream, for who reads it without a fiber. Read one of the two. */
  readonly flow: Flow<C, TailError>
}

/** How the generic form reads its errors. */
export interface UseOptions<in E> extends CallOptions {
  /** What an error of the effect means. Errors that are failures already, and defects, need no reading. */
  readonly classify?: ((error: E, target: Target) => Failure.Failure) | undefined
  /** For observers: what was asked. */
  readonly request?: unknown
}

/** How the generic form reads a stream. */
export interface UseStreamOptions<in E, in C> extends UseOptions<E> {
  /**
   * What a chunk means. Without it every chunk is content, and the end of the stream completes it; with it a stream
   * that ends without having said that it is complete is `Truncated`.
   */
  readonly phase?: PhaseOf<C>
  /**
   * True while something of the caller's own runs inside of the stream, a tool for example. Once the stream is
   * committed, that time is not the target's silence: the idle timeout begins anew.
   */
  readonly isBusy?: (() => boolean) | undefined
}
