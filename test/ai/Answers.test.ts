/** Whole answers through a failover model. */

import { assert, describe, it } from "@effect/vitest"
import * as AiError from "effect/ai/AiError"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as FailoverLanguageModel from "../../src/ai/FailoverLanguageModel.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import {
  answer,
  error,
  errors,
  errorsOf,
  failing,
  Mock,
  parts,
  play,
  recording,
  text,
  two
} from "../support/ai.ts"

const Person = Schema.Struct({ name: Schema.String, age: Schema.Number })

describe("an answer", () => {
  it.effect("comes from the first model, and the others are not called", () => {
    const [a, b] = [new Mock("A"), new Mock("B")]
    return Effect.gen(function* () {
      assert.strictEqual(yield* text, "A")
      assert.deepStrictEqual([a.calls, b.calls], [1, 0])
    }).pipe(Effect.provide(two(a, b)))
  })

  it.effect("names the target that served it, and the number of attempts", () => {
    const [a, b] = [new Mock("A"), new Mock("B")]
    return Effect.gen(function* () {
      const first = yield* LanguageModel.generateText({ prompt: "hi" })
      assert.deepStrictEqual(FailoverLanguageModel.servedBy(first.content), {
        target: "a/m#default",
        attempts: 1
      })
      a.generate = () => Effect.fail(errors.fault)
      const second = yield* LanguageModel.generateText({ prompt: "hi" })
      assert.deepStrictEqual(FailoverLanguageModel.servedBy(second.content), {
        target: "b/m#default",
        attempts: 2
      })
    }).pipe(Effect.provide(two(a, b)))
  })

  it.effect("names the target that served it even if the model sends no metadata", () => {
    const a = new Mock("A", () => Effect.succeed([{ type: "text", text: "A" }, parts.finish()]))
    return Effect.gen(function* () {
      const response = yield* LanguageModel.generateText({ prompt: "hi" })
      assert.strictEqual(FailoverLanguageModel.servedBy(response.content)?.target, "a/m#default")
      assert.strictEqual(response.text, "A")
    }).pipe(Effect.provide(two(a, new Mock("B"))))
  })

  it.effect("has a span that names the target that served, around the spans of the models", () => {
    const [a, b] = [new Mock("A", () => Effect.fail(errors.fault)), new Mock("B")]
    const { spans, tracer } = recording()
    return Effect.gen(function* () {
      yield* text
      const call = spans.find(({ name }) => name === "FailoverLanguageModel.generateText")
      assert.strictEqual(call?.attributes.get("failover.target"), "b/m#default")
      assert.strictEqual(call?.attributes.get("failover.attempts"), 2)
      const models = spans.filter(({ name }) => name === "LanguageModel.generateText")
      assert.deepStrictEqual(
        models.map(({ parent }) => Option.getOrUndefined(parent)?.spanId),
        [call?.spanId, call?.spanId]
      )
    }).pipe(Effect.withTracer(tracer), Effect.provide(two(a, b)))
  })

  it.effect("that is empty falls back", () => {
    const a = new Mock("A", () => Effect.succeed([parts.metadata("A"), parts.finish()]))
    return Effect.gen(function* () {
      assert.strictEqual(yield* text, "B")
    }).pipe(Effect.provide(two(a, new Mock("B"))))
  })

  it.effect("that was cut by the length limit is an answer, even an empty one", () => {
    const a = new Mock("A", () => Effect.succeed([parts.metadata("A"), parts.finish("length")]))
    return Effect.gen(function* () {
      const response = yield* LanguageModel.generateText({ prompt: "hi" })
      assert.strictEqual(response.finishReason, "length")
    }).pipe(Effect.provide(two(a, new Mock("B"))))
  })

  it.effect("that ended with an error falls back, even after content", () => {
    const a = new Mock("A", () =>
      Effect.succeed([parts.metadata("A"), { type: "text", text: "half" }, parts.finish("error")])
    )
    return Effect.gen(function* () {
      assert.strictEqual(yield* text, "B")
    }).pipe(Effect.provide(two(a, new Mock("B"))))
  })

  it.effect("withheld by a content filter is returned to the caller as such", () => {
    const [a, b] = [new Mock("A"), new Mock("B")]
    a.generate = () => Effect.succeed([parts.metadata("A"), parts.finish("content-filter")])
    return Effect.gen(function* () {
      assert.deepStrictEqual(yield* failing(text), ["ContentPolicyError"])
      assert.strictEqual(b.calls, 0)
    }).pipe(Effect.provide(two(a, b)))
  })

  it.effect("that does not arrive in time is abandoned for the next model's", () => {
    const a = new Mock("A", () => Effect.never)
    return Effect.gen(function* () {
      assert.strictEqual(yield* play(text), "B")
    }).pipe(Effect.provide(two(a, new Mock("B"), { policy: { timeouts: { answer: "20 seconds" } } })))
  })

  it.effect("reaches all of twenty callers while the first model is down", () => {
    const a = new Mock("A", () => Effect.andThen(Effect.sleep("20 millis"), Effect.fail(errors.fault)))
    const b = new Mock("B", () => Effect.andThen(Effect.sleep("200 millis"), Effect.succeed(answer("B"))))
    return Effect.gen(function* () {
      const calls = Array.from({ length: 20 }, (_, i) => Effect.andThen(Effect.sleep(i * 3), text))
      const texts = yield* play(Effect.all(calls, { concurrency: "unbounded" }))
      assert.deepStrictEqual(new Set(texts), new Set(["B"]))
      assert.strictEqual(b.calls, 20)
      assert.isBelow(a.calls, 20)
    }).pipe(Effect.provide(two(a, b)))
  })
})

