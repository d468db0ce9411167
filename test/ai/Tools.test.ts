/** Tools, approvals, and actions that must not happen twice. */
import { assert, describe, it } from "@effect/vitest"
import type * as AiError from "effect/ai/AiError"
import * as Chat from "effect/ai/Chat"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Prompt from "effect/ai/Prompt"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as FailoverLanguageModel from "../../src/ai/FailoverLanguageModel.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import * as Commit from "../../src/policy/Commit.ts"
import { answer, errors, failing, Mock, one, parts, play, streamed, two, words } from "../support/ai.ts"

const Weather = Toolkit.make(
  Tool.make("weather", { parameters: Schema.Struct({ city: Schema.String }), success: Schema.String })
)
const Pay = Toolkit.make(
  Tool.make("pay", {
    parameters: Schema.Struct({ eur: Schema.Number }),
    success: Schema.String,
    needsApproval: true
  })
)

/** A handler that counts its runs. */
const counting = (run: Effect.Effect<string, AiError.AiError> = Effect.succeed("sun")) => {
  const counter = { runs: 0, ended: 0 }
  const handler = () =>
    Effect.suspend(() => {
      counter.runs++
      return Effect.ensuring(
        run,
        Effect.sync(() => void counter.ended++)
      )
    })
  return Object.assign(counter, {
    weather: Weather.toLayer({ weather: handler }),
    pay: Pay.toLayer({ pay: handler })
  })
}

const calling = [parts.metadata("A"), parts.call("c1"), parts.finish("tool-calls")]

const ask = LanguageModel.generateText({ prompt: "hi", toolkit: Weather })
const listen = words(
  Stream.unwrap(
    Effect.map(LanguageModel.LanguageModel, (m) => m.streamText({ prompt: "hi", toolkit: Weather }))
  )
)

/** A conversation in which a payment was requested and approved. */
const approved = Prompt.make([
  { role: "user", content: [{ type: "text", text: "pay 5" }] },
  {
    role: "assistant",
    content: [
      { type: "tool-call", id: "p1", name: "pay", params: { eur: 5 }, providerExecuted: false },
      { type: "tool-approval-request", approvalId: "ap1", toolCallId: "p1" }
    ]
  },
  { role: "tool", content: [{ type: "tool-approval-response", approvalId: "ap1", approved: true }] }
])

