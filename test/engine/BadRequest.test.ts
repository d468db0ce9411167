/** Requests that every provider would refuse: one retry without the output limit, and one special chain for refused content. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import * as Chain from "../../src/domain/Chain.ts"
import * as Model from "../../src/domain/Model.ts"
import * as Failover from "../../src/engine/Failover.ts"
import type * as Failure from "../../src/failure/Failure.ts"
import * as Scripted from "../../src/testing/Scripted.ts"
import { benches, calls, dead, fault, play, refusal } from "../support/engine.ts"

const runtime = Failover.layer()

interface Request {
  readonly prompt: string
  readonly maxTokens?: number
}

const format: Scripted.Format<Request, string, Scripted.Part> = {
  answer: (text) => text,
  chunk: (part) => part,
  phase: (part) => part.phase
}

/** A provider that refuses any output limit. */
const withoutOutputLimit = <R extends Request>(request: R): R | undefined => {
  if (request.maxTokens === undefined) return undefined
  const { maxTokens: _, ...rest } = request
  return rest as R
}
const capped: Request = { prompt: "q", maxTokens: 1_000_000 }
const refusing = (name: string, after: Scripted.Call<string, Scripted.Part> = ["fine"]) =>
  Scripted.makeWith(
    format,
    name,
    (_, request) => [request.maxTokens === undefined ? after : [refusal("MaxTokens")]],
    { withoutOutputLimit }
  )

describe("an output limit that is too high", () => {
  it.effect("is left out, once, and the same target answers", () =>
    Effect.gen(function* () {
      const a = refusing("a")
      const answered = yield* Failover.answer(Chain.make(Model.make(a, "m")), capped)
      assert.strictEqual(answered.value, "fine")
      assert.strictEqual(answered.attempts, 2)
      assert.deepStrictEqual(
        a.calls.map((call) => call.request),
        [capped, { prompt: "q" }]
      )
    }).pipe(Effect.provide(runtime))
  )

  it.effect("is left out of a stream as well", () =>
    Effect.gen(function* () {
      const a = refusing("a")
      const { value } = yield* Effect.scoped(Failover.open(Chain.make(Model.make(a, "m")), capped)).pipe(play)
      assert.strictEqual(value?.attempts, 2)
      assert.strictEqual(a.open, 0)
    }).pipe(Effect.provide(runtime))
  )

  it.effect("stays out when the target is retried for another reason", () =>
    Effect.gen(function* () {
      const a = refusing("a", [fault()])
      yield* play(Failover.complete(Chain.make(Model.make(a, "m")), capped))
      assert.deepStrictEqual(
        a.calls.map((call) => call.request.maxTokens),
        [1_000_000, undefined, undefined, undefined]
      )
    }).pipe(Effect.provide(runtime))
  )

  it.effect("is there again for the next target, which may allow it", () =>
    Effect.gen(function* () {
      const a = refusing("a", [fault("Timeout")])
      const b = Scripted.makeWith(format, "b", [["other"]])
      yield* play(Failover.complete(Chain.make(Model.make(a, "m"), Model.make(b, "m")), capped))
      assert.deepStrictEqual(
        b.calls.map((call) => call.request.maxTokens),
        [1_000_000]
      )
    }).pipe(Effect.provide(runtime))
  )

  it.effect(
    "is returned to the caller when the request has no limit, and when leaving it out does not help",
    () =>
      Effect.gen(function* () {
        const a = Scripted.makeWith(format, "a", [[refusal("MaxTokens")]], { withoutOutputLimit })
        const chain = Chain.make(Model.make(a, "m"))
        const without = yield* Effect.flip(Failover.complete(chain, { prompt: "q" }))
        assert.strictEqual(without._tag, "BadRequest")
        assert.strictEqual(a.calls.length, 1)
        const error = yield* Effect.flip(Failover.complete(chain, capped))
        assert.strictEqual(error._tag, "BadRequest")
        assert.strictEqual(a.calls.length, 3)
      }).pipe(Effect.provide(runtime))
  )

  it.effect("names the limit to lower when leaving it out does not help", () =>
    Effect.gen(function* () {
      const told = (after: Failure.Failure) =>
        Effect.flip(Failover.complete(Chain.make(Model.make(refusing("a", [after]), "m")), capped))
      const still = yield* told(refusal("MaxTokens"))
      assert.isTrue(still._tag === "BadRequest" && still.reason === "MaxTokens")
      assert.match(still.message, /^not like this \(.*lower max_tokens/)
      const other = yield* told(refusal("TooLarge"))
      assert.match(other.message, /^not like this \(.*lower the length of the prompt\)/)
    }).pipe(Effect.provide(runtime))
  )

  it.effect("is not a failure of the target", () =>
    Effect.gen(function* () {
      const a = refusing("a", [refusal()])
      yield* Effect.flip(Failover.complete(Chain.make(Model.make(a, "m")), capped))
      assert.deepStrictEqual(yield* benches, [])
    }).pipe(Effect.provide(runtime))
  )
})

describe("refused content", () => {
  it.effect("goes to the special chain for it", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[refusal("ContentPolicy")]])
      const b = Scripted.make("b", [["other"]])
      const lenient = Scripted.make("lenient", [["here you are"]])
      const chain = Chain.onContentPolicy(
        Chain.make(Model.make(a, "m"), Model.make(b, "m")),
        Chain.make(Model.make(lenient, "m"))
      )
      const { value } = yield* play(Failover.complete(chain, "q"))
      assert.strictEqual(value, "here you are")
      assert.deepStrictEqual(calls(a, b, lenient), ["0 a/m", "0 lenient/m"])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("is returned to the caller when that chain refuses it too", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[refusal("ContentPolicy")]])
      const lenient = Scripted.make("lenient", [[refusal("ContentPolicy")]])
      const later = Scripted.make("later", [["never asked"]])
      const chain = Chain.onContentPolicy(
        Chain.make(Model.make(a, "m")),
        Chain.make(Model.make(lenient, "m"), Model.make(later, "m"))
      )
      const { error } = yield* play(Failover.complete(chain, "q"))
      assert.strictEqual(error?._tag, "BadRequest")
      assert.deepStrictEqual(calls(a, lenient, later), ["0 a/m", "0 lenient/m"])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("fails over inside that chain like any other request", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[refusal("ContentPolicy")]])
      const first = Scripted.make("first", [[dead()]])
      const second = Scripted.make("second", [["fine"]])
      const chain = Chain.onContentPolicy(
        Chain.make(Model.make(a, "m")),
        Chain.make(Model.make(a, "m"), Model.make(first, "m"), Model.make(second, "m"))
      )
      const { value } = yield* play(Failover.complete(chain, "q"))
      assert.strictEqual(value, "fine")
      assert.deepStrictEqual(calls(a, first, second), ["0 a/m", "0 first/m", "0 second/m"])
    }).pipe(Effect.provide(runtime))
  )

  it.effect("stops at once where that chain is empty", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[refusal("ContentPolicy")]])
      const b = Scripted.make("b", [["other"]])
      const chain = Chain.onContentPolicy(
        Chain.make(Model.make(a, "m"), Model.make(b, "m")),
        Chain.fromLinks<Scripted.Scripted, never>([])
      )
      const { error } = yield* play(Failover.complete(chain, "q"))
      assert.strictEqual(error?._tag, "BadRequest")
      assert.deepStrictEqual(calls(a, b), ["0 a/m"])
    }).pipe(Effect.provide(runtime))
  )
})