describe("an object", () => {
  const json = (value: string) => [
    parts.metadata("x"),
    { type: "text", text: value } as const,
    parts.finish()
  ]

  it.effect("that is invalid falls back, and benches nothing", () => {
    const a = new Mock("A", () => Effect.succeed(json("{not json")))
    const b = new Mock("B", () => Effect.succeed(json('{"name":"Ada","age":36}')))
    return Effect.gen(function* () {
      const ask = LanguageModel.generateObject({ prompt: "who?", schema: Person })
      assert.deepStrictEqual((yield* ask).value, { name: "Ada", age: 36 })
      yield* ask
      assert.deepStrictEqual([a.calls, b.calls], [2, 2])
      assert.deepStrictEqual(yield* (yield* BenchRegistry).list, [])
    }).pipe(Effect.provide(two(a, b)))
  })

  it.effect("with a schema that one provider cannot express comes from the next, and benches nothing", () => {
    const [a, b] = [new Mock("A", () => Effect.succeed(json('{"name":"Ada","age":36}'))), new Mock("B")]
    b.generate = a.generate
    a.codecTransformer = () => {
      throw new Error("no unions, please")
    }
    return Effect.gen(function* () {
      const ask = LanguageModel.generateObject({ prompt: "who?", schema: Person })
      const response = yield* ask
      assert.strictEqual(FailoverLanguageModel.servedBy(response.content)?.target, "b/m#default")
      assert.deepStrictEqual(yield* (yield* BenchRegistry).list, [])
    }).pipe(Effect.provide(two(a, b)))
  })
})

