/** A service whose calls stay open until the test ends them. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Failure } from "../../../src/index.ts"

type Resume = (exit: Exit.Exit<string, Failure.Failure>) => void

/** The calls of one service, in the order in which they came. */
export class Gates {
  readonly #open = new Set<Resume>()
  /** How many calls have been made. */
  calls = 0

  /** How many calls are open. */
  get open(): number {
    return this.#open.size
  }

  /** One call. */
  readonly ask: Effect.Effect<string, Failure.Failure> = Effect.callback((resume) => {
    this.calls++
    this.#open.add(resume)
    return Effect.sync(() => void this.#open.delete(resume))
  })

  /** Ends one of the open calls, if there is one. */
  end(exit: Exit.Exit<string, Failure.Failure>, which: "the oldest" | "the latest"): void {
    const resume = [...this.#open].at(which === "the oldest" ? 0 : -1)
    if (resume === undefined) return
    this.#open.delete(resume)
    resume(exit)
  }

  /** Answers all open calls. */
  answerAll(): void {
    for (const resume of [...this.#open]) {
      this.#open.delete(resume)
      resume(Exit.succeed("well"))
    }
  }
}
