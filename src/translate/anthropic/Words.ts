/** Stop reasons and usage fields of Anthropic's protocol. */
import type { Ending, Stop, Usage } from "../common/Common.ts"
import { type JsonObject, object, text } from "../common/Json.ts"
import * as Stops from "../common/Stops.ts"

/** https://github.com/anthropics/anthropic-sdk-typescript/blob/main/src/resources/messages/messages.ts */
const reasons: Readonly<Record<Stop, string>> = {
  end: "end_turn",
  stopSequence: "stop_sequence",
  length: "max_tokens",
  calls: "tool_use",
  refusal: "refusal",
  pause: "pause_turn",
  window: "model_context_window_exceeded"
}

/** Reads how an answer ended, from a message or from its last delta. */
export const readEnding = (message: JsonObject, hasCalls: boolean): Ending => ({
  stop: Stops.withCalls(Stops.read(message.stop_reason), hasCalls),
  stopSequence: text(message.stop_sequence),
  explanation: text(object(message.stop_details).explanation)
})

/** The fields for how an answer ended. */
export const writeEnding = ({ stop, stopSequence, explanation }: Ending): JsonObject => ({
  stop_reason: reasons[stop],
  stop_sequence: stopSequence ?? null,
  ...(stop === "refusal"
    ? { stop_details: { type: "refusal", category: null, explanation: explanation ?? null } }
    : {})
})

/** https://github.com/anthropics/anthropic-sdk-typescript/blob/main/src/resources/messages/messages.ts */
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
