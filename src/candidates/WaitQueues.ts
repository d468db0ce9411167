/** The lines of all targets for which somebody waits. While nobody waits there is none, and nothing is looked up. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import type { Target } from "../domain/Target.ts"
import { type Peek, WaitQueue } from "./WaitQueue.ts"

/** The lines of one runtime. */
export class WaitQueues {
  readonly #lines = new Map<string, WaitQueue>()
  readonly #peek: Peek

  /** `peek` says what keeps a target from being called. */
  constructor(peek: Peek) {
    this.#peek = peek
  }

  /** How many lines there are. */
  get size(): number {
    return this.#lines.size
  }

  /** The line of a target; it is made if there is none. Of the context only the clock is kept. */
  of(target: Target, context: Context.Context<never>): WaitQueue {
    let line = this.#lines.get(target.key)
    if (line === undefined) {
      const clock = Context.make(Clock.Clock, Context.get(context, Clock.Clock))
      line = new WaitQueue(target, clock, this.#peek, () => this.#lines.delete(target.key))
      this.#lines.set(target.key, line)
    }
    return line
  }

  /** Somebody was answered, whether or not he had waited. */
  succeeded(target: Target): void {
    if (this.#lines.size > 0) this.#lines.get(target.key)?.succeeded()
  }

  /** Somebody's attempt failed. */
  failed(target: Target): void {
    if (this.#lines.size > 0) this.#lines.get(target.key)?.failed()
  }

  /** A probe's slot is free again. */
  changed(target: Target): void {
    if (this.#lines.size > 0) this.#lines.get(target.key)?.turn()
  }
}
