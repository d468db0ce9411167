/** Decides whether the parts of an answer hold content, complete it, and make it usable. */

import * as Phase from "../../domain/Phase.ts"
import type { Target } from "../../domain/Target.ts"
import * as Failure from "../../failure/Failure.ts"
import type { Part, StreamPart } from "./ServedBy.ts"

/**
 * Whether a part of a stream carries content. Metadata, starts and ends, sources and empty deltas do not, and neither
 * do tool results: those of approved calls come before the provider's first part.
 */
export const isContent = (part: StreamPart): boolean => {
  switch (part.type) {
    case "text-delta":
    case "reasoning-delta":
    case "tool-params-delta":
      return part.delta.length > 0
    case "tool-call":
    case "file":
      return true
    default:
      return false
  }
}

/** The phase of a part of a stream. An answer cut by the length limit is an answer, even an empty one. */
export const phase = (part: StreamPart): Phase.Phase =>
  part.type === "finish"
    ? part.reason === "length"
      ? Phase.answer
      : Phase.complete
    : isContent(part)
      ? Phase.content
      : Phase.held

/**
 * Whether a part holds the words of a refusal in its metadata, as the module for OpenAI gives them, with an empty text:
 * https://github.com/Effect-TS/effect/blob/main/packages/ai/openai/src/OpenAiLanguageModel.ts
 */
export const isRefusal = (part: Part | StreamPart): boolean => {
  if (part.type !== "text" && part.type !== "text-start" && part.type !== "text-end") return false
  for (const fields of Object.values(part.metadata)) {
    if (typeof fields === "object" && fields !== null && "refusal" in fields && fields.refusal) return true
  }
  return false
}

/**
 * The failure of a finish reason. A fault is always one; a content filter, or a refusal before it, is one only if there was no
 * content.
 */
export const failureOfEnd = (
  reason: string,
  hasContent: boolean,
  target: Target,
  isRefused = false
): Failure.Failure | undefined => {
  if (reason === "error") {
    return new Failure.Transient({
      target: target.key,
      reason: "ServerError",
      message: "the answer ended with an error",
      evidence: "finish reason error"
    })
  }
  if (hasContent) return undefined
  return reason === "content-filter" || isRefused ? refusal(reason, target) : undefined
}

const refusal = (reason: string | undefined, target: Target): Failure.BadRequest =>
  reason === "content-filter"
    ? new Failure.BadRequest({
        target: target.key,
        reason: "ContentPolicy",
        message: "the answer was withheld by a content filter",
        evidence: "finish reason content-filter"
      })
    : new Failure.BadRequest({
        target: target.key,
        reason: "ContentPolicy",
        message: "the model refused to answer",
        evidence: "a refusal in the metadata of the text"
      })

/**
 * Why the text of an answer is not the object that was asked for, if the object is not what is wrong: the model refused, in words
 * too, or the answer is unusable as a whole.
 */
export const failureOfObject = (
  content: ReadonlyArray<Part>,
  target: Target
): Failure.Failure | undefined => {
  const reason = finishOf(content)
  return reason === "content-filter" || content.some(isRefusal)
    ? refusal(reason, target)
    : failureOfAnswer(content, target)
}

/** The finish reason of a whole answer. */
export const finishOf = (content: ReadonlyArray<Part>): string | undefined => {
  for (const part of content) if (part.type === "finish") return part.reason
  return undefined
}

/** Why a whole answer is unusable; `undefined` if it is usable. */
export const failureOfAnswer = (
  content: ReadonlyArray<Part>,
  target: Target
): Failure.Failure | undefined => {
  let hasContent = false
  let isRefused = false
  let reason: string | undefined
  for (const part of content) {
    if (part.type === "finish") reason = part.reason
    else if (isWhole(part)) hasContent = true
    else isRefused ||= isRefusal(part)
  }
  const failure = failureOfEnd(reason ?? "unknown", hasContent, target, isRefused)
  if (failure !== undefined || hasContent || reason === "length") return failure
  return new Failure.Transient({
    target: target.key,
    reason: "Empty",
    message: "the answer has no content",
    evidence: `finish reason ${reason ?? "none"}`
  })
}

const isWhole = (part: Part): boolean => {
  switch (part.type) {
    case "text":
    case "reasoning":
      return part.text.length > 0
    case "tool-call":
    case "file":
      return true
    default:
      return false
  }
}
