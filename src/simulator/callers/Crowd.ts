/** Starts requests at their times, whether or not earlier ones have ended. */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"

/**
 * Runs `ask` `count` times, each in its own fiber that begins `at(index)` milliseconds from now; ends when all have
 * ended. Only requests in flight take memory.
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
