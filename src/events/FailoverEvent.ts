/**
 * The events of a run.
 *
 * They are made only if there is an observer. Metrics, logs, spans and the record of recent decisions are derived from
 * them, and from nothing else.
 */
import type * as Context from "effect/Context"
import type { BenchKey } from "../domain/BenchKey.ts"
import type { Target } from "../domain/Target.ts"
import type { Failure, FailureClass } from "../failure/Failure.ts"
import type { FailedAttempt, RunError, StreamBroken } from "../failure/RunError.ts"
import type { Commit } from "../policy/Commit.ts"
import * as UserCode from "../util/UserCode.ts"

/** The fields of every event. */
interface Common {
  /** One object per run: events of the same run share it. */
  readonly run: RunInfo
  /** Milliseconds since the epoch. */
  readonly at: number
  /** Milliseconds since the run began, with fractions, by a clock that does not jump. */
  readonly elapsed: number
}

/**
 * What a caller adds for observers. `model` is the requested model, which may be the name of a whole chain; `operation` is
 * the requested operation, such as `chat/completions`; `conversation` names the conversation that the request belongs to.
 */
export interface About {
  readonly requestId?: string | undefined
  readonly model?: string | undefined
  readonly operation?: string | undefined
  readonly conversation?: string | undefined
  readonly [name: string]: string | undefined
}

/** A run, as its events describe it. */
export interface RunInfo {
  readonly id: number
  readonly kind: "effect" | "stream"
  /** The whole request, for observers in the same process. */
  readonly request: unknown
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  /** What the caller added for observers. */
  readonly about: About | undefined
  /** The caller's context; its span is in there, if it has one. */
  readonly context: Context.Context<never>
}

/** A target was skipped: it, its credential, model or provider is benched, or it is at its own or at a learned limit. */
export interface Skipped extends Common {
  readonly _tag: "Skipped"
  readonly target: Target
  /** The bench key that it was skipped for. */
  readonly key: string
  readonly reason: FailureClass | "Manual" | "OwnLimit" | "LearnedLimit"
  /** Milliseconds since the epoch; infinite for a manual bench without an end. */
  readonly until: number
}

/** An attempt begins. `attempt` counts from 1 over the whole run. */
export interface AttemptStarted extends Common {
  readonly _tag: "AttemptStarted"
  readonly target: Target
  readonly attempt: number
  /** Its outcome decides whether the target is called again after a cooldown. */
  readonly probe: boolean
  /** It is a hedge: the attempt before it, which takes long, continues, and the first content of the two wins. */
  readonly hedge?: true
}

/**
 * What a run does after a failure: the same target again `delay` milliseconds later, on to the next (`model` is the
 * `provider/model` of the next target that can be called now; absent when there is none), or no further attempt. After a
 * failure of a hedge it continues with the attempt that was under way before.
 */
export type Action =
  | { readonly _tag: "Retry"; readonly delay: number }
  | { readonly _tag: "Next"; readonly model?: string }
  | { readonly _tag: "Continue" }
  | { readonly _tag: "Stop" }

/** What keeps a target from being called: the benched key, and the end of its cooldown in milliseconds since the epoch. */
export interface Benched {
  readonly key: BenchKey
  readonly until: number
}

/** An attempt failed; `action` is what the run does about it. */
export interface AttemptFailed extends Common {
  readonly _tag: "AttemptFailed"
  readonly target: Target
  readonly attempt: number
  /** Milliseconds since the attempt began, with fractions. */
  readonly duration: number
  readonly failure: Failure
  readonly action: Action
  /** What is benched now, so that the target is not called; absent when it could be called again at once. */
  readonly benched?: Benched
  /** The deadline of the request passed before the timeout of the attempt, which is not a failure of the target. */
  readonly cutOff?: true
  /** Several attempts in a row were cut off like this: this one counts as a failure of the target. Only with `cutOff`. */
  readonly counted?: true
}

/** An attempt answered (for a stream: reached its commit point). */
export interface AttemptSucceeded extends Common {
  readonly _tag: "AttemptSucceeded"
  readonly target: Target
  readonly attempt: number
  /** Milliseconds since the attempt began, with fractions. */
  readonly duration: number
  /** The choice by which a stream was committed; `undefined` for a whole answer. */
  readonly commit: Commit | undefined
  /** Milliseconds of the run's own overhead until now: neither in an attempt nor waiting for the next. */
  readonly overhead: number
}

/**
 * One of two attempts that were under way was stopped, because the other one had content first or because the run ended. It
 * counts for no target.
 */
