/** One deadline, one attempt budget and one retry budget for all the work on a request. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type * as Failure from "../../src/failure/Failure.ts"
import type * as Policy from "../../src/policy/Policy.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { chainOf, hang, layer } from "../support/chains.ts"
import { fault, play, throttle } from "../support/engine.ts"

describe("the deadline", () => {
  it.effect("ends a request with the failures until then, and benches nothing", () =>
    Effect.gen(function* () {
      const { calls, chain, open } = chainOf([[fault("Timeout")]], hang)
      const { at, benches, error } = yield* play(Failover.complete(chain, "q", { deadline: "10 seconds" }))
      assert(error?._tag === "DeadlineExceeded")
      assert.strictEqual(error.deadline, 10_000)
      assert.deepStrictEqual(
        error.attempts.map(({ target }) => target),
        ["a/m#default", "b/m#default"]
      )
      assert.strictEqual(at, 10_000)
      assert.deepStrictEqual(benches, ["a/m Timeout 5000"])
      assert.deepStrictEqual(calls(), ["0 a/m", "0 b/m"])
      assert.strictEqual(open(), 0)
    }).pipe(layer())
  )

  it.effect("ends a stream that has not begun", () =>
    Effect.gen(function* () {
      const { chain, open } = chainOf([[Scripted.held("role"), { hang: true }]])
      const { at, benches, error } = yield* play(
        Effect.scoped(Failover.open(chain, "q", { deadline: "10 seconds" }))
      )
      assert.strictEqual(error?._tag, "DeadlineExceeded")
      assert.strictEqual(at, 10_000)
      assert.deepStrictEqual(benches, [])
      assert.strictEqual(open(), 0)
    }).pipe(layer())
  )

  it.effect("allows no further target when the last one took all of it", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf([[{ wait: "10 seconds" }, fault("Timeout")]], [["other"]])
      const { error } = yield* play(Failover.complete(chain, "q", { deadline: "10 seconds" }))
      assert.strictEqual(error?._tag, "DeadlineExceeded")
      assert.deepStrictEqual(calls(), ["0 a/m"])
    }).pipe(layer({ fallbackReserve: 0 }))
  )

  it.effect("covers the pauses between attempts: no retry is begun that would be too late", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf([[fault("Overloaded", "2 seconds")]])
      const { at, error } = yield* play(Failover.complete(chain, "q", { deadline: "4 seconds" }))
      assert.strictEqual(error?._tag, "ChainExhausted")
      assert.deepStrictEqual(calls(), ["0 a/m", "2000 a/m"])
      assert.strictEqual(at, 2_000)
    }).pipe(layer())
  )

  it.effect("makes the run move on from a throttle that names more than the time left", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf([[throttle("2 seconds")]], [["other"]])
      const { value } = yield* play(Failover.complete(chain, "q", { deadline: "2 seconds" }))
      assert.strictEqual(value, "other")
      assert.deepStrictEqual(calls(), ["0 a/m", "0 b/m"])
    }).pipe(layer({ fallbackReserve: 0 }))
  )

  it.effect("is that of the call before that of the chain before that of the runtime", () =>
    Effect.gen(function* () {
      const until = (chain: Chain.Chain<Scripted.Scripted>, options?: Failover.CallOptions) =>
        Effect.map(play(Failover.complete(chain, "q", options), { within: "1 minute" }), ({ error }) =>
          error?._tag === "DeadlineExceeded" ? error.deadline : error?._tag
        )
      const { chain } = chainOf(hang)
      const own = Chain.withPolicy(chain, { deadline: "2 seconds" })
      assert.strictEqual(yield* until(chain), 3_000)
      assert.strictEqual(yield* until(own), 2_000)
      assert.strictEqual(yield* until(own, { deadline: "1 second" }), 1_000)
    }).pipe(layer({ deadline: "3 seconds" }))
  )

  it.effect("may be endless", () =>
    Effect.gen(function* () {
      const { chain } = chainOf([[{ wait: "3 days" }, "late"]])
      const { value } = yield* play(Failover.complete(chain, "q"), { within: "4 days" })
      assert.strictEqual(value, "late")
    }).pipe(layer({ deadline: Number.POSITIVE_INFINITY, timeouts: { answer: Number.POSITIVE_INFINITY } }))
  )
})

describe("the answer timeout", () => {
  it.effect("moves on without a retry, and is evidence against the target", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf(hang, [["other"]])
      const { benches, value } = yield* play(Failover.answer(chain, "q"))
      assert.strictEqual(value?.value, "other")
      assert.deepStrictEqual(calls(), ["0 a/m", "7000 b/m"])
      assert.deepStrictEqual(benches, ["a/m Timeout 12000"])
    }).pipe(layer({ timeouts: { answer: "7 seconds" } }))
  )

  it.effect("is evidence against the target with the default policy, too", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf(hang, [["other"]])
      const { benches } = yield* play(Failover.complete(chain, "q"))
      assert.deepStrictEqual(calls(), ["0 a/m", "300000 b/m"])
      assert.deepStrictEqual(benches, ["a/m Timeout 305000"])
    }).pipe(layer())
  )

  it.effect("does not wait for an attempt that cannot be stopped", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[{ wait: "1 hour" }, "too late"]])
      const deaf: typeof a = {
        ...a,
        complete: (request, target) => Effect.uninterruptible(a.complete(request, target))
      }
      const b = Scripted.make("b", [["other"]])
      const { at, value } = yield* play(
        Failover.complete(Chain.make(Model.make(deaf, "m"), Model.make(b, "m")), "q"),
        { within: "2 hours" }
      )
      assert.strictEqual(value, "other")
      assert.strictEqual(at, 7_000)
    }).pipe(layer({ timeouts: { answer: "7 seconds" } }))
  )
})

describe("the number of attempts", () => {
  it.effect(
    "covers the retries at keys and models together: with all of them used no target is retried",
    () =>
      Effect.gen(function* () {
        const { calls, chain } = chainOf([[fault()]], [[fault()]], [[fault()]])
        const { error } = yield* play(Failover.complete(chain, "q", { attempts: 5 }))
        assert(error?._tag === "ChainExhausted")
        assert.deepStrictEqual(
          calls().map((call) => call.slice(-3)),
          ["a/m", "a/m", "a/m", "b/m", "b/m", "b/m", "c/m"]
        )
        assert.strictEqual(error.attempts.length, 7)
      }).pipe(layer())
  )

  it.effect("does not count skipped targets", () =>
    Effect.gen(function* () {
      const { chain } = chainOf([[throttle("1 hour")]], [["other"]])
      yield* play(Failover.complete(chain, "q"), { within: 0 })
      const { value } = yield* play(Failover.answer(chain, "q", { attempts: 1 }), { within: 0 })
      assert.strictEqual(value?.value, "other")
      assert.strictEqual(value?.attempts, 1)
    }).pipe(layer())
  )

  it.effect("is eight by default", () =>
    Effect.gen(function* () {
      const { calls, chain } = chainOf([[fault()]], [[fault()]], [[fault()]], [[fault()]])
      yield* play(Failover.complete(chain, "q"))
      assert.deepStrictEqual(
        calls().map((call) => call.slice(-3)),
        ["a/m", "a/m", "a/m", "b/m", "b/m", "b/m", "c/m", "c/m", "c/m", "d/m", "d/m"]
      )
    }).pipe(layer())
  )
})

describe("the process-wide budget of retries", () => {
  const dying = (failure: Failure.Failure, requests: number) =>
    Effect.gen(function* () {
      const policy: Policy.Options = { rules: { Overloaded: { rest: null }, RateLimit: { rest: null } } }
      const { calls, chain } = chainOf([[failure]], [["other"]])
      const all = Effect.forEach(
        Array.from({ length: requests }, (_, i) => i),
        (i) => Failover.complete(Chain.withPolicy(chain, policy), i),
        { concurrency: "unbounded" }
      )
      const { value } = yield* play(all, { chance: 0 })
      assert.strictEqual(value?.length, requests, "nobody is lost")
      return calls().filter((call) => call.includes(" a/m")).length - requests
    })

  it.effect(
    "keeps an outage from being multiplied: a hundred requests make thirty retries, not two hundred",
    () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* dying(fault(), 100), 30)
      }).pipe(layer({}, 0.2))
  )

  it.effect("covers the waits for a throttle as well", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* dying(throttle("1 second"), 100), 30)
    }).pipe(layer({}, 0.2))
  )

  it.effect("of zero means no retries at all, and fallbacks as usual", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* dying(fault(), 20), 0)
    }).pipe(layer({}, 0))
  )

  it.effect("may be without a bound", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* dying(fault(), 100), 200)
    }).pipe(layer())
  )
})
