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

/** The failure of a finish reason. A fault is always one; a content filter is one only if there was no content before it. */
export const failureOfEnd = (
  reason: string,
  hasContent: boolean,
  target: Target
): Failure.Failure | undefined => {
  if (reason === "error") {
    return new Failure.Transient({
      target: target.key,
      reason: "ServerError",
      message: "the answer ended with an error",
      evidence: "finish reason error"
    })
  }
  return reason === "content-filter" && !hasContent
    ? new Failure.BadRequest({
        target: target.key,
        reason: "ContentPolicy",
        message: "the answer was withheld by a content filter",
        evidence: "finish reason content-filter"
      })
    : undefined
}

/** Why a whole answer is unusable; `undefined` if it is usable. */
export const failureOfAnswer = (
  content: ReadonlyArray<Part>,
  target: Target
): Failure.Failure | undefined => {
  let hasContent = false
  let reason: string | undefined
  for (const part of content) {
    if (part.type === "finish") reason = part.reason
    else hasContent ||= isWhole(part)
  }
  const failure = reason === undefined ? undefined : failureOfEnd(reason, hasContent, target)
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
