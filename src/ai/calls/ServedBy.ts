/**
 * Records in an answer which target served it: in the metadata of its `response-metadata` part, and in that of its
 * other parts, so that a later request shows which account the ids in a conversation belong to.
 */
import * as Response from "effect/ai/Response"
import type * as Tool from "effect/ai/Tool"
import type { TargetKey } from "../../failure/TargetKey.ts"

/** The target that served a request. */
export type Served = {
  readonly target: TargetKey
  /** The number of attempts, including the successful one. */
  readonly attempts: number
}

/** A part of a whole answer. */
export type Part = Response.Part<Record<string, Tool.Any>, Response.ToolParametersMode>

/** A part of a stream. */
export type StreamPart = Response.StreamPart<Record<string, Tool.Any>, Response.ToolParametersMode>

/**
 * The target that served an answer, from its content or from the parts of a stream.
 *
 * @example
 * import { FailoverLanguageModel } from "effect-failover/ai"
 * import * as LanguageModel from "effect/ai/LanguageModel"
 * import { Effect } from "effect"
 *
 * const answer = Effect.gen(function* () {
 *   const response = yield* LanguageModel.generateText({ prompt: "hello" })
 *   return FailoverLanguageModel.servedBy(response.content)?.target // "openai/gpt-5.2#default"
 * })
 */
export const servedBy = (parts: Iterable<Response.AnyPart>): Served | undefined => {
  for (const part of parts) {
    const served = part.type === "response-metadata" ? part.metadata.failover : undefined
    if (isServed(served)) return served
  }
  return undefined
}

// Metadata can be any JSON, and another module may use the same name.
const isServed = (u: unknown): u is Served =>
  typeof u === "object" &&
  u !== null &&
  "target" in u &&
  typeof u.target === "string" &&
  "attempts" in u &&
  typeof u.attempts === "number"

/** Adds the target to a `response-metadata` part; without a part, returns a new one. */
export const sign = (
  served: Served,
  part: Response.ResponseMetadataPart | undefined
): Response.ResponseMetadataPart =>
  part === undefined
    ? Response.makePart("response-metadata", { metadata: { failover: served } })
    : { ...part, metadata: { ...part.metadata, failover: served } }

/** Adds the account to a part that may carry ids of it. */
export const stamp = <P extends Part | StreamPart>(account: string | undefined, part: P): P => {
  if (account === undefined) return part
  switch (part.type) {
    case "text":
    case "text-start":
    case "reasoning":
    case "reasoning-start":
    case "tool-call":
    case "file":
      return { ...part, metadata: { ...part.metadata, failover: { account } } }
    default:
      return part
  }
}

/** Adds the target to the content of a whole answer. */
export const signAll = (content: Array<Part>, served: Served, account: string | undefined): void => {
  let signed = false
  for (let i = 0; i < content.length; i++) {
    const part = content[i]!
    if (part.type === "response-metadata") {
      content[i] = sign(served, part)
      signed = true
    } else content[i] = stamp(account, part)
  }
  if (!signed) content.unshift(sign(served, undefined))
}
