/**
 * The rest of a committed stream. It belongs to its target now: a failure ends it, typed and never silently, and the
 * bench learns how it went.
 */
import type { NonEmptyReadonlyArray } from "effect/Array"
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Pull from "effect/Pull"
import * as Attempt from "./Attempt.ts"
import type { BenchRegistry } from "./BenchRegistry.ts"
import * as Failure from "./Failure.ts"
import type { Now } from "./Now.ts"
import { afterword, type OpenStream } from "./OpenStream.ts"
import type { Reporter } from "./Reporter.ts"
import { DeadlineExceeded } from "./RunError.ts"
import type { Served } from "./RunOptions.ts"

/** What a committed stream can still fail with. */
export type TailError = Failure.Failure | DeadlineExceeded

/** What the rest of a stream needs to know of its run. */
export interface TailOptions<C> {
  readonly served: Served<OpenStream<C>>
  readonly registry: BenchRegistry["Service"]
  readonly classify: (cause: Cause.Cause<unknown>) => Failure.Failure
  readonly context: Context.Context<never>
  /** True while the caller's own work keeps the stream waiting. */
  readonly isBusy: (() => boolean) | undefined
  readonly now: Now
  /** In milliseconds since the epoch, and as it was asked for. */
  readonly deadlineAt: number
  readonly deadline: number
  readonly reporter: Reporter | undefined
}

/** The rest of one committed stream. */
export class Tail<C> {
  readonly #options: TailOptions<C>
  readonly #opened: OpenStream<C>
  #settled = false
  #failure: Failure.Failure | undefined
  #reader: ((exit: Exit.Exit<void>) => void) | undefined

  constructor(options: TailOptions<C>) {
    this.#options = options
    this.#opened = options.served.value
    this.#opened.onEnd((exit) => this.#ended(exit))
  }

  /** The next chunks: what is there at once, else a wait of at most the idle timeout and the deadline. */
  readonly pull: Pull.Pull<NonEmptyReadonlyArray<C>, TailError> = Effect.suspend(
    () => this.#overdue() ?? this.#there() ?? this.#wait()
  )

  /** The consumer is done with it, at the end or before: lets the upstream go. That is no failure. */
  readonly close: Effect.Effect<void> = Effect.suspend(() => {
    this.#settle(undefined, this.#opened.complete)
    return this.#opened.close()
  })

  /** However fast the chunks come and however slowly they are read, the deadline is the end of it. */
  #overdue(): Pull.Pull<NonEmptyReadonlyArray<C>, TailError> | undefined {
    const { deadline, deadlineAt, served } = this.#options
    if (this.#settled || this.#opened.complete || this.#now() < deadlineAt) return undefined
    this.#settle(undefined, false)
    this.#opened.interruptUnsafe()
    return Effect.fail(new DeadlineExceeded({ deadline, attempts: served.failed }))
  }

  #there(): Pull.Pull<NonEmptyReadonlyArray<C>, TailError> | undefined {
    const chunks = this.#opened.takeUnsafe()
    if (chunks !== undefined) return Exit.succeed(chunks)
    if (!this.#opened.ended) return undefined
    return this.#failure === undefined ? Cause.done() : Effect.fail(this.#failure)
  }

  #wait(): Pull.Pull<NonEmptyReadonlyArray<C>, TailError> {
    const { context, deadlineAt, served } = this.#options
    const idle = this.#opened.complete ? afterword : served.target.policy.timeouts.idle
    const dueAt = Math.min(this.#now() + idle, deadlineAt)
    return Attempt.run(() => this.#reading, {
      dueAt,
      context,
      onEnd: (ended) => (ended === "timeout" ? this.#late() : (this.#there() ?? this.#wait())),
      onInterrupt: () => undefined
    })
  }

  /** Waiting for the next chunks, as something that runs; stopping it ends the wait, not the stream. */
  readonly #reading: Attempt.Running<void> = {
    pollUnsafe: () => undefined,
    addObserver: (reader) => {
      this.#reader = reader
      this.#opened.onReady(() => this.#reader?.(Exit.void))
    },
    interruptUnsafe: () => this.#reader?.(Exit.void)
  }

  #late(): Pull.Pull<NonEmptyReadonlyArray<C>, TailError> {
    const { isBusy, served } = this.#options
    if (this.#opened.complete) {
      this.#settle(undefined, true)
      this.#opened.interruptUnsafe()
      return Cause.done()
    }
    const overdue = this.#overdue()
    if (overdue !== undefined) return overdue
    if (isBusy?.() === true) return this.#wait()
    const failure = new Failure.Transient({
      target: served.target.key,
      reason: "Silent",
      message: "the stream stalled",
      evidence: `no chunk for ${served.target.policy.timeouts.idle} ms`
    })
    this.#settle(failure, false)
    this.#opened.interruptUnsafe()
    return Effect.fail(failure)
  }

  #ended(exit: Exit.Exit<void, unknown>): void {
    if (Exit.isSuccess(exit)) this.#settle(undefined, true)
    else if (!this.#settled) this.#settle(this.#options.classify(exit.cause), false)
  }

  /** Once per stream: the bench and the observer learn how it went. */
  #settle(failure: Failure.Failure | undefined, complete: boolean): void {
    if (this.#settled) return
    this.#settled = true
    this.#failure = failure
    const { registry, reporter, served } = this.#options
    const { admission, target } = served
    if (failure !== undefined) {
      const { rest } = target.policy.rules[Failure.classOf(failure)]
      registry.failUnsafe(target, admission, failure, rest, this.#now())
    } else if (complete) {
      registry.succeedUnsafe(target, admission, this.#options.now)
    }
    reporter?.streamEnded(target, failure, complete)
  }

  #now(): number {
    return this.#options.now.millis()
  }
}
