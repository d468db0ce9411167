/** State of one target does not carry over to the next one. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Backend from "../../src/domain/Backend.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type { Failure } from "../../src/failure/Failure.ts"
import type { Limiter } from "../../src/health/Limiter.ts"
import * as Commit from "../../src/policy/Commit.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import * as MonotonicClock from "../../src/time/MonotonicClock.ts"
import { dead, fault, play, throttle } from "../support/engine.ts"

/** Refuses all requests of the first second. */
const fromASecondOn: Limiter = {
  take: () =>
    Effect.map(MonotonicClock.currentTimeMillis, (now) =>
      now < 1_000 ? { allowed: false, wait: 1_000 - now } : { allowed: true, wait: 0 }
    )
}

describe("a run that was admitted by a queue for a retry, and then moved on", () => {
  it.effect("calls the next target once when that names a longer wait than the policy allows", () =>
    Effect.gen(function* () {
      const limited = Scripted.make("limited", [[fault("Overloaded", "1 minute")]], {
        credentials: [Credential.make("k", { rpm: 1 })]
      })
      const two = Scripted.make(
        "two",
        ({ credential }) =>
          credential.name === "k1"
            ? [[throttle("500 millis")], [dead("InvalidKey")]]
            : [[dead("InvalidKey")]],
        { credentials: [Credential.make("k1"), Credential.make("k2")] }
      )
      const chain = Chain.make(Model.make(limited, "m"), Model.make(two, "m"))
      const { error } = yield* play(Failover.complete(chain, "q"))
      assert.strictEqual(error?._tag, "ChainExhausted")
      assert.deepStrictEqual(
        limited.calls.map(({ at }) => at),
        [1_000]
      )
      assert.lengthOf(two.calls, 3)
    }).pipe(Effect.provide(Failover.layer({ limiter: fromASecondOn })))
  )
})

describe("a run that was admitted by a queue for a retry", () => {
  it.effect("makes no further one when the target names a longer wait than the policy allows", () =>
    Effect.gen(function* () {
      const two = Scripted.make(
        "two",
        ({ credential }) =>
          credential.name === "k1"
            ? [[throttle("500 millis")], [fault("Overloaded", "1 minute")]]
            : [[dead("InvalidKey")]],
        { credentials: [Credential.make("k1"), Credential.make("k2")] }
      )
      const { error } = yield* play(Failover.complete(Chain.make(Model.make(two, "m")), "q"))
      assert.strictEqual(error?._tag, "ChainExhausted")
      assert.deepStrictEqual(
        two.calls.map(({ at }) => at),
        [0, 0, 500]
      )
    }).pipe(Effect.provide(Failover.layer()))
  )
})

describe("a hedge whose start ends the first attempt", () => {
  /** A service that takes one call at a time: the second call ends the first. */
  const exclusive = (end: (first: Deferred.Deferred<string, Failure>) => Effect.Effect<unknown>) => {
    const first = Deferred.makeUnsafe<string, Failure>()
    const [a, b] = [Backend.make("a", {}), Backend.make("b", {})]
    const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
    return Failover.useAnswered(chain, ({ name }) =>
      name === "a" ? Deferred.await(first) : Effect.as(end(first), "b")
    )
  }
  const runtime = Failover.layer({
    policy: { hedge: { after: "1 second", share: 1, to: "chain" }, retries: { times: 0 } }
  })

  it.effect("answers the request when the first attempt fails by it", () =>
    Effect.gen(function* () {
      const { error, value } = yield* play(exclusive((first) => Deferred.fail(first, fault())))
      assert.isUndefined(error)
      assert.strictEqual(value?.value, "b")
      assert.strictEqual(value?.failed.length, 1)
    }).pipe(Effect.provide(runtime))
  )

  it.effect("is dropped when the first attempt answers by it", () =>
    Effect.gen(function* () {
      const { value } = yield* play(exclusive((first) => Deferred.succeed(first, "a")))
      assert.strictEqual(value?.value, "a")
      assert.strictEqual(value?.dropped?.key, "b/m#default")
    }).pipe(Effect.provide(runtime))
  )

  it.effect("is stopped when the first attempt gets its first content by it, before its commit point", () =>
    Effect.gen(function* () {
      const first = Deferred.makeUnsafe<string>()
      const [a, b] = [Backend.make("a", {}), Backend.make("b", {})]
      let stoppedAt: number | undefined
      const streams = {
        a: Stream.concat(
          Stream.fromEffect(Deferred.await(first)),
          Stream.fromEffect(Effect.delay(Effect.succeed("two"), "3 seconds"))
        ),
        b: Stream.fromEffect(Effect.andThen(Deferred.succeed(first, "one"), Effect.never)).pipe(
          Stream.ensuring(Effect.map(Clock.currentTimeMillis, (now) => void (stoppedAt = now)))
        )
      }
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      const read = Stream.runCollect(
        Failover.useStream(chain, ({ name }) => streams[name as "a"], { commit: Commit.chunks(2) })
      )
      const { took, value } = yield* play(read)
      assert.deepStrictEqual([value, took, stoppedAt], [["one", "two"], 4_000, 1_000])
    }).pipe(Effect.provide(runtime))
  )
})
