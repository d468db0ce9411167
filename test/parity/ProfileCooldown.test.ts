/** Cooldowns of profiles and fallback in the simplest form, as in rsclaw 2026.4.22. See docs/parity.md. */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { Policy } from "effect-failover"
import {
  ask,
  broken,
  chainOf,
  keysOf,
  noModel,
  refused,
  strange,
  throttled,
  tooLong,
  under,
  unreachable,
  withKeys,
  wrongKey
} from "../support/parity.ts"

const test = under({ policy: Policy.firstErrorStops })

const fine = [["fine"]] as const

describe("failover in its simplest form", () => {
  test("profiles that cool down come after those that do not, and the one that is done soonest comes first", () =>
    Effect.gen(function* () {
      const acme = withKeys("acme", {
        first: [[throttled]],
        second: [[throttled], [throttled]],
        third: [["fine"], [throttled], ["fine"]]
      })
      yield* ask(chainOf(acme))
      yield* TestClock.adjust("1 second")
      yield* ask(chainOf(acme))
      assert.deepStrictEqual(keysOf(acme), ["first", "second", "third", "third", "first", "second"])
      // All of them are in a cooldown now. The first one's began first and ends first.
      yield* ask(chainOf(acme))
      assert.deepStrictEqual(keysOf(acme).slice(6), ["first", "second", "third"])
    }))

  test("a provider whose profiles all fail falls back to the next provider", () =>
    Effect.gen(function* () {
      const acme = withKeys("acme", { first: [[throttled]], second: [[wrongKey]] })
      const other = withKeys("other", { only: fine })
      assert.strictEqual(yield* ask(chainOf(acme, other)), "fine")
      assert.deepStrictEqual([keysOf(acme), keysOf(other)], [["first", "second"], ["only"]])
    }))

  test("any other error goes to the caller at once, without a retry, a fallback or a rest", () =>
    Effect.gen(function* () {
      for (const failure of [broken, unreachable, strange, noModel, refused, tooLong]) {
        const acme = withKeys("acme", { first: [[failure]], second: fine })
        const other = withKeys("other", { only: fine })
        const error = yield* ask(chainOf(acme, other))
        assert.isTrue(typeof error !== "string" && error.message.includes(failure.message), failure.message)
        assert.deepStrictEqual([keysOf(acme), keysOf(other)], [["first"], []])
        yield* ask(chainOf(acme, other))
        assert.deepStrictEqual(keysOf(acme), ["first", "first"])
      }
    }))
})
