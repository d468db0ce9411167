/**
 * A stream after its commit point. There is no failover any more: a failure ends the stream with a typed error. The outcome is
 * recorded at the bench.
 */

import type { NonEmptyReadonlyArray } from "effect/Array"
import type * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Exit from "effect/Exit"
import type { SignalsOf } from "../choice/Signals.ts"
import type { Outcome } from "../events/FailoverEvent.ts"
import type { Reporter } from "../events/Reporter.ts"
import * as Failure from "../failure/Failure.ts"
import { DeadlineExceeded, StreamBroken } from "../failure/RunError.ts"
import type { EngineBench } from "../health/EngineBench.ts"
import { ruleOf } from "../policy/Rule.ts"
import { usageGrace } from "../stream/CommitPoint.ts"
import type { Flow } from "../stream/Flow.ts"
import type { OpenStream } from "../stream/OpenStream.ts"
import type { RunClock } from "../time/RunClock.ts"
import { MovableTimer } from "../util/MovableTimer.ts"
import type { NotMine } from "./failures/Classify.ts"
import * as BenchRecord from "./run/BenchRecord.ts"
import type { Served } from "./run/RunOptions.ts"

/** The errors of a committed stream. */
export type CommittedStreamError = StreamBroken | DeadlineExceeded

/** What a committed stream needs from its run. */
export interface CommittedStreamOptions<C> {
  readonly served: Served<OpenStream<C>>
  readonly registry: EngineBench
  readonly signals: SignalsOf
  readonly classify: (cause: Cause.Cause<unknown>) => Failure.Failure | NotMine
  readonly context: Context.Context<never>
  /** True while the caller's own work delays the stream. */
  readonly isBusy: (() => boolean) | undefined
  readonly now: RunClock
  /** The deadline in milliseconds since the epoch, and as configured. */
  readonly deadlineAt: number
  readonly deadline: number
  readonly reporter: Reporter | undefined
  /** Who made the request. */
  readonly who: BenchRecord.Who
}

type StreamOutcome = Exclude<Outcome, "failed">

/** One committed stream: available chunks at once, otherwise a wait of at most the idle timeout and the deadline. */
export class CommittedStream<C> implements Flow<C, CommittedStreamError> {
  readonly #options: CommittedStreamOptions<C>
  readonly #opened: OpenStream<C>
  readonly #alarm: MovableTimer
  /** How it ends; known before the last chunks are taken. */
  #end: Exit.Exit<void, CommittedStreamError> | undefined
  /** Whether the stream was ended before its upstream: then chunks that are ready are dropped. */
  #isCut = false
  #reader: (() => void) | undefined

  constructor(options: CommittedStreamOptions<C>) {
    this.#options = options
    this.#opened = options.served.value
    this.#alarm = new MovableTimer(options.context, () => this.#onDue())
    this.#opened.onEnd((exit) => this.#ended(exit))
  }

  take(): NonEmptyReadonlyArray<C> | undefined {
    return this.#isCut || this.#isOverdue() ? undefined : this.#opened.take()
  }

  ended(): Exit.Exit<void, CommittedStreamError> | undefined {
    return this.#isCut || this.#opened.ended() !== undefined ? this.#end : undefined
  }

  onReady(reader: () => void): void {
    this.#reader = reader
    if (this.#isCut) this.#wake()
    else this.#opened.onReady(this.#wake)
    if (this.#reader !== undefined) this.#wait()
  }

  gather(): void {
    this.#opened.gather()
  }

  /**
   * Releases the upstream when the consumer stops, at the end or before, which is not a failure. A reader whose scope has
   * ended sees an interruption if the answer is incomplete, and a regular end if it is complete.
   */
  cancel(): void {
    const { complete } = this.#opened
    this.#settle(complete ? Exit.void : Exit.interrupt(), complete ? "answered" : "interrupted", complete)
    this.#opened.cancel()
  }

  released(f: () => void): void {
    this.#opened.released(f)
  }

  readonly #wake = (): void => {
    const reader = this.#reader
    this.#reader = undefined
    reader?.()
  }

  #wait(): void {
    const { deadlineAt, served } = this.#options
    const idle = this.#opened.complete ? usageGrace : served.target.policy.timeouts.idle
    this.#alarm.set(Math.min(this.#now() + idle, deadlineAt))
  }

  /** Checked with each chunk: the deadline holds however fast chunks come and however slowly they are read. */
  #isOverdue(): boolean {
    const { deadline, deadlineAt, served } = this.#options
    if (this.#end !== undefined || this.#opened.complete || this.#now() < deadlineAt) return false
    const error = new DeadlineExceeded({ deadline, attempts: served.failed })
    this.#cut(Exit.fail(error), "broken", error)
    return true
  }

  /** Called by a timer, which must not throw: a defect ends the stream. */
  #onDue(): void {
    try {
      this.#late()
    } catch (defect) {
      this.#cut(Exit.die(defect), "broken")
    }
  }

  /** No chunk has come in time. Ignored unless a reader waits. */
  #late(): void {
    if (this.#reader === undefined) return
    const { isBusy, served } = this.#options
    if (this.#opened.complete) {
      this.#cut(Exit.void, "answered")
      return
    }
    if (this.#isOverdue()) return
    if (isBusy?.() === true) {
      this.#wait()
      return
    }
    const error = this.#broken(
      new Failure.Transient({
        target: served.target.key,
        reason: "Timeout",
        message: "the stream stalled",
        evidence: `no chunk for ${served.target.policy.timeouts.idle} ms`
      })
    )
    this.#cut(Exit.fail(error), "broken", error)
  }

  /** Ends the stream and releases the upstream. */
  #cut(
    end: Exit.Exit<void, CommittedStreamError>,
    outcome: StreamOutcome,
    error?: CommittedStreamError
  ): void {
    this.#isCut = true
    this.#settle(end, outcome, this.#opened.complete, error)
    this.#opened.interruptUnsafe()
    this.#wake()
  }

  /** The upstream has ended. */
  #ended(exit: Exit.Exit<void, unknown>): void {
    if (Exit.isSuccess(exit)) {
      this.#settle(Exit.void, "answered", true)
      return
    }
    if (this.#end !== undefined) return
    const failure = this.#options.classify(exit.cause)
    if (failure._tag === "NotMine") {
      // Its type is that of the stream's error; only the type of `useStream` has it.
      this.#settle(exit as Exit.Failure<never, never>, "answered", false)
      return
    }
    const error = this.#broken(failure)
    this.#settle(Exit.fail(error), "broken", false, error)
  }

  /** Records the outcome at the bench and the observer, once per stream. */
  #settle(
    end: Exit.Exit<void, CommittedStreamError>,
    outcome: StreamOutcome,
    complete: boolean,
    error?: CommittedStreamError
  ): void {
    if (this.#end !== undefined) return
    this.#end = end
    this.#alarm.stop()
    const { now, registry, reporter, served, signals, who } = this.#options
    const { admission, target } = served
    if (error?._tag === "StreamBroken") {
      const { failure } = error
      const { rest } = ruleOf(target.policy.rules, failure)
      BenchRecord.record(
        { registry, signals },
        target,
        admission,
        failure,
        rest,
        "committed",
        this.#now(),
        who
      )
    } else if (complete) registry.succeedUnsafe(target, admission, now, who)
    reporter?.streamEnded(target, outcome, complete, error)
  }

  #broken(failure: Failure.Failure): StreamBroken {
    return new StreamBroken({ target: this.#options.served.target.key, failure })
  }

  #now(): number {
    return this.#options.now.millis()
  }
}
