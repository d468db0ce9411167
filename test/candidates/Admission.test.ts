/** Whether a request may call a target now: the bench, the credential's own limit, and the learned limit with its queue. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import { provider, stage } from "../support/candidates.ts"
import { fault, throttle } from "../support/engine.ts"

/** Models of these providers. Their refusals teach limits. */
const learning = (...names: ReadonlyArray<string>) =>
  Chain.withPolicy(Chain.fromLinks(names.map((name) => Model.make(provider(name), "m"))), {
    learnedLimit: true
  })
const a = "a/m#k"

describe("a target at its learned limit", () => {
  it.effect("is not called until an attempt ends, and is noted by the request that passes it", () =>
    Effect.gen(function* () {
      const { fills, request, skipped, targetOf } = yield* stage(learning("a", "b"))
      const load = fills(a)
      const one = request()
      assert.strictEqual(one.why(targetOf(a))?.reason, "LearnedLimit")
      assert.isTrue(one.isFull(targetOf(a)))
      assert.isTrue(one.isLimited(targetOf(a)))
      assert.isFalse(one.isFull(targetOf("b/m#k")))
      assert.strictEqual(one.next()?.target.key, "b/m#k")
      assert.deepStrictEqual(skipped, [`${a} LearnedLimit`])
      assert.deepStrictEqual(
        one.full().map(({ backend, target }) => `${backend.name} ${target.key}`),
        [`a ${a}`]
      )
      load.ended()
      assert.isUndefined(one.why(targetOf(a)))
      assert.isFalse(one.isLimited(targetOf(a)))
      assert.strictEqual(request().next()?.target.key, a)
    })
  )

  it.effect("is not tried again once it was tried, or its model has refused the request", () =>
    Effect.gen(function* () {
      const { fills, request, targetOf } = yield* stage(learning("a", "b"))
      fills(a)
      const tried = request()
      tried.next()
      tried.giveUp(targetOf(a), "credential")
      assert.deepStrictEqual(tried.full(), [])
      const refused = request()
      refused.next()
      refused.refused(targetOf(a))
      assert.deepStrictEqual(refused.full(), [])
    })
  )

  it.effect("has room for the next one in its queue before any other request", () =>
    Effect.gen(function* () {
      const { fills, request, shared, targetOf } = yield* stage(learning("a"))
      const load = fills(a)
      shared.room.wait(targetOf(a), 1)
      load.ended()
      const other = request()
      assert.isUndefined(other.next())
      assert.strictEqual(other.why(targetOf(a))?.reason, "LearnedLimit")
      const target = targetOf(a)
      const place = { target, backend: provider("a"), notBefore: 0, isFirst: true, anyway: true }
      assert.isUndefined(request().takeTurn(place))
      const visit = request().takeTurn({ ...place, forRoom: true })!
      assert.deepStrictEqual([visit.target, visit.isLastAttempt], [target, false])
      assert.isUndefined(request().takeTurn({ ...place, visit }))
      assert.strictEqual(request().takeTurn({ ...place, visit, forRoom: true }), visit)
      assert.isFalse(request().readmit(visit))
      assert.isTrue(request().readmit(visit, true))
    })
  )

  it.effect("is reported as benched if it is that as well, and its probe waits for room", () =>
    Effect.gen(function* () {
      const { fails, fills, request, targetOf } = yield* stage(learning("a"))
      fails(a, throttle("20 seconds"))
      const load = fills(a)
      const one = request()
      assert.strictEqual(one.why(targetOf(a))?.reason, "RateLimit")
      assert.isFalse(one.isFull(targetOf(a)))
      assert.isUndefined(one.next())
      assert.deepStrictEqual(one.full(), [])
      yield* TestClock.adjust("20 seconds")
      assert.isUndefined(request().next(), "no room for the probe")
      load.ended()
      assert.strictEqual(request().next()?.admission._tag, "Probe")
    })
  )
})

