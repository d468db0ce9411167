/** The ways a command can end that are no success. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"

/** A command that has said what there is to say, and ends with a code. */
export class ExitWith extends Error {
  override readonly name = "ExitWith"
  override readonly [Runtime.errorExitCode]: number
  /** It has been told already. */
  override readonly [Runtime.errorReported] = false

  constructor(code: number) {
    super(`exit code ${code}`)
    this[Runtime.errorExitCode] = code
  }
}

/** Says something on standard error and ends with a code. */
export const because = (code: number, message: string): Effect.Effect<never, ExitWith> =>
  Effect.andThen(Console.error(message), Effect.fail(new ExitWith(code)))
