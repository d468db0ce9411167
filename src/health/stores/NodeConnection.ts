/**
 * A connection to Redis by URL, for applications without a `Redis` service of their own. Needs the package `redis`.
 */
import * as NodeRedis from "@effect/platform-node/NodeRedis"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redis from "effect/persistence/Redis"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import type * as Scope from "effect/Scope"
import { textOf } from "./RedisProblem.ts"

/** A cluster that redirects more often than this has no stable owner for the key. */
const mostMoves = 5

/**
 * Opens a connection that notices within seconds if the other side is gone, and that closes at once. Fails with
 * `RedisError` if Redis cannot be reached. In a cluster it connects to the node that has `key`, whichever node the
 * URL names.
 */
export const connect = (
  url: Redacted.Redacted,
  key?: string
): Effect.Effect<Redis.Redis["Service"], Redis.RedisError, Scope.Scope> =>
  key === undefined ? open(url) : openAt(url, key, mostMoves)

const openAt = (
  url: Redacted.Redacted,
  key: string,
  moves: number
): Effect.Effect<Redis.Redis["Service"], Redis.RedisError, Scope.Scope> =>
  Effect.flatMap(open(url), (redis) =>
    redis.send("EXISTS", key).pipe(
      Effect.as(redis),
      Effect.catch((error) => {
        const to = moves === 0 ? undefined : movedTo(textOf(error), url)
        // The user of the connection reports any other problem.
        return to === undefined ? Effect.succeed(redis) : openAt(to, key, moves - 1)
      })
    )
  )

/** The URL of the node named by `MOVED 1234 host:port`, otherwise unchanged. */
const movedTo = (text: string, url: Redacted.Redacted): Redacted.Redacted | undefined => {
  const [, host, port] = /\bMOVED \d+ (\S*):(\d+)/.exec(text) ?? []
  if (host === undefined || port === undefined) return undefined
  const next = new URL(Redacted.value(url))
  // A node without a name is at the host of the URL.
  if (host !== "") next.hostname = host.includes(":") ? `[${host}]` : host
  next.port = port
  return Redacted.make(next.href)
}

const open = (url: Redacted.Redacted): Effect.Effect<Redis.Redis["Service"], Redis.RedisError, Scope.Scope> =>
  Effect.gen(function* () {
    const context = yield* Layer.build(
      NodeRedis.layer({
        url: Redacted.value(url),
        disableOfflineQueue: true,
        pingInterval: 2_000,
        // For Redis Enterprise alone. Before it asks for them, the client looks up the name of the host, which fails for an IPv6 address.
        maintNotifications: "disabled",
        socket: { connectTimeout: 2_000, socketTimeout: 6_000, reconnectStrategy: false }
      })
      // It logs each error, at each attempt to connect again. The user of the connection logs why there is none, once.
    ).pipe(Effect.provideService(References.MinimumLogLevel, "None"))
    const { client } = Context.get(context, NodeRedis.NodeRedis)
    // A graceful close would wait for all outstanding answers.
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        if (client.isOpen) client.destroy()
      })
    )
    return Context.get(context, Redis.Redis)
  })
