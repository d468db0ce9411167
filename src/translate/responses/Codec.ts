/** OpenAI's responses, as a protocol of callers: translation never uses it for targets. */
import { writeError } from "../protocol/Errors.ts"
import type { CallerCodec } from "../protocol/Protocol.ts"
import { readRequest } from "./ReadRequest.ts"
import { ResponseStreamWriter, writeAnswer } from "./WriteStream.ts"

/** The half of the protocol for callers. */
export const codec: CallerCodec = {
  names: {
    maxTokens: "max_output_tokens",
    temperature: "temperature",
    topP: "top_p",
    topK: "top_k",
    stop: "stop",
    effort: "reasoning.effort",
    user: "user",
    tier: "service_tier",
    cache: "cache_control",
    cacheKey: "prompt_cache_key",
    format: "text.format",
    json: "text.format",
    toolStrict: "tools.strict",
    thinking: "input.reasoning",
    thought: "input.reasoning",
    image: "input.content.input_image",
    parallel: "parallel_tool_calls",
    toolChoice: "tool_choice",
    audio: "input.content.input_audio",
    document: "input.content.input_file",
    prefill: "input.prefill"
  },
  readRequest,
  writeAnswer,
  writeError,
  streamWriter: (context) => new ResponseStreamWriter(context)
}
