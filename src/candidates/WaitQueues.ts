/** The lines of all targets for which somebody waits. While nobody waits there is none, and nothing is looked up. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type { Target } from "../domain/Target.ts"
import { type Peek, WaitQueue } from "./WaitQueue.ts"

/** The lines of one runtime. */
export class WaitQueues {
  readonly #queues = new Map<string, WaitQueue>()
  readonly #peek: Peek

  /** `peek` says what keeps a target from being called. */
  constructor(peek: Peek) {
    this.#peek = peek
  }

  /** How many lines there are. */
  get size(): number {
    return this.#queues.size
  }

  /** The line of a target; it is made if there is none. Of the context only the clock is kept. */
  of(target: Target, context: Context.Context<never>): WaitQueue {
    let queue = this.#queues.get(target.key)
    if (queue === undefined) {
      const clock = Context.make(Clock.Clock, Context.get(context, Clock.Clock))
      queue = new WaitQueue(target, clock, this.#peek, () => this.#queues.delete(target.key))
      this.#queues.set(target.key, queue)
    }
    return queue
  }

  /** Somebody was answered, whether or not he had waited. */
  succeeded(target: Target): void {
    if (this.#queues.size > 0) this.#queues.get(target.key)?.succeeded()
  }

  /** Somebody's attempt failed. */
  failed(target: Target): void {
    if (this.#queues.size > 0) this.#queues.get(target.key)?.failed()
  }

  /** A probe's slot is free again. */
  changed(target: Target): void {
    if (this.#queues.size > 0) this.#queues.get(target.key)?.turn()
  }
}
