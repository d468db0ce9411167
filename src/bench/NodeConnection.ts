/** A connection to Redis by its URL, for those who have no `Redis` service of their own. Needs the package `redis`. */
import * as NodeRedis from "@effect/platform-node/NodeRedis"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redis from "effect/persistence/Redis"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"

/**
 * Opens a connection that notices within seconds that the other side is gone, and that closes at once. Fails with
 * `RedisError` if Redis cannot be reached.
 */
export const connect = (
  url: Redacted.Redacted
): Effect.Effect<Redis.Redis["Service"], Redis.RedisError, Scope.Scope> =>
  Effect.gen(function* () {
    const context = yield* Layer.build(
      NodeRedis.layer({
        url: Redacted.value(url),
        disableOfflineQueue: true,
        pingInterval: 2_000,
        socket: { connectTimeout: 2_000, socketTimeout: 6_000, reconnectStrategy: false }
      })
    )
    const { client } = Context.get(context, NodeRedis.NodeRedis)
    // Closing would wait for the answers to all that was sent.
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        if (client.isOpen) client.destroy()
      })
    )
    return Context.get(context, Redis.Redis)
  })
