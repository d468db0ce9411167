/** Whether a target has room under its learned limits, and how operators see these limits. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { Room } from "../../src/candidates/queue/Room.ts"
import { SignalsOf } from "../../src/choice/Signals.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Target from "../../src/domain/Target.ts"
import type { Failure } from "../../src/failure/Failure.ts"
import * as Policy from "../../src/policy/Policy.ts"
import { RunClock } from "../../src/time/RunClock.ts"
import { fault, throttle } from "../support/engine.ts"

const targetOf = (name: string, policy: Policy.Options = { learnedLimit: true }) =>
  Target.make({
    provider: name,
    model: "m",
    credential: Credential.make("k"),
    policy: Policy.make(policy)
  })

/** The rooms of targets. The test begins and ends the attempts. */
const stage = Effect.gen(function* () {
  const clock = new RunClock(yield* Effect.context<never>())
  const room = new Room(new SignalsOf())
  const loadOf = (target: Target.Target) => room.signals.ofTarget(target).load
  /** An attempt begins. */
  const begin = (target: Target.Target) => {
    const begun = room.began(target, clock)
    loadOf(target).began()
    return begun
  }
  /** An attempt begins and is refused. */
  const refused = (target: Target.Target, failure: Failure = throttle()) => {
    const begun = begin(target)
    const explained = room.failed(target, begun, failure, true, false, clock.millis())
    loadOf(target).ended()
    return explained
  }
  /** An attempt begins and is answered at once. */
  const answered = (target: Target.Target) => {
    room.answered(target, begin(target))
    loadOf(target).ended()
  }
  const why = (target: Target.Target) => room.why(target, clock.millis())
  const of = (target: Target.Target) => room.of(target, clock.millis())
  return { room, clock, loadOf, begin, refused, answered, why, of }
})
const [a, b] = [targetOf("a"), targetOf("b")]
const fixed = targetOf("a", {})

describe("a target that takes one attempt at once", () => {
  it.effect("is not a reason for others, and none where limits are not learned", () =>
    Effect.gen(function* () {
      const { begin, clock, of, refused, room, why } = yield* stage
      begin(a)
      refused(a)
      begin(b)
      assert.deepStrictEqual(
        [why(b), of(b), why(fixed), of(fixed)],
        [undefined, undefined, undefined, undefined]
      )
      assert.isUndefined(room.began(b, clock))
      assert.isUndefined(room.began(fixed, clock))
      room.wait(b, 1)
      assert.deepStrictEqual(
        room.all(0).map(({ key }) => key),
        [a.key]
      )
    })
  )

  it.effect("is forgotten when the limit was not reached for ten minutes", () =>
    Effect.gen(function* () {
      const { begin, clock, loadOf, of, refused, room } = yield* stage
      begin(a)
      refused(a)
      loadOf(a).ended()
      yield* TestClock.adjust("601 seconds")
      assert.deepStrictEqual([of(a), room.all(clock.millis())], [undefined, []])
    })
  )
})

describe("a target that takes so many attempts a second", () => {
  /** A target that has answered four attempts in four seconds and refuses the fifth. */
  const paced = Effect.gen(function* () {
    const staged = yield* stage
    const { answered, refused } = staged
    refused(a, fault("Overloaded"))
    for (let i = 0; i < 4; i++) {
      yield* TestClock.adjust("1 second")
      answered(a)
    }
    return staged
  })

  it.effect("has room when its rate allows the next one, as operators see", () =>
    Effect.gen(function* () {
      const { clock, of, refused, room, why } = yield* paced
      assert.isTrue(refused(a))
      const { evidence, until } = why(a)!
      const { perSecond, ...others } = of(a)!
      assert.isTrue(perSecond! > 0.5 && perSecond! < 1.5, `${perSecond}`)
      assert.strictEqual(evidence, `learned: ${perSecond} a second`)
      assert.deepStrictEqual(others, { inFlight: 0, waiting: 0 })
      const wait = until - clock.millis()
      assert.isTrue(Number.isInteger(until) && wait >= 1_000 / perSecond! - 1, `${wait}`)
      yield* TestClock.adjust(wait - 1)
      assert.isDefined(why(a))
      yield* TestClock.adjust(1)
      assert.isUndefined(why(a))
      room.wait(a, 1)
      assert.strictEqual(of(a)?.waiting, 1)
      assert.isDefined(why(a), "those that wait come first")
      assert.isUndefined(room.why(a, clock.millis(), true))
      assert.strictEqual(room.began(a, clock)?.place, 1, "the only attempt under way")
    })
  )

  it.effect("does not show its rate by an overload, or by a throttle that names a wait", () =>
    Effect.gen(function* () {
      for (const failure of [fault("Overloaded"), throttle("3 seconds")]) {
        const { of, refused, why } = yield* paced
        assert.isFalse(refused(a, failure))
        assert.deepStrictEqual([of(a), why(a)], [undefined, undefined])
      }
    })
  )
})