describe("an approved call", () => {
  it.effect("runs once, however many models are called, and each of them gets the result", () => {
    const [a, b] = [new Mock("A", () => Effect.fail(errors.fault)), new Mock("B")]
    const tool = counting(Effect.succeed("paid"))
    return Effect.gen(function* () {
      const response = yield* LanguageModel.generateText({ prompt: approved, toolkit: Pay })
      assert.deepStrictEqual([response.text, tool.runs], ["B", 1])
      assert.deepStrictEqual(
        response.toolResults.map(({ result }) => result),
        ["paid"]
      )
      for (const { prompt } of [a.asked[0]!, b.asked[0]!]) {
        const last = prompt.content.at(-1)
        assert.strictEqual(
          last?.role === "tool" && last.content[0]?.type === "tool-result" && last.content[0].result,
          "paid"
        )
      }
    }).pipe(Effect.provide([two(a, b), tool.pay]))
  })

  it.effect("runs once before a stream, and its result is not content of the stream", () => {
    const a = new Mock("A", undefined, () =>
      Stream.concat(one(parts.metadata("A")), Stream.fail(errors.fault))
    )
    const tool = counting(Effect.succeed("paid"))
    return Effect.gen(function* () {
      const model = yield* LanguageModel.LanguageModel
      const heard = yield* words(model.streamText({ prompt: approved, toolkit: Pay }))
      assert.strictEqual(heard, 'result("paid") meta(B) text-start B0 B1 text-end finish')
      assert.strictEqual(tool.runs, 1)
    }).pipe(Effect.provide([two(a, new Mock("B")), tool.pay]))
  })

  it.effect("that fails is returned to the caller before any model is called", () => {
    const [a, b] = [new Mock("A"), new Mock("B")]
    const tool = counting(Effect.fail(errors.throttled(5)))
    return Effect.gen(function* () {
      const ask = LanguageModel.generateText({ prompt: approved, toolkit: Pay })
      assert.deepStrictEqual(yield* failing(ask), ["RateLimitError"])
      assert.deepStrictEqual([a.calls, b.calls, tool.runs], [0, 0, 1])
      assert.deepStrictEqual(yield* (yield* BenchRegistry).list, [])
    }).pipe(Effect.provide([two(a, b), tool.pay]))
  })

  it.effect("does not lend its result to a later call that has the same id", () => {
    const kit = Toolkit.make(
      Tool.make("pay", {
        parameters: Schema.Struct({ eur: Schema.Number }),
        success: Schema.Number,
        needsApproval: ({ eur }) => eur > 3
      })
    )
    const a = new Mock("A", () =>
      Effect.succeed([parts.metadata("A"), parts.call("p1", "pay", { eur: 2 }), parts.finish("tool-calls")])
    )
    return Effect.gen(function* () {
      const response = yield* LanguageModel.generateText({ prompt: approved, toolkit: kit })
      assert.deepStrictEqual(
        response.toolResults.map(({ result }) => result),
        [5, 2]
      )
    }).pipe(Effect.provide([two(a, new Mock("B")), kit.toLayer({ pay: ({ eur }) => Effect.succeed(eur) })]))
  })

  it.effect("that was answered in an earlier turn does not run again", () => {
    const a = new Mock("A")
    const tool = counting(Effect.succeed("paid"))
    const prompt = Prompt.concat(approved, [
      {
        role: "tool",
        content: [{ type: "tool-result", id: "p1", name: "pay", isFailure: false, result: "paid" }]
      },
      { role: "user", content: "thanks" }
    ])
    return Effect.gen(function* () {
      yield* LanguageModel.generateText({ prompt, toolkit: Pay })
      assert.strictEqual(tool.runs, 0)
    }).pipe(Effect.provide([two(a, new Mock("B")), tool.pay]))
  })

  it.effect("runs on the next turn of a chat, once", () => {
    const [a, b] = [new Mock("A"), new Mock("B")]
    const tool = counting(Effect.succeed("paid"))
    return Effect.gen(function* () {
      a.generate = () =>
        Effect.succeed([parts.metadata("A"), parts.call("p1", "pay", { eur: 5 }), parts.finish("tool-calls")])
      const chat = yield* Chat.empty
      const first = yield* chat.generateText({ prompt: "pay 5", toolkit: Pay })
      const request = first.content.find((part) => part.type === "tool-approval-request")
      assert.isDefined(request)
      a.generate = () => Effect.fail(errors.fault)
      const second = yield* chat.generateText({
        prompt: [
          {
            role: "tool",
            content: [
              { type: "tool-approval-response", approvalId: request?.approvalId ?? "", approved: true }
            ]
          }
        ],
        toolkit: Pay
      })
      assert.deepStrictEqual([second.text, tool.runs], ["B", 1])
      yield* chat.generateText({ prompt: "thanks", toolkit: Pay })
      assert.strictEqual(tool.runs, 1)
    }).pipe(Effect.provide([two(a, b), tool.pay]))
  })
})

