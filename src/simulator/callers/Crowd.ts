/** Starts requests at their times, however long each of them takes. */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"

/**
 * Runs `ask` so many times, each in a fiber of its own that begins `at(index)` milliseconds from now; ends when all of
 * them have. Only those that are under way take memory.
 */
export const run = <R>(
  times: number,
  at: (index: number) => number,
  ask: Effect.Effect<void, never, R>
): Effect.Effect<void, never, R> =>
  Effect.gen(function* () {
    const start = yield* Clock.currentTimeMillis
    const done = yield* Deferred.make<void>()
    let open = times
    const one = Effect.flatMap(ask, () => (--open === 0 ? Deferred.succeed(done, undefined) : Effect.void))
    for (let index = 0; index < times; index++) {
      const wait = start + at(index) - (yield* Clock.currentTimeMillis)
      if (wait > 0) yield* Effect.sleep(wait)
      yield* Effect.forkChild(one, { startImmediately: true })
    }
    if (open > 0) yield* Deferred.await(done)
  })
