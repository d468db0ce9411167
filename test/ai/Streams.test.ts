/** Streamed answers through a failover model. */
import { assert, describe, it } from "@effect/vitest"
import * as LanguageModel from "effect/ai/LanguageModel"
import type * as Response from "effect/ai/Response"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as FailoverLanguageModel from "../../src/ai/FailoverLanguageModel.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import * as Commit from "../../src/policy/Commit.ts"
import { errors, heard, Mock, one, parts, play, recording, streamed, two } from "../support/ai.ts"

type Part = Response.StreamPartEncoded

const fromB = "meta(B) text-start B0 B1 text-end finish"

/** What a caller gets if the first model streams this and the second one answers. */
const hears = (
  stream: Mock["stream"],
  expected: string,
  options: {
    readonly calls?: number
    readonly policy?: NonNullable<Parameters<typeof two>[2]>["policy"]
    readonly log?: string
  } = {}
) => {
  const [a, b] = [new Mock("A", undefined, stream), new Mock("B")]
  return Effect.gen(function* () {
    assert.strictEqual(yield* play(heard), expected)
    assert.deepStrictEqual([a.calls, b.calls], [1, options.calls ?? 1])
    if (options.log !== undefined) assert.include(a.log, options.log)
  }).pipe(Effect.provide(two(a, b, { policy: options.policy })))
}

const broken = (...list: ReadonlyArray<Part>): Stream.Stream<Part, typeof errors.fault> =>
  Stream.concat(one(...list), Stream.fail(errors.fault))

const hanging = (...list: ReadonlyArray<Part>): Stream.Stream<Part> =>
  Stream.concat(one(...list), Stream.never)

describe("before its first content, a stream falls back to the next model", () => {
  it.effect("when it fails at once", () => hears(() => Stream.fail(errors.fault), fromB))

  it.effect("when it fails after its metadata", () => hears(() => broken(parts.metadata("A")), fromB))

  it.effect("when it fails after a start and an empty delta", () =>
    hears(() => broken(parts.metadata("A"), parts.start, parts.delta("")), fromB)
  )

  it.effect("when a provider reports an error as a part", () =>
    hears(
      () => one(parts.metadata("A"), parts.error({ type: "overloaded_error", message: "Overloaded" })),
      fromB
    )
  )

  it.effect("when an error part comes with an end", () =>
    hears(
      () =>
        one(parts.metadata("A"), parts.error({ code: "server_error", message: "x" }), parts.finish("error")),
      fromB
    )
  )

  it.effect("when an error part holds an AiError", () => hears(() => one(parts.error(errors.fault)), fromB))

  it.effect("when it is empty", () => hears(() => Stream.empty, fromB))

  it.effect("when it finishes without content", () =>
    hears(() => one(parts.metadata("A"), parts.finish()), fromB)
  )

  it.effect("when it ends with nothing but an error", () =>
    hears(() => one(parts.metadata("A"), parts.finish("error")), fromB)
  )

  it.effect("when it ends without a finish", () => hears(() => one(parts.metadata("A"), parts.start), fromB))

  it.effect("when it times out, and its model is interrupted first", () =>
    hears(() => hanging(parts.metadata("A")), fromB, {
      policy: { timeouts: { firstContent: "10 seconds" } },
      log: "stream interrupted"
    })
  )

  it.effect("when its parts arrive together with the error", () =>
    hears(
      () =>
        Stream.fromIterable<Part>([
          parts.metadata("A"),
          parts.start,
          parts.error({ type: "overloaded_error" })
        ]),
      fromB
    )
  )
})

