/** Tries, once and before it is relied on, whether a Redis does all that a shared bench asks of it. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Redis from "effect/persistence/Redis"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Refusal from "./Refusal.ts"
import * as Scripts from "./Scripts.ts"

/** A Redis that says nothing for as long is no reason to wait with the start. */
const patience = "2 seconds"

/**
 * Why this Redis can never keep a bench, with what to do; `undefined` for one that can, and for one that cannot be
 * reached, is full or is loading now: it may do so later. `otherwise` may know more of one that could not be tried.
 */
export const whyNot = <E>(
  connect: Effect.Effect<Redis.Redis["Service"], E, Scope.Scope>,
  names: Scripts.Names,
  otherwise: Effect.Effect<string | undefined> = Effect.undefined
): Effect.Effect<string | undefined> => {
  const trial = Effect.scoped(
    Effect.gen(function* () {
      const redis = yield* connect
      const messages = yield* redis.subscribe(names.channel)
      yield* redis.eval(Scripts.trial)(names)
      // It is heard as well as told.
      yield* Queue.take(messages)
    })
  ).pipe(
    Effect.as(undefined),
    Effect.catchCause((cause) => {
      const { kind, why } = Refusal.of(cause)
      return kind === "place" ? Effect.succeed(why) : otherwise
    })
  )
  // A connection that hangs while it is opened cannot be interrupted.
  return Effect.gen(function* () {
    const fiber = yield* Effect.forkDetach(trial, { startImmediately: true })
    const ended = yield* Effect.timeoutOption(Fiber.join(fiber), patience)
    if (Option.isSome(ended)) return ended.value
    yield* Effect.forkDetach(Fiber.interrupt(fiber))
    return yield* otherwise
  })
}
