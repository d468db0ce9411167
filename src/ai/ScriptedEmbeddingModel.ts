/** An embedding model that plays a script, for tests of applications in virtual time. */
import * as AiError from "effect/ai/AiError"
import * as EmbeddingModel from "effect/ai/EmbeddingModel"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type Failure, isFailure } from "../failure/Failure.ts"
import { toAiError } from "./calls/AiFailure.ts"

/**
 * One call: returns vectors with this many dimensions, equal for equal inputs; returns these vectors; fails; dies;
 * answers after a delay; or never answers.
 */
export type Call =
  | { readonly dimensions: number }
  | { readonly vectors: ReadonlyArray<ReadonlyArray<number>> }
  | AiError.AiError
  | Failure
  | { readonly die: unknown }
  | { readonly hang: true }
  | { readonly wait: Duration.Input; readonly dimensions: number }

/** A model that plays a script and records its calls. */
export interface ScriptedEmbeddingModel {
  readonly layer: Layer.Layer<EmbeddingModel.EmbeddingModel>
  /** The inputs of every call so far. */
  readonly calls: ReadonlyArray<ReadonlyArray<string>>
}

/**
 * An embedding model that plays a list of calls in order; the last one repeats forever.
 *
 * @example
 * import { FailoverEmbeddingModel, ScriptedEmbeddingModel } from "effect-failover/ai"
 * import { VirtualTime } from "effect-failover/testing"
 * import * as EmbeddingModel from "effect/ai/EmbeddingModel"
 * import { Effect } from "effect"
 *
 * const first = ScriptedEmbeddingModel.make([{ hang: true }])
 * const second = ScriptedEmbeddingModel.make([{ dimensions: 3 }])
 * const model = FailoverEmbeddingModel.layer("text-embedding-3-small", [
 *   FailoverEmbeddingModel.member("openai", first.layer),
 *   FailoverEmbeddingModel.member("azure", second.layer)
 * ], { policy: { timeouts: { answer: "10 seconds" } } })
 *
 * const vector = VirtualTime.run(Effect.flatMap(EmbeddingModel.EmbeddingModel, (model) => model.embed("hello"))).pipe(
 *   Effect.provide(model)
 * )
 */
export const make = (script: ReadonlyArray<Call>): ScriptedEmbeddingModel => {
  const calls: Array<ReadonlyArray<string>> = []
  return {
    calls,
    layer: Layer.effect(
      EmbeddingModel.EmbeddingModel,
      EmbeddingModel.make({
        embedMany: ({ inputs }) =>
          Effect.suspend(() => {
            const call = script[calls.length] ?? script.at(-1) ?? { dimensions: 3 }
            calls.push(inputs)
            return Effect.map(play(call, inputs), (results) => ({
              results,
              usage: { inputTokens: undefined }
            }))
          })
      })
    )
  }
}

const play = (
  call: Call,
  inputs: ReadonlyArray<string>
): Effect.Effect<Array<Array<number>>, AiError.AiError> => {
  if (AiError.isAiError(call)) return Effect.fail(call)
  if (isFailure(call)) {
    return Effect.fail(toAiError(call, { module: "ScriptedEmbeddingModel", method: "embedMany" }))
  }
  if ("die" in call) return Effect.die(call.die)
  if ("hang" in call) return Effect.never
  if ("vectors" in call) return Effect.succeed(call.vectors.map((vector) => [...vector]))
  const vectors = Effect.sync(() => inputs.map((input) => vectorOf(input, call.dimensions)))
  return "wait" in call ? Effect.delay(vectors, call.wait) : vectors
}

const vectorOf = (input: string, dimensions: number): Array<number> =>
  Array.from(
    { length: dimensions },
    (_, index) => (input.charCodeAt(index % Math.max(1, input.length)) || 0) / 65_536
  )