describe("an error", () => {
  it.effect("that another model would give as well stops the call and is returned unchanged", () => {
    const [a, b] = [new Mock("A", () => Effect.fail(errors.invalid)), new Mock("B")]
    return Effect.gen(function* () {
      assert.strictEqual(yield* Effect.flip(text), errors.invalid)
      assert.strictEqual(b.calls, 0)
      a.generate = () => Effect.succeed(answer("A"))
      assert.strictEqual(yield* text, "A")
    }).pipe(Effect.provide(two(a, b)))
  })

  it.effect("for a prompt that is too long falls back and benches nothing", () => {
    const [a, b] = [new Mock("A", () => Effect.fail(errors.tooLong)), new Mock("B")]
    return Effect.gen(function* () {
      yield* text
      assert.strictEqual(yield* text, "B")
      assert.deepStrictEqual([a.calls, b.calls], [2, 2])
    }).pipe(Effect.provide(two(a, b)))
  })

  it.effect("of every model is in the cause, in the order of the attempts, as an AiError", () => {
    const [a, b] = [
      new Mock("A", () => Effect.fail(errors.throttled(40))),
      new Mock("B", () => Effect.fail(errors.fault))
    ]
    return Effect.gen(function* () {
      const exit = yield* Effect.exit(text)
      assert.isTrue(Exit.isFailure(exit))
      if (Exit.isSuccess(exit)) return
      assert.deepStrictEqual(errorsOf(exit.cause), ["RateLimitError", "InternalProviderError"])
      const run = Option.getOrThrow(FailoverLanguageModel.failedRun(exit.cause))
      assert.strictEqual(run._tag, "ChainExhausted")
      const attempts = run._tag === "ChainExhausted" ? run.attempts : []
      assert.deepStrictEqual(
        attempts.map(({ failure, target }) => `${target} ${failure._tag}`),
        ["a/m#default RateLimit", "b/m#default Transient"]
      )
      const caught = yield* Effect.catchTag(text, "AiError", () => Effect.succeed("caught"))
      assert.strictEqual(caught, "caught")
    }).pipe(Effect.provide(two(a, b)))
  })

  it.effect("of the runtime itself is converted to an error of effect/ai", () => {
    const [a, b] = [new Mock("A", () => Effect.never), new Mock("B", () => Effect.never)]
    return Effect.gen(function* () {
      assert.deepStrictEqual(yield* play(failing(text)), ["InternalProviderError", "InternalProviderError"])
    }).pipe(Effect.provide(two(a, b, { policy: { timeouts: { answer: "20 seconds" } } })))
  })

  it.effect("keeps the soonest wait if no target is available, and calls none", () => {
    const [a, b] = [
      new Mock("A", () => Effect.fail(errors.throttled(40))),
      new Mock("B", () => Effect.fail(errors.throttled(10)))
    ]
    return Effect.gen(function* () {
      yield* failing(text)
      yield* TestClock.adjust("4 seconds")
      const failed = yield* Effect.flip(text)
      assert.strictEqual(failed.reason._tag, "RateLimitError")
      assert.strictEqual(failed.retryAfter && Duration.toSeconds(failed.retryAfter), 6)
      assert.deepStrictEqual([a.calls, b.calls], [1, 1])
    }).pipe(Effect.provide(two(a, b, { policy: { whenAllBenched: "fail" } })))
  })

  it.effect("reports the deadline, before the errors of the attempts", () => {
    const [a, b] = [new Mock("A", () => Effect.fail(errors.fault)), new Mock("B", () => Effect.never)]
    return Effect.gen(function* () {
      const failed = yield* play(Effect.exit(text))
      const cause = Exit.isFailure(failed) ? failed.cause : Cause.empty
      const messages = cause.reasons.map((reason) => (Cause.isFailReason(reason) ? String(reason.error) : ""))
      assert.lengthOf(messages, 3)
      assert.include(messages[0], "no answer within 15000 ms")
      assert.include(messages[1], "503")
      assert.include(messages[2], "no answer in time")
      assert.strictEqual(Option.getOrThrow(FailoverLanguageModel.failedRun(cause))._tag, "DeadlineExceeded")
    }).pipe(Effect.provide(two(a, b, { policy: { deadline: "15 seconds" } })))
  })

  it.effect("that names the day of its end benches the key, which is probed long before", () => {
    const resetAt = DateTime.makeUnsafe(50 * 3_600_000)
    const a = new Mock("A", () => Effect.fail(error(new AiError.QuotaExhaustedError({ resetAt }))))
    return Effect.gen(function* () {
      assert.strictEqual(yield* text, "B")
      const [rest] = yield* (yield* BenchRegistry).list
      assert.deepStrictEqual([rest?.key, rest?.until], ["a#default", 5 * 60_000])
    }).pipe(Effect.provide(two(a, new Mock("B"))))
  })

  it.effect("is not judged by effect/ai's isRetryable: a dead key falls back", () => {
    const [a, b] = [new Mock("A", () => Effect.fail(errors.refused)), new Mock("B")]
    return Effect.gen(function* () {
      assert.isFalse(errors.refused.isRetryable)
      assert.strictEqual(yield* text, "B")
      yield* text
      assert.strictEqual(a.calls, 1)
    }).pipe(Effect.provide(two(a, b)))
  })

  it.effect("of a failover model inside another keeps its meaning", () => {
    const a = new Mock("A", () => Effect.never)
    const inner = FailoverLanguageModel.layer([FailoverLanguageModel.member("a/m", a.layer)], {
      policy: { timeouts: { answer: "20 seconds" } }
    })
    const outer = FailoverLanguageModel.layer([
      FailoverLanguageModel.member("inner/a", inner),
      FailoverLanguageModel.member("b/m", new Mock("B").layer)
    ])
    return Effect.gen(function* () {
      assert.strictEqual(yield* play(text), "B")
      // A model that times out is called once. Any other fault is retried.
      assert.strictEqual(a.calls, 1)
    }).pipe(Effect.provide(outer))
  })

  it.effect("that is a defect falls back like a fault", () => {
    const [a, b] = [new Mock("A", () => Effect.die("a bug")), new Mock("B")]
    return Effect.gen(function* () {
      assert.strictEqual(yield* text, "B")
    }).pipe(Effect.provide(two(a, b)))
  })
})

