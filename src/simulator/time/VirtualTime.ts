/**
 * Runs a program in virtual time, which advances only when nothing is left to do at the current moment.
 *
 * Clock and scheduler are one: what is ready runs first, in the order in which it became ready; then the clock is set to
 * the time of the next timer. Nothing depends on the speed of the machine, so a program does the same things in the same
 * order in every run, and an hour takes as long as the work in it.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Scheduler from "effect/Scheduler"
import { Timers } from "./Timers.ts"

/** The number of steps after which the real event loop gets a turn, so that the process can be interrupted. */
const stepsAtOnce = 20_000

/**
 * Runs a program that begins at `startAt` (milliseconds since the epoch). It may wait only for time and for its own
 * fibers: if it waits for anything else, such as a promise, it dies when nothing else is left to do.
 */
export const run = <A, E, R>(
  program: Effect.Effect<A, E, R>,
  { startAt }: { readonly startAt: number }
): Effect.Effect<A, E, R> =>
  Effect.contextWith((outer: Context.Context<R>) =>
    Effect.callback<A, E>((resume) => {
      const machine = new Machine(startAt)
      const context = Context.add(
        Context.add(outer, Clock.Clock, machine),
        Scheduler.Scheduler,
        new Scheduler.MixedScheduler("async", machine.ready)
      )
      const fiber = Effect.runForkWith(context)(program)
      let turn: NodeJS.Immediate | undefined
      fiber.addObserver((exit) => resume(exit))
      const go = () => {
        for (let steps = 0; steps < stepsAtOnce; steps++) {
          if (fiber.pollUnsafe() !== undefined) return
          if (!machine.step()) return resume(Effect.die(new Error(stuck)))
        }
        turn = setImmediate(go)
      }
      go()
      return Effect.sync(() => clearImmediate(turn))
    })
  )

const stuck = "the simulated program waits for something other than virtual time and its own fibers"

class Machine implements Clock.Clock {
  readonly #startAt: number
  readonly #timers = new Timers()
  readonly #tasks: Array<() => void> = []
  #next = 0
  #now: number

  constructor(startAt: number) {
    this.#startAt = startAt
    this.#now = startAt
  }

  /** Runs the next step; false if there was none. */
  step(): boolean {
    const task = this.#tasks[this.#next]
    if (task !== undefined) {
      this.#next++
      task()
      return true
    }
    this.#tasks.length = 0
    this.#next = 0
    const timer = this.#timers.next()
    if (timer === undefined) return false
    this.#now = Math.max(this.#now, timer.at)
    timer.run()
    return true
  }

  readonly ready = (task: () => void): (() => void) => {
    let isCancelled = false
    this.#tasks.push(() => {
      if (!isCancelled) task()
    })
    return () => {
      isCancelled = true
    }
  }

  currentTimeMillisUnsafe(): number {
    return this.#now
  }

  currentTimeNanosUnsafe(): bigint {
    return BigInt(Math.round(this.#now * 1e3)) * 1_000n
  }

  monotonicTimeNanosUnsafe(): bigint {
    return BigInt(Math.round((this.#now - this.#startAt) * 1e6))
  }

  readonly currentTimeMillis = Effect.sync(() => this.currentTimeMillisUnsafe())
  readonly currentTimeNanos = Effect.sync(() => this.currentTimeNanosUnsafe())
  readonly monotonicTimeNanos = Effect.sync(() => this.monotonicTimeNanosUnsafe())

  sleep(duration: Duration.Duration): Effect.Effect<void> {
    const millis = Duration.toMillis(duration)
    if (millis === Number.POSITIVE_INFINITY) return Effect.never
    return Effect.callback((resume) => {
      const timer = this.#timers.add(this.#now + Math.max(0, millis), () => resume(Effect.void))
      return Effect.sync(() => this.#timers.cancel(timer))
    })
  }
}
