/** One connection to Redis for the bench and the limits: each use gets the connection that is open now. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Redis from "effect/persistence/Redis"
import * as Scope from "effect/Scope"
import * as CurrentRedis from "../../../src/health/stores/CurrentRedis.ts"

const script = Redis.script((key: string) => [key], { numberOfKeys: 1, lua: "return 1" })

/** A connection whose answers name it. */
const connection = (name: string): Redis.Redis["Service"] =>
  ({
    send: (command: string, ...args: ReadonlyArray<string>) => Effect.succeed([name, command, ...args]),
    eval: () => (key: string) => Effect.succeed([name, "eval", key]),
    subscribe: (channel: string) => Effect.succeed([name, "subscribe", channel]),
    reserve: Effect.succeed([name, "reserve"])
  }) as never

/** All ways to use it. */
const uses = ({ redis }: CurrentRedis.CurrentRedis<never>) =>
  Effect.all([
    redis.send("GET", "x"),
    redis.eval(script)("y"),
    Effect.scoped(redis.subscribe("z")),
    Effect.scoped(redis.reserve)
  ]) as Effect.Effect<ReadonlyArray<unknown>, unknown>

const usedOf = (name: string) => [
  [name, "GET", "x"],
  [name, "eval", "y"],
  [name, "subscribe", "z"],
  [name, "reserve"]
]

describe("a shared connection to Redis", () => {
  it.effect("is the open one, for every use", () =>
    Effect.gen(function* () {
      const current = CurrentRedis.make(Effect.succeed(connection("one")))
      const scope = yield* Scope.make()
      yield* Scope.provide(current.connect, scope)
      assert.deepStrictEqual(yield* uses(current), usedOf("one"))
    })
  )

  it.effect("is the new one as soon as that is open, also when the old one ends after that", () =>
    Effect.gen(function* () {
      const names = ["one", "two"]
      const current = CurrentRedis.make(Effect.sync(() => connection(names.shift()!)))
      const [old, next] = [yield* Scope.make(), yield* Scope.make()]
      yield* Scope.provide(current.connect, old)
      yield* Scope.provide(current.connect, next)
      assert.deepStrictEqual(yield* uses(current), usedOf("two"))
      yield* Scope.close(old, Exit.void)
      assert.deepStrictEqual(yield* uses(current), usedOf("two"))
    })
  )

  it.effect("fails at once, with the reason, before it is open and when it has ended", () =>
    Effect.gen(function* () {
      const current = CurrentRedis.make(Effect.succeed(connection("one")))
      const ends = Effect.map(
        Effect.all([
          Effect.exit(current.redis.send("GET", "x")),
          Effect.exit(current.redis.eval(script)("y")),
          Effect.exit(Effect.scoped(current.redis.subscribe("z"))),
          Effect.exit(Effect.scoped(current.redis.reserve))
        ] as ReadonlyArray<Effect.Effect<Exit.Exit<unknown, unknown>>>),
        (exits) =>
          exits.map((exit) =>
            /there is no connection to Redis now/.test(String(Exit.isFailure(exit) && exit.cause))
          )
      )
      const none = [true, true, true, true]
      assert.deepStrictEqual(yield* ends, none)
      const scope = yield* Scope.make()
      yield* Scope.provide(current.connect, scope)
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual(yield* ends, none)
    })
  )
})
