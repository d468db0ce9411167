/**
 * Runs a program in a time of its own, which goes on only when nothing is left to do at the moment it stands at.
 *
 * The clock and the scheduler are one machine: what is ready runs first, in the order in which it became ready; then
 * the clock is set to the next sleeper's time. Nothing depends on how quick the machine is, so the same program does
 * the same things in the same order, however often it is run, and an hour takes as long as the work in it.
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Scheduler from "effect/Scheduler"
import { Timers } from "./Timers.ts"

/** After so many steps the real event loop has a turn, so that the process can be interrupted. */
const stepsAtOnce = 20_000

/**
 * Runs a program from the moment `startAt` (milliseconds since the epoch) on. It may wait for time and for its own
 * fibers only: one that waits for the world outside, such as a promise, dies when nothing else is left to do.
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

const stuck = "the simulated program waits for something that no simulated time brings"

class Machine implements Clock.Clock {
  readonly #startAt: number
  readonly #timers = new Timers()
  #tasks: Array<() => void> = []
  #next = 0
  #now: number

  constructor(startAt: number) {
    this.#startAt = startAt
    this.#now = startAt
  }

  /** Does what is next, and says whether there was anything. */
  step(): boolean {
    const task = this.#tasks[this.#next]
    if (task !== undefined) {
      this.#next++
      task()
      return true
    }
    this.#tasks = []
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
      return Effect.sync(() => {
        timer.cancelled = true
      })
    })
  }
}
