/** Anthropic's messages protocol. */
import type { Codec } from "../protocol/Protocol.ts"
import { readAnswer, writeAnswer } from "./Answers.ts"
import { readError, writeError } from "./Errors.ts"
import { readRequest } from "./ReadRequest.ts"
import { AnthropicStreamReader } from "./ReadStream.ts"
import { writeRequest } from "./WriteRequest.ts"
import { AnthropicStreamWriter } from "./WriteStream.ts"

/** The protocol. */
export const codec: Codec = {
  names: {
    maxTokens: "max_tokens",
    temperature: "temperature",
    topP: "top_p",
    topK: "top_k",
    stop: "stop_sequences",
    effort: "thinking",
    user: "metadata.user_id",
    tier: "service_tier",
    cache: "cache_control",
    cacheKey: "prompt_cache_key",
    format: "output_config.format",
    json: "output_config.format",
    toolStrict: "tools.strict",
    thinking: "messages.content.thinking",
    thought: "messages.content.thinking",
    image: "messages.content.image",
    parallel: "tool_choice.disable_parallel_tool_use",
    toolChoice: "tool_choice",
    audio: "messages.content.audio",
    document: "messages.content.document",
    prefill: "messages.prefill"
  },
  readRequest,
  writeRequest,
  readAnswer,
  writeAnswer,
  readError,
  writeError,
  streamReader: () => new AnthropicStreamReader(),
  streamWriter: (context) => new AnthropicStreamWriter(context)
}
