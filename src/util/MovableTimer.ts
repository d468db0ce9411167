/** A timer that can be moved: one sleep serves many waits, of which most are moved before they end. */
import type * as Context from "effect/Context"
import type { RunClock } from "../time/RunClock.ts"
import * as Running from "./Running.ts"

/** Calls back at a time that can be moved. */
export class MovableTimer {
  readonly #now: RunClock
  readonly #context: Context.Context<never>
  readonly #onDue: () => void
  #dueAt = Number.POSITIVE_INFINITY
  #wakesAt = Number.POSITIVE_INFINITY
  #sleeper: Running.Running<void> | undefined

  constructor(context: Context.Context<never>, now: RunClock, onDue: () => void) {
    this.#context = context
    this.#now = now
    this.#onDue = onDue
  }

  /** Sets the time, in milliseconds since the epoch; infinite for never. Moving it later starts no new sleep. */
  set(dueAt: number): void {
    this.#dueAt = dueAt
    if (dueAt >= this.#wakesAt) return
    this.#wake()
    this.#sleep()
  }

  /** Stops the timer and its sleep. */
  stop(): void {
    this.#dueAt = Number.POSITIVE_INFINITY
    this.#wake()
  }

  #wake(): void {
    const sleeper = this.#sleeper
    this.#sleeper = undefined
    this.#wakesAt = Number.POSITIVE_INFINITY
    sleeper?.interruptUnsafe()
  }

  #sleep(): void {
    const wakesAt = this.#dueAt
    this.#wakesAt = wakesAt
    const sleeper = Running.start(this.#now.sleepUntil(wakesAt), this.#context)
    this.#sleeper = sleeper
    sleeper.addObserver(() => {
      if (this.#sleeper !== sleeper) return
      this.#sleeper = undefined
      this.#wakesAt = Number.POSITIVE_INFINITY
      if (this.#dueAt > wakesAt) this.set(this.#dueAt)
      else this.#onDue()
    })
  }
}
