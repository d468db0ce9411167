/** Named policies, and options for the whole process. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import * as Failure from "../../src/failure/Failure.ts"
import * as Backoff from "../../src/policy/Backoff.ts"
import * as Policy from "../../src/policy/Policy.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { calls, fault, play } from "../support/engine.ts"

describe("a preset", () => {
  it("is overridden by other options, field by field", () => {
    const policy = Policy.make(
      Policy.combine(Policy.sequentialProfiles, {
        attempts: 9,
        cooldown: { transient: { max: "2 minutes" } }
      })
    )
    assert.strictEqual(policy.attempts, 9)
    assert.deepStrictEqual(policy.rules.Overloaded.rest, {
      scope: "credential",
      threshold: 3,
      base: 60_000,
      max: 120_000
    })
  })

  it("leaves refused requests to the caller, unless it sets a rule for them", () => {
    for (const name of Policy.presetNames) {
      const { rules } = Policy.make(Policy.presets[name])
      const moves = name === "moveOnBadRequest" || name === "threeAttempts"
      for (const reason of Failure.BadRequestReason.literals) {
        const next = reason === "Unsupported" ? name !== "firstErrorStops" : moves
        assert.strictEqual(rules[reason].next, next ? "model" : "stop", `${name} ${reason}`)
        assert.isUndefined(rules[reason].rest, `${name} ${reason}`)
      }
    }
  })

  it.effect("can be the policy of one chain, of one provider or of one model", () =>
    Effect.gen(function* () {
      const policy = Policy.firstErrorStops
      const script = [[fault()]]
      const [a, b, c] = [
        Scripted.make("a", script),
        Scripted.make("b", script, { policy }),
        Scripted.make("c", script)
      ]
      yield* play(
        Effect.exit(Failover.complete(Chain.withPolicy(Chain.make(Model.make(a, "m")), policy), "q"))
      )
      yield* play(Effect.exit(Failover.complete(Chain.make(Model.make(b, "m")), "q")))
      yield* play(Effect.exit(Failover.complete(Chain.make(Model.make(c, "m", { policy })), "q")))
      assert.deepStrictEqual(
        [a, b, c].map((provider) => provider.calls.length),
        [1, 1, 1]
      )
    }).pipe(Effect.provide(Failover.layer()))
  )
})

describe("delays that double", () => {
  it("end with the longest one, whatever lies between", () => {
    assert.deepStrictEqual(
      Backoff.doubling("200 millis", "10 seconds"),
      [200, 400, 800, 1600, 3200, 6400, 10_000]
    )
    assert.deepStrictEqual(Backoff.doubling("1 second", "8 seconds"), [1000, 2000, 4000, 8000])
    assert.deepStrictEqual(Backoff.doubling("5 seconds", "5 seconds"), [5000])
    assert.deepStrictEqual(Backoff.doubling("9 seconds", "5 seconds"), [5000])
  })
})

describe("options for the process", () => {
  const ask = (policy?: Policy.Options) =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[fault()]])
      yield* play(Effect.exit(Failover.complete(Chain.make(Model.make(a, "m")), "q")))
      return calls(a).length
    }).pipe(Effect.provide(Failover.layer(policy && { policy })))
  const process = Effect.provide(Layer.succeed(Policy.ProcessDefaults, Policy.sequentialProfiles))

  it.effect("apply to every runtime that is built under them", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* ask(), 3)
      assert.strictEqual(yield* process(ask()), 1)
    })
  )

  it.effect("have lower precedence than a runtime's own, including short forms over rows", () =>
    Effect.gen(function* () {
      const rows: Policy.Options = { rules: { Overloaded: { retry: "never" } } }
      const under = Effect.provide(Layer.succeed(Policy.ProcessDefaults, rows))
      assert.strictEqual(yield* under(ask()), 1)
      assert.strictEqual(yield* under(ask({ retries: { times: 1 } })), 2)
    })
  )
})
