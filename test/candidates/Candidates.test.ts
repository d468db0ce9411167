/** The target that a request calls next, as the bench, the limits and its own failures allow. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import type { Candidates } from "../../src/candidates/Candidates.ts"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import type { Target } from "../../src/domain/Target.ts"
import type * as Scripted from "../../src/testing/Scripted.ts"
import { provider, stage } from "../support/candidates.ts"
import { dead, fault, tooLong } from "../support/engine.ts"

type Request = Candidates<Scripted.Scripted, never>

const of = (backend: Scripted.Scripted, model = "m", options: Model.ModelOptions = {}) =>
  Model.make(backend, model, options)
/** A chain of models with these providers. */
const chainOf = (...providers: ReadonlyArray<Scripted.Scripted>) =>
  Chain.fromLinks(providers.map((each) => of(each)))
/** The next target, after the request has left it by a rule with this `next`. */
const leave = (request: Request, next: "credential" | "endpoint" | "model" = "credential") => {
  const visit = request.next()!
  request.giveUp(visit.target, next)
  return visit.target.key
}
/** All remaining targets. The request leaves each of them. */
const left = (request: Request, again = true) => {
  const found: Array<string> = []
  for (let visit = request.next(again); visit !== undefined; visit = request.next(again))
    found.push(visit.target.key)
  return found.join(" ")
}
const keys = (found: ReadonlyArray<{ readonly target: Target }>) => found.map(({ target }) => target.key)

describe("a request that begins again", () => {
  it.effect("tries the targets that it has not left, and the others only if it may", () =>
    Effect.gen(function* () {
      const { request } = yield* stage(chainOf(provider("a"), provider("b"), provider("c")))
      const one = request()
      assert.strictEqual(leave(one), "a/m#k")
      one.restart(false)
      assert.strictEqual(left(one), "b/m#k c/m#k")
      one.restart(true)
      assert.strictEqual(left(one), "a/m#k b/m#k c/m#k")
      one.restart(true)
      assert.strictEqual(left(one, false), "b/m#k c/m#k")
    })
  )

  it.effect("does not call a target that its hedge calls", () =>
    Effect.gen(function* () {
      const { request, targetOf } = yield* stage(chainOf(provider("a"), provider("b")))
      const one = request()
      one.taken(targetOf("a/m#k"))
      assert.strictEqual(left(one), "b/m#k")
    })
  )
})

describe("a target that was passed in favour of others", () => {
  it.effect("is a target at the endpoint that failed, which is kept for the end", () =>
    Effect.gen(function* () {
      const a = provider("a", "1@x", "2@y", "3@x")
      const { request } = yield* stage(chainOf(a, provider("b")))
      const one = request()
      leave(one, "endpoint")
      assert.strictEqual(left(one), "a/m#2 b/m#k")
      assert.deepStrictEqual(keys(one.untried()), ["a/m#3"])
    })
  )

  it.effect("is a probe after a timeout, once a target has timed out", () =>
    Effect.gen(function* () {
      const { fails, request } = yield* stage(chainOf(provider("a"), provider("b"), provider("c")))
      fails("a/m#k", fault("Timeout"))
      fails("b/m#k", fault("Overloaded"))
      yield* TestClock.adjust("5 seconds")
      const hasHung = request()
      hasHung.hung()
      assert.strictEqual(left(hasHung), "b/m#k c/m#k")
      assert.deepStrictEqual(keys(hasHung.untried()), ["a/m#k"])
    })
  )

  it.effect("is not a probe after a timeout as long as none has timed out", () =>
    Effect.gen(function* () {
      const { fails, request, targetOf } = yield* stage(chainOf(provider("a"), provider("b")))
      fails("a/m#k", fault("Timeout"))
      yield* TestClock.adjust("5 seconds")
      const one = request()
      one.taken(targetOf("b/m#k"))
      assert.strictEqual(left(one), "a/m#k")
    })
  )

  it.effect("is not tried at the end if it is benched, was tried, or cannot take the prompt", () =>
    Effect.gen(function* () {
      const a = provider("a", "1@x", "2@x", "3@x", "4@x")
      const chain = Chain.make(of(a), of(provider("b"), "m", { contextWindow: 10 }))
      const { fails, request, targetOf } = yield* stage(chain)
      const one = request()
      leave(one, "endpoint")
      assert.strictEqual(left(one), "b/m#k")
      one.giveUp(targetOf("a/m#2"), "credential")
      fails("a/m#3")
      assert.deepStrictEqual(keys(one.untried()), ["a/m#4"])
      one.skip(targetOf("a/m#4"))
      one.needWindow(targetOf("b/m#k"), tooLong({ actual: 11 }))
      assert.deepStrictEqual(keys(one.untried()), [], "another process probes the last one")
      yield* TestClock.adjust(250)
      assert.deepStrictEqual(keys(one.untried()), ["a/m#4"])
    })
  )
})

describe("benched targets", () => {
  const many = Array.from({ length: 8 }, (_, i) => provider(`a${i}`))

  it.effect("are skipped, however many they are, and each is reported", () =>
    Effect.gen(function* () {
      const { fails, request, skipped } = yield* stage(chainOf(...many, provider("z")))
      for (const { name } of many.slice(0, 7)) fails(`${name}/m#k`)
      assert.strictEqual(left(request()), "a7/m#k z/m#k")
      assert.deepStrictEqual(
        skipped,
        many.slice(0, 7).map(({ name }) => `${name}/m#k Overloaded`)
      )
    })
  )

  it.effect("are tried when their cooldown ends while the request is on its way", () =>
    Effect.gen(function* () {
      const { fails, request } = yield* stage(chainOf(provider("a"), provider("b"), provider("c")))
      fails("a/m#k")
      fails("b/m#k")
      const one = request()
      assert.strictEqual(leave(one), "c/m#k")
      assert.deepStrictEqual(keys(one.untried()), [])
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(keys(one.untried()), ["a/m#k", "b/m#k"])
    })
  )

  it.effect("are reported too when another process is about to probe them", () =>
    Effect.gen(function* () {
      const { fails, request, skipped, targetOf } = yield* stage(chainOf(provider("a"), provider("b")))
      const one = request()
      one.skip(targetOf("a/m#k"))
      assert.deepStrictEqual(skipped, [], "it is not benched")
      fails("b/m#k", dead())
      one.skip(targetOf("b/m#k"))
      assert.deepStrictEqual(skipped, ["b/m#k InvalidKey"])
    })
  )
})
