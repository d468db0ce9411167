/**
 * A stream after its commit point. There is no fallback any more: a failure ends it with a typed error, and the outcome is
 * recorded at the bench.
 */

import type { NonEmptyReadonlyArray } from "effect/Array"
import type * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Exit from "effect/Exit"
import type { SignalsOf } from "../choice/Signals.ts"
import type { Reporter } from "../events/Reporter.ts"
import * as Failure from "../failure/Failure.ts"
import { DeadlineExceeded, StreamBroken } from "../failure/RunError.ts"
import type { EngineBench } from "../health/EngineBench.ts"
import { usageGrace } from "../stream/CommitPoint.ts"
import type { Flow } from "../stream/Flow.ts"
import type { OpenStream } from "../stream/OpenStream.ts"
import type { RunClock } from "../time/RunClock.ts"
import { MovableTimer } from "../util/MovableTimer.ts"
import type { NotMine } from "./failures/FailureOf.ts"
import * as FailureShare from "./run/FailureShare.ts"
import type { Served } from "./run/RunOptions.ts"

/** What a committed stream can still fail with. */
export type TailError = StreamBroken | DeadlineExceeded

/** What a committed stream needs from its run. */
export interface TailOptions<C> {
  readonly served: Served<OpenStream<C>>
  readonly registry: EngineBench
  readonly signals: SignalsOf
  readonly classify: (cause: Cause.Cause<unknown>) => Failure.Failure | NotMine
  readonly context: Context.Context<never>
  /** True while the caller's own work delays the stream. */
  readonly isBusy: (() => boolean) | undefined
  readonly now: RunClock
  /** In milliseconds since the epoch, and as it was configured. */
  readonly deadlineAt: number
  readonly deadline: number
  readonly reporter: Reporter | undefined
}

/** One committed stream: available chunks at once, otherwise a wait of at most the idle timeout and the deadline. */
export class CommittedStream<C> implements Flow<C, TailError> {
  readonly #options: TailOptions<C>
  readonly #opened: OpenStream<C>
  readonly #alarm: MovableTimer
  #settled = false
  #failure: Failure.Failure | undefined
  /** The end by an error that says nothing about the target. */
  #notMine: Exit.Failure<never, never> | undefined
  /** Set when the stream was ended before its upstream. */
  #over: Exit.Exit<void, TailError> | undefined
  #reader: (() => void) | undefined

  constructor(options: TailOptions<C>) {
    this.#options = options
    this.#opened = options.served.value
    this.#alarm = new MovableTimer(options.context, options.now, () => this.#onDue())
    this.#opened.onEnd((exit) => this.#ended(exit))
  }

  take(): NonEmptyReadonlyArray<C> | undefined {
    return this.#over === undefined && !this.#isOverdue() ? this.#opened.take() : undefined
  }

  ended(): Exit.Exit<void, TailError> | undefined {
    if (this.#over !== undefined || this.#opened.ended() === undefined) return this.#over
    return this.#notMine ?? (this.#failure === undefined ? Exit.void : Exit.fail(this.#broken(this.#failure)))
  }

  onReady(reader: () => void): void {
    this.#reader = reader
    if (this.#over === undefined) this.#opened.onReady(this.#wake)
    else this.#wake()
    if (this.#reader !== undefined) this.#wait()
  }

  gather(): void {
    this.#opened.gather()
  }

  /** The consumer stops, at the end or before: releases the upstream. That is no failure. */
  cancel(): void {
    this.#settle(undefined, this.#opened.complete)
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
    if (this.#settled || this.#opened.complete || this.#now() < deadlineAt) return false
    this.#cut(Exit.fail(new DeadlineExceeded({ deadline, attempts: served.failed })), undefined)
    return true
  }

  /** Called by a timer, which must not throw: a defect ends the stream. */
  #onDue(): void {
    try {
      this.#late()
    } catch (defect) {
      this.#cut(Exit.die(defect), undefined)
    }
  }

  /** No chunk has come in time. Ignored unless a reader waits. */
  #late(): void {
    if (this.#reader === undefined) return
    const { isBusy, served } = this.#options
    if (this.#opened.complete) {
      this.#cut(Exit.void, undefined)
      return
    }
    if (this.#isOverdue()) return
    if (isBusy?.() === true) {
      this.#wait()
      return
    }
    const failure = new Failure.Transient({
      target: served.target.key,
      reason: "Timeout",
      message: "the stream stalled",
      evidence: `no chunk for ${served.target.policy.timeouts.idle} ms`
    })
    this.#cut(Exit.fail(this.#broken(failure)), failure)
  }

  /** Ends the stream and releases the upstream. */
  #cut(end: Exit.Exit<void, TailError>, failure: Failure.Failure | undefined): void {
    this.#over = end
    this.#settle(failure, this.#opened.complete)
    this.#opened.interruptUnsafe()
    this.#wake()
  }

  #ended(exit: Exit.Exit<void, unknown>): void {
    if (Exit.isSuccess(exit)) this.#settle(undefined, true)
    else if (!this.#settled) {
      const failure = this.#options.classify(exit.cause)
      // Its type is that of the stream, which only the type of `useStream` knows.
      if (failure._tag === "NotMine") this.#notMine = exit as Exit.Failure<never, never>
      this.#settle(failure._tag === "NotMine" ? undefined : failure, false)
    }
  }

  /** Records the outcome at the bench and the observer, once per stream. */
  #settle(failure: Failure.Failure | undefined, complete: boolean): void {
    if (this.#settled) return
    this.#settled = true
    this.#failure = failure
    this.#alarm.stop()
    const { registry, reporter, served, signals } = this.#options
    const { admission, target } = served
    if (failure !== undefined) {
      const { rest } = target.policy.rules[Failure.classOf(failure)]
      FailureShare.record({ registry, signals }, target, admission, failure, rest, "committed", this.#now())
    } else if (complete) {
      registry.succeedUnsafe(target, admission, this.#options.now)
    }
    reporter?.streamEnded(target, failure, complete)
  }

  #broken(failure: Failure.Failure): StreamBroken {
    return new StreamBroken({ target: this.#options.served.target.key, failure })
  }

  #now(): number {
    return this.#options.now.millis()
  }
}