describe("a tool that a model calls", () => {
  it.effect("runs once, for the model that answered", () => {
    const [a, b] = [
      new Mock("A", () => Effect.fail(errors.fault)),
      new Mock("B", () => Effect.succeed(calling))
    ]
    const tool = counting()
    return Effect.gen(function* () {
      const response = yield* ask
      assert.deepStrictEqual(
        response.toolResults.map(({ result }) => result),
        ["sun"]
      )
      assert.strictEqual(tool.runs, 1)
      assert.strictEqual(FailoverLanguageModel.servedBy(response.content)?.target, "b/m#default")
    }).pipe(Effect.provide([two(a, b), tool.weather]))
  })

  it.effect("and that fails with its own AiError causes no fallback, and benches nothing", () => {
    const [a, b] = [new Mock("A", () => Effect.succeed(calling)), new Mock("B")]
    const tool = counting(Effect.fail(errors.throttled(1)))
    return Effect.gen(function* () {
      assert.deepStrictEqual(yield* failing(ask), ["RateLimitError"])
      assert.deepStrictEqual([a.calls, b.calls, tool.runs], [1, 0, 1])
      assert.deepStrictEqual(yield* (yield* BenchRegistry).list, [])
    }).pipe(Effect.provide([two(a, b), tool.weather]))
  })

  it.effect("and that fails inside a stream ends it with its error, and benches nothing", () => {
    const [a, b] = [new Mock("A", undefined, () => one(...calling)), new Mock("B")]
    const tool = counting(Effect.fail(errors.throttled(1)))
    return Effect.gen(function* () {
      assert.strictEqual(yield* listen, "meta(A) call(weather) !RateLimitError")
      assert.deepStrictEqual([a.calls, b.calls, tool.runs], [1, 0, 1])
      assert.deepStrictEqual(yield* (yield* BenchRegistry).list, [])
    }).pipe(Effect.provide([two(a, b), tool.weather]))
  })

  it.effect("in a stream runs after the failover, and its result comes before the finish", () => {
    const a = new Mock("A", undefined, () =>
      Stream.concat(one(parts.metadata("A")), Stream.fail(errors.fault))
    )
    const b = new Mock("B", undefined, () =>
      one(parts.metadata("B"), parts.call("c1"), parts.finish("tool-calls"))
    )
    const tool = counting()
    return Effect.gen(function* () {
      assert.strictEqual(yield* listen, 'meta(B) call(weather) result("sun") finish')
      assert.strictEqual(tool.runs, 1)
    }).pipe(Effect.provide([two(a, b), tool.weather]))
  })

  it.effect("may take longer than the model may be silent", () => {
    const [a, b] = [
      new Mock(
        "A",
        () => Effect.succeed(calling),
        () => one(...calling)
      ),
      new Mock("B")
    ]
    const tool = counting(Effect.delay(Effect.succeed("sun"), "4 minutes"))
    return Effect.gen(function* () {
      const response = yield* play(ask)
      assert.deepStrictEqual(
        response.toolResults.map(({ result }) => result),
        ["sun"]
      )
      assert.strictEqual(yield* play(listen), 'meta(A) call(weather) result("sun") finish')
      assert.deepStrictEqual([a.calls, b.calls, tool.runs], [2, 0, 2])
    }).pipe(
      Effect.provide([
        two(a, b, { policy: { timeouts: { answer: "1 minute", idle: "20 seconds" } } }),
        tool.weather
      ])
    )
  })

  it.effect("binds the call to its model: a later failure causes no fallback", () => {
    const [a, b] = [new Mock("A", () => Effect.succeed(calling)), new Mock("B")]
    const tool = counting()
    return Effect.gen(function* () {
      // The tool runs, but no text follows from which an object could be parsed.
      const person = LanguageModel.generateObject({
        prompt: "hi",
        schema: Schema.Struct({ name: Schema.String }),
        toolkit: Weather
      })
      assert.deepStrictEqual(yield* failing(person), ["StructuredOutputError"])
      assert.deepStrictEqual([a.calls, b.calls, tool.runs], [1, 0, 1])
    }).pipe(Effect.provide([two(a, b), tool.weather]))
  })

  it.effect("makes the stream its model's, whatever the commit point", () => {
    const a = new Mock("A", undefined, () =>
      Stream.concat(one(parts.metadata("A"), parts.call("c1"), parts.start), Stream.fail(errors.fault))
    )
    const b = new Mock("B")
    const tool = counting()
    return Effect.gen(function* () {
      assert.match(yield* listen, /^meta\(A\) call\(weather\) .*!InternalProviderError$/)
      assert.strictEqual(b.calls, 0)
    }).pipe(Effect.provide([two(a, b, { policy: { commit: Commit.complete } }), tool.weather]))
  })

  it.effect("ends when the caller disconnects", () => {
    const [a, b] = [new Mock("A", () => Effect.succeed(calling)), new Mock("B")]
    const tool = counting(Effect.never)
    return Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(ask)
      for (let i = 0; i < 100 && tool.runs === 0; i++) yield* TestClock.adjust("1 millis")
      assert.deepStrictEqual([tool.runs, tool.ended], [1, 0])
      yield* Fiber.interrupt(fiber)
      assert.deepStrictEqual([tool.ended, b.calls], [1, 0])
    }).pipe(Effect.provide([two(a, b), tool.weather]))
  })

  it.effect("has the services of the caller", () => {
    class City extends Context.Service<City, string>()("test/City") {}
    const kit = Toolkit.make(
      Tool.make("weather", {
        parameters: Schema.Struct({ city: Schema.String }),
        success: Schema.String,
        dependencies: [City]
      })
    )
    const a = new Mock("A", () => Effect.succeed(calling))
    return Effect.gen(function* () {
      const response = yield* LanguageModel.generateText({ prompt: "hi", toolkit: kit })
      assert.deepStrictEqual(
        response.toolResults.map(({ result }) => result),
        ["rain in Bergen"]
      )
    }).pipe(
      Effect.provideService(City, "Bergen"),
      Effect.provide([
        two(a, new Mock("B")),
        kit.toLayer({ weather: () => Effect.map(City, (city) => `rain in ${city}`) })
      ])
    )
  })

  it.effect("is not run where the caller runs the tools", () => {
    const [a, b] = [
      new Mock("A", () => Effect.fail(errors.fault)),
      new Mock("B", () => Effect.succeed(calling))
    ]
    const tool = counting()
    return Effect.gen(function* () {
      const response = yield* LanguageModel.generateText({
        prompt: "hi",
        toolkit: Weather,
        disableToolCallResolution: true
      })
      assert.deepStrictEqual(
        response.toolCalls.map(({ name }) => name),
        ["weather"]
      )
      assert.strictEqual(tool.runs, 0)
    }).pipe(Effect.provide([two(a, b), tool.weather]))
  })

  it.effect(
    "with parameters that do not decode is the model's fault: the next one is called, and no handler has run",
    () => {
      const strange = [
        parts.metadata("A"),
        parts.call("c1", "weather", { town: 1 }),
        parts.finish("tool-calls")
      ]
      const [a, b] = [new Mock("A", () => Effect.succeed(strange)), new Mock("B")]
      const tool = counting()
      return Effect.gen(function* () {
        assert.strictEqual((yield* ask).text, "B")
        assert.deepStrictEqual([b.calls, tool.runs], [1, 0])
      }).pipe(Effect.provide([two(a, b), tool.weather]))
    }
  )
})

