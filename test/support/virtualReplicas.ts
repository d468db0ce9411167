/** Replicas over a fake Redis in virtual time: what they send, what they log, and every way in which Redis may fail them. */
import { it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as Redis from "effect/persistence/Redis"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import type { Registry } from "../../src/health/BenchRegistry.ts"
import * as RedisBench from "../../src/health/stores/RedisBench.ts"
import * as Scripts from "../../src/health/stores/Scripts.ts"
import { VirtualRedis } from "./virtualRedis.ts"

const scripts = new Map<unknown, string>([
  [Scripts.write, "write"],
  [Scripts.pull, "pull"],
  [Scripts.claim, "claim"],
  [Scripts.sweep, "sweep"]
])

/** An error as the client of Redis reports it. */
export const redisError = (message: string) => new Redis.RedisError({ cause: new Error(message) })

/** What a Redis without room answers. */
export const full = redisError("OOM command not allowed when used memory > 'maxmemory'.")

/** A Redis and its network. */
export const network = (redis = new VirtualRedis(1)) => {
  const state = {
    redis,
    /** What a script of this name does instead of its work. */
    instead: new Map<string, Effect.Effect<never, Redis.RedisError>>(),
    /** Why no connection can be opened. */
    down: undefined as string | undefined,
    /** Whether messages are lost. */
    isDeaf: false,
    /** The scripts that were run. */
    ran: [] as Array<string>,
    /** The parameters of the scripts that write. */
    written: [] as Array<ReadonlyArray<Scripts.Command>>,
    /** The hashes that were written. */
    prefixes: new Set<string>(),
    /** The start of each comparison: the count of changes, and `same`, or the place of the next piece. */
    pulled: [] as Array<string>,
    opened: 0,
    queues: [] as Array<Queue.Queue<Redis.RedisMessage, Redis.RedisError>>
  }
  const connection = (): Redis.Redis["Service"] => {
    const { connection } = state.redis
    return {
      ...connection,
      subscribe: (channel) =>
        Effect.flatMap(connection.subscribe(channel), (heard) =>
          Effect.gen(function* () {
            const queue = yield* Queue.unbounded<Redis.RedisMessage, Redis.RedisError>()
            state.queues.push(queue)
            yield* Effect.forkScoped(
              Effect.forever(
                Effect.flatMap(Queue.take(heard), (message) =>
                  state.isDeaf ? Effect.void : Queue.offer(queue, message)
                )
              )
            )
            return queue
          })
        ),
      eval: (script) => {
        const name = scripts.get(script) ?? "unknown"
        return (...params) =>
          Effect.suspend(() => {
            state.ran.push(name)
            if (name === "write") {
              const [names, , commands] = params as ReadonlyArray<unknown> as Parameters<
                typeof Scripts.write.params
              >
              state.prefixes.add(names.entries)
              state.written.push(commands)
            }
            const done = state.redis.connection.eval(script)(...params)
            return Effect.tap((state.instead.get(name) as typeof done | undefined) ?? done, (result) => {
              if (Array.isArray(result) && name === "pull") state.pulled.push(`${result[2]} ${result[4]}`)
              return Effect.void
            })
          })
      }
    }
  }
  const connect = Effect.suspend(() => {
    state.opened++
    return state.down === undefined ? Effect.succeed(connection()) : Effect.fail(redisError(state.down))
  })
  return Object.assign(state, { connect })
}

/** A replica that has joined, and what it logs. */
export const replicaOf = (
  { connect }: ReturnType<typeof network>,
  options: RedisBench.Options = {},
  logs: Array<string> = []
) =>
  Effect.tap(RedisBench.make(connect, options), () => TestClock.adjust(20)).pipe(
    Effect.provide(Logger.layer([Logger.make(({ message }) => void logs.push(String([message].flat()[0])))]))
  )

/** The keys that a replica knows, with their states. */
export const standings = (registry: Registry) =>
  Effect.map(registry.list, (list) => list.map((info) => `${info.key} ${info.status}`).sort())

/** Lets messages arrive. */
export const soon = TestClock.adjust(20)

/** A test whose replicas end before it, while the clock goes on: they send their last changes. */
export const virtual = (name: string, test: () => Effect.Effect<void, never, Scope.Scope>) =>
  it.effect(name, () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const exit = yield* Effect.exit(Scope.provide(test(), scope))
      yield* Effect.forkDetach(Scope.close(scope, Exit.void), { startImmediately: true })
      yield* TestClock.adjust("2 seconds")
      yield* exit
    })
  )
