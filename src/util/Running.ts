/**
 * Something that runs beside the caller's fiber, an attempt for example, so that it can be stopped without interrupting
 * the caller.
 *
 * If it ends in the turn in which it started, it costs one fiber and no timer. Only if it suspends, a timer is set and
 * the caller's fiber is parked.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as MonotonicClock from "../time/MonotonicClock.ts"
import { MovableTimer } from "./MovableTimer.ts"

/** Something that runs. A fiber is one. */
export interface Running<out A> {
  /** How it ended, if it has. */
  readonly pollUnsafe: () => Exit.Exit<A, unknown> | undefined
  /** Calls back once when it ends, at once if it has. */
  readonly addObserver: (observer: (exit: Exit.Exit<A, unknown>) => void) => void
  /** Interrupts it. Its observers are still called when it ends. */
  readonly interruptUnsafe: () => void
  /** Its own timeout, in milliseconds since the epoch; may move while it runs. */
  readonly dueAt?: (() => number) | undefined
  /** Called at its own timeout; true when that ends it successfully. */
  readonly timeUp?: (() => boolean) | undefined
  /** Calls back once when there is content of something that ends later than that; at once if there is some. */
  readonly onContent?: ((f: () => void) => void) | undefined
}

/** Starts an effect in this turn. One that is an exit, such as a failure or a known answer, needs no fiber. */
export const start = <A, R>(effect: Effect.Effect<A, unknown, R>, context: Context.Context<R>): Running<A> =>
  isExit(effect) ? new Finished(effect) : Effect.runForkWith(context)(effect)

/** `Exit.isExit` takes 30 ns here. Without a match a fiber is started, which gives the same exit. */
const isExit = <A, E, R>(effect: Effect.Effect<A, E, R>): effect is Exit.Exit<A, E> =>
  "~effect/Exit" in effect

/** Something that has ended before it began. */
class Finished<out A> implements Running<A> {
  readonly #exit: Exit.Exit<A, unknown>

  constructor(exit: Exit.Exit<A, unknown>) {
    this.#exit = exit
  }

  pollUnsafe(): Exit.Exit<A, unknown> {
    return this.#exit
  }

  addObserver(observer: (exit: Exit.Exit<A, unknown>) => void): void {
    observer(this.#exit)
  }

  interruptUnsafe(): void {}
}

/** How a wait ended: with an exit, or with a timeout. */
export type Ended<A> = Exit.Exit<A, unknown> | "timeout"

/** How to wait for something that runs. */
export interface Waiter<in A, out B, out E, out R = never> {
  /** The latest timeout, in milliseconds since the epoch; its own timeout may be sooner. */
  readonly dueAt: number
  /** A further timeout, `visitEndsAt`. It is read again when it comes, since it may be a later one by then. */
  readonly within?: { readonly visitEndsAt: number } | undefined
  readonly context: Context.Context<never>
  /**
   * Called in the turn in which it ends or times out, before anything else can happen, so that records made here cannot
   * be lost. The caller goes on with what it returns.
   */
  readonly onEnd: (ended: Ended<A>) => Effect.Effect<B, E, R>
  /** The caller is interrupted instead. What runs is interrupted too, and the interruption waits for it. */
  readonly onInterrupt: () => void
}

/**
 * Waits with the caller's fiber parked. For use inside `Effect.callback`, in the turn in which the attempt was started, so
 * that an interruption cannot leave it running. Returns the finalizer for an interruption of the caller.
 *
 * After a timeout the attempt is interrupted without waiting for its end, so that an uninterruptible one does not delay the
 * next.
 */
export const park = <A, B, E, R>(
  running: Running<A>,
  waiter: Waiter<A, B, E, R>,
  resume: (effect: Effect.Effect<B, E, R>) => void
): Effect.Effect<void> => {
  const watching = new Watching(running, waiter, resume)
  return Effect.suspend(() => {
    // The finalizer stays in force for what the caller's fiber runs after the wait.
    if (watching.isOver) return Effect.void
    watching.leave()
    waiter.onInterrupt()
    return stop(running)
  })
}

/** Waits for the end or the timeout of something that runs, until it is left. */
export class Watching<in out A, in out B, in out E, in out R = never> {
  readonly #waiter: Waiter<A, B, E, R>
  readonly #resume: (effect: Effect.Effect<B, E, R>) => void
  readonly #running: Running<A>
  readonly #timer: MovableTimer
  #done = false

  constructor(
    running: Running<A>,
    waiter: Waiter<A, B, E, R>,
    resume: (effect: Effect.Effect<B, E, R>) => void
  ) {
    this.#running = running
    this.#waiter = waiter
    this.#resume = resume
    this.#timer = new MovableTimer(waiter.context, () => this.#timeUp())
    running.addObserver((exit) => {
      if (this.#done) return
      this.leave()
      this.#end(exit)
    })
    if (!this.#done) this.#timer.set(this.#due())
  }

  #due(): number {
    const { dueAt, within } = this.#waiter
    const own = Math.min(dueAt, this.#running.dueAt?.() ?? Number.POSITIVE_INFINITY)
    return within === undefined ? own : Math.min(own, within.visitEndsAt)
  }

  #timeUp(): void {
    // The clock is read before the timeout: one that comes between the two reads is then read again.
    const now = MonotonicClock.millis(Context.get(this.#waiter.context, Clock.Clock))
    const due = this.#due()
    if (due > now) {
      this.#timer.set(due)
    } else if (this.#running.timeUp?.() !== true) {
      this.#done = true
      this.#running.interruptUnsafe()
      this.#end("timeout")
    }
  }

  /** Whether it has ended, timed out or been left. */
  get isOver(): boolean {
    return this.#done
  }

  /** Stops waiting. The running effect continues. */
  leave(): void {
    this.#done = true
    this.#timer.stop()
  }

  /** An exception in the observer of a fiber or a timer would end the process, and the caller would never be resumed. */
  #end(ended: Ended<A>): void {
    let onward: Effect.Effect<B, E, R>
    try {
      onward = this.#waiter.onEnd(ended)
    } catch (defect) {
      onward = Effect.die(defect)
    }
    this.#resume(onward)
  }
}

/** Starts an attempt and waits for it; see `park`. */
export const run = <A, B, E, R>(
  begin: () => Running<A>,
  waiter: Waiter<A, B, E, R>
): Effect.Effect<B, E, R> => Effect.callback<B, E, R>((resume) => park(begin(), waiter, resume))

/** Stops a running attempt and waits until it has ended. */
export const stop = (running: Running<unknown>): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    running.addObserver(() => resume(Effect.void))
    running.interruptUnsafe()
  })
