/** The shared part of the failover embedding models: vectors of one model, and batches that fail over as one. */
import type * as AiError from "effect/ai/AiError"
import * as EmbeddingModel from "effect/ai/EmbeddingModel"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Backend } from "../../domain/Backend.ts"
import type { Chain } from "../../domain/Chain.ts"
import type { Target } from "../../domain/Target.ts"
import type { Runtime } from "../../engine/Failover.ts"
import { Transient } from "../../failure/Failure.ts"
import * as Checks from "../../util/Checks.ts"
import * as UserCode from "../../util/UserCode.ts"
import type { Origin } from "./AiFailure.ts"
import { Call, failAsAiError } from "./Call.ts"

/** The parts of such a model. */
export interface Parts<P extends Backend> {
  readonly failover: Runtime
  readonly chain: Chain<P>
  readonly module: string
  /** One attempt. */
  readonly ask: (
    backend: P,
    target: Target,
    inputs: ReadonlyArray<string>,
    call: Call
  ) => Effect.Effect<EmbeddingModel.EmbedManyResponse, unknown>
  /** The length of the vectors, if known; otherwise that of the first answer. */
  readonly dimensions: number | undefined
  readonly batchKey: ((context: Context.Context<never>) => unknown) | undefined
}

/** Makes the model. Vectors of another length are rejected. */
export const make = <P extends Backend>(parts: Parts<P>): Effect.Effect<EmbeddingModel.EmbeddingModel> => {
  Checks.fields<Parts<P>>(parts.module, parts, {
    dimensions: Checks.number("a whole number, at least 1", { least: 1, whole: true }),
    batchKey: Checks.callable
  })
  const embedMany = through(parts)
  return Effect.map(
    EmbeddingModel.make({
      embedMany: ({ inputs }) => Effect.map(embedMany(inputs), toProviderResponse),
      batchKey: parts.batchKey && contained(parts.batchKey)
    }),
    (outer): EmbeddingModel.EmbeddingModel => ({
      ...outer,
      // An attempt's answer has been checked already; only batches need the outer model.
      embedMany: (inputs) => (inputs.length === 0 ? outer.embedMany(inputs) : embedMany(inputs))
    })
  )
}

/** A request whose batch key fails is batched with no other one. */
const contained =
  (batchKey: (context: Context.Context<never>) => unknown) =>
  (context: Context.Context<never>): unknown => {
    try {
      const key = batchKey(context)
      UserCode.isPromise(key)
      return key
    } catch (error) {
      UserCode.name(batchKey, "batchKey", UserCode.threw(error), "the request is not batched", context)
      return Symbol("no batch")
    }
  }

const toProviderResponse = ({
  embeddings,
  usage
}: EmbeddingModel.EmbedManyResponse): EmbeddingModel.ProviderResponse => ({
  results: embeddings.map(({ vector }) => [...vector]),
  usage: { inputTokens: usage.inputTokens }
})

const through = <P extends Backend>({ ask, chain, dimensions, failover, module }: Parts<P>) => {
  const origin: Origin = { module, method: "embedMany" }
  const name = `${module}.embedMany`
  let expected = dimensions
  return (inputs: ReadonlyArray<string>): Effect.Effect<EmbeddingModel.EmbedManyResponse, AiError.AiError> =>
    Effect.useSpan(name, (span) =>
      Effect.withFiber((fiber) => {
        const call = new Call(span, fiber.context)
        const attempt = (backend: P, target: Target) => {
          call.begin(target)
          return Effect.flatMap(ask(backend, target, inputs, call), (response) => {
            const wrong = whyNot(response, inputs.length, expected, target)
            if (wrong !== undefined) return Effect.fail(wrong)
            // The length is taken from an accepted answer only.
            expected ??= response.embeddings[0]?.vector.length
            return Effect.succeed(response)
          })
        }
        return Effect.matchEffect(
          failover.useAnswered(chain, attempt, { classify: call.classify, request: inputs }),
          {
            onSuccess: ({ value }) => Effect.succeed(value),
            onFailure: (error) => failAsAiError(error, origin)
          }
        )
      })
    )
}

/**
 * Why an answer is unusable: there is not one vector for each input, a vector is empty, or the lengths differ from each other or
 * from the expected one.
 */
const whyNot = (
  { embeddings }: EmbeddingModel.EmbedManyResponse,
  inputs: number,
  expected: number | undefined,
  target: Target
): Transient | undefined => {
  if (embeddings.length !== inputs) {
    return new Transient({
      target: target.key,
      reason: "Malformed",
      message: `the answer holds ${embeddings.length} vectors for ${inputs} inputs`,
      evidence: "number of vectors"
    })
  }
  const lengths = embeddings.map(({ vector }) => vector.length)
  if (lengths.includes(0)) {
    return new Transient({
      target: target.key,
      reason: "Empty",
      message: "an empty vector",
      evidence: "dimensions"
    })
  }
  const right = expected ?? lengths[0]
  const wrong = lengths.find((length) => length !== right)
  return wrong === undefined ? undefined : otherDimensions(target, wrong, right)
}

const otherDimensions = (target: Target, is: number, expected: number | undefined): Transient =>
  new Transient({
    target: target.key,
    reason: "Malformed",
    message: `the vectors are of another model: ${is} dimensions instead of ${expected}`,
    evidence: "dimensions"
  })
