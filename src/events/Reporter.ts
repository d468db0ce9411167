/** Reports the events of one run to its observer. A run without an observer has no reporter. */
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Exit from "effect/Exit"
import type { Target } from "../domain/Target.ts"
import type * as Failure from "../failure/Failure.ts"
import type { FailedAttempt, RunError, StreamBroken } from "../failure/RunError.ts"
import type * as Bench from "../health/Bench.ts"
import type { Commit } from "../policy/Commit.ts"
import type { RunClock } from "../time/RunClock.ts"
import {
  type About,
  type Action,
  type AttemptFailed,
  type FailoverEvent,
  type Observer,
  type Outcome,
  type RunInfo,
  tell
} from "./FailoverEvent.ts"

let runs = 0

const none: ReadonlyArray<never> = []

/** What a reporter is made of. */
export interface Options {
  readonly observer: Observer
  readonly kind: RunInfo["kind"]
  readonly request: unknown
  readonly about: About | undefined
  /** When work on the request began, in nanoseconds of the monotonic clock. Default: when the run begins. */
  readonly since: bigint | undefined
  readonly context: Context.Context<never>
}

/** Reports the events of one run. */
export class Reporter {
  readonly run: RunInfo
  readonly #observer: Observer
  readonly #now: RunClock
  readonly #begunAt: bigint
  #attempt = 0
  #attemptAt = 0
  /** The number of the attempt that is the hedge, and when it began. */
  #hedge = 0
  #hedgeAt = 0
  /** Attempts made, hedges included. */
  #attempts = 0
  #failedAttempts: Array<FailedAttempt> | undefined
  /** The target whose stream was committed. */
  #committed: Target | undefined
  #isOver = false
  /** Overhead in milliseconds up to `#ownSince`: time outside attempts and waits. Negative when work began before the run. */
  #own = 0
  #ownSince: number

  constructor({ about, context, kind, observer, request, since }: Options, now: RunClock) {
    this.#observer = observer
    this.#now = now
    this.#begunAt = now.nanos()
    this.#ownSince = since === undefined ? 0 : millisBetween(this.#begunAt, since)
    this.run = { id: ++runs, kind, request, startedAt: now.millis(), about, context }
  }

  readonly skipped = (target: Target, { key, reason, until }: Bench.Benched): void => {
    const { run } = this
    this.#tell({ _tag: "Skipped", run, at: this.#at(), elapsed: this.#elapsed(), target, key, reason, until })
  }

  started(target: Target, attempt: number, probe: boolean): void {
    const elapsed = this.#elapsed()
    this.#attempt = attempt
    this.#attempts = attempt
    this.#attemptAt = elapsed
    this.#own += elapsed - this.#ownSince
    this.#tell({ _tag: "AttemptStarted", run: this.run, at: this.#at(), elapsed, target, attempt, probe })
  }