describe("an error part is read like an answer", () => {
  it.effect("a throttle benches the model", () => {
    const a = new Mock("A", undefined, () =>
      one(parts.error({ type: "rate_limit_error", message: "slow down" }))
    )
    return Effect.gen(function* () {
      assert.strictEqual(yield* heard, fromB)
      const [rest] = yield* (yield* BenchRegistry).list
      assert.strictEqual(`${rest?.key} ${rest?.reason}`, "a/m#default RateLimit")
    }).pipe(Effect.provide(two(a, new Mock("B"))))
  })

  it.effect("a bad request stops the call", () => {
    const [a, b] = [new Mock("A"), new Mock("B")]
    a.stream = () => one(parts.error({ type: "invalid_request_error", message: "temperature: too hot" }))
    return Effect.gen(function* () {
      assert.strictEqual(yield* heard, "!InvalidRequestError")
      assert.strictEqual(b.calls, 0)
    }).pipe(Effect.provide(two(a, b)))
  })
})

describe("from its first content on, a stream belongs to its model", () => {
  it.effect("and is returned as it arrives", () =>
    hears(() => one(...streamed("A")), "meta(A) text-start A0 A1 text-end finish", { calls: 0 })
  )

  it.effect("and a failure ends it", () =>
    hears(() => broken(...streamed("A").slice(0, 3)), "meta(A) text-start A0 !InternalProviderError", {
      calls: 0
    })
  )

  it.effect("and reasoning is content", () =>
    hears(
      () =>
        broken(
          parts.metadata("A"),
          { type: "reasoning-start", id: "r" },
          { type: "reasoning-delta", id: "r", delta: "hm" }
        ),
      "meta(A) reasoning-start reasoning-delta !InternalProviderError",
      { calls: 0 }
    )
  )

  it.effect("and an error part is passed on, with the parts after it", () =>
    hears(
      () => one(...streamed("A").slice(0, 3), parts.error("x"), parts.finish("error")),
      "meta(A) text-start A0 error finish",
      { calls: 0 }
    )
  )

  it.effect("and a missing finish is a cut, not an end", () =>
    hears(() => one(...streamed("A").slice(0, 4)), "meta(A) text-start A0 A1 !InvalidResponseError", {
      calls: 0
    })
  )

  it.effect("and a silence that is too long ends it", () =>
    hears(() => hanging(...streamed("A").slice(0, 3)), "meta(A) text-start A0 !InternalProviderError", {
      calls: 0
    })
  )

  it.effect("and a cut by the length limit is an answer, even without content", () =>
    hears(() => one(parts.metadata("A"), parts.finish("length")), "meta(A) finish", { calls: 0 })
  )

  for (const [what, list] of [
    ["a failure", [...streamed("A").slice(0, 3)]],
    [
      "an error part",
      [...streamed("A").slice(0, 3), parts.error({ type: "overloaded_error" }), parts.finish("error")]
    ],
    ["an end with an error", [...streamed("A").slice(0, 3), parts.finish("error")]]
  ] as const) {
    it.effect(`and ${what} in it benches the model for the next call`, () => {
      const a = new Mock("A", undefined, () => (what === "a failure" ? broken(...list) : one(...list)))
      return Effect.gen(function* () {
        yield* heard
        assert.strictEqual(yield* heard, fromB)
        assert.strictEqual(a.calls, 1)
      }).pipe(Effect.provide(two(a, new Mock("B"))))
    })
  }

  it.effect("and a filter that comes after content is a whole answer", () => {
    const a = new Mock("A", undefined, () =>
      one(...streamed("A").slice(0, 5), parts.finish("content-filter"))
    )
    return Effect.gen(function* () {
      assert.strictEqual(yield* heard, "meta(A) text-start A0 A1 text-end finish")
      assert.deepStrictEqual(yield* (yield* BenchRegistry).list, [])
    }).pipe(Effect.provide(two(a, new Mock("B"))))
  })
})

describe("with a later commit point", () => {
  it.effect("an error part after content still falls back", () =>
    hears(() => one(...streamed("A").slice(0, 4), parts.error("x"), parts.finish("error")), fromB, {
      policy: { commit: Commit.complete }
    })
  )

  it.effect("a late cut still falls back", () =>
    hears(() => one(...streamed("A").slice(0, 4)), fromB, { policy: { commit: Commit.complete } })
  )
})