describe("a credential over its own limit", () => {
  const limited = () => Chain.make(Model.make(provider("a", "k*"), "m"), Model.make(provider("b", "k*"), "m"))

  it.effect("is skipped, and tried again as soon as it may send", () =>
    Effect.gen(function* () {
      const { request, skipped, targetOf, usesUp } = yield* stage(limited())
      yield* usesUp(a)
      yield* TestClock.adjust("10 seconds")
      yield* usesUp("b/m#k")
      const one = request()
      assert.strictEqual(one.why(targetOf(a))?.reason, "OwnLimit")
      assert.isTrue(one.isLimited(targetOf(a)))
      assert.isUndefined(one.next())
      assert.deepStrictEqual(skipped, [`${a} OwnLimit`, "b/m#k OwnLimit"])
      const soonest = one.soonestLimited()!
      assert.deepStrictEqual([soonest.target.key, soonest.why.until], [a, 60_000])
      assert.isUndefined(one.goBack(soonest))
      yield* TestClock.adjust("50 seconds")
      assert.strictEqual(one.goBack(soonest)?.target.key, a)
    })
  )

  it.effect("is tried again later if another request has used it meanwhile", () =>
    Effect.gen(function* () {
      const { request, usesUp } = yield* stage(limited())
      yield* usesUp(a)
      yield* TestClock.adjust("10 seconds")
      yield* usesUp("b/m#k")
      const one = request()
      one.next()
      yield* TestClock.adjust("50 seconds")
      yield* usesUp(a)
      const soonest = one.soonestLimited()!
      assert.deepStrictEqual([soonest.target.key, soonest.why.until], ["b/m#k", 70_000])
    })
  )

  it.effect("is not tried again once its target was left", () =>
    Effect.gen(function* () {
      const { request, targetOf, usesUp } = yield* stage(limited())
      yield* usesUp(a)
      const one = request()
      assert.isUndefined(one.soonestLimited())
      one.skipLimited(provider("a"), targetOf(a))
      one.giveUp(targetOf(a), "credential")
      assert.isUndefined(one.soonestLimited())
    })
  )

  it.effect("that is benched is reported by what ends later", () =>
    Effect.gen(function* () {
      const { fails, request, targetOf, usesUp } = yield* stage(limited())
      fails(a)
      assert.strictEqual(request().why(targetOf(a))?.reason, "Overloaded")
      yield* usesUp(a)
      assert.strictEqual(request().why(targetOf(a))?.reason, "OwnLimit")
      assert.isUndefined(request().why(targetOf("b/m#k")))
    })
  )
})

describe("a turn in the queue of a benched target", () => {
  it.effect("is one attempt without retries, if a request may call it anyway", () =>
    Effect.gen(function* () {
      const { fails, request, shared, targetOf } = yield* stage(learning("a"))
      fails(a, fault())
      const { generation } = shared.registry.stateUnsafe()
      const place = { target: targetOf(a), backend: provider("a"), notBefore: 0, isFirst: true }
      assert.isUndefined(request().takeTurn({ ...place, anyway: false }))
      const visit = request().takeTurn({ ...place, anyway: true })!
      assert.deepStrictEqual([visit.isLastAttempt, visit.isSingle], [true, true])
      assert.deepStrictEqual(visit.admission, { _tag: "Go", generation })
    })
  )

  it.effect("continues the visit of a request that has one, as a probe when the cooldown is over", () =>
    Effect.gen(function* () {
      const { fails, request, shared, targetOf } = yield* stage(learning("a"))
      const visit = request().next()!
      assert.isFalse(visit.isSingle)
      fails(a, fault())
      const { generation } = shared.registry.stateUnsafe()
      const place = { target: targetOf(a), backend: provider("a"), notBefore: 0, isFirst: false, visit }
      assert.strictEqual(request().takeTurn({ ...place, anyway: true }), visit)
      assert.deepStrictEqual([visit.isLastAttempt, visit.admission], [true, { _tag: "Go", generation }])
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(request().takeTurn({ ...place, anyway: true }), visit)
      assert.deepStrictEqual(
        [visit.isLastAttempt, visit.admission._tag, visit.isSingle],
        [false, "Probe", true]
      )
    })
  )
})

describe("the target of a hedge", () => {
  it.effect("is free, was not tried, and is another one than that of the first attempt", () =>
    Effect.gen(function* () {
      const [one, two, three, four, five] = ["a", "b", "c", "d", "e"].map((name) =>
        Model.make(provider(name, "k*"), "m")
      )
      const chain = Chain.withStrategy(Chain.equals(one!, two!, three!, four!, five!), "sequential")
      const { fails, request, targetOf, usesUp } = yield* stage(chain)
      fails("b/m#k")
      yield* TestClock.adjust("5 seconds")
      fails("c/m#k")
      const asked = request()
      const first = asked.next()!.target
      asked.giveUp(targetOf("d/m#k"), "credential")
      assert.strictEqual(asked.besides(first, "tier")?.target.key, "e/m#k", "b is to be probed, c is benched")
      // After a wait the request starts at the first target again.
      asked.restart(true)
      assert.strictEqual(asked.next()?.target, first)
      assert.isUndefined(asked.besides(targetOf("e/m#k"), "tier"))
      yield* usesUp("d/m#k")
      const other = request()
      other.next()
      assert.strictEqual(other.besides(first, "tier")?.target.key, "e/m#k", "d is over its own limit")
    })
  )
})
