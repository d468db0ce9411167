/** The clock of one run, looked up in the context when it is first read. */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"

/** The clock of one run. A run in which nothing fails and nothing waits never reads it. */
export class Now {
  readonly #context: Context.Context<never>
  #clock: Clock.Clock | undefined

  constructor(context: Context.Context<never>) {
    this.#context = context
  }

  /** Milliseconds since the epoch. */
  millis(): number {
    this.#clock ??= Context.get(this.#context, Clock.Clock)
    return this.#clock.currentTimeMillisUnsafe()
  }
}
