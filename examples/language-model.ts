/**
 * An application of `effect/ai` that fails over: it requires a `LanguageModel` and does not know that there are two.
 * Only one layer changes.
 *
 *     npm run build && npm exec -- node examples/language-model.ts
 */
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect, Layer, Schema, Stream } from "effect"
import { AiError, LanguageModel } from "effect/ai"
import { FailoverLanguageModel } from "effect-failover/ai"

// -- the application -----------------------------------------------------------------------------------------------------

const Recipe = Schema.Struct({ title: Schema.String, minutes: Schema.Int })

const cook = Effect.gen(function* () {
  const recipe = yield* LanguageModel.generateObject({ prompt: "A quick supper", schema: Recipe })
  yield* Console.log(`${recipe.value.title}, ${recipe.value.minutes} minutes`)
  const served = FailoverLanguageModel.servedBy(recipe.content)
  yield* Console.log(`${served?.target} answered, after ${served?.attempts} attempts`)

  yield* LanguageModel.streamText({ prompt: "And to drink?" }).pipe(
    Stream.runForEach((part) => (part.type === "text-delta" ? Console.log(part.delta) : Effect.void))
  )
  return served
})

// -- the models: your own layers, from any package ---------------------------------------------------------------------

const busy = AiError.make({
  module: "Example",
  method: "generateText",
  reason: new AiError.RateLimitError()
})

const Throttled = Layer.effect(
  LanguageModel.LanguageModel,
  LanguageModel.make({ generateText: () => Effect.fail(busy), streamText: () => Stream.fail(busy) })
)

const usage = {
  inputTokens: { total: 9, uncached: 9, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 3, text: 3, reasoning: undefined }
}

const Steady = Layer.effect(
  LanguageModel.LanguageModel,
  LanguageModel.make({
    generateText: () => Effect.succeed([{ type: "text", text: '{"title":"Omelette","minutes":10}' }]),
    streamText: () =>
      Stream.make(
        { type: "text-start", id: "1" },
        { type: "text-delta", id: "1", delta: "Water " },
        { type: "text-delta", id: "1", delta: "will do" },
        { type: "text-end", id: "1" },
        { type: "finish", reason: "stop", usage }
      )
  })
)

/** This replaces `Effect.provide(Throttled)`. */
const Model = FailoverLanguageModel.layer([
  FailoverLanguageModel.member("openai/gpt-5.2", Throttled),
  FailoverLanguageModel.member("anthropic/claude-sonnet-5", Steady)
])

export const main = cook.pipe(Effect.provide(Model))

if (import.meta.main) NodeRuntime.runMain(main)