describe("the bench", () => {
  it.effect("benches a throttled model for the requested wait, then one call probes it", () => {
    const [a, b] = [new Mock("A", () => Effect.fail(errors.throttled(30))), new Mock("B")]
    return Effect.gen(function* () {
      for (let i = 0; i < 3; i++) assert.strictEqual(yield* text, "B")
      assert.deepStrictEqual([a.calls, b.calls], [1, 3])
      yield* TestClock.adjust("29999 millis")
      yield* text
      assert.strictEqual(a.calls, 1)
      yield* TestClock.adjust("1 millis")
      a.generate = () => Effect.succeed(answer("A"))
      assert.strictEqual(yield* text, "A")
      assert.strictEqual(yield* text, "A")
    }).pipe(Effect.provide(two(a, b)))
  })

  it.effect("lets one of fifty callers probe the model", () => {
    const [a, b] = [new Mock("A", () => Effect.fail(errors.throttled(5))), new Mock("B")]
    return Effect.gen(function* () {
      yield* text
      yield* TestClock.adjust("5 seconds")
      a.generate = () => Effect.andThen(Effect.sleep("1 minute"), Effect.succeed(answer("A")))
      const fibers = yield* Effect.forEach(Array.from({ length: 50 }), () => Effect.forkChild(text))
      yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual([a.calls, b.calls], [2, 50])
      assert.strictEqual(fibers.filter((fiber) => fiber.pollUnsafe() !== undefined).length, 49)
      yield* TestClock.adjust("1 minute")
      yield* Fiber.awaitAll(fibers)
    }).pipe(Effect.provide(two(a, b)))
  })

  it.effect("is not cleared by an answer requested before the bench began", () => {
    const [a, b] = [new Mock("A"), new Mock("B")]
    return Effect.gen(function* () {
      a.generate = () => Effect.andThen(Effect.sleep("10 seconds"), Effect.succeed(answer("A")))
      const early = yield* Effect.forkChild(text)
      yield* TestClock.adjust("1 second")
      a.generate = () => Effect.fail(errors.throttled(60))
      assert.strictEqual(yield* text, "B")
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual(yield* Fiber.join(early), "A")
      a.generate = () => Effect.succeed(answer("A"))
      assert.strictEqual(yield* text, "B")
    }).pipe(Effect.provide(two(a, b)))
  })

  it.effect("is not affected by a caller that disconnects, and no other target is called", () => {
    const [a, b] = [new Mock("A", () => Effect.never), new Mock("B")]
    return Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(text)
      yield* TestClock.adjust("1 millis")
      yield* Fiber.interrupt(fiber)
      a.generate = () => Effect.succeed(answer("A"))
      assert.strictEqual(yield* text, "A")
      assert.strictEqual(b.calls, 0)
    }).pipe(Effect.provide(two(a, b)))
  })

  it.effect("is per key: another key of the same model is tried before another model", () => {
    const [first, second, other] = [
      new Mock("1", () => Effect.fail(errors.refused)),
      new Mock("2"),
      new Mock("B")
    ]
    const layer = FailoverLanguageModel.layer([
      FailoverLanguageModel.member("a/m#first", first.layer),
      FailoverLanguageModel.member("b/m", other.layer),
      FailoverLanguageModel.member("a/m#second", second.layer)
    ])
    return Effect.gen(function* () {
      assert.strictEqual(yield* text, "2")
      assert.strictEqual(yield* text, "2")
      assert.deepStrictEqual([first.calls, other.calls], [1, 0])
      const rests = (yield* (yield* BenchRegistry).list).map(({ key }) => key)
      assert.deepStrictEqual(rests, ["a#first"])
    }).pipe(Effect.provide(layer))
  })

  it.effect("is shared with the keys' other models", () => {
    const dead = new Mock("dead", () => Effect.fail(errors.refused))
    const layer = FailoverLanguageModel.layer([
      FailoverLanguageModel.member("a/large#key", dead.layer),
      FailoverLanguageModel.member("a/small#key", dead.layer),
      FailoverLanguageModel.member("b/m", new Mock("B").layer)
    ])
    return Effect.gen(function* () {
      assert.strictEqual(yield* text, "B")
      assert.strictEqual(dead.calls, 1)
    }).pipe(Effect.provide(layer))
  })
})

