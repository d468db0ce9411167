/** Which targets are skipped: with many benched targets, at a credential's own limit, with queues, and in orders that are read ahead. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Availability from "../../src/candidates/Availability.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import { stranger } from "../../src/health/state/HeldFor.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { provider, stage } from "../support/candidates.ts"

const names = ["a", "b", "c", "d", "e", "f"]
const chainOf = (...providers: ReadonlyArray<Scripted.Scripted>) =>
  Chain.fromLinks(providers.map((each) => Model.make(each, "m")))

describe("a request that has passed over many benched targets", () => {
  /** Six benched targets, and one whose credential may send one request a minute. */
  const benched = Effect.gen(function* () {
    const staged = yield* stage(chainOf(...names.map((name) => provider(name)), provider("z", "k*")))
    for (const name of names) staged.fails(`${name}/m#k`)
    return staged
  })

  it.effect("calls the next one even if that has its own limit", () =>
    Effect.gen(function* () {
      const { request, skipped, usesUp } = yield* benched
      assert.strictEqual(request().next()?.target.key, "z/m#k")
      assert.deepStrictEqual(
        skipped,
        names.map((name) => `${name}/m#k Overloaded`)
      )
      yield* usesUp("z/m#k")
      const late = request()
      assert.isUndefined(late.next())
      assert.strictEqual(skipped.at(-1), "z/m#k OwnLimit")
      assert.strictEqual(late.soonestLimited()?.target.key, "z/m#k")
    })
  )

  it.effect("passes them over without an observer, too", () =>
    Effect.gen(function* () {
      const { targetOf, unobserved, usesUp } = yield* benched
      const request = unobserved()
      const visit = request.next()!
      assert.strictEqual(visit.target.key, "z/m#k")
      yield* usesUp("z/m#k")
      request.skipLimited(visit.backend, visit.target)
      assert.strictEqual(request.soonestLimited()?.target.key, "z/m#k")
      request.skip(targetOf("a/m#k"))
    })
  )
})

describe("a target that others wait for", () => {
  it.effect("is full for new requests, and not for the one whose turn it is", () =>
    Effect.gen(function* () {
      const { clock, fills, request, shared, targetOf } = yield* stage(
        Chain.withPolicy(chainOf(provider("a")), { learnedLimit: true })
      )
      fills("a/m#k").ended()
      const target = targetOf("a/m#k")
      const one = request()
      assert.deepStrictEqual([one.isFull(target), one.isLimited(target)], [false, false])
      shared.room.wait(target, 1)
      // `isLimited` is for benched targets. Requests that wait for room do not matter there.
      assert.deepStrictEqual([one.isFull(target), one.isLimited(target)], [true, false])
      assert.isUndefined(Availability.why(shared, target, clock, stranger, true))
      assert.strictEqual(Availability.why(shared, target, clock, stranger)?.until, clock.millis() + 1_000)
    })
  )
})

describe("an order that was read ahead", () => {
  it.effect("is the one in which the tier is tried", () =>
    Effect.gen(function* () {
      const credentials = [Credential.make("0"), ...names.map((name) => Credential.make(name))] as const
      const a = Scripted.make("a", [["fine"]], { credentials, strategy: "random" })
      const { request } = yield* stage(chainOf(a))
      const one = request()
      const tier = one.position.prepared.tiers[0]!
      const targets = tier.targetsIn(Context.empty())
      const ahead = one.ordering().ahead(tier, targets)
      assert.strictEqual(one.ordering().of(tier, targets), ahead)
      assert.notStrictEqual(one.ordering().of(tier, targets), ahead)
    }).pipe(Random.withSeed("ahead"))
  )
})
