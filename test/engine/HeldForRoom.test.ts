/** Requests that wait for room at a target that is benched for another caller alone. In virtual time. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as Backend from "../../src/domain/Backend.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type * as Failure from "../../src/failure/Failure.ts"
import type { Options } from "../../src/policy/Policy.ts"
import { fault, throttle } from "../support/engine.ts"

const chain = Chain.make(Model.make(Backend.make("only", {}), "m"))

/** A target that takes two requests at once, each for two seconds; those of the noisy caller fail after one. */
const scene = (policy: Options) =>
  Effect.gen(function* () {
    const log: Array<string> = []
    let open = 0
    let calls = 0
    const ask = (name: string, caller: string) =>
      Effect.gen(function* () {
        const since = yield* Clock.currentTimeMillis
        const use = Failover.use(
          chain,
          () =>
            Effect.suspend((): Effect.Effect<string, Failure.Failure> => {
              if (++calls > 200) throw new Error("it is called without end")
              if (open >= 2) return Effect.fail(throttle())
              open++
              const work =
                caller === "noisy"
                  ? Effect.andThen(Effect.sleep(1_000), Effect.fail(fault("ServerError")))
                  : Effect.as(Effect.sleep(2_000), "an answer")
              return Effect.ensuring(
                work,
                Effect.sync(() => open--)
              )
            }),
          { caller }
        )
        const exit = yield* Effect.exit(use)
        const now = yield* Clock.currentTimeMillis
        log.push(`${name} ${exit._tag} ${now - since}`)
      })
    const begin = (name: string, caller: string) => Effect.forkDetach(ask(name, caller))
    yield* begin("noisy", "noisy")
    yield* begin("one", "y")
    yield* TestClock.adjust(100)
    yield* begin("two", "y")
    yield* begin("three", "z")
    yield* TestClock.adjust("1 minute")
    return log
  }).pipe(
    Effect.provide(Failover.layer({ policy: { learnedLimit: true, retries: { times: 0 }, ...policy } }))
  )

describe("a request that waits for room at a target that is benched for another caller", () => {
  for (const whenAllBenched of ["tryAnyway", "wait"] as const) {
    it.effect(`is admitted when there is room, with ${whenAllBenched}`, () =>
      Effect.gen(function* () {
        const log = yield* scene({ whenAllBenched, maxWait: "4 seconds" })
        const others = log.filter((line) => !line.startsWith("noisy"))
        assert.deepStrictEqual(others, ["one Success 2000", "two Success 2950", "three Success 3900"])
      })
    )
  }
})
