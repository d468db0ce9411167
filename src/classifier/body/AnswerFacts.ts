/** Reads the finish reason of an answer and whether it has content, in the formats of the known protocols. */

import { isArray, isFields, read } from "../signals/Signal.ts"
import type { Code } from "./ErrorView.ts"

/** Facts about an answer. */
export interface AnswerFacts {
  /** Finish, stop and block reasons. */
  readonly finish: Array<Code>
  /** True if a part of it has content. */
  content: boolean
}

const finishOf = (facts: AnswerFacts, field: string, value: unknown): void => {
  if (typeof value === "string" && value !== "" && facts.finish.length < 16)
    facts.finish.push({ field, value })
}

/** True for a non-empty text, list or object. */
export const filled = (value: unknown): boolean =>
  typeof value === "string" ? value.trim() !== "" : isArray(value) ? value.length > 0 : isFields(value)

/** Records the finish reason and the content of an answer or of one chunk. */
export const noteAnswer = (facts: AnswerFacts, value: unknown): void => {
  if (!isFields(value)) return
  const output = read(value, "output")
  for (const at of [value, output, read(value, "response")]) {
    const choice = read(read(at, "choices"), "0")
    finishOf(facts, "native_finish_reason", read(choice, "native_finish_reason"))
    finishOf(facts, "finish_reason", read(choice, "finish_reason"))
    const message = read(choice, "message") ?? read(choice, "delta")
    if (filled(read(message, "refusal"))) finishOf(facts, "refusal", "refusal")
    if ([read(message, "content"), read(message, "tool_calls"), read(choice, "text")].some(filled))
      facts.content = true
    const candidate = read(read(at, "candidates"), "0")
    finishOf(facts, "finishReason", read(candidate, "finishReason"))
    if (filled(read(read(candidate, "content"), "parts"))) facts.content = true
    const blocked = read(read(at, "promptFeedback"), "blockReason")
    if (typeof blocked === "string" && blocked !== "" && blocked !== "BLOCK_REASON_UNSPECIFIED") {
      finishOf(facts, "blockReason", "SAFETY")
    }
    finishOf(facts, "incomplete_details.reason", read(read(at, "incomplete_details"), "reason"))
    for (const field of ["stop_reason", "stopReason", "finish_reason", "done_reason"])
      finishOf(facts, field, read(at, field))
  }
  for (const part of ["delta", "message", "messageStop"]) {
    const inner = read(value, part)
    for (const field of ["stop_reason", "stopReason"]) finishOf(facts, `${part}.${field}`, read(inner, field))
    if ([read(inner, "text"), read(inner, "content"), read(inner, "partial_json")].some(filled))
      facts.content = true
  }
  if (read(value, "amazon-bedrock-guardrailAction") === "INTERVENED")
    finishOf(facts, "guardrailAction", "guardrail_intervened")
  if (
    typeof read(value, "delta") === "string" ||
    filled(read(value, "content")) ||
    typeof output === "string"
  )
    facts.content = true
}
