/** Splits long work into turns of the event loop, so that other requests can run in between. */
import * as Effect from "effect/Effect"

/** From this size, in bytes, each step of the work on a body gets its own turn. */
export const large = 1024 * 1024

/** How much text or how many bytes one step of such work handles: a few milliseconds of work. */
export const piece = 2 * 1024 * 1024

/** Work in steps; the last one returns the result. */
export type Steps<A> = Generator<void, A, void>

/** Continues in the next turn of the event loop. */
export const next: Effect.Effect<void> = Effect.callback((resume) => {
  const immediate = setImmediate(() => resume(Effect.void))
  return Effect.sync(() => clearImmediate(immediate))
})

/** Takes one step in each turn, the first one in the next turn. */
export const each = <A>(begin: () => Steps<A>): Effect.Effect<A> =>
  Effect.callback((resume) => {
    let steps: Steps<A> | undefined
    const step = (): void => {
      try {
        steps ??= begin()
        const { done, value } = steps.next()
        if (done === true) resume(Effect.succeed(value))
        else immediate = setImmediate(step)
      } catch (thrown) {
        resume(Effect.die(thrown))
      }
    }
    let immediate = setImmediate(step)
    return Effect.sync(() => clearImmediate(immediate))
  })

/** Takes all steps at once. */
export const all = <A>(steps: Steps<A>): A => {
  for (;;) {
    const { done, value } = steps.next()
    if (done === true) return value
  }
}
