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

/** A timer in the list of its sleeper. */
export interface Sleeping {
  /** In milliseconds since the epoch; infinite while it is stopped. */
  readonly dueAt: number
  readonly onDue: () => void
  /** Its neighbours, in the order in which they were added. Only the sleeper changes them. */
  before: Sleeping | undefined
  after: Sleeping | undefined
}

/**
 * A timer that fires this many milliseconds late shows that the process was paused (a long computation, a suspended machine).
 * Data that arrived meanwhile has not been read yet.
 */
export const stall = 100

/** The timers of a clock. While there are none, it does not sleep, so it keeps no process alive. */
export class Sleeper {
  readonly #clock: MonotonicClock.Known
  /** Without the services of a request, which would be kept in memory. */
  readonly #context: Context.Context<never>
  #first: Sleeping | undefined
  #last: Sleeping | undefined
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

  /** Adds a timer, which is not in the list. */
  add(timer: Sleeping): void {
    timer.before = this.#last
    if (this.#last === undefined) this.#first = timer
    else this.#last.after = timer
    this.#last = timer
    this.moved(timer)
  }

  /** Removes a timer of the list. */
  remove(timer: Sleeping): void {
    const { after, before } = timer
    if (before === undefined) this.#first = after
    else before.after = after
    if (after === undefined) this.#last = before
    else after.before = before
    timer.before = undefined
    timer.after = undefined
    if (this.#first === undefined) this.#stop()
  }

  /** A timer of the list was added or moved. One that is due is called at once, and no other. */
  moved(timer: Sleeping): void {
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
    let next = Number.POSITIVE_INFINITY
    for (let timer = this.#first; timer !== undefined; timer = timer.after) {
      if (timer.dueAt <= dueBy) due.push(timer)
      else next = Math.min(next, Math.max(timer.dueAt, now + 1))
    }
    this.#sleepUntil(next, now)
    for (const timer of due.sort((one, other) => one.dueAt - other.dueAt)) {
      // Another one may have stopped or moved it.
      if (timer.dueAt <= now) timer.onDue()
    }
  }
}

const known = new WeakMap<Clock.Clock, Sleeper>()
