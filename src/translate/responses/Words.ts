/** Status, usage and repeated request fields of OpenAI's responses. */
import type { Failure, Stop, Usage } from "../common/Common.ts"
import { compact, isObject, type JsonObject, object, text } from "../common/Json.ts"
import type { Context } from "../protocol/Context.ts"
import { writeError } from "../protocol/Errors.ts"
import type { BrokenOff } from "../protocol/Protocol.ts"

/** Why a response is incomplete; `undefined` if it is complete. */
export const incompleteReason = (stop: Stop): string | undefined =>
  stop === "length" || stop === "window"
    ? "max_output_tokens"
    : stop === "refusal"
      ? "content_filter"
      : undefined

/** https://github.com/openai/openai-node/blob/master/src/resources/responses/responses.ts */
export const writeUsage = (usage: Usage): JsonObject => ({
  input_tokens: usage.input,
  input_tokens_details: compact({
    cached_tokens: usage.cacheRead ?? 0,
    cache_write_tokens: usage.cacheWrite
  }),
  output_tokens: usage.output,
  output_tokens_details: { reasoning_tokens: usage.thinking ?? 0 },
  total_tokens: usage.input + usage.output
})

/** The fields of a response before it has begun. Most of them repeat the request. */
export const head = ({ created, request }: Context, id: string, model: string): JsonObject => {
  const reasoning = object(request.reasoning)
  return {
    id,
    object: "response",
    created_at: created,
    status: "in_progress",
    background: false,
    error: null,
    incomplete_details: null,
    instructions: request.instructions ?? null,
    max_output_tokens: request.max_output_tokens ?? null,
    metadata: isObject(request.metadata) ? request.metadata : {},
    model,
    output: [],
    parallel_tool_calls: request.parallel_tool_calls ?? true,
    previous_response_id: null,
    reasoning: { effort: reasoning.effort ?? null, summary: reasoning.summary ?? null },
    service_tier: "default",
    store: false,
    temperature: request.temperature ?? 1,
    text: isObject(request.text) ? request.text : { format: { type: "text" } },
    tool_choice: request.tool_choice ?? "auto",
    tools: Array.isArray(request.tools) ? request.tools : [],
    top_p: request.top_p ?? 1,
    truncation: "disabled",
    usage: null,
    user: request.user ?? null
  }
}

/**
 * Why a response failed.
 * https://developers.openai.com/api/reference/resources/responses/streaming-events
 */
export const error = (failure: Failure): BrokenOff => {
  const { code, type } = object(writeError(failure).error)
  return { code: text(code) ?? text(type) ?? "server_error", message: failure.message }
}
