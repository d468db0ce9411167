/** Reads the finish reason of a reply and whether it has content, in the formats of the known protocols. */

import { isArray, isFields, read } from "../signals/Signal.ts"
import type { Code } from "./ErrorView.ts"

/** Facts about a reply. */
export interface Reply {
  /** Finish, stop and block reasons. */
  readonly finish: Array<Code>
  /** True if a part of it has content. */
  content: boolean
}

const finishOf = (reply: Reply, field: string, value: unknown): void => {
  if (typeof value === "string" && value !== "" && reply.finish.length < 16)
    reply.finish.push({ field, value })
}

/** True for a non-empty text, list or object. */
export const filled = (value: unknown): boolean =>
  typeof value === "string" ? value.trim() !== "" : isArray(value) ? value.length > 0 : isFields(value)

/** Records the finish reason and the content of a reply or of one chunk. */
export const visitReply = (reply: Reply, value: unknown): void => {
  if (!isFields(value)) return
  const output = read(value, "output")
  for (const at of [value, output, read(value, "response")]) {
    const choice = read(read(at, "choices"), "0")
    finishOf(reply, "native_finish_reason", read(choice, "native_finish_reason"))
    finishOf(reply, "finish_reason", read(choice, "finish_reason"))
    const message = read(choice, "message") ?? read(choice, "delta")
    if (filled(read(message, "refusal"))) finishOf(reply, "refusal", "refusal")
    if ([read(message, "content"), read(message, "tool_calls"), read(choice, "text")].some(filled))
      reply.content = true
    const candidate = read(read(at, "candidates"), "0")
    finishOf(reply, "finishReason", read(candidate, "finishReason"))
    if (filled(read(read(candidate, "content"), "parts"))) reply.content = true
    const blocked = read(read(at, "promptFeedback"), "blockReason")
    if (typeof blocked === "string" && blocked !== "" && blocked !== "BLOCK_REASON_UNSPECIFIED") {
      finishOf(reply, "blockReason", "SAFETY")
    }
    finishOf(reply, "incomplete_details.reason", read(read(at, "incomplete_details"), "reason"))
    for (const field of ["stop_reason", "stopReason", "finish_reason", "done_reason"])
      finishOf(reply, field, read(at, field))
  }
  for (const part of ["delta", "message", "messageStop"]) {
    const inner = read(value, part)
    for (const field of ["stop_reason", "stopReason"]) finishOf(reply, `${part}.${field}`, read(inner, field))
    if ([read(inner, "text"), read(inner, "content"), read(inner, "partial_json")].some(filled))
      reply.content = true
  }
  if (read(value, "amazon-bedrock-guardrailAction") === "INTERVENED")
    finishOf(reply, "guardrailAction", "guardrail_intervened")
  if (
    typeof read(value, "delta") === "string" ||
    filled(read(value, "content")) ||
    typeof output === "string"
  )
    reply.content = true
}
