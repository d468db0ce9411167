/**
 * A timer that can be moved: one serves many waits, of which most are moved before they end. All timers of a clock share one sleep.
 */
import type * as Context from "effect/Context"
import { Sleeper, type Sleeping } from "./Sleeper.ts"

/**
 * Calls back at a time that can be moved. After a stall of the process the event loop gets one more turn before, so that
 * a stream whose next chunk has long arrived does not count as late.
 */
export class MovableTimer implements Sleeping {
  readonly #context: Context.Context<never>
  readonly #onDue: () => void
  #sleeper: Sleeper | undefined
  dueAt = Number.POSITIVE_INFINITY
  place = -1
  orderedAt = Number.POSITIVE_INFINITY
  turn = 0

  constructor(context: Context.Context<never>, onDue: () => void) {
    this.#context = context
    this.#onDue = onDue
  }

  /** Sets the time, in milliseconds since the epoch; infinite for never. */
  set(dueAt: number): void {
    if (dueAt === Number.POSITIVE_INFINITY) {
      this.stop()
      return
    }
    this.#sleeper ??= Sleeper.of(this.#context)
    const isNew = this.dueAt === Number.POSITIVE_INFINITY
    this.dueAt = dueAt
    if (isNew) this.#sleeper.add(this)
    else this.#sleeper.moved(this)
  }

  /** Stops the timer. */
  stop(): void {
    if (this.dueAt === Number.POSITIVE_INFINITY) return
    this.dueAt = Number.POSITIVE_INFINITY
    this.#sleeper?.remove(this)
  }

  onDue(): void {
    this.stop()
    this.#onDue()
  }
}
