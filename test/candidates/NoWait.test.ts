/** With a maxWait of 0 no request waits for a benched target, but retries still have their delays. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Backend from "../../src/domain/Backend.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Target from "../../src/domain/Target.ts"
import * as Failover from "../../src/engine/Failover.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import * as Policy from "../../src/policy/Policy.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { rest } from "../support/bench.ts"
import { patientClock } from "../support/clock.ts"
import { fault, play } from "../support/engine.ts"

/** This many callers of one target that is out of order at first. */
const crowd = (callers: number, outOfOrder: number) =>
  Effect.gen(function* () {
    const chain = Chain.make(Model.make(Backend.make("a", {}), "m"))
    let calls = 0
    const one = Effect.gen(function* () {
      calls++
      if ((yield* Clock.currentTimeMillis) < outOfOrder) return yield* fault("ServerError")
      yield* Effect.sleep(200)
    })
    const ask = Effect.exit(Failover.use(chain, () => one))
    const all = Effect.all(
      Array.from({ length: callers }, () => ask),
      { concurrency: "unbounded" }
    )
    const { value } = yield* play(all, { within: "1 minute" })
    return { lost: value!.filter(({ _tag }) => _tag === "Failure").length, calls }
  }).pipe(Effect.provide(Failover.layer({ policy: { maxWait: 0 } })), Effect.provide(patientClock))

describe("with a maxWait of 0", () => {
  it.effect("a crowd of 300 loses none to a fault of 1.2 seconds", () =>
    Effect.map(crowd(300, 1_200), ({ lost }) => assert.strictEqual(lost, 0))
  )

  it.effect("a dead target gets each request once, the retries of the budget, and four calls a second", () =>
    Effect.map(crowd(300, 1e9), ({ calls, lost }) => {
      assert.strictEqual(lost, 300)
      assert.isAtMost(calls, 300 + 10 + 60 + 4 * 4)
    })
  )

  it.effect("a retry is made although the target was benched by another request meanwhile", () =>
    Effect.gen(function* () {
      const provider = Scripted.make("a", [[fault()], ["fine"]])
      const target = Target.make({
        provider: "a",
        model: "m",
        credential: Credential.none,
        policy: Policy.defaults
      })
      const registry = yield* BenchRegistry
      const other = registry.record(target, { _tag: "Go", generation: 0 }, fault(), rest)
      yield* Effect.forkChild(Effect.delay(other, "100 millis"))
      const { error, value } = yield* play(Failover.complete(Chain.make(Model.make(provider, "m")), "q"))
      assert.isUndefined(error)
      assert.strictEqual(value, "fine")
    }).pipe(Effect.provide(Failover.layer({ policy: { maxWait: 0 } })))
  )
})
