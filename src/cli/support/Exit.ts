/** Exit codes of commands. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"

/** Ends a command with an exit code, after its message was printed. */
export class ExitWith extends Error {
  override readonly name = "ExitWith"
  override readonly [Runtime.errorExitCode]: number
  /** The message was printed already. */
  override readonly [Runtime.errorReported] = false

  constructor(code: number) {
    super(`exit code ${code}`)
    this[Runtime.errorExitCode] = code
  }
}

/** Prints a message to standard error and ends with a code. */
export const because = (code: number, message: string): Effect.Effect<never, ExitWith> =>
  Effect.andThen(Console.error(message), Effect.fail(new ExitWith(code)))
