/** The first law for decision models and embeddings: while one member is healthy, every request is answered, whatever the others do. */
import { assert, describe, it } from "@effect/vitest"
import type * as AiError from "effect/ai/AiError"
import * as Decision from "effect/ai/Decision"
import * as DecisionModel from "effect/ai/DecisionModel"
import * as EmbeddingModel from "effect/ai/EmbeddingModel"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import * as FailoverDecisionModel from "../../src/ai/FailoverDecisionModel.ts"
import * as FailoverEmbeddingModel from "../../src/ai/FailoverEmbeddingModel.ts"
import { errors } from "../support/ai.ts"
import { patientClock } from "../support/clock.ts"
import { check } from "./scenario.ts"

const Int = (minimum: number, maximum: number) => Schema.Int.check(Schema.isBetween({ minimum, maximum }))

/** The behaviour of an unhealthy member. */
const Way = Schema.Literals([
  "fault",
  "throttled",
  "refused",
  "hang",
  "defect",
  "throws",
  "no answer",
  "another shape",
  "layer fails",
  "layer hangs"
])

const Day = Schema.Struct({
  others: Schema.Array(Way).check(Schema.isBetweenLength(0, 4)),
  place: Int(0, 4),
  callers: Schema.Literals([1, 2, 20, 100]),
  gap: Schema.Literals([0, 1, 400]),
  latency: Schema.Literals([0, 5, 900]),
  isRepeated: Schema.Boolean
})
type Day = typeof Day.Type

/** The result of one call of a member, from the answer of a healthy member and that of an unhealthy one. */
const act = <A>(way: typeof Way.Type | "well", { latency }: Day, well: A, odd: A) => {
  const ends = (): Effect.Effect<A, AiError.AiError> => {
    switch (way) {
      case "fault":
        return Effect.fail(errors.fault)
      case "throttled":
        return Effect.fail(errors.throttled(30))
      case "refused":
        return Effect.fail(errors.refused)
      case "hang":
        return Effect.never
      case "defect":
        return Effect.die(new Error("a bug"))
      case "throws":
        throw new Error("a bug")
      case "no answer":
        return Effect.succeed(odd)
      case "another shape":
        return Effect.succeed({} as A)
      default:
        return Effect.succeed(well)
    }
  }
  return Effect.andThen(latency > 0 ? Effect.sleep(latency) : Effect.void, Effect.suspend(ends))
}

const layerOf = <I>(way: typeof Way.Type | "well", layer: Layer.Layer<I>): Layer.Layer<I, string> => {
  if (way === "layer fails") return Layer.unwrap(Effect.fail("it cannot be built"))
  return way === "layer hangs" ? Layer.unwrap(Effect.never) : layer
}

const waysOf = ({ others, place }: Day) => {
  const at = Math.min(place, others.length)
  return [...others.slice(0, at), "well" as const, ...others.slice(at)]
}

const crowd = <A, E, R>({ callers, gap }: Day, ask: (caller: number) => Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const fibers = yield* Effect.forEach(Array.from({ length: callers }), (_, caller) =>
      Effect.forkChild(Effect.delay(ask(caller), caller * gap + 1))
    )
    const all = yield* Effect.forkChild(Fiber.joinAll(fibers))
    yield* TestClock.adjust("11 minutes")
    return yield* Fiber.join(all)
  })

const policy = { timeouts: { answer: "5 seconds" } } as const

const mood = Decision.make({
  input: Schema.Struct({ text: Schema.String }),
  decisions: {
    mood: Decision.classify({ instructions: "the mood", criteria: { good: "happy", bad: "sad" } })
  }
})

const textOf = (day: Day, caller: number) => (day.isRepeated ? "the same" : `text ${caller}`)

describe("while one member is healthy, every request is answered", () => {
  it.effect.prop(
    "by a decision model",
    [Day],
    ([day]) => {
      const usage = { inputTokens: 1, outputTokens: 1 }
      const probabilities = { good: 0.9, bad: 0.1 }
      const well: DecisionModel.ProviderResponse = {
        answers: { mood: { _tag: "Classify", label: "good", probabilities } },
        usage
      }
      const [first, ...others] = waysOf(day).map((way, index) =>
        FailoverDecisionModel.optional(
          FailoverDecisionModel.member(
            `p${index}/m`,
            layerOf(
              way,
              Layer.effect(
                DecisionModel.DecisionModel,
                DecisionModel.make({ decide: () => act(way, day, well, { answers: {}, usage }) })
              )
            )
          )
        )
      )
      return Effect.gen(function* () {
        const answers = yield* crowd(day, (caller) =>
          DecisionModel.decide(mood, { input: { text: textOf(day, caller) } })
        )
        for (const { answers: own } of answers) assert.strictEqual(own.mood.label, "good")
      }).pipe(
        Effect.provide(
          FailoverDecisionModel.layer([first!, ...others], { policy, buildTimeout: "2 seconds" })
        ),
        Effect.provide(patientClock)
      )
    },
    check(60)
  )

  it.effect.prop(
    "by embeddings",
    [Day],
    ([day]) => {
      const [first, ...others] = waysOf(day).map((way, index) =>
        FailoverEmbeddingModel.optional(
          FailoverEmbeddingModel.member(
            `p${index}`,
            layerOf(
              way,
              Layer.effect(
                EmbeddingModel.EmbeddingModel,
                EmbeddingModel.make({
                  embedMany: ({ inputs }) =>
                    act(
                      way,
                      day,
                      { results: inputs.map(() => [1, 2]), usage: { inputTokens: 1 } },
                      { results: inputs.map(() => []), usage: { inputTokens: 1 } }
                    )
                })
              )
            )
          )
        )
      )
      return Effect.gen(function* () {
        const vectors = yield* crowd(day, (caller) =>
          Effect.flatMap(EmbeddingModel.EmbeddingModel, (model) => model.embed(textOf(day, caller)))
        )
        for (const { vector } of vectors) assert.deepStrictEqual(vector, [1, 2])
      }).pipe(
        Effect.provide(
          FailoverEmbeddingModel.layer("m", [first!, ...others], { policy, buildTimeout: "2 seconds" })
        ),
        Effect.provide(patientClock)
      )
    },
    check(60)
  )
})
