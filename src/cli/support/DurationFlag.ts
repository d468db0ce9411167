/** Flags that take a duration. */
import * as Effect from "effect/Effect"
import { parseDuration } from "../../classifier/signals/Durations.ts"
import { millisOf } from "../../config/file/ConfigFile.ts"
import { because, type ExitWith } from "./Exit.ts"

/**
 * Parses the duration of a flag, in milliseconds: as providers write it (`10m`) or as Effect does (`2
 * hours`).
 */
export const read = (flag: string, text: string): Effect.Effect<number, ExitWith> => {
  const millis = parseDuration(text) ?? millisOf(text)
  return millis === undefined
    ? because(1, `--${flag}: expected a duration such as 10m or "2 hours", got ${text}`)
    : Effect.succeed(millis)
}
