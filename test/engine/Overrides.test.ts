/** A row of the decision table can be overridden for all, for a provider, for a model and for a chain. */
import { assert, describe, it } from "@effect/vitest"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import * as TestClock from "effect/testing/TestClock"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type * as Failure from "../../src/failure/Failure.ts"
import type * as Policy from "../../src/policy/Policy.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { calls, dead, fault, play, refusal, throttle, tooLong } from "../support/engine.ts"

const credentials = [
  Credential.make("one"),
  Credential.make("two"),
  Credential.make("far", { baseUrl: "https://far" })
] as const

/** Where a run goes when `a` always fails in this way, under one policy for all. */
const path = (failure: Failure.Failure, policy: Policy.Options, within: Duration.Input = 0) =>
  Effect.gen(function* () {
    const a = Scripted.make("a", [[failure]], { credentials })
    const b = Scripted.make("b", [["other"]])
    const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
    const { benches, error } = yield* play(Failover.complete(chain, "q"), { within })
    return { calls: calls(a, b), benches, error }
  }).pipe(Effect.provide(Failover.layer({ policy })))

describe("a row", () => {
  it.effect("may go to the next key, another endpoint, the next model, or nowhere", () =>
    Effect.gen(function* () {
      const next = (next: "credential" | "endpoint" | "model" | "stop") =>
        Effect.map(path(fault("Timeout"), { rules: { Timeout: { next } } }), ({ calls }) => calls)
      assert.deepStrictEqual(yield* next("credential"), ["0 a/m#one", "0 a/m#two", "0 a/m#far", "0 b/m"])
      assert.deepStrictEqual(yield* next("endpoint"), ["0 a/m#one", "0 a/m#far", "0 b/m"])
      assert.deepStrictEqual(yield* next("model"), ["0 a/m#one", "0 b/m"])
      assert.deepStrictEqual(yield* next("stop"), ["0 a/m#one"])
    })
  )

  it.effect("that stops at a failure which is not the request's fault ends the run as exhausted", () =>
    Effect.gen(function* () {
      const { benches, error } = yield* path(dead(), { rules: { InvalidKey: { next: "stop" } } })
      assert.strictEqual(error?._tag, "ChainExhausted")
      assert.deepStrictEqual(benches, ["a#one InvalidKey 300000"])
    })
  )

  it.effect("may turn a refusal into a fallback, such as for content that another model allows", () =>
    Effect.gen(function* () {
      const { calls, error } = yield* path(refusal("ContentPolicy"), {
        rules: { ContentPolicy: { next: "model" } }
      })
      assert.isUndefined(error)
      assert.deepStrictEqual(calls, ["0 a/m#one", "0 b/m"])
    })
  )

  it.effect("may bench nothing, or bench where the default does not", () =>
    Effect.gen(function* () {
      const none = yield* path(throttle(), { rules: { RateLimit: { rest: null } } })
      assert.deepStrictEqual(none.benches, [])
      const some = yield* path(tooLong(), {
        rules: { ContextExceeded: { rest: { scope: "model", base: "1 minute", max: "1 minute" } } }
      })
      assert.deepStrictEqual(some.benches, ["a/m ContextExceeded 60000"])
    })
  )

  it.effect("may bench the model, the key or the whole provider", () =>
    Effect.gen(function* () {
      const rests = (scope: "target" | "credential" | "model" | "provider") =>
        Effect.map(path(throttle(), { rules: { RateLimit: { rest: { scope } } } }), ({ benches, calls }) => [
          ...benches,
          ...calls
        ])
      assert.deepStrictEqual(yield* rests("model"), ["a/m RateLimit 5000", "0 a/m#one", "0 b/m"])
      assert.deepStrictEqual(yield* rests("provider"), ["a RateLimit 5000", "0 a/m#one", "0 b/m"])
      assert.strictEqual((yield* rests("credential"))[0], "a#far RateLimit 5000")
    })
  )

  it.effect("may be retried by any schedule, which receives the failure", () =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const retry = Schedule.spaced("1 second").pipe(
        Schedule.setInputType<Failure.Failure>(),
        Schedule.while(({ attempt, input }) => {
          seen.push(input._tag)
          return attempt <= 4
        })
      )
      const { calls } = yield* path(
        throttle(),
        { rules: { RateLimit: { retry, next: "model" } } },
        "1 minute"
      )
      assert.deepStrictEqual(calls, [
        "0 a/m#one",
        "1000 a/m#one",
        "2000 a/m#one",
        "3000 a/m#one",
        "4000 a/m#one",
        "4000 b/m"
      ])
      assert.deepStrictEqual(seen, Array(5).fill("RateLimit"))
    })
  )
})

