/**
 * The bench shared by all replicas of a service over Redis.
 *
 * Every decision uses this process's own copy, so no request waits for Redis. A background fiber sends local changes
 * and applies remote ones within milliseconds. Only a probe first asks Redis, for at most 100 ms, whether another
 * replica is already probing: so one probe is sent, not one per replica.
 *
 * While Redis is slow, paused or gone, each process continues with its own copy, as with the in-memory bench. There
 * is one connection and one fiber that uses it; the first command without an answer in time ends that session, and
 * nothing else is sent until a new one is open. Then the states are merged: of two ends the later one wins.
 *
 * Unreadable records (of a newer version, or invalid) are skipped, named once in the log and left unchanged. The last
 * changes are sent before the scope closes, for at most half a second.
 *
 * Supported: one server from version 5 on, with or without TLS and with its own user (`~{PREFIX}:*` and
 * `&{PREFIX}:*`), or the cluster node that has the slot of `{PREFIX}`. A full server gets the changes once there is
 * room. A read-only replica and a Sentinel are not supported: the log says why nothing is shared, and a gateway does
 * not start.
 *
 * The clocks of the replicas need not agree. Counts for reports, and failure streaks below the bench threshold, stay
 * in each process.
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redis from "effect/persistence/Redis"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as MonotonicClock from "../../time/MonotonicClock.ts"
import * as Checks from "../../util/Checks.ts"
import type * as Bench from "../Bench.ts"
import { BenchRegistry, makeMemory, type Registry } from "../BenchRegistry.ts"
import * as EngineBench from "../EngineBench.ts"
import { LocalCopy } from "./LocalCopy.ts"
import * as RedisProblem from "./RedisProblem.ts"
import * as RedisSession from "./RedisSession.ts"
import * as Scripts from "./Scripts.ts"

/** The default prefix of all keys in Redis. */
export const defaultPrefix = "effect-failover"

/** How replicas share their bench. */
export interface Options {
  /** The prefix of all keys in Redis; replicas with the same prefix share a bench. Default `effect-failover`. */
  readonly prefix?: string | undefined
  /** The timeout of a background command. Default 1 s. */
  readonly timeout?: Duration.Input | undefined
  /** How long a probe waits for Redis before it is sent anyway. Default 100 ms. */
  readonly claimTimeout?: Duration.Input | undefined
  /** How long a probe keeps other replicas from probing, at most. Default 30 s. */
  readonly lease?: Duration.Input | undefined
  /** How often everything is compared, in case a message was lost. Default 30 s. */
  readonly resync?: Duration.Input | undefined
  /** The delay before Redis is tried again. Default 1 s, plus up to the same again at random. */
  readonly retry?: Duration.Input | undefined
}

/**
 * The bench in the Redis of the context.
 *
 * @example
 * import { NodeRedis } from "@effect/platform-node"
 * import { Failover } from "effect-failover"
 * import { RedisBench } from "effect-failover/bench"
 * import { Layer } from "effect"
 *
 * // the runtime, and the bench for code that reads or changes it
 * Failover.layerNoDeps().pipe(
 *   Layer.provideMerge(RedisBench.layer({ prefix: "my-app" })),
 *   Layer.provide(NodeRedis.layer({ url: "redis://127.0.0.1:6379" }))
 * )
 */
export const layer = (options?: Options): Layer.Layer<BenchRegistry, never, Redis.Redis> =>
  Layer.effect(
    BenchRegistry,
    Effect.flatMap(Redis.Redis, (redis) => make(Effect.succeed(redis), options))
  )

/** How long the final write may take when the scope closes, in milliseconds. */
const finalWriteTimeout = 500

/** How long the end of a connection that is being opened is waited for: it cannot be interrupted. */
const closeTimeout = "100 millis"

/**
 * Builds the registry. `connect` opens the connection of a session and runs again after a session has ended. The
 * registry is available at once, whether it succeeds or not.
 */
