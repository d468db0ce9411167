/** Turns of the event loop: what takes long is done in several, and others get theirs between. */
import * as Effect from "effect/Effect"

/** From this size on, in bytes, each step of the work on a body gets a turn of its own. */
export const large = 1024 * 1024

/** Goes on in the next turn of the event loop, after what has arrived meanwhile. */
export const next: Effect.Effect<void> = Effect.callback((resume) => {
  const immediate = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(immediate))
})
