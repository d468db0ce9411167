/** Tests once, before use, whether a Redis supports everything that a shared bench needs. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Redis from "effect/persistence/Redis"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as RedisProblem from "./RedisProblem.ts"
import * as Scripts from "./Scripts.ts"

/** A Redis that does not respond within this time does not delay the start. */
const timeout = "2 seconds"

/**
 * Why this Redis can never hold a bench, and what to do; `undefined` for one that can, and for one that is
 * unreachable, full or loading now, because that may change. `otherwise` may know more about one that could not be
 * tested.
 */
export const whyUnsupported = <E>(
  connect: Effect.Effect<Redis.Redis["Service"], E, Scope.Scope>,
  names: Scripts.Names,
  otherwise: Effect.Effect<string | undefined> = Effect.undefined
): Effect.Effect<string | undefined> => {
  const trial = Effect.scoped(
    Effect.gen(function* () {
      const redis = yield* connect
      const messages = yield* redis.subscribe(names.channel)
      yield* redis.eval(Scripts.selfTest)(names)
      // The message must arrive as well.
      yield* Queue.take(messages)
    })
  ).pipe(
    Effect.as(undefined),
    Effect.catchCause((cause) => {
      const { kind, why } = RedisProblem.of(cause)
      return kind === "unsuitable" ? Effect.succeed(why) : otherwise
    })
  )
  // A connection that hangs while it is opened cannot be interrupted.
  return Effect.gen(function* () {
    const fiber = yield* Effect.forkDetach(trial, { startImmediately: true })
    const ended = yield* Effect.timeoutOption(Fiber.join(fiber), timeout)
    if (Option.isSome(ended)) return ended.value
    yield* Effect.forkDetach(Fiber.interrupt(fiber))
    return yield* otherwise
  })
}
