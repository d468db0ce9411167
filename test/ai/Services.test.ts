/** Failover for decision models and for services of any kind, and scripted models. */
import { assert, describe, it } from "@effect/vitest"
import type * as AiError from "effect/ai/AiError"
import * as Decision from "effect/ai/Decision"
import * as DecisionModel from "effect/ai/DecisionModel"
import * as EmbeddingModel from "effect/ai/EmbeddingModel"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as FailoverDecisionModel from "../../src/ai/FailoverDecisionModel.ts"
import * as FailoverService from "../../src/ai/FailoverService.ts"
import * as ScriptedEmbeddingModel from "../../src/ai/ScriptedEmbeddingModel.ts"
import * as ScriptedLanguageModel from "../../src/ai/ScriptedLanguageModel.ts"
import * as Failure from "../../src/failure/Failure.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import { VirtualTime } from "../../src/testing/index.ts"
import { errors, failing, heard, text } from "../support/ai.ts"

const policy = { retries: { times: 0 } }

describe("a decision model", () => {
  const mood = Decision.make({
    input: Schema.Struct({ text: Schema.String }),
    decisions: {
      mood: Decision.classify({ instructions: "the mood", criteria: { good: "happy", bad: "sad" } })
    }
  })
  const model = (decide: () => Effect.Effect<DecisionModel.ProviderResponse, AiError.AiError>) =>
    Layer.effect(DecisionModel.DecisionModel, DecisionModel.make({ decide }))
  const good = model(() =>
    Effect.succeed({
      answers: { mood: { _tag: "Classify", label: "good", probabilities: { good: 0.9, bad: 0.1 } } },
      usage: { inputTokens: 1, outputTokens: 1 }
    })
  )
  const ask = Effect.flatMap(DecisionModel.DecisionModel, (model) =>
    model.decide(mood, { input: { text: "hi" } })
  )

  for (const [what, first] of [
    ["has a fault", model(() => Effect.fail(errors.fault))],
    [
      "leaves a decision open",
      model(() => Effect.succeed({ answers: {}, usage: { inputTokens: 1, outputTokens: 1 } }))
    ]
  ] as const) {
    it.effect(`falls back to the next model if the first ${what}`, () =>
      Effect.gen(function* () {
        const { answers } = yield* VirtualTime.run(ask)
        assert.strictEqual(answers.mood.label, "good")
      }).pipe(
        Effect.provide(
          FailoverDecisionModel.layer(
            [FailoverDecisionModel.member("a/m", first), FailoverDecisionModel.member("b/m", good)],
            { policy }
          )
        )
      )
    )
  }
})

describe("a decision that fails at a model each time", () => {
  it.effect("is recognized: the model is benched for it alone", () =>
    Effect.gen(function* () {
      const definition = Decision.make({
        input: Schema.Struct({ text: Schema.String }),
        decisions: {
          mood: Decision.classify({ instructions: "the mood", criteria: { good: "happy", bad: "sad" } })
        }
      })
      const asked: Array<string> = []
      const model = (name: string) =>
        Layer.effect(
          DecisionModel.DecisionModel,
          DecisionModel.make({
            decide: ({ state }) => {
              const text = JSON.stringify(state).includes("cursed") ? "cursed" : "fine"
              asked.push(`${name} ${text}`)
              return name === "a" && text === "cursed"
                ? Effect.fail(errors.fault)
                : Effect.succeed({
                    answers: {
                      mood: { _tag: "Classify", label: "good", probabilities: { good: 0.9, bad: 0.1 } }
                    },
                    usage: { inputTokens: 1, outputTokens: 1 }
                  })
            }
          })
        )
      const decide = (text: string) =>
        Effect.flatMap(DecisionModel.DecisionModel, (model) => model.decide(definition, { input: { text } }))
      const layer = FailoverDecisionModel.layer(
        [FailoverDecisionModel.member("a/m", model("a")), FailoverDecisionModel.member("b/m", model("b"))],
        { policy }
      )
      yield* Effect.gen(function* () {
        yield* decide("cursed")
        yield* TestClock.adjust("1 minute")
        yield* decide("one")
        asked.length = 0
        yield* decide("cursed")
        yield* decide("cursed")
        yield* decide("two")
        assert.deepStrictEqual(asked, ["a cursed", "b cursed", "b cursed", "a fine"])
      }).pipe(Effect.provide(layer))
    })
  )
})

