/** The words of Anthropic's protocol for how an answer ended and what it cost. */
import type { Ending, Stop, Usage } from "../Common.ts"
import { isObject, type JsonObject, number, object, text } from "../Json.ts"

/** https://docs.anthropic.com/en/api/handling-stop-reasons */
const stops: ReadonlyMap<unknown, Stop> = new Map<unknown, Stop>([
  ["end_turn", "end"],
  ["stop_sequence", "stopSequence"],
  ["max_tokens", "length"],
  ["tool_use", "calls"],
  ["refusal", "refusal"],
  ["pause_turn", "pause"],
  ["model_context_window_exceeded", "window"]
])

const reasons: Readonly<Record<Stop, string>> = {
  end: "end_turn",
  stopSequence: "stop_sequence",
  length: "max_tokens",
  calls: "tool_use",
  refusal: "refusal",
  pause: "pause_turn",
  window: "model_context_window_exceeded"
}

/** Reads how an answer ended, from a message or from the delta at its end. */
export const readEnding = (message: JsonObject): Ending => ({
  stop: stops.get(message.stop_reason) ?? "end",
  stopSequence: text(message.stop_sequence),
  explanation: text(object(message.stop_details).explanation)
})

/** The fields that tell how an answer ended. */
export const writeEnding = ({ stop, stopSequence, explanation }: Ending): JsonObject => ({
  stop_reason: reasons[stop],
  stop_sequence: stopSequence ?? null,
  ...(stop === "refusal"
    ? { stop_details: { type: "refusal", category: null, explanation: explanation ?? null } }
    : {})
})

/**
 * Tokens, if they are told. `before` is what was told earlier in the same stream: the counts are totals, and those
 * left out have not changed. https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching#tracking-cache-performance
 */
export const readUsage = (usage: unknown, before?: Usage): Usage | undefined => {
  if (!isObject(usage)) return before
  const cacheRead = number(usage.cache_read_input_tokens) ?? before?.cacheRead
  const cacheWrite = number(usage.cache_creation_input_tokens) ?? before?.cacheWrite
  const fresh =
    number(usage.input_tokens) ??
    (before === undefined ? 0 : before.input - (before.cacheRead ?? 0) - (before.cacheWrite ?? 0))
  return {
    input: fresh + (cacheRead ?? 0) + (cacheWrite ?? 0),
    cacheRead,
    cacheWrite,
    output: number(usage.output_tokens) ?? before?.output ?? 0,
    thinking: number(object(usage.output_tokens_details).thinking_tokens) ?? before?.thinking
  }
}

/** https://docs.anthropic.com/en/api/messages#response-usage */
export const writeUsage = (usage: Usage | undefined): JsonObject => {
  const { input, cacheRead = 0, cacheWrite = 0, output, thinking } = usage ?? { input: 0, output: 0 }
  return {
    input_tokens: Math.max(0, input - cacheRead - cacheWrite),
    cache_creation_input_tokens: cacheWrite,
    cache_read_input_tokens: cacheRead,
    output_tokens: output,
    ...(thinking === undefined ? {} : { output_tokens_details: { thinking_tokens: thinking } })
  }
}
