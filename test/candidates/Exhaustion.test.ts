/** The errors of a request that no target answered: what is benched, and when another request is worthwhile. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exhaustion from "../../src/candidates/Exhaustion.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import { type ContextExceeded, RateLimit } from "../../src/failure/Failure.ts"
import * as Bench from "../../src/health/Bench.ts"
import { provider, stage } from "../support/candidates.ts"
import { dead, fault, refusal, throttle, tooLong } from "../support/engine.ts"

const chainOf = (...names: ReadonlyArray<string>) =>
  Chain.fromLinks(names.map((name) => Model.make(provider(name), "m")))
const [a, b, c] = ["a/m#k", "b/m#k", "c/m#k"]

describe("the error of a request whose attempts have all failed", () => {
  it.effect("names what kept the targets from being called that were not tried", () =>
    Effect.gen(function* () {
      const { fails, request } = yield* stage(chainOf("a", "b", "c"))
      fails(a, fault())
      fails(b, new RateLimit({ message: "slow down", evidence: "status=429" }))
      const { attempts, benches, models, retryAt } = Exhaustion.exhausted(request(), [
        { target: a, failure: fault() }
      ])
      assert.deepStrictEqual(benches, [{ key: b, reason: "RateLimit", evidence: "status=429", until: 5_000 }])
      assert.deepStrictEqual([attempts.length, models], [1, 3])
      assert.isUndefined(retryAt, "the third is free: a new request may call it at once")
    })
  )

  it.effect("has the soonest end where all of them are benched, without those that refused the request", () =>
    Effect.gen(function* () {
      const { fails, request, targetOf } = yield* stage(chainOf("a", "b", "c"))
      fails(a, throttle("20 seconds"))
      fails(b, throttle("30 seconds"))
      const one = request()
      one.refused(targetOf(c))
      assert.isFalse(
        "benches" in
          Exhaustion.exhausted(
            one,
            [a, b].map((target) => ({ target, failure: fault() }))
          )
      )
      assert.strictEqual(Exhaustion.exhausted(one, []).retryAt, 20_000)
      one.refused(targetOf(a))
      assert.strictEqual(Exhaustion.exhausted(one, []).retryAt, 30_000)
    })
  )

  it.effect("has no time if none of the benches has an end", () =>
    Effect.gen(function* () {
      const { request, shared } = yield* stage(chainOf("a"))
      const manual = { since: 0, until: Number.POSITIVE_INFINITY, reason: "maintenance", by: undefined }
      shared.registry.modifyUnsafe((state) => [undefined, Bench.bench(state, "a", manual)], 0)
      const { benches, ...error } = Exhaustion.exhausted(request(), [])
      assert.deepStrictEqual(benches, [{ key: "a", reason: "Manual", evidence: "maintenance" }])
      assert.isFalse("retryAt" in error)
    })
  )
})

describe("whether a target may still take a request", () => {
  it.effect("depends on those that have not refused it: one is free, or benched for a temporary reason", () =>
    Effect.gen(function* () {
      const { fails, request, targetOf } = yield* stage(chainOf("a", "b"))
      const one = request()
      assert.isTrue(Exhaustion.mayBeTaken(one))
      fails(a, dead())
      assert.isTrue(Exhaustion.mayBeTaken(one))
      fails(b, dead())
      assert.isFalse(Exhaustion.mayBeTaken(one), "only a person can mend dead keys")
      const passing = yield* stage(chainOf("a", "b"))
      passing.fails(a, dead())
      passing.fails(b, throttle())
      assert.isTrue(Exhaustion.mayBeTaken(passing.request()))
      const refused = passing.request()
      refused.refused(targetOf(b))
      assert.isFalse(Exhaustion.mayBeTaken(refused))
    })
  )
})

describe("the error of a request that was refused without its output limit as well", () => {
  it.each([
    { failure: refusal("MaxTokens"), advice: /lower max_tokens .* or the length of the prompt\)$/ },
    { failure: refusal("TooLarge"), advice: /did not help: lower the length of the prompt\)$/ },
    { failure: tooLong({ limit: 10 }), advice: /did not help: lower the length of the prompt\)$/ }
  ])("says what to lower: $failure._tag $failure.reason", ({ advice, failure }) => {
    const error = Exhaustion.refusedWithoutLimit(failure)
    assert.match(error.message, advice)
    assert.isTrue(error.message.startsWith(failure.message))
    assert.strictEqual(error._tag, failure._tag)
    if (failure._tag === "BadRequest") assert.propertyVal(error, "reason", failure.reason)
    else assert.strictEqual((error as ContextExceeded).limit, failure.limit)
  })
})
