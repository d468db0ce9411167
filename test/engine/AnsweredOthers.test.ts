/** A visit that fails while its target answers other requests. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as Backend from "../../src/domain/Backend.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type * as Failure from "../../src/failure/Failure.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import { fault, throttle } from "../support/engine.ts"

const chain = Chain.make(
  Model.make(Backend.make("first", {}), "m"),
  Model.make(Backend.make("second", {}), "m")
)

/** A request that fails at the first target with these failures, in order; the last one repeats. */
const failing = (...failures: ReadonlyArray<Failure.Failure>) => {
  let calls = 0
  return Failover.use(chain, ({ name }) =>
    name === "first"
      ? Effect.suspend(() => Effect.fail(failures[Math.min(calls++, failures.length - 1)]!))
      : Effect.succeed("second")
  )
}

const good = Failover.use(chain, ({ name }) => Effect.succeed(name))

/** Starts the request. Meanwhile other requests come every 100 ms for three seconds. Returns what is benched then. */
const beside = <A, E, R, B, E2, R2>(request: Effect.Effect<A, E, R>, others: Effect.Effect<B, E2, R2>) =>
  Effect.gen(function* () {
    yield* Effect.forkChild(Effect.exit(request))
    for (let i = 0; i < 30; i++) {
      yield* Effect.exit(others)
      yield* TestClock.adjust(100)
    }
    const { list } = yield* BenchRegistry
    return (yield* list).map(({ key, reason }) => `${key} ${reason}`)
  })

/** The same targets in another chain, as another virtual model of a gateway has them. */
const other = Chain.make(
  Model.make(Backend.make("first", {}), "m"),
  Model.make(Backend.make("second", {}), "m")
)

const runtime = Effect.provide(Failover.layer())

describe("a request on which a target fails", () => {
  it.effect("again and again does not bench it while it answers others", () =>
    Effect.gen(function* () {
      for (let i = 0; i < 5; i++) {
        assert.deepStrictEqual(yield* beside(failing(fault("ServerError")), good), [])
      }
      assert.strictEqual(yield* good, "first")
    }).pipe(runtime)
  )

  it.effect("does not bench it while it answers requests of another chain, or streams", () =>
    Effect.gen(function* () {
      const ways = [
        Failover.use(other, ({ name }) => Effect.succeed(name)),
        Stream.runDrain(Failover.useStream(chain, ({ name }) => Stream.make(name))),
        // Streams that have begun and last for a long time.
        Effect.forkChild(
          Stream.runDrain(
            Failover.useStream(chain, ({ name }) => Stream.concat(Stream.make(name), Stream.never))
          )
        )
      ]
      for (const others of ways) {
        assert.deepStrictEqual(yield* beside(failing(fault("ServerError")), others).pipe(runtime), [])
      }
    })
  )

  it.effect("does not bench it as a stream either", () =>
    Effect.gen(function* () {
      const stream = Stream.runDrain(
        Failover.useStream(chain, ({ name }) =>
          name === "first" ? Stream.fail(fault("ServerError")) : Stream.make(name)
        )
      )
      assert.deepStrictEqual(yield* beside(stream, good).pipe(runtime), [])
    })
  )

  it.effect("benches it at once when no other request is answered meanwhile", () =>
    Effect.gen(function* () {
      yield* good
      assert.deepStrictEqual(yield* beside(failing(fault("ServerError")), Effect.void), [
        "first/m#default ServerError"
      ])
    }).pipe(runtime)
  )

  it.effect("benches it the second time in a row, when no answer came between the two ends", () =>
    Effect.gen(function* () {
      yield* Effect.forkChild(Effect.exit(failing(fault("ServerError"))))
      yield* TestClock.adjust(1)
      yield* good
      yield* TestClock.adjust("3 seconds")
      const { isBenched } = yield* BenchRegistry
      assert.isFalse(yield* isBenched("first/m#default"))
      yield* Effect.forkChild(Effect.exit(failing(fault("ServerError"))))
      yield* TestClock.adjust("3 seconds")
      assert.isTrue(yield* isBenched("first/m#default"))
    }).pipe(runtime)
  )

  it.effect("benches nothing where this process lacks something itself", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* beside(failing(fault("ServerError"), fault("Local")), good), [])
    }).pipe(runtime)
  )

  it.effect("benches it at once where it is throttled, or names how long it is busy", () =>
    Effect.gen(function* () {
      const named = [throttle("1 minute"), throttle(), fault("Overloaded", "1 minute")]
      for (const failure of named) {
        const benched = beside(failing(fault("ServerError"), failure), good).pipe(runtime)
        assert.deepStrictEqual(yield* benched, [
          `first/m#default ${failure._tag === "RateLimit" ? "RateLimit" : "Overloaded"}`
        ])
      }
    })
  )
})