describe("a model that fails while a tool of a stream runs", () => {
  it.effect("interrupts its tools", () => {
    const a = new Mock("A", undefined, () =>
      Stream.concat(
        one(parts.metadata("A"), parts.call("c1"), parts.start),
        Stream.fromEffect(Effect.delay(Effect.fail(errors.fault), "5 seconds"))
      )
    )
    const tool = counting(Effect.never)
    return Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(listen)
      for (let i = 0; i < 100 && tool.runs === 0; i++) yield* TestClock.adjust("1 millis")
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(yield* Fiber.join(fiber), "meta(A) call(weather) text-start !InternalProviderError")
      assert.deepStrictEqual([tool.runs, tool.ended], [1, 1])
      assert.include(a.log, "stream failed")
    }).pipe(Effect.provide([two(a, new Mock("B")), tool.weather]))
  })

  it.effect("that was given up before its first content leaves nothing running", () => {
    const a = new Mock("A", undefined, () => Stream.concat(one(parts.metadata("A")), Stream.never))
    const tool = counting()
    return Effect.gen(function* () {
      const fiber = yield* Effect.forkChild(listen)
      yield* TestClock.adjust("31 seconds")
      assert.strictEqual(yield* Fiber.join(fiber), "meta(B) text-start B0 B1 text-end finish")
      assert.include(a.log, "stream interrupted")
    }).pipe(Effect.provide([two(a, new Mock("B", undefined, () => one(...streamed("B")))), tool.weather]))
  })
})