export interface AttemptDropped extends Common {
  readonly _tag: "AttemptDropped"
  readonly target: Target
  readonly attempt: number
  /** Milliseconds since the attempt began, with fractions. */
  readonly duration: number
  /** Whether it is the hedge of the two. */
  readonly hedge: boolean
}

/** A committed stream ended: complete, with a failure, or cancelled by its consumer. */
export interface StreamEnded extends Common {
  readonly _tag: "StreamEnded"
  readonly target: Target
  /** Milliseconds since its attempt began. */
  readonly duration: number
  readonly failure: Failure | undefined
  readonly complete: boolean
}

/** The run failed. `RunEnded` follows. */
export interface RunFailed extends Common {
  readonly _tag: "RunFailed"
  readonly error: RunError
  /** Milliseconds since the run began. */
  readonly duration: number
  /** As in `AttemptSucceeded`. */
  readonly overhead: number
}

/** The caller interrupted the run before there was an answer. `RunEnded` follows. */
export interface RunInterrupted extends Common {
  readonly _tag: "RunInterrupted"
  /** The target that was being called, if there was one. */
  readonly target: Target | undefined
  /** What counts as a failure of the target: it has not answered, and several callers in a row gave it up. */
  readonly failure?: Failure
  /** Milliseconds since the run began, with fractions. */
  readonly duration: number
}

/**
 * How a run ended:
 * - `answered`: with a whole answer, or a complete stream;
 * - `failed`: before a target answered;
 * - `broken`: after the commit point of its stream, which is not complete;
 * - `interrupted`: its caller left, before the answer or in the middle of the stream.
 */
export type Outcome = "answered" | "failed" | "broken" | "interrupted"

/** A run ended. Every run that had an event has exactly one of these, as its last. It describes the end completely. */
export interface RunEnded extends Common {
  readonly _tag: "RunEnded"
  readonly outcome: Outcome
  /** The target that answered (for a stream: committed), or that was being called when the caller left. */
  readonly target: Target | undefined
  /**
   * What the caller got instead of an answer (`failed`), or of the rest of it (`broken`). `undefined` for other outcomes, and
   * for a run that died.
   */
  readonly error: RunError | StreamBroken | undefined
  /** Milliseconds since the run began, with fractions. */
  readonly duration: number
  /** Attempts made. */
  readonly attempts: number
  /** The attempts that failed before their commit point, in order. */
  readonly failed: ReadonlyArray<FailedAttempt>
}

/** Everything that can be observed. */
export type FailoverEvent =
  | Skipped
  | AttemptStarted
  | AttemptFailed
  | AttemptSucceeded
  | AttemptDropped
  | StreamEnded
  | RunFailed
  | RunInterrupted
  | RunEnded

/**
 * Receives events. It is called synchronously during the request, so it must be fast; hand slow work to a queue or a
 * `PubSub`. Exceptions are dropped and logged once: an observer cannot fail a request.
 */
export type Observer = (event: FailoverEvent) => void

/** Several observers as one; `undefined` when there are none. Each is called, even if another throws. */
export const combine = (...observers: ReadonlyArray<Observer | undefined>): Observer | undefined => {
  const present = observers.filter((observer) => observer !== undefined)
  if (present.length < 2) return present[0]
  return (event) => {
    let thrown: { readonly error: unknown } | undefined
    let rejected: Promise<unknown> | undefined
    for (const observer of present) {
      try {
        const said: unknown = observer(event)
        if (UserCode.isPromise(said)) rejected = rejected === undefined ? said : Promise.all([rejected, said])
      } catch (error) {
        thrown ??= { error }
      }
    }
    if (thrown !== undefined) throw thrown.error
    return rejected as void
  }
}

/**
 * The observer with its exceptions caught and logged, once for each `owner`.
 *
 * @internal
 */
export const contained = (observer: Observer, owner: object): Observer => {
  const trouble = (event: FailoverEvent, did: string) =>
    UserCode.name(owner, "an observer of failover events", did, "the error is dropped", event.run.context)
  return (event) => {
    try {
      const said: unknown = observer(event)
      if (UserCode.isPromise(said)) {
        said.then(undefined, (error) =>
          trouble(event, UserCode.threw(error).replace("threw", "rejected with"))
        )
      }
    } catch (error) {
      trouble(event, UserCode.threw(error))
    }
  }
}

/**
 * Calls an observer and drops what it throws.
 *
 * @internal
 */
export const tell = (observer: Observer, event: FailoverEvent): void => {
  try {
    observer(event)
  } catch {
    // Logged by `contained`.
  }
}