describe("a prompt", () => {
  it.effect("that can be read only once is read once for all models", () => {
    const [a, b] = [new Mock("A", () => Effect.fail(errors.fault)), new Mock("B")]
    const prompt = (function* () {
      yield { role: "user", content: "hello" } as const
    })()
    return Effect.gen(function* () {
      yield* LanguageModel.generateText({ prompt })
      assert.strictEqual(b.asked[0]?.prompt.content.length, 1)
    }).pipe(Effect.provide(two(a, b)))
  })

  it.effect("that is invalid is a defect of the caller, and no model is called", () => {
    const [a, b] = [new Mock("A"), new Mock("B")]
    return Effect.gen(function* () {
      const exit = yield* Effect.exit(LanguageModel.generateText({ prompt: [{ role: "nobody" } as never] }))
      assert.isTrue(Exit.hasDies(exit))
      assert.deepStrictEqual([a.calls, b.calls], [0, 0])
    }).pipe(Effect.provide(two(a, b)))
  })
})

describe("an observer", () => {
  it.effect("receives the attempts of a call, with the request", () => {
    const [a, b] = [new Mock("A", () => Effect.fail(errors.fault)), new Mock("B")]
    const heard: Array<string> = []
    const layer = two(a, b, {
      observer: (event) => {
        const prompt = (event.run.request as { readonly prompt: string }).prompt
        heard.push(`${event._tag} ${prompt}`)
      }
    })
    return Effect.gen(function* () {
      yield* text
      assert.deepStrictEqual(heard, [
        "AttemptStarted hi",
        "AttemptFailed hi",
        "AttemptStarted hi",
        "AttemptSucceeded hi",
        "RunEnded hi"
      ])
    }).pipe(Effect.provide(layer))
  })
})

describe("failedRun", () => {
  it("finds nothing in other causes", () => {
    assert.isTrue(
      Option.isNone(FailoverLanguageModel.failedRun(Cause.fail(error(new AiError.UnknownError({})))))
    )
  })
})