describe("a toolkit", () => {
  it.effect("is resolved once for a call", () => {
    const [a, b] = [
      new Mock(
        "A",
        () => Effect.fail(errors.fault),
        () => Stream.fail(errors.fault)
      ),
      new Mock("B")
    ]
    let resolved = 0
    const toolkit = Effect.tap(Weather, () => Effect.sync(() => resolved++))
    return Effect.gen(function* () {
      const model = yield* LanguageModel.LanguageModel
      yield* model.generateText({ prompt: "hi", toolkit })
      assert.strictEqual(resolved, 1)
      yield* words(model.streamText({ prompt: "hi", toolkit }))
      assert.deepStrictEqual([resolved, b.calls], [2, 2])
    }).pipe(
      Effect.provide([two(a, b, { policy: { rules: { ServerError: { rest: null } } } }), counting().weather])
    )
  })

  it.effect("that cannot be resolved calls no model", () => {
    const [a, b] = [new Mock("A"), new Mock("B")]
    const toolkit = Effect.andThen(Effect.die("no handlers"), Weather)
    return Effect.gen(function* () {
      const model = yield* LanguageModel.LanguageModel
      assert.deepStrictEqual(yield* failing(model.generateText({ prompt: "hi", toolkit })), [
        "die no handlers"
      ])
      assert.deepStrictEqual([a.calls, b.calls], [0, 0])
    }).pipe(Effect.provide([two(a, b), counting().weather]))
  })

  it.effect("that is missing for an approved call stops the call", () => {
    const [a, b] = [new Mock("A"), new Mock("B")]
    return Effect.gen(function* () {
      assert.deepStrictEqual(yield* failing(LanguageModel.generateText({ prompt: approved })), [
        "ToolkitRequiredError"
      ])
      assert.deepStrictEqual([a.calls, b.calls], [0, 0])
    }).pipe(Effect.provide(two(a, b)))
  })

  it.effect("with its own errors returns them to the caller unchanged", () => {
    class Storm extends Schema.TaggedError<Storm>()("Storm", {}) {}
    const kit = Toolkit.make(
      Tool.make("weather", {
        parameters: Schema.Struct({ city: Schema.String }),
        success: Schema.String,
        failure: Storm
      })
    )
    const a = new Mock(
      "A",
      () => Effect.succeed(calling),
      () => one(...calling)
    )
    return Effect.gen(function* () {
      const model = yield* LanguageModel.LanguageModel
      const caught = yield* Effect.flip(model.generateText({ prompt: "hi", toolkit: kit }))
      assert.strictEqual(caught._tag, "Storm")
      const streamed = yield* Effect.flip(Stream.runDrain(model.streamText({ prompt: "hi", toolkit: kit })))
      assert.strictEqual(streamed._tag, "Storm")
    }).pipe(Effect.provide([two(a, new Mock("B")), kit.toLayer({ weather: () => Effect.fail(new Storm()) })]))
  })
})

describe("a chat", () => {
  it.effect("stores the answer of the model that served, and nothing of the others", () => {
    const a = new Mock(
      "A",
      () => Effect.succeed([parts.metadata("A"), parts.finish()]),
      () => Stream.concat(one(parts.metadata("A"), parts.start), Stream.fail(errors.fault))
    )
    const b = new Mock("B", () => Effect.succeed(answer("B")))
    return Effect.gen(function* () {
      const chat = yield* Chat.empty
      yield* chat.generateText({ prompt: "one" })
      yield* Stream.runDrain(chat.streamText({ prompt: "two" }))
      yield* chat.generateText({ prompt: "three" })
      const seen = b.asked
        .at(-1)
        ?.prompt.content.map((message) =>
          typeof message.content === "string"
            ? message.content
            : message.content.map((part) => (part.type === "text" ? part.text : part.type)).join()
        )
      assert.deepStrictEqual(seen, ["one", "B", "two", "B0B1", "three"])
    }).pipe(Effect.provide(two(a, b, { policy: { rules: { ServerError: { rest: null } } } })))
  })
})