  /** `benched` keeps the target from being called now. */
  failed(target: Target, failure: Failure.Failure, action: Action, benched: Bench.Benched | undefined): void {
    const event = this.#failed(target, failure, action)
    this.#tell(
      benched === undefined ? event : { ...event, benched: { key: benched.key, until: benched.until } }
    )
  }

  /** A hedge begins beside the current attempt. */
  hedged(target: Target, attempt: number): void {
    const elapsed = this.#elapsed()
    const { run } = this
    this.#hedge = attempt
    this.#attempts = attempt
    this.#hedgeAt = elapsed
    const at = this.#at()
    this.#tell({ _tag: "AttemptStarted", run, at, elapsed, target, attempt, probe: false, hedge: true })
  }

  /** The hedge failed; the current attempt goes on. `benched` keeps the target from being called now. */
  hedgeFailed(target: Target, failure: Failure.Failure, benched: Bench.Benched | undefined): void {
    const elapsed = this.#elapsed()
    this.#remember(target, failure)
    this.#tell({
      _tag: "AttemptFailed",
      run: this.run,
      at: this.#at(),
      elapsed,
      target,
      attempt: this.#hedge,
      duration: elapsed - this.#hedgeAt,
      failure,
      action: { _tag: "Continue" },
      ...(benched !== undefined && { benched: { key: benched.key, until: benched.until } })
    })
  }

  /** The current attempt, or the hedge, was stopped. */
  dropped(target: Target, hedge: boolean): void {
    const elapsed = this.#elapsed()
    const attempt = hedge ? this.#hedge : this.#attempt
    const duration = elapsed - (hedge ? this.#hedgeAt : this.#attemptAt)
    const { run } = this
    this.#tell({ _tag: "AttemptDropped", run, at: this.#at(), elapsed, target, attempt, duration, hedge })
  }

  /** The hedge is the current attempt from now on. */
  hedgeTakesOver(): void {
    this.#attempt = this.#hedge
    this.#attemptAt = this.#hedgeAt
  }

  /** `counted`: it counts as a failure of the target, being one of several in a row. */
  cutOff(target: Target, failure: Failure.Failure, action: Action, counted: boolean): void {
    const event = this.#failed(target, failure, action)
    this.#tell({ ...event, cutOff: true, ...(counted && { counted }) })
  }

  #failed(target: Target, failure: Failure.Failure, action: Action): AttemptFailed {
    const elapsed = this.#elapsed()
    this.#ownSince = elapsed
    this.#remember(target, failure)
    return {
      _tag: "AttemptFailed",
      run: this.run,
      at: this.#at(),
      elapsed,
      target,
      attempt: this.#attempt,
      duration: elapsed - this.#attemptAt,
      failure,
      action
    }
  }

  #remember(target: Target, failure: Failure.Failure): void {
    this.#failedAttempts ??= []
    this.#failedAttempts.push({ target: target.key, failure })
  }

  /** A wait between attempts has ended; it does not count as overhead. */
  waited(): void {
    this.#ownSince = this.#elapsed()
  }

  /** An attempt answered. That ends a run for a whole answer. */
  succeeded(target: Target, commit: Commit | undefined): void {
    const elapsed = this.#elapsed()
    const at = this.#at()
    this.#tell({
      _tag: "AttemptSucceeded",
      run: this.run,
      at,
      elapsed,
      target,
      attempt: this.#attempt,
      duration: elapsed - this.#attemptAt,
      commit,
      overhead: this.#own
    })
    if (this.run.kind === "effect") this.#ended("answered", target, undefined, at, elapsed)
    else this.#committed = target
  }

  /** A committed stream ended. `error` is what its caller got, unless that says nothing about the target. */
  streamEnded(
    target: Target,
    outcome: Exclude<Outcome, "failed">,
    complete: boolean,
    error: RunError | StreamBroken | undefined
  ): void {
    const elapsed = this.#elapsed()
    const at = this.#at()
    const duration = elapsed - this.#attemptAt
    const failure = error?._tag === "StreamBroken" ? error.failure : undefined
    this.#tell({ _tag: "StreamEnded", run: this.run, at, elapsed, target, duration, failure, complete })
    this.#ended(outcome, target, error, at, elapsed)
  }

  runFailed(error: RunError): void {
    const elapsed = this.#elapsed()
    const at = this.#at()
    const overhead = this.#own + elapsed - this.#ownSince
    this.#tell({ _tag: "RunFailed", run: this.run, at, elapsed, error, duration: elapsed, overhead })
    this.#ended("failed", undefined, error, at, elapsed)
  }

  /** `failure` is what counts against the target. */
  interrupted(target: Target | undefined, failure?: Failure.Failure): void {
    const elapsed = this.#elapsed()
    const at = this.#at()
    const counted = failure !== undefined && { failure }
    this.#tell({ _tag: "RunInterrupted", run: this.run, at, elapsed, target, duration: elapsed, ...counted })
    this.#ended("interrupted", target, undefined, at, elapsed)
  }

  /** The run is over for its caller. If it has not ended by then, it was interrupted between two steps, or has died. */
  closed(exit: Exit.Exit<unknown, unknown>): void {
    if (this.#isOver || Exit.isSuccess(exit)) return
    if (this.#committed !== undefined) {
      this.streamEnded(this.#committed, "interrupted", false, undefined)
    } else if (Cause.hasInterrupts(exit.cause)) this.interrupted(undefined)
    else this.#ended("failed", undefined, undefined, this.#at(), this.#elapsed())
  }

  #ended(
    outcome: Outcome,
    target: Target | undefined,
    error: RunError | StreamBroken | undefined,
    at: number,
    elapsed: number
  ): void {
    this.#isOver = true
    this.#tell({
      _tag: "RunEnded",
      run: this.run,
      at,
      elapsed,
      outcome,
      target,
      error,
      duration: elapsed,
      attempts: this.#attempts,
      failed: this.#failedAttempts ?? none
    })
  }

  #tell(event: FailoverEvent): void {
    tell(this.#observer, event)
  }

  #at(): number {
    return this.#now.millis()
  }

  #elapsed(): number {
    return millisBetween(this.#begunAt, this.#now.nanos())
  }
}

const millisBetween = (from: bigint, to: bigint): number => Number(to - from) / 1e6
