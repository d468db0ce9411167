/** Finish reasons and usage fields of OpenAI's protocol. */
import type { Stop, Usage } from "../common/Common.ts"
import { compact, type JsonObject } from "../common/Json.ts"
import * as Stops from "../common/Stops.ts"

/** https://github.com/openai/openai-node/blob/master/src/resources/chat/completions/completions.ts */
const reasons: Readonly<Record<Stop, string>> = {
  end: "stop",
  stopSequence: "stop",
  length: "length",
  calls: "tool_calls",
  refusal: "content_filter",
  pause: "stop",
  window: "length"
}

/**
 * Why the model stopped. It is also `stop` after a forced tool call and after a refusal; vLLM names the matched stop
 * sequence in `stop_reason`. https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html
 */
export const readStop = (
  choice: JsonObject,
  has: { readonly calls: boolean; readonly refusal: boolean }
): { readonly stop: Stop; readonly stopSequence?: string } => {
  const reason = Stops.read(choice.finish_reason)
  // A server may report a tool call without making one.
  const stop = reason === "calls" && !has.calls ? "end" : Stops.withCalls(reason, has.calls)
  if (stop !== "end") return { stop }
  if (has.refusal) return { stop: "refusal" }
  return typeof choice.stop_reason === "string"
    ? { stop: "stopSequence", stopSequence: choice.stop_reason }
    : { stop }
}

/** True for a finish reason that means only that the answer is over. */
export const isPlainEnd = (reason: unknown): boolean => Stops.read(reason) === "end"

/** The finish reason; `isLegacy`: for a client that uses `functions`. */
export const writeStop = (stop: Stop, isLegacy: boolean): string =>
  isLegacy && stop === "calls" ? "function_call" : reasons[stop]

/** True for a finish reason that means that the answer was cut off. */
export const isCut = (reason: unknown): boolean => {
  const stop = Stops.read(reason)
  return stop === "length" || stop === "window"
}

/** https://github.com/openai/openai-node/blob/master/src/resources/chat/completions/completions.ts */
export const writeUsage = (usage: Usage): JsonObject => ({
  prompt_tokens: usage.input,
  completion_tokens: usage.output,
  total_tokens: usage.input + usage.output,
  prompt_tokens_details: compact({
    cached_tokens: usage.cacheRead ?? 0,
    cache_write_tokens: usage.cacheWrite
  }),
  completion_tokens_details: { reasoning_tokens: usage.thinking ?? 0 }
})
