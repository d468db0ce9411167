/**
 * The one sleep behind all timers of a clock, until the first of them is due.
 *
 * Nearly all timers are stopped or moved before they are due, so a sleep for each would hardly ever end: it takes a fiber and a
 * timer of the runtime for each attempt.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import * as MonotonicClock from "../time/MonotonicClock.ts"
import { type Timed, TimerHeap } from "./TimerHeap.ts"

/** A timer of a sleeper. */
export interface Sleeping extends Timed {
  readonly onDue: () => void
}

/**
 * A timer that fires this many milliseconds late shows that the process was paused (a long computation, a suspended machine).
 * Data that arrived meanwhile has not been read yet.
 */
export const stall = 100

/** The timers of a clock. While there are none, it does not sleep, so it keeps no process alive. */
export class Sleeper {
  readonly #clock: MonotonicClock.Known
  /** A context without the services of a request, which would be kept in memory. */
  readonly #context: Context.Context<never>
  readonly #timers = new TimerHeap<Sleeping>()
  #wakesAt = Number.POSITIVE_INFINITY
  #sleep: Fiber.Fiber<void> | undefined
  /** When it last woke late: timers that were due by then have had their turn. */
  #lateAt = Number.NEGATIVE_INFINITY

  constructor(context: Context.Context<never>) {
    const clock = Context.get(context, Clock.Clock)
    this.#clock = MonotonicClock.of(clock)
    this.#context = Context.make(Clock.Clock, clock).pipe(
      Context.add(Scheduler.Scheduler, Context.get(context, Scheduler.Scheduler))
    )
  }

  /** The sleeper of the clock of a context. */
  static of(context: Context.Context<never>): Sleeper {
    const clock = Context.get(context, Clock.Clock)
    const found = known.get(clock)
    if (found !== undefined) return found
    const made = new Sleeper(context)
    known.set(clock, made)
    return made
  }

  /** How many timers there are. */
  get size(): number {
    return this.#timers.size
  }

  /** Adds a timer, which it does not have. */
  add(timer: Sleeping): void {
    this.#timers.add(timer)
    this.#wakeFor(timer)
  }

  /** Removes one of its timers. */
  remove(timer: Sleeping): void {
    // One that is about to be called has been taken out.
    if (timer.place < 0) return
    this.#timers.remove(timer)
    if (this.#timers.size === 0) this.#stop()
  }

  /** One of its timers was moved. */
  moved(timer: Sleeping): void {
    if (timer.place < 0) this.#timers.add(timer)
    else this.#timers.moved(timer)
    this.#wakeFor(timer)
  }

  /** A timer was added or moved. One that is due is called at once, and no other. */
  #wakeFor(timer: Sleeping): void {
    if (timer.dueAt >= this.#wakesAt) return
    const now = MonotonicClock.read(this.#clock)
    const late = now - timer.dueAt
    const moment = Math.max(timer.dueAt, now + 1)
    if (late >= 0 && late <= stall) timer.onDue()
    // One that is long overdue must not postpone a sleep that ends as soon.
    else if (moment < this.#wakesAt) this.#sleepUntil(moment, now)
  }

  #sleepUntil(moment: number, now: number): void {
    this.#stop()
    if (moment === Number.POSITIVE_INFINITY) return
    this.#wakesAt = moment
    // Rounded up, since timers fire early.
    const left = Duration.millis(Math.ceil(moment - now))
    const sleep = Effect.runForkWith(this.#context)(this.#clock.clock.sleep(left))
    this.#sleep = sleep
    sleep.addObserver(() => {
      if (this.#sleep === sleep) this.#awake(moment)
    })
  }

  #stop(): void {
    const sleep = this.#sleep
    this.#sleep = undefined
    this.#wakesAt = Number.POSITIVE_INFINITY
    sleep?.interruptUnsafe()
  }

  /**
   * After a stall of the process the event loop gets one more turn, so that an answer that has long arrived does not count as
   * late. Only one: where every turn takes so long, no timer would ever fire.
   */
  #awake(moment: number): void {
    const now = MonotonicClock.read(this.#clock)
    const isLate = now - moment > stall
    const dueBy = isLate ? this.#lateAt : now
    if (isLate) this.#lateAt = now
    const due: Array<Sleeping> = []
    const timers = this.#timers
    let first = timers.first
    while (first !== undefined && first.dueAt <= dueBy) {
      timers.remove(first)
      due.push(first)
      first = timers.first
    }
    this.#sleepUntil(first === undefined ? Number.POSITIVE_INFINITY : Math.max(first.dueAt, now + 1), now)
    this.#call(due, 0, now)
  }

  /** Calls the timers that are due, from a place on. If the code of one throws, the others fire all the same. */
  #call(due: ReadonlyArray<Sleeping>, from: number, now: number): void {
    let at = from
    try {
      while (at < due.length) {
        const timer = due[at++]!
        // Another one may have stopped or moved it.
        if (timer.dueAt <= now) timer.onDue()
      }
    } finally {
      if (at < due.length) this.#call(due, at, now)
    }
  }
}

const known = new WeakMap<Clock.Clock, Sleeper>()