describe("the short forms", () => {
  it.effect("set the retries of all faults but silence", () =>
    Effect.gen(function* () {
      const policy: Policy.Options = { retries: { times: 1, backoff: ["4 seconds"] } }
      assert.deepStrictEqual((yield* path(fault("Timeout"), policy)).calls.length, 3)
      assert.deepStrictEqual((yield* path(fault("Empty"), policy, "1 minute")).calls, [
        "0 a/m#one",
        "2000 a/m#one",
        "2000 a/m#far",
        "4000 a/m#far",
        "4000 b/m"
      ])
    })
  )

  it.effect("set the lengths of cooldowns", () =>
    Effect.gen(function* () {
      const policy: Policy.Options = {
        cooldown: {
          transient: { base: "1 second" },
          rateLimit: { base: "2 seconds" },
          authDead: { base: "3 seconds" },
          modelMissing: { base: "4 seconds" }
        }
      }
      const first = (failure: Failure.Failure) =>
        Effect.map(path(failure, policy), ({ benches }) => benches.find((text) => text.includes("#one")))
      assert.strictEqual(yield* first(fault("Timeout")), "a/m#one Timeout 1000")
      assert.strictEqual(yield* first(throttle()), "a/m#one RateLimit 2000")
      assert.strictEqual(yield* first(dead("Forbidden")), "a#one Forbidden 3000")
      assert.strictEqual(yield* first(dead("ModelMissing")), "a/m#one ModelMissing 4000")
    })
  )

  it.effect("set the visits in a row before a bench", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[fault("Timeout")]])
      const b = Scripted.make("b", [["other"]])
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      for (let visit = 1; visit <= 3; visit++) {
        const { benches } = yield* play(Failover.complete(chain, "q"), { within: 0 })
        assert.strictEqual(benches.length, visit < 3 ? 0 : 1)
      }
    }).pipe(Effect.provide(Failover.layer({ policy: { threshold: { transient: 3 } } })))
  )
})

describe("where a policy is set", () => {
  it.effect("the chain wins over the model, the model over the provider, the provider over the runtime", () =>
    Effect.gen(function* () {
      const rest = (seconds: number): Policy.Options => ({
        cooldown: { rateLimit: { base: `${seconds} seconds` } }
      })
      const a = Scripted.make("a", [[throttle()]], { policy: rest(2) })
      const c = Scripted.make("c", [[throttle()]])
      const runs = [
        Chain.make(Model.make(c, "runtime")),
        Chain.make(Model.make(a, "provider")),
        Chain.make(Model.make(a, "model", { policy: rest(3) })),
        Chain.withPolicy(Chain.make(Model.make(a, "chain", { policy: rest(3) })), rest(4))
      ]
      for (const chain of runs) yield* Effect.exit(Failover.complete(chain, "q"))
      const { benches } = yield* play(Effect.void, { within: 0 })
      assert.deepStrictEqual(benches, [
        "a/chain RateLimit 4000",
        "a/model RateLimit 3000",
        "a/provider RateLimit 2000",
        "c/runtime RateLimit 1000"
      ])
    }).pipe(
      Effect.provide(
        Failover.layer({
          policy: { whenAllBenched: "fail", cooldown: { rateLimit: { base: "1 second" } } }
        })
      )
    )
  )

  it.effect("another option does not change a row that benches nothing", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[fault("Timeout")]], {
        policy: { rules: { Invalid: { next: "model" } } }
      })
      const t = Scripted.make("t", [[throttle()]], { policy: { threshold: { unknown: 5 } } })
      yield* Effect.exit(Failover.complete(Chain.make(Model.make(a, "m")), "q"))
      yield* Effect.exit(Failover.complete(Chain.make(Model.make(t, "m")), "q"))
      const { benches } = yield* play(Effect.void, { within: 0 })
      assert.deepStrictEqual(benches, [])
    }).pipe(
      Effect.provide(
        Failover.layer({
          policy: { whenAllBenched: "fail", rules: { Timeout: { rest: null }, RateLimit: { rest: null } } }
        })
      )
    )
  )

  it.effect("maxWait is the target's, the other limits of the run are the chain's", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[throttle("2 seconds")], ["fine"]])
      const b = Scripted.make("b", [["other"]])
      const impatient = Model.make(a, "m", { policy: { maxWait: "1 second", attempts: 1 } })
      const { value } = yield* play(Failover.complete(Chain.make(impatient, Model.make(b, "m")), "q"))
      assert.strictEqual(value, "other")
    }).pipe(Effect.provide(Failover.layer()))
  )

  it.effect("one chain's policy is not another's, even for the same model", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[throttle("2 seconds")], ["fine"]], {
        otherwise: [throttle("2 seconds")]
      })
      const b = Scripted.make("b", [["other"]])
      const patient = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      const impatient = Chain.withPolicy(patient, { maxWait: 0 })
      assert.strictEqual((yield* play(Failover.complete(patient, "q"))).value, "fine")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* play(Failover.complete(impatient, "q"))).value, "other")
    }).pipe(Effect.provide(Failover.layer()))
  )
})
