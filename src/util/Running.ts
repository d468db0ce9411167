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
import * as MonotonicClock from "../time/MonotonicClock.ts"

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

/** What is done about a running attempt. */
export interface Waiter<in A, out B, out E, out R = never> {
  /** When its time is up at the latest, in milliseconds since the epoch; its own wait may be over sooner. */
  readonly dueAt: number
  readonly context: Context.Context<never>
  /**
   * Called in the very turn in which the attempt ends or its time is up, and before anything else can happen, so
   * bookkeeping done here cannot be lost. What it returns is what the caller goes on with.
   */
  readonly onEnd: (ended: Ended<A>) => Effect.Effect<B, E, R>
  /** The caller is interrupted instead. The attempt is stopped then, and the interruption waits for it. */
  readonly onInterrupt: () => void
}

/**
 * Waits for a running attempt, with the caller's fiber parked: for use inside of `Effect.callback`, in the turn in
 * which the attempt was started, so that there is no moment in which it belongs to nobody. Returns what is to be done
 * when the caller is interrupted.
 *
 * An attempt whose time is up is stopped without waiting, so that one that cannot be interrupted does not hold up
 * the next.
 */
export const park = <A, B, E, R>(
  running: Running<A>,
  { context, dueAt, onEnd, onInterrupt }: Waiter<A, B, E, R>,
  resume: (effect: Effect.Effect<B, E, R>) => void
): Effect.Effect<void> => {
  let done = false
  const due = () => Math.min(dueAt, running.dueAt?.() ?? Number.POSITIVE_INFINITY)
  const timer = due() === Number.POSITIVE_INFINITY ? undefined : start(sleepUntil(due), context)
  // Thrown in the observer of a fiber or a timer, it would end the process, and the caller would wait for ever.
  const guarded = (ended: Ended<A>): Effect.Effect<B, E, R> => {
    try {
      return onEnd(ended)
    } catch (defect) {
      return Effect.die(defect)
    }
  }
  const end = (ended: Ended<A>) => {
    if (done) return
    done = true
    timer?.interruptUnsafe()
    resume(guarded(ended))
  }
  running.addObserver(end)
  timer?.addObserver((exit) => {
    if (done || Exit.isFailure(exit) || running.timeUp?.() === true) return
    done = true
    running.interruptUnsafe()
    resume(guarded("timeout"))
  })
  return Effect.suspend(() => {
    done = true
    timer?.interruptUnsafe()
    onInterrupt()
    return stop(running)
  })
}

/** Starts an attempt and waits for it; see `park`. */
export const run = <A, B, E, R>(
  begin: () => Running<A>,
  waiter: Waiter<A, B, E, R>
): Effect.Effect<B, E, R> => Effect.callback<B, E, R>((resume) => park(begin(), waiter, resume))

/** Sleeps until a moment that may move away meanwhile. In whole milliseconds: a sliver of one may be no time at all. */
const sleepUntil = (due: () => number): Effect.Effect<void> =>
  Effect.clockWith((clock) => {
    const left = due() - MonotonicClock.millis(clock)
    return left <= 0
      ? Effect.void
      : Effect.andThen(clock.sleep(Duration.millis(Math.ceil(left))), sleepUntil(due))
  })

/** Stops a running attempt and waits until it has ended. */
export const stop = (running: Running<unknown>): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    running.addObserver(() => resume(Effect.void))
    running.interruptUnsafe()
  })
