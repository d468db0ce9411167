/** Embeddings through a failover model. */
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import type * as AiError from "effect/ai/AiError"
import * as EmbeddingModel from "effect/ai/EmbeddingModel"
import * as EffectModel from "effect/ai/Model"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import * as FailoverEmbeddingModel from "../../src/ai/FailoverEmbeddingModel.ts"
import { BenchRegistry } from "../../src/health/BenchRegistry.ts"
import { errors, failing, play } from "../support/ai.ts"

/** An endpoint with its own number at the start of its vectors. */
class Place {
  readonly batches: Array<ReadonlyArray<string>> = []
  dimensions: number
  answer: Effect.Effect<void, AiError.AiError> = Effect.void
  readonly number: number

  constructor(number: number, dimensions = 2) {
    this.number = number
    this.dimensions = dimensions
  }

  get layer(): Layer.Layer<EmbeddingModel.EmbeddingModel> {
    return Layer.effect(
      EmbeddingModel.EmbeddingModel,
      EmbeddingModel.make({
        embedMany: ({ inputs }) =>
          Effect.suspend(() => {
            this.batches.push(inputs)
            const results = inputs.map((input) => [
              this.number,
              ...Array.from({ length: this.dimensions - 1 }, () => input.length)
            ])
            return Effect.as(this.answer, { results, usage: { inputTokens: inputs.length } })
          })
      })
    )
  }
}

type Options = NonNullable<Parameters<typeof FailoverEmbeddingModel.layer>[2]>

const two = (a: Place, b: Place, options: Options = {}) =>
  FailoverEmbeddingModel.layer(
    "m",
    [FailoverEmbeddingModel.member("a#key", a.layer), FailoverEmbeddingModel.member("b", b.layer)],
    { ...options, policy: { retries: { times: 0 }, ...options.policy } }
  )

const embed = (input: string) =>
  Effect.flatMap(EmbeddingModel.EmbeddingModel, (model) =>
    Effect.map(model.embed(input), ({ vector }) => vector)
  )

const embedMany = (...inputs: ReadonlyArray<string>) =>
  Effect.flatMap(EmbeddingModel.EmbeddingModel, (model) => model.embedMany(inputs))

