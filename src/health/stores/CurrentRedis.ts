/** Shares the bench's open connection to Redis with other users. */
import * as Effect from "effect/Effect"
import * as Redis from "effect/persistence/Redis"
import type * as Scope from "effect/Scope"

/** A connection that is opened and reopened, and a `Redis` that uses the one currently open. */
export interface CurrentRedis<out E> {
  /** Opens the connection and shares it until the scope ends. */
  readonly connect: Effect.Effect<Redis.Redis["Service"], E, Scope.Scope>
  /** Uses the open connection; fails at once if there is none. */
  readonly redis: Redis.Redis["Service"]
}

/** Makes a `CurrentRedis` from an effect that opens a connection. */
export const make = <E>(connect: Effect.Effect<Redis.Redis["Service"], E, Scope.Scope>): CurrentRedis<E> => {
  let open: Redis.Redis["Service"] | undefined
  const over = <A, R>(
    f: (redis: Redis.Redis["Service"]) => Effect.Effect<A, Redis.RedisError, R>
  ): Effect.Effect<A, Redis.RedisError, R> =>
    Effect.suspend(() => (open === undefined ? Effect.fail(none()) : f(open)))

  return {
    connect: Effect.tap(connect, (redis) =>
      Effect.acquireRelease(
        Effect.sync(() => {
          open = redis
        }),
        () =>
          Effect.sync(() => {
            if (open === redis) open = undefined
          })
      )
    ),
    redis: {
      send: (command, ...args) => over((redis) => redis.send(command, ...args)),
      subscribe: (channel) => Effect.suspend(() => open?.subscribe(channel) ?? Effect.die(none())),
      eval:
        (script) =>
        (...params) =>
          over((redis) => redis.eval(script)(...params)),
      reserve: over((redis) => redis.reserve)
    }
  }
}

const none = () => new Redis.RedisError({ cause: new Error("there is no connection to Redis now") })
