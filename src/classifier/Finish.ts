/**
 * Why a reply ended, when it ended without being one: finish reasons, stop reasons and block reasons.
 *
 * What is not listed (`stop`, `end_turn`, `tool_calls`) is an ordinary end: then the reply was merely empty.
 */
import type { FailureClass } from "../core/Failure.ts"

interface Group {
  readonly as: FailureClass
  readonly source: string
  readonly values: string
}

const groups: ReadonlyArray<Group> = [
  {
    as: "ContentPolicy",
    source:
      "https://platform.openai.com/docs/api-reference/chat/object; https://docs.anthropic.com/en/api/messages",
    values: "content_filter refusal"
  },
  {
    as: "ContentPolicy",
    source: "https://ai.google.dev/api/generate-content#FinishReason",
    values:
      "SAFETY RECITATION BLOCKLIST PROHIBITED_CONTENT SPII IMAGE_SAFETY IMAGE_PROHIBITED_CONTENT IMAGE_RECITATION LANGUAGE MODEL_ARMOR"
  },
  {
    as: "ContentPolicy",
    source: "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html",
    values: "guardrail_intervened content_filtered"
  },
  {
    as: "ContentPolicy",
    source: "https://docs.bigmodel.cn/api-reference; https://docs.cohere.com/reference/chat",
    values: "sensitive ERROR_TOXIC"
  },
  {
    as: "ContextExceeded",
    source:
      "https://docs.anthropic.com/en/api/messages; https://docs.bigmodel.cn/api-reference; https://docs.cohere.com/reference/chat",
    values: "model_context_window_exceeded context_length_exceeded context_window_exceeded ERROR_LIMIT"
  },
  {
    as: "Overloaded",
    source: "https://api-docs.deepseek.com/api/create-chat-completion",
    values: "insufficient_system_resource overloaded engine_overloaded"
  },
  {
    as: "ServerError",
    source: "https://openrouter.ai/docs/api-reference/errors; https://docs.bigmodel.cn/api-reference",
    values: "error network_error ERROR TIMEOUT upstream_error provider_error failed abort"
  },
  {
    as: "Malformed",
    source: "https://ai.google.dev/api/generate-content#FinishReason",
    values:
      "MALFORMED_FUNCTION_CALL MALFORMED_RESPONSE UNEXPECTED_TOOL_CALL TOO_MANY_TOOL_CALLS MISSING_THOUGHT_SIGNATURE OTHER IMAGE_OTHER NO_IMAGE malformed_model_output malformed_tool_use"
  },
  {
    as: "MaxTokens",
    source: "https://platform.openai.com/docs/api-reference/responses/object (incomplete_details)",
    values: "max_output_tokens length max_tokens MAX_TOKENS"
  }
]

const table = new Map(
  groups.flatMap((group) => group.values.split(" ").map((v) => [v.toLowerCase(), group.as] as const))
)

/**
 * The class of a reply that ended for this reason.
 *
 * @example
 * import { fromFinish } from "./Finish.ts"
 *
 * fromFinish("content_filter") // => "ContentPolicy"
 * fromFinish("stop") // => undefined
 */
export const fromFinish = (reason: string): FailureClass | undefined =>
  table.get(reason.slice(0, 64).toLowerCase())