describe("a refusal", () => {
  const reasons: ReadonlyArray<typeof Failure.BadRequestReason.Type> = ["Invalid", "TooLarge", "MaxTokens"]
  it.effect.each(reasons.map((reason) => ({ reason })))(
    "($reason) neither counts against a target nor for it",
    ({ reason }) =>
      Effect.gen(function* () {
        const unknown = [fault("Unknown")]
        const a = Scripted.make("a", [unknown, unknown, [refusal(reason)], unknown], { otherwise: ["fine"] })
        const chain = Chain.withPolicy(Chain.make(Model.make(a, "m")), { attempts: 1 })
        for (let i = 0; i < 3; i++) yield* Effect.exit(Failover.complete(chain, "q"))
        assert.deepStrictEqual(yield* benches, [])
        yield* Effect.exit(Failover.complete(chain, "q"))
        assert.deepStrictEqual(yield* benches, ["a/m Unknown 5000"])
      }).pipe(Effect.provide(runtime))
  )

  it.effect("of a probe proves nothing: the next request may probe at once", () =>
    Effect.gen(function* () {
      const a = Scripted.make("a", [[fault("Timeout")], [refusal()], ["fine"]])
      const chain = Chain.make(Model.make(a, "m"))
      yield* Effect.exit(Failover.complete(chain, "q"))
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* Effect.flip(Failover.complete(chain, "bad")))._tag, "BadRequest")
      assert.deepStrictEqual(yield* benches, ["a/m Timeout 5000"])
      assert.strictEqual(yield* Failover.complete(chain, "q"), "fine")
      assert.deepStrictEqual(yield* benches, [])
    }).pipe(Effect.provide(runtime))
  )
})
