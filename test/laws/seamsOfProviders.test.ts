/** Functions of a provider that are broken: the attempt fails or the default holds, and no promise is left without a handler. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as EmbeddingModel from "effect/ai/EmbeddingModel"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Stream from "effect/Stream"
import { FailoverEmbeddingModel } from "../../src/ai/index.ts"
import { Chain, Failover, Model } from "../../src/index.ts"
import { Scripted } from "../../src/testing/index.ts"
import { play } from "../support/ai.ts"

/** Ways in which a function is broken. */
const broken: Record<string, () => unknown> = {
  throws: () => {
    throw new TypeError("broken")
  },
  "returns undefined": () => undefined,
  "returns null": () => null,
  "returns NaN": () => Number.NaN,
  "returns a negative number": () => -1,
  "returns a string": () => "text",
  "returns a list": () => [],
  "returns a promise that is rejected": () => Promise.reject(new Error("broken"))
}

const uncaught: Array<unknown> = []
const collect = (error: unknown) => void uncaught.push(error)
beforeAll(() => void process.on("unhandledRejection", collect))
afterAll(() => void process.off("unhandledRejection", collect))

/** Runs an effect in virtual time, and the turns of the real event loop in which promises are rejected. */
const watch = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const logs: Array<string> = []
    const logger = Logger.make<unknown, void>(({ message }) => void logs.push(String(message)))
    const value = yield* play(Effect.provide(effect, Logger.layer([logger])))
    yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
    assert.deepStrictEqual(uncaught.splice(0), [])
    return { value, logs }
  })

/** The text of a stream from a broken provider, with a good one after it. */
const streamed = (over: object) => {
  const bad = { ...Scripted.make("a", [[Scripted.held("role"), "bad"]]), ...over }
  const chain = Chain.make(Model.make(bad, "m"), Scripted.make("b", [["good"]]).model("m"))
  return Effect.map(Stream.runCollect(Failover.stream(chain, "q")), (parts) =>
    parts.map(({ text }) => text).join("")
  ).pipe(Effect.provide(Failover.layer({ policy: { retries: { times: 0 } } })))
}

describe("a provider", () => {
  for (const [how, f] of Object.entries(broken)) {
    it.effect(`whose phase ${how} has failed, and the next target answers`, () =>
      Effect.gen(function* () {
        const { logs, value } = yield* watch(streamed({ phase: f }))
        assert.strictEqual(value, "good")
        assert.lengthOf(
          logs.filter((line) => line.includes("phase")),
          1
        )
      })
    )

    it.effect(`whose size of a held chunk ${how} has failed, and the next target answers`, () =>
      Effect.gen(function* () {
        assert.strictEqual((yield* watch(streamed({ holding: { most: 1_000, sizeOf: f } }))).value, "good")
      })
    )
  }
})

describe("the batch key of an embedding model", () => {
  for (const [how, f] of Object.entries(broken)) {
    it.effect(`that ${how} loses no request`, () =>
      Effect.gen(function* () {
        const place = Layer.effect(
          EmbeddingModel.EmbeddingModel,
          EmbeddingModel.make({
            embedMany: ({ inputs }) =>
              Effect.succeed({ results: inputs.map(() => [1, 2]), usage: { inputTokens: 1 } })
          })
        )
        const layer = FailoverEmbeddingModel.layer("e", [FailoverEmbeddingModel.member("a", place)], {
          batchKey: f
        })
        const embed = Effect.flatMap(EmbeddingModel.EmbeddingModel, (model) =>
          Effect.all([model.embed("x"), model.embed("y")], { concurrency: "unbounded" })
        )
        const { value } = yield* watch(Effect.provide(embed, layer))
        assert.deepStrictEqual(
          value.map(({ vector }) => vector.length),
          [2, 2]
        )
      })
    )
  }
})
