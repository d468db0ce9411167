/** Requests per minute of a credential: a credential that is over its limit is skipped, and no request exceeds a limit. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import * as Chain from "../../src/domain/Chain.ts"
import * as Credential from "../../src/domain/Credential.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type { FailoverEvent } from "../../src/events/FailoverEvent.ts"
import { BenchRegistry, layerMemory } from "../../src/health/BenchRegistry.ts"
import type { Limiter } from "../../src/health/Limiter.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { benches, calls, fault, play, texts, throttle, tooLong } from "../support/engine.ts"

const runtime = Failover.layer()

/** A provider whose credentials have limits; each call answers with the provider's name. */
const limited = (
  name: string,
  rpm: ReadonlyArray<number | undefined>,
  script: ReadonlyArray<Scripted.Call<string, Scripted.Part>> = [[name]]
) => {
  const [first, ...rest] = rpm.map((rpm, index) => Credential.make(`k${index + 1}`, { rpm }))
  return Scripted.make(name, script, { credentials: [first!, ...rest] })
}

const ask = (chain: Chain.Chain<Scripted.Scripted>) => Failover.complete(chain, "q")

describe("a credential over its own limit", () => {
  it.effect("is skipped: the next one answers, then the next model, and nothing is benched", () =>
    Effect.gen(function* () {
      const a = limited("a", [2, 1])
      const b = limited("b", [undefined])
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      const answers = yield* Effect.replicateEffect(ask(chain), 5)
      assert.deepStrictEqual(answers, ["a", "a", "a", "b", "b"])
      assert.deepStrictEqual(calls(a, b), ["0 a/m#k1", "0 a/m#k1", "0 a/m#k2", "0 b/m#k1", "0 b/m#k1"])
      assert.deepStrictEqual(yield* benches, [])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("is called again as soon as its limit allows for one more", () =>
    Effect.gen(function* () {
      const a = limited("a", [6])
      const b = limited("b", [undefined])
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      yield* Effect.replicateEffect(ask(chain), 6)
      assert.strictEqual(yield* ask(chain), "b")
      yield* TestClock.adjust(9_999)
      assert.strictEqual(yield* ask(chain), "b")
      yield* TestClock.adjust(1)
      assert.strictEqual(yield* ask(chain), "a")
      assert.strictEqual(yield* ask(chain), "b")
      yield* TestClock.adjust("10 minutes")
      assert.strictEqual((yield* Effect.replicateEffect(ask(chain), 7)).join(""), "aaaaaab")
    }).pipe(Effect.provide(runtime))
  )

  it.effect("is one limit for all models of the credential, and not for another credential", () =>
    Effect.gen(function* () {
      const a = limited("a", [1, undefined])
      yield* ask(Chain.make(Model.make(a, "large")))
      yield* ask(Chain.make(Model.make(a, "small")))
      assert.deepStrictEqual(calls(a), ["0 a/large#k1", "0 a/small#k2"])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("appears in events and in explain, with reason and end", () =>
    Effect.gen(function* () {
      const events: Array<FailoverEvent> = []
      const failover = yield* Failover.make({ observer: (event) => void events.push(event) })
      const chain = Chain.make(Model.make(limited("a", [1]), "m"), Model.make(limited("b", [undefined]), "m"))
      const before = yield* failover.explain(chain)
      assert.deepStrictEqual(
        before.map(({ state }) => state),
        ["callable", "callable"]
      )
      yield* failover.complete(chain, "q")
      const [first] = yield* failover.explain(chain)
      assert.strictEqual(first?.state, "limited")
      assert.deepInclude(first?.why, { key: "a#k1", reason: "OwnLimit", until: 60_000, evidence: "rpm=1" })
      assert.include(first?.clears, "1970-01-01T00:01:00")
      yield* failover.complete(chain, "q")
      const skipped = events.filter((event) => event._tag === "Skipped")
      assert.lengthOf(skipped, 1)
      assert.deepInclude(skipped[0], { key: "a#k1", reason: "OwnLimit", until: 60_000 })
      assert.isFalse(events.some((event) => event._tag === "AttemptFailed"))
    }).pipe(Effect.provide(layerMemory))
  )

  it.effect("costs a stream nothing either: the next one streams", () =>
    Effect.gen(function* () {
      const a = limited("a", [1])
      const b = limited("b", [undefined])
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      assert.deepStrictEqual(yield* texts(Failover.stream(chain, "q")), ["a"])
      assert.deepStrictEqual(yield* texts(Failover.stream(chain, "q")), ["b"])
    }).pipe(Effect.provide(runtime))
  )
})

describe("retries and probes", () => {
  it.effect("count like all requests: a retry over the limit is not made", () =>
    Effect.gen(function* () {
      const a = limited("a", [2], [[fault()]])
      const b = limited("b", [undefined])
      const { value } = yield* play(ask(Chain.make(Model.make(a, "m"), Model.make(b, "m"))))
      assert.strictEqual(value, "b")
      assert.lengthOf(a.calls, 2)
    }).pipe(Effect.provide(runtime))
  )

  it.effect("a probe over the limit is not made, and its slot is free for the next request", () =>
    Effect.gen(function* () {
      const a = limited("a", [1], [[throttle("10 seconds")], ["a"]])
      const b = limited("b", [undefined])
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      assert.strictEqual(yield* ask(chain), "b")
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* ask(chain), "b", "its rest is over, its limit is not")
      yield* TestClock.adjust("50 seconds")
      assert.strictEqual(yield* ask(chain), "a")
      assert.deepStrictEqual(calls(a), ["0 a/m#k1", "60000 a/m#k1"])
    }).pipe(Effect.provide(runtime))
  )
})

describe("when only the credentials' own limits are in the way", () => {
  const one = (rpm: number) => {
    const a = limited("a", [rpm])
    return { a, chain: Chain.make(Model.make(a, "m")) }
  }

  it.effect("a request waits for the next one that is allowed, if that is worth its maxWait", () =>
    Effect.gen(function* () {
      const { a, chain } = one(20)
      yield* Effect.replicateEffect(ask(chain), 20)
      const { at, value } = yield* play(ask(chain))
      assert.strictEqual(value, "a")
      assert.strictEqual(at, 3_000)
      assert.lengthOf(a.calls, 21)
    }).pipe(Effect.provide(runtime))
  )

  it.effect("it fails at once if not, with a time to retry, and sends nothing", () =>
    Effect.gen(function* () {
      const { a, chain } = one(10)
      yield* Effect.replicateEffect(ask(chain), 10)
      const { error, took } = yield* play(ask(chain))
      assert(error?._tag === "AllBenched")
      assert.strictEqual(took, 0)
      assert.strictEqual(error.retryAt, 6_000)
      assert.deepInclude(error.benches[0], { key: "a#k1", reason: "OwnLimit", until: 6_000 })
      assert.lengthOf(a.calls, 10)
    }).pipe(Effect.provide(runtime))
  )

  it.effect("`wait` waits as long as there is time, `fail` does not wait", () =>
    Effect.gen(function* () {
      const { chain } = one(1)
      yield* ask(chain)
      const failed = yield* play(Failover.complete(chain, "q", { whenAllBenched: "fail" }), { within: 0 })
      assert.strictEqual(failed.error?._tag, "AllBenched")
      const short = { whenAllBenched: "wait", deadline: "30 seconds" } as const
      const late = yield* play(Failover.complete(chain, "q", short), { within: 0 })
      assert.strictEqual(late.error?._tag, "AllBenched")
      const { at, value } = yield* play(Failover.complete(chain, "q", { whenAllBenched: "wait" }))
      assert.strictEqual(value, "a")
      assert.strictEqual(at, 60_000)
    }).pipe(Effect.provide(runtime))
  )

  it.effect("that waits for a place that others take first ends with the maxWait", () =>
    Effect.gen(function* () {
      const { a, chain } = one(60)
      const fibers = yield* Effect.forEach(Array.from({ length: 100 }), () =>
        Effect.forkChild(Effect.result(ask(chain)), { startImmediately: true })
      )
      yield* TestClock.adjust("3 seconds")
      const results = yield* Effect.forEach(fibers, Fiber.join)
      assert.strictEqual(results.filter(({ _tag }) => _tag === "Success").length, 63)
      assert.lengthOf(a.calls, 63)
    }).pipe(Effect.provide(runtime))
  )

  it.effect("a benched target may be tried anyway, and one over its own limit may not", () =>
    Effect.gen(function* () {
      const a = limited("a", [1], [["a"]])
      const b = limited("b", [undefined], [[throttle("60 seconds")], ["b"]])
      const chain = Chain.make(Model.make(b, "m"), Model.make(a, "m"))
      assert.strictEqual(yield* ask(chain), "a", "b throttles")
      const { at, value } = yield* play(ask(chain), { within: 0 })
      assert.strictEqual(value, "b", "though a is free sooner or at the same time")
      assert.strictEqual(at, 0)
      assert.lengthOf(a.calls, 1)
    }).pipe(Effect.provide(runtime))
  )

  it.effect("a benched target that is over its limit is not tried anyway", () =>
    Effect.gen(function* () {
      const a = limited("a", [1], [[throttle("10 seconds")], ["a"]])
      const chain = Chain.make(Model.make(a, "m"))
      yield* Effect.exit(ask(chain))
      const { error } = yield* play(ask(chain), { within: 0 })
      assert(error?._tag === "AllBenched")
      assert.strictEqual(error.retryAt, 60_000)
      assert.lengthOf(a.calls, 1)
    }).pipe(Effect.provide(runtime))
  )

  it.effect("a limited target behind others that failed is waited for, too", () =>
    Effect.gen(function* () {
      const a = limited("a", [30])
      const b = limited("b", [undefined], [[fault("Timeout")]])
      const chain = Chain.make(Model.make(a, "m"), Model.make(b, "m"))
      yield* Effect.replicateEffect(ask(chain), 30)
      const { at, value } = yield* play(ask(chain))
      assert.strictEqual(value, "a")
      assert.strictEqual(at, 2_000)
      assert.lengthOf(b.calls, 1)
    }).pipe(Effect.provide(runtime))
  )

  it.effect("but not for a prompt that is too long for it", () =>
    Effect.gen(function* () {
      const a = limited("a", [60])
      const b = limited("b", [undefined], [[tooLong({ limit: 1000, actual: 5000 })]])
      const chain = Chain.make(Model.make(a, "m", { contextWindow: 2000 }), Model.make(b, "m"))
      yield* Effect.replicateEffect(ask(chain), 60)
      const { error, took } = yield* play(ask(chain))
      assert.strictEqual(error?._tag, "ContextExceeded")
      assert.strictEqual(took, 0)
    }).pipe(Effect.provide(runtime))
  )
})

describe("a limiter that has to be waited for", () => {
  const slow = Effect.gen(function* () {
    const asked = yield* Deferred.make<void>()
    const answer = yield* Deferred.make<boolean>()
    const limiter: Limiter = {
      take: () =>
        Effect.andThen(
          Deferred.succeed(asked, undefined),
          Effect.map(Deferred.await(answer), (allowed) => ({ allowed, wait: allowed ? 0 : 60_000 }))
        )
    }
    return { asked, answer, failover: yield* Failover.make({ limiter }) }
  })

  const probing = Effect.fnUntraced(function* (failover: Failover.Runtime) {
    const registry = yield* BenchRegistry
    const a = limited("a", [1], [["a"]])
    const b = limited("b", [undefined])
    yield* registry.bench("a#k1", { for: "1 second" })
    return { a, b, chain: Chain.make(Model.make(a, "m"), Model.make(b, "m")), failover }
  })

  it.effect("lets the attempt begin when it allows it", () =>
    Effect.gen(function* () {
      const { answer, asked, failover } = yield* slow
      const { a, chain } = yield* probing(failover)
      yield* TestClock.adjust("1 second")
      const fiber = yield* Effect.forkChild(failover.complete(chain, "q"))
      yield* Deferred.await(asked)
      assert.lengthOf(a.calls, 0)
      yield* Deferred.succeed(answer, true)
      assert.strictEqual(yield* Fiber.join(fiber), "a")
    }).pipe(Effect.provide(layerMemory))
  )

  it.effect("sends the request elsewhere when it refuses", () =>
    Effect.gen(function* () {
      const { answer, asked, failover } = yield* slow
      const { a, chain } = yield* probing(failover)
      yield* TestClock.adjust("1 second")
      const fiber = yield* Effect.forkChild(failover.complete(chain, "q"))
      yield* Deferred.await(asked)
      yield* Deferred.succeed(answer, false)
      assert.strictEqual(yield* Fiber.join(fiber), "b")
      assert.lengthOf(a.calls, 0)
    }).pipe(Effect.provide(layerMemory))
  )

  it.effect("holds no probe's slot for a caller that leaves meanwhile, nor beyond the deadline", () =>
    Effect.gen(function* () {
      const { answer, asked, failover } = yield* slow
      const a = limited("a", [1], [[throttle("10 seconds")], ["a"]])
      const chain = Chain.make(Model.make(a, "m"))
      const first = yield* Effect.forkChild(Effect.exit(failover.complete(chain, "q")))
      yield* Deferred.await(asked)
      yield* Deferred.succeed(answer, true)
      yield* Fiber.join(first)
      yield* TestClock.adjust("10 seconds")

      const never: Limiter = { take: () => Effect.never }
      const stuck = yield* Failover.make({ limiter: never })
      const state = Effect.map(failover.explain(chain), ([target]) => target?.state)
      const leaving = yield* Effect.forkChild(stuck.complete(chain, "q"), { startImmediately: true })
      assert.strictEqual(yield* state, "probing")
      yield* Fiber.interrupt(leaving)
      assert.strictEqual(yield* state, "probe")

      const late = yield* play(stuck.complete(chain, "q", { deadline: "500 millis" }))
      assert.strictEqual(late.error?._tag, "DeadlineExceeded")
      assert.strictEqual(late.took, 500)
      assert.strictEqual(yield* state, "probe")
      assert.strictEqual(yield* failover.complete(chain, "q"), "a")
    }).pipe(Effect.provide(layerMemory))
  )

  it.effect("allows the attempt when it breaks", () =>
    Effect.gen(function* () {
      const limiter: Limiter = {
        take: () => {
          throw new Error("a bug")
        }
      }
      const failover = yield* Failover.make({ limiter })
      assert.strictEqual(yield* failover.complete(Chain.make(Model.make(limited("a", [1]), "m")), "q"), "a")
    }).pipe(Effect.provide(layerMemory))
  )
})
