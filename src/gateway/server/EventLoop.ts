/** Splits long work into turns of the event loop, so that other requests can run in between. */
import * as Effect from "effect/Effect"

/** From this size, in bytes, each step of the work on a body gets its own turn. */
export const large = 1024 * 1024

/** Continues in the next turn of the event loop. */
export const next: Effect.Effect<void> = Effect.callback((resume) => {
  const immediate = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(immediate))
})