export const make: <E>(
  connect: Effect.Effect<Redis.Redis["Service"], E, Scope.Scope>,
  options?: Options
) => Effect.Effect<Registry, never, Scope.Scope> = Effect.fnUntraced(function* <E>(
  connect: Effect.Effect<Redis.Redis["Service"], E, Scope.Scope>,
  options: Options = {}
): Effect.fn.Return<Registry, never, Scope.Scope> {
  Checks.fields("RedisBench.make", options, {
    timeout: Checks.duration,
    claimTimeout: Checks.duration,
    lease: Checks.duration,
    resync: Checks.duration,
    retry: Checks.duration
  })
  const names = Scripts.names(options.prefix ?? defaultPrefix)
  const timeout = options.timeout ?? "1 second"
  const claimTimeout = options.claimTimeout ?? "100 millis"
  const lease = Duration.toMillis(options.lease ?? "30 seconds")
  const pause = Duration.toMillis(options.retry ?? "1 second")
  const replica = (yield* Random.nextIntBetween(0, Number.MAX_SAFE_INTEGER)).toString(36)
  const registry = yield* makeMemory
  const bench = EngineBench.of(registry)
  const copy = new LocalCopy(bench, replica)
  const session = RedisSession.make(copy, { names, timeout, pause, resync: options.resync ?? "30 seconds" })
  let online: RedisSession.Session | undefined
  let isJoining = true
  /** The last reported problem. */
  let lastProblem = ""
  const joined = (session: RedisSession.Session) =>
    Effect.suspend(() => {
      online = session
      isJoining = false
      lastProblem = ""
      // The session before has ended with a problem.
      return Effect.andThen(
        Effect.logInfo("The bench is shared over Redis."),
        Effect.addFinalizer(() => Effect.sync(() => (online = undefined)))
      )
    })
  const forever = session(connect, joined).pipe(
    Effect.catchCause((cause) => {
      isJoining = false
      const { why } = RedisProblem.of(cause)
      if (why === lastProblem) return Effect.void
      lastProblem = why
      return why === RedisProblem.noAnswer
        ? Effect.logWarning("Redis does not answer: this process continues with its own bench.", cause)
        : Effect.logWarning(
            `The bench is not shared over Redis, this process continues with its own: ${why}.`
          )
    }),
    Effect.andThen(Random.nextBetween(pause, 2 * pause)),
    Effect.flatMap((millis) => Effect.sleep(millis)),
    Effect.forever
  )
  const background = yield* Effect.forkDetach(forever, { startImmediately: true })
  yield* Effect.addFinalizer(() =>
    Fiber.interrupt(background).pipe(Effect.timeoutOption(closeTimeout), Effect.asVoid)
  )
  // The final write: sends the last changes before the connection is closed.
  yield* Effect.addFinalizer(() =>
    Effect.gen(function* () {
      while (isJoining) yield* Effect.sleep("5 millis")
      if (online === undefined) return
      const done = yield* Deferred.make<void>()
      yield* Queue.offer(online.work, { _tag: "Flush", done })
      yield* Deferred.await(done)
    }).pipe(
      Effect.interruptible,
      Effect.timeoutOption(Math.min(finalWriteTimeout, Duration.toMillis(timeout))),
      Effect.asVoid
    )
  )
  yield* registry.changes.pipe(
    Stream.runForEachArray(() =>
      Effect.sync(() => online && Queue.offerUnsafe(online.work, { _tag: "Push" }))
    ),
    Effect.forkScoped({ startImmediately: true })
  )

  const claim = (probe: Bench.Probe): Effect.Effect<boolean> =>
    Effect.suspend(() => {
      const session = online
      if (session === undefined) return Effect.succeed(true)
      for (const key of probe.keys) copy.claimed.set(key, probe.id)
      return session.redis
        .eval(Scripts.claim)(names, replica, lease, probe.keys)
        .pipe(
          Effect.timeout(claimTimeout),
          Effect.matchCauseEffect({
            onFailure: (error) => Effect.as(Queue.offer(session.work, { _tag: "Lost", error }), true),
            onSuccess: (wait) =>
              wait === 0
                ? Effect.succeed(true)
                : Effect.map(MonotonicClock.currentTimeMillis, (now) => {
                    copy.denied(probe, wait, now)
                    return false
                  })
          })
        )
    })

  const admit: typeof registry.admit = (target) =>
    Effect.flatMap(registry.admit(target), (admission) =>
      admission._tag === "Probe"
        ? Effect.flatMap(claim(admission), (isGranted) =>
            isGranted ? Effect.succeed(admission) : registry.admit(target)
          )
        : Effect.succeed(admission)
    )

  return { ...registry, admit, [EngineBench.key]: { ...bench, claim } }
})
