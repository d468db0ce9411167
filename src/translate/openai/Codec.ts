/** OpenAI's chat completions protocol. */

import { readError, writeError } from "../protocol/Errors.ts"
import type { Codec } from "../protocol/Protocol.ts"
import { readAnswer, writeAnswer } from "./Answers.ts"
import { readRequest } from "./ReadRequest.ts"
import { OpenAiStreamReader } from "./ReadStream.ts"
import { writeRequest } from "./WriteRequest.ts"
import { OpenAiStreamWriter } from "./WriteStream.ts"

/** The protocol. */
export const codec: Codec = {
  names: {
    maxTokens: "max_tokens",
    temperature: "temperature",
    topP: "top_p",
    topK: "top_k",
    stop: "stop",
    effort: "reasoning_effort",
    user: "user",
    tier: "service_tier",
    cache: "cache_control",
    cacheKey: "prompt_cache_key",
    format: "response_format.json_schema",
    json: "response_format",
    toolStrict: "tools.function.strict",
    thinking: "messages.reasoning_details",
    thought: "messages.reasoning_content",
    image: "messages.content.image_url",
    parallel: "parallel_tool_calls",
    toolChoice: "tool_choice",
    audio: "messages.content.input_audio",
    document: "messages.content.file",
    prefill: "messages.prefill"
  },
  readRequest,
  writeRequest,
  readAnswer,
  writeAnswer,
  readError,
  writeError,
  streamReader: (dialect) => new OpenAiStreamReader(dialect),
  streamWriter: (context) => new OpenAiStreamWriter(context)
}