describe("a service of any kind", () => {
  class Search extends Context.Service<
    Search,
    {
      readonly find: (
        words: string
      ) => Effect.Effect<string, AiError.AiError | Failure.Failure | FailoverService.Rejected | "no words">
    }
  >()("test/Search") {}
  const search = (find: Search["Service"]["find"]) => Layer.succeed(Search, Search.of({ find }))
  const over = (first: Search["Service"]["find"], second: Search["Service"]["find"]) =>
    FailoverService.layer(
      Search,
      [FailoverService.member("a/search", search(first)), FailoverService.member("b/search", search(second))],
      (through) => Search.of({ find: (words) => through("find", (service) => service.find(words)) }),
      { policy }
    )
  const find = (words: string) => Effect.flatMap(Search, (service) => service.find(words))

  it.effect("falls back on errors of effect/ai and on failures, and returns its own errors at once", () => {
    let calls = 0
    const layer = over(
      (words) => {
        calls++
        if (words === "") return Effect.fail("no words" as const)
        return words === "ai"
          ? Effect.fail(errors.fault)
          : Effect.fail(new Failure.Transient({ reason: "Overloaded", message: "busy" }))
      },
      (words) => Effect.succeed(`found ${words}`)
    )
    return Effect.gen(function* () {
      assert.strictEqual(yield* Effect.flip(find("")), "no words")
      assert.strictEqual(calls, 1)
      assert.strictEqual(yield* VirtualTime.run(find("ai")), "found ai")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* VirtualTime.run(find("failure")), "found failure")
      assert.strictEqual(calls, 3)
    }).pipe(Effect.provide(layer))
  })

  it.effect(
    "falls back if the application rejects an answer, and returns the rejection if all answers are rejected",
    () => {
      const rejected = (message: string) => Effect.fail(new FailoverService.Rejected({ message }))
      const layer = over(
        () => rejected("by the first"),
        (words) => (words === "all" ? rejected("by the second") : Effect.succeed(`found ${words}`))
      )
      return Effect.gen(function* () {
        for (let i = 0; i < 4; i++) assert.strictEqual(yield* VirtualTime.run(find("more")), "found more")
        const error = yield* Effect.flip(VirtualTime.run(find("all")))
        assert.instanceOf(error, FailoverService.Rejected)
        assert.deepStrictEqual(yield* Effect.flatMap(BenchRegistry, (registry) => registry.list), [])
      }).pipe(Effect.provide(layer))
    }
  )
})

describe("a scripted language model", () => {
  it.effect("answers, streams, thinks, calls tools and ends by its script", () => {
    const Weather = Toolkit.make(
      Tool.make("weather", { parameters: Schema.Struct({ city: Schema.String }), success: Schema.String })
    )
    const model = ScriptedLanguageModel.make([
      ["hel", "lo"],
      [{ thought: "hm" }, "a", { wait: "1 minute" }, "b", { finish: "length" }],
      [{ call: "weather", params: { city: "Oslo" } }],
      [errors.refused],
      [new Failure.RateLimit({ message: "slow down" })],
      ["half", { end: true }],
      [{ hang: true }]
    ])
    return Effect.gen(function* () {
      assert.strictEqual(yield* text, "hello")
      assert.strictEqual(
        yield* VirtualTime.run(heard, { step: "10 seconds" }),
        "reasoning-start reasoning-delta reasoning-end text-start a b text-end finish"
      )
      const called = yield* LanguageModel.generateText({
        prompt: "hi",
        toolkit: Weather,
        disableToolCallResolution: true
      })
      assert.deepStrictEqual([called.finishReason, called.toolCalls.length], ["tool-calls", 1])
      assert.deepStrictEqual(yield* failing(text), ["AuthenticationError"])
      assert.deepStrictEqual(yield* failing(text), ["RateLimitError"])
      assert.deepStrictEqual(yield* failing(text), ["InvalidResponseError"])
      const hanging = yield* Effect.forkChild(text, { startImmediately: true })
      assert.strictEqual(model.open, 1)
      yield* Fiber.interrupt(hanging)
      assert.deepStrictEqual([model.open, model.calls.at(-1)?.outcome], [0, "interrupted"])
      assert.deepStrictEqual(model.calls[2]?.tools, ["weather"])
    }).pipe(Effect.provide([model.layer, Weather.toLayer({ weather: () => Effect.succeed("clear") })]))
  })
})

describe("a scripted embedding model", () => {
  it.effect("returns the same vector for the same text, and follows its script", () => {
    const model = ScriptedEmbeddingModel.make([{ dimensions: 3 }, { vectors: [[1, 2]] }, errors.fault])
    const embed = Effect.flatMap(EmbeddingModel.EmbeddingModel, (model) =>
      Effect.map(model.embed("hello"), ({ vector }) => vector)
    )
    return Effect.gen(function* () {
      assert.strictEqual((yield* embed).length, 3)
      assert.deepStrictEqual(yield* embed, [1, 2])
      assert.deepStrictEqual(yield* failing(embed), ["InternalProviderError"])
      assert.deepStrictEqual(model.calls, [["hello"], ["hello"], ["hello"]])
    }).pipe(Effect.provide(model.layer))
  })
})

describe("VirtualTime.run", () => {
  it.effect("interrupts an effect that never ends", () =>
    Effect.gen(function* () {
      let interrupted = false
      const never = Effect.onInterrupt(Effect.never, () => Effect.sync(() => (interrupted = true)))
      const exit = yield* Effect.exit(VirtualTime.run(never, { step: "1 second", atMost: "1 minute" }))
      assert.strictEqual(exit._tag, "Failure")
      assert.isTrue(interrupted)
    })
  )
})
