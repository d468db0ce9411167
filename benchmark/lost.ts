/** How many of 100 calls at once are lost when the primary is dead and the fallback is healthy. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { Chain, Failover, Failure, Model, Pool } from "../src/index.ts"

const calls = 100

const dead = Effect.andThen(
  Effect.sleep("2 millis"),
  Effect.fail(new Failure.Transient({ reason: "ServerError", message: "dead", status: 500 }))
)
const alive = Effect.delay(Effect.succeed("answer"), "5 millis")

/** Runs them, and counts those without an answer and the calls that reached the dead primary. */
export const count: Effect.Effect<{ readonly lost: number; readonly atThePrimary: number }> = Effect.gen(
  function* () {
    const failover = yield* Failover.Failover
    let atThePrimary = 0
    const primary = Pool.make("primary", {
      call: Effect.andThen(
        Effect.sync(() => atThePrimary++),
        dead
      )
    })
    const fallback = Pool.make("fallback", { call: alive as Effect.Effect<string, Failure.Failure> })
    const chain = Chain.make(Model.make(primary, "model"), Model.make(fallback, "model"))
    const one = Effect.exit(
      failover.use(chain, (pool) => pool.service.call as Effect.Effect<string, Failure.Failure>)
    )
    const exits = yield* Effect.all(
      Array.from({ length: calls }, () => one),
      { concurrency: "unbounded" }
    )
    return { lost: exits.filter(Exit.isFailure).length, atThePrimary }
  }
).pipe(Effect.provide(Failover.Failover.layer({ policy: { retries: { times: 0 } } })))
