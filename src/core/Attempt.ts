/**
 * One attempt: something that runs beside the caller's fiber, so that it can be given up without giving up the
 * caller.
 *
 * An attempt that ends in the same turn costs one fiber and no timer. Only when it suspends is a timer armed and the
 * caller's fiber parked.
 */
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"

/** Something that runs. A fiber is one. */
export interface Running<out A> {
  /** How it ended, if it has. */
  readonly pollUnsafe: () => Exit.Exit<A, unknown> | undefined
  /** Calls back once when it ends, at once if it has. */
  readonly addObserver: (observer: (exit: Exit.Exit<A, unknown>) => void) => void
  /** Asks it to stop. It still ends through its observers. */
  readonly interruptUnsafe: () => void
  /** When its own wait is over, in milliseconds since the epoch; may move while it runs. */
  readonly dueAt?: (() => number) | undefined
  /** Its wait is over; true when it has ended by that, and not in vain. */
  readonly timeUp?: (() => boolean) | undefined
}

/** Starts an effect in this turn. */
export const start = <A, R>(effect: Effect.Effect<A, unknown, R>, context: Context.Context<R>): Running<A> =>
  Effect.runForkWith(context)(effect)

/** How a wait ended: with the attempt, or because its time was up. */
export type Ended<A> = Exit.Exit<A, unknown> | "timeout"

/**
 * Waits for a running attempt, until `dueAt` (milliseconds since the epoch) at the latest or until its own wait is
 * over.
 *
 * `onEnd` is called in the very turn in which the attempt ends or its time is up, and before anything else can
 * happen, so bookkeeping done there cannot be lost; the effect it returns is what the caller goes on with. When the
 * caller is interrupted instead, `onInterrupt` is called, the attempt is stopped, and the interruption waits for it.
 * An attempt whose time is up is stopped without waiting, so that one that cannot be interrupted does not hold up
 * the next.
 */
export const wait = <A, B, E, R>(
  running: Running<A>,
  dueAt: number,
  context: Context.Context<never>,
  onEnd: (ended: Ended<A>) => Effect.Effect<B, E, R>,
  onInterrupt: () => void
): Effect.Effect<B, E, R> =>
  Effect.callback<B, E, R>((resume) => {
    let done = false
    const due = () => Math.min(dueAt, running.dueAt?.() ?? Number.POSITIVE_INFINITY)
    const timer = due() === Number.POSITIVE_INFINITY ? undefined : start(sleepUntil(due), context)
    const end = (ended: Ended<A>) => {
      if (done) return
      done = true
      timer?.interruptUnsafe()
      resume(onEnd(ended))
    }
    running.addObserver(end)
    timer?.addObserver((exit) => {
      if (done || Exit.isFailure(exit) || running.timeUp?.() === true) return
      done = true
      running.interruptUnsafe()
      resume(onEnd("timeout"))
    })
    return Effect.suspend(() => {
      done = true
      timer?.interruptUnsafe()
      onInterrupt()
      return stop(running)
    })
  })

/** Sleeps until a moment that may move away meanwhile. */
const sleepUntil = (due: () => number): Effect.Effect<void> =>
  Effect.clockWith((clock) => {
    const left = due() - clock.currentTimeMillisUnsafe()
    return left <= 0 ? Effect.void : Effect.andThen(clock.sleep(Duration.millis(left)), sleepUntil(due))
  })

/** Stops a running attempt and waits until it has ended. */
export const stop = (running: Running<unknown>): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    running.addObserver(() => resume(Effect.void))
    running.interruptUnsafe()
  })