describe("an embedding", () => {
  it.effect("comes from the next endpoint if the first one fails, and the first one is benched", () => {
    const [a, b] = [new Place(1), new Place(2)]
    a.answer = Effect.fail(errors.throttled(30))
    return Effect.gen(function* () {
      assert.deepStrictEqual(yield* embed("hello"), [2, 5])
      const { embeddings, usage } = yield* embedMany("a", "bc")
      assert.deepStrictEqual(
        embeddings.map(({ vector }) => vector),
        [
          [2, 1],
          [2, 2]
        ]
      )
      assert.strictEqual(usage.inputTokens, 2)
      assert.lengthOf(a.batches, 1)
      a.answer = Effect.void
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(yield* embed("hello"), [1, 5])
    }).pipe(Effect.provide(two(a, b)))
  })

  it.effect("is batched with concurrent ones, and the batch fails over as one", () => {
    const [a, b] = [new Place(1), new Place(2)]
    a.answer = Effect.fail(errors.fault)
    return Effect.gen(function* () {
      const vectors = yield* Effect.all(["a", "bc", "def"].map(embed), { concurrency: "unbounded" })
      assert.deepStrictEqual(vectors, [
        [2, 1],
        [2, 2],
        [2, 3]
      ])
      assert.deepStrictEqual(b.batches, [["a", "bc", "def"]])
    }).pipe(Effect.provide(two(a, b)))
  })

  it.effect("of nothing makes no request", () => {
    const a = new Place(1)
    return Effect.gen(function* () {
      assert.deepStrictEqual((yield* embedMany()).embeddings, [])
      assert.lengthOf(a.batches, 0)
    }).pipe(Effect.provide(two(a, new Place(2))))
  })

  it.effect("uses another key of the same provider first, and benches a dead key", () => {
    const [first, second, other] = [new Place(1), new Place(2), new Place(3)]
    first.answer = Effect.fail(errors.refused)
    const layer = FailoverEmbeddingModel.layer("m", [
      FailoverEmbeddingModel.member("a#first", first.layer),
      FailoverEmbeddingModel.member("b", other.layer),
      FailoverEmbeddingModel.member("a#second", second.layer)
    ])
    return Effect.gen(function* () {
      assert.deepStrictEqual(yield* embed("x"), [2, 1])
      const rests = (yield* (yield* BenchRegistry).list).map(({ key }) => key)
      assert.deepStrictEqual(rests, ["a#first"])
    }).pipe(Effect.provide(layer))
  })

  for (const missing of [0, 1, 3]) {
    it.effect(`is rejected where there are ${missing} vectors for two texts`, () => {
      const b = new Place(2, 3)
      const vectors = Array.from(
        { length: missing },
        () => new EmbeddingModel.EmbedResponse({ vector: [1, 2] })
      )
      const response = new EmbeddingModel.EmbedManyResponse({
        embeddings: vectors,
        usage: new EmbeddingModel.EmbeddingUsage({ inputTokens: 1 })
      })
      const odd = Layer.effect(
        EmbeddingModel.EmbeddingModel,
        Effect.map(EmbeddingModel.make({ embedMany: () => Effect.never }), (model) => ({
          ...model,
          embedMany: () => Effect.succeed(response)
        }))
      )
      return Effect.gen(function* () {
        const { embeddings } = yield* embedMany("x", "y")
        assert.deepStrictEqual(
          embeddings.map(({ vector }) => vector),
          [
            [2, 1, 1],
            [2, 1, 1]
          ]
        )
      }).pipe(
        Effect.provide(
          FailoverEmbeddingModel.layer(
            "m",
            [FailoverEmbeddingModel.member("a", odd), FailoverEmbeddingModel.member("b", b.layer)],
            { policy: { retries: { times: 0 } } }
          )
        )
      )
    })
  }

  it.effect("with other dimensions than configured is rejected", () => {
    const [a, b] = [new Place(1, 3), new Place(2)]
    return Effect.gen(function* () {
      assert.deepStrictEqual(yield* embed("x"), [2, 1])
      a.dimensions = 2
      assert.deepStrictEqual(yield* embed("x"), [1, 1])
    }).pipe(Effect.provide(two(a, b, { dimensions: 2 })))
  })

  it.effect("with other dimensions than the first answer is rejected, if none are configured", () => {
    const [a, b] = [new Place(1), new Place(2, 3)]
    return Effect.gen(function* () {
      yield* embed("x")
      a.answer = Effect.fail(errors.fault)
      assert.deepStrictEqual(yield* failing(embed("x")), ["InternalProviderError", "InvalidResponseError"])
    }).pipe(Effect.provide(two(a, b)))
  })

  it.effect("fails with the errors of all endpoints, in order", () => {
    const [a, b] = [new Place(1), new Place(2)]
    a.answer = Effect.fail(errors.fault)
    b.answer = Effect.never
    return Effect.gen(function* () {
      const failed = yield* play(failing(embedMany("x")))
      assert.deepStrictEqual(failed, ["InternalProviderError", "InternalProviderError"])
    }).pipe(Effect.provide(two(a, b, { policy: { timeouts: { answer: "20 seconds" } } })))
  })
})

describe("the endpoints", () => {
  it.effect("with different dimensions are a defect", () => {
    const at = (place: Place, dimensions: number) =>
      Layer.merge(place.layer, Layer.succeed(EmbeddingModel.Dimensions, dimensions))
    const layer = FailoverEmbeddingModel.layer("m", [
      FailoverEmbeddingModel.member("a", at(new Place(1), 2)),
      FailoverEmbeddingModel.member("b", at(new Place(2), 3))
    ])
    return Effect.gen(function* () {
      assert.match((yield* failing(Effect.provide(embed("x"), layer))).join(), /die .*2 or 3 dimensions/)
    })
  })

  it.effect("have names without a model, since there is only one", () => {
    const layer = FailoverEmbeddingModel.layer("m", [
      FailoverEmbeddingModel.member("a/m", new Place(1).layer)
    ])
    return Effect.gen(function* () {
      assert.match((yield* failing(Effect.provide(embed("x"), layer))).join(), /die .*"a\/m"/)
    })
  })

  it.effect("can be a Model, named as the model is", () => {
    const model = FailoverEmbeddingModel.model("text-embedding-3-small", [
      FailoverEmbeddingModel.member("a", new Place(1).layer)
    ])
    expectTypeOf(model).toExtend<Layer.Layer<EmbeddingModel.EmbeddingModel | BenchRegistry>>()
    return Effect.gen(function* () {
      assert.strictEqual(yield* EffectModel.ModelName, "text-embedding-3-small")
      assert.deepStrictEqual(yield* embed("x"), [1, 1])
    }).pipe(Effect.provide(model))
  })
})