describe("a stream", () => {
  it.effect("names its target once, before its content, whatever the model's metadata", () => {
    const [a, b] = [new Mock("A", undefined, () => broken(parts.metadata("A"))), new Mock("B")]
    return Effect.gen(function* () {
      const seen = yield* Stream.runCollect(LanguageModel.streamText({ prompt: "hi" }))
      assert.deepStrictEqual(FailoverLanguageModel.servedBy(seen), { target: "b/m#default", attempts: 2 })
      b.stream = () => Stream.fromIterable<Part>([parts.start, parts.delta("B"), parts.finish()])
      const mute = yield* Stream.runCollect(LanguageModel.streamText({ prompt: "hi" }))
      assert.strictEqual(FailoverLanguageModel.servedBy(mute)?.target, "b/m#default")
      assert.deepStrictEqual(
        mute.map(({ type }) => type),
        ["text-start", "response-metadata", "text-delta", "finish"]
      )
    }).pipe(Effect.provide(two(a, b)))
  })

  it.effect("has a span that names its target and lasts as long as the stream", () => {
    const { spans, tracer } = recording()
    return Effect.gen(function* () {
      yield* heard
      const call = spans.find(({ name }) => name === "FailoverLanguageModel.streamText")
      const model = spans.find(({ name }) => name === "LanguageModel.streamText")
      assert.strictEqual(call?.attributes.get("failover.target"), "a/m#default")
      assert.strictEqual(call?.status._tag, "Ended")
      assert.strictEqual(model && Option.getOrUndefined(model.parent)?.spanId, call?.spanId)
    }).pipe(Effect.withTracer(tracer), Effect.provide(two(new Mock("A"), new Mock("B"))))
  })

  it.effect("interrupts its model when its reader stops", () => {
    const a = new Mock("A", undefined, () => hanging(...streamed("A").slice(0, 3)))
    return Effect.gen(function* () {
      yield* Stream.runDrain(Stream.take(LanguageModel.streamText({ prompt: "hi" }), 2))
      assert.deepStrictEqual(a.log, ["build", "stream interrupted"])
      assert.deepStrictEqual(yield* (yield* BenchRegistry).list, [])
    }).pipe(Effect.provide(two(a, new Mock("B"))))
  })

  it.effect("of all of a hundred callers comes from the second model while the first is down", () => {
    const a = new Mock("A", undefined, () =>
      Stream.unwrap(Effect.delay(Effect.succeed(broken(parts.metadata("A"))), "20 millis"))
    )
    return Effect.gen(function* () {
      const calls = Array.from({ length: 100 }, (_, i) => Effect.andThen(Effect.sleep(i), heard))
      const all = yield* play(Effect.all(calls, { concurrency: "unbounded" }))
      assert.deepStrictEqual([...new Set(all)], [fromB])
    }).pipe(Effect.provide(two(a, new Mock("B"))))
  })

  it.effect("that fails everywhere fails with the errors of all models", () => {
    const [a, b] = [
      new Mock("A", undefined, () => broken(parts.metadata("A"))),
      new Mock("B", undefined, () => Stream.fail(errors.throttled(60)))
    ]
    return Effect.gen(function* () {
      assert.strictEqual(yield* heard, "!InternalProviderError !RateLimitError")
    }).pipe(Effect.provide(two(a, b)))
  })

  it.effect("is retried at the same model after a fault, by the policy", () => {
    const a = new Mock("A")
    a.stream = () => (a.calls < 3 ? broken(parts.metadata("A")) : one(...streamed("A")))
    const layer = FailoverLanguageModel.layer([FailoverLanguageModel.member("a/m", a.layer)])
    return Effect.gen(function* () {
      assert.strictEqual(yield* play(heard), "meta(A) text-start A0 A1 text-end finish")
      assert.strictEqual(a.calls, 3)
      yield* TestClock.adjust("1 minute")
    }).pipe(Effect.provide(layer))
  })
})
