/** The wait queues of all targets that requests wait for. Without waiting requests there is none, and no lookup. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type { Target } from "../domain/Target.ts"
import { type Peek, WaitQueue } from "./WaitQueue.ts"

/** The wait queues of one runtime. */
export class WaitQueues {
  readonly #queues = new Map<string, WaitQueue>()
  readonly #peek: Peek

  /** `peek` returns what keeps a target from being called. */
  constructor(peek: Peek) {
    this.#peek = peek
  }

  /** How many queues there are. */
  get size(): number {
    return this.#queues.size
  }

  /** The queue of a target, created if necessary. Only the clock of the context is kept. */
  of(target: Target, context: Context.Context<never>): WaitQueue {
    let queue = this.#queues.get(target.key)
    if (queue === undefined) {
      const clock = Context.make(Clock.Clock, Context.get(context, Clock.Clock))
      queue = new WaitQueue(target, clock, this.#peek, () => this.#queues.delete(target.key))
      this.#queues.set(target.key, queue)
    }
    return queue
  }

  /** A request was answered, whether or not it had waited. */
  succeeded(target: Target): void {
    if (this.#queues.size > 0) this.#queues.get(target.key)?.succeeded()
  }

  /** An attempt failed. */
  failed(target: Target): void {
    if (this.#queues.size > 0) this.#queues.get(target.key)?.failed()
  }

  /** A probe's slot is free again. */
  changed(target: Target): void {
    if (this.#queues.size > 0) this.#queues.get(target.key)?.turn()
  }
}
