/**
 * Why an answer ended: the finish reasons, stop reasons and block reasons of all providers.
 *
 * This is the only such table. The classifier, the commit point and the translation read it.
 */
import { fold, type Group, index } from "./Group.ts"

/**
 * What a finish reason means.
 *
 * - `end`, `stopSequence`, `calls`: the answer is complete
 * - `pause`: the answer is complete, the turn continues with the next request
 * - `length`: cut at the limit on output tokens
 * - `window`: cut at the end of the model's context window
 * - `refusal`: stopped by a filter, or declined by the model
 * - `overloaded`, `fault`, `malformed`: the provider failed
 */
export type Finish =
  | "end"
  | "stopSequence"
  | "calls"
  | "pause"
  | "length"
  | "window"
  | "refusal"
  | "overloaded"
  | "fault"
  | "malformed"

const openai = "https://platform.openai.com/docs/api-reference/chat/object"
const responses =
  "https://platform.openai.com/docs/api-reference/responses/object (incomplete_details, status)"
const anthropic = "https://docs.anthropic.com/en/api/handling-stop-reasons"
const gemini = "https://ai.google.dev/api/generate-content#FinishReason"
const bedrock = "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html"
const titan = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-titan-text.html"
const cohere = "https://docs.cohere.com/reference/chat"
const zhipu = "https://docs.bigmodel.cn/api-reference"
const deepseek = "https://api-docs.deepseek.com/api/create-chat-completion"
const mistral = "https://docs.mistral.ai/api/#tag/chat"
const tgi =
  "https://github.com/huggingface/text-generation-inference/blob/main/docs/openapi.json (FinishReason)"
const watsonx =
  "https://ibm.github.io/watsonx-ai-node-sdk/enums/0_1_x.WatsonXAI.TextGenResult.Constants.StopReason.html"
const xai = "https://github.com/xai-org/xai-proto/blob/main/proto/xai/api/v1/sample.proto"
const openrouter = "https://openrouter.ai/docs/api/reference/errors-and-debugging"
const vllm = "https://github.com/vllm-project/vllm/blob/main/vllm/v1/engine/__init__.py (FinishReason)"
const ollama = "https://github.com/ollama/ollama/blob/main/docs/api.md (done_reason)"

/** Every finish reason that is known. */
export const finishReasons: ReadonlyArray<Group<Finish>> = [
  { as: "end", source: openai, values: "stop" },
  { as: "end", source: responses, values: "completed" },
  { as: "end", source: anthropic, values: "end_turn" },
  { as: "end", source: gemini, values: "STOP FINISH_REASON_STOP FINISH_REASON_UNSPECIFIED" },
  { as: "end", source: cohere, values: "COMPLETE" },
  { as: "end", source: tgi, values: "eos_token eos end_of_text endoftext" },
  { as: "end", source: titan, values: "FINISH FINISHED" },
  { as: "end", source: xai, values: "REASON_STOP" },
  { as: "stopSequence", source: anthropic, values: "stop_sequence" },
  { as: "stopSequence", source: titan, values: "STOP_CRITERIA_MET" },
  { as: "calls", source: openai, values: "tool_calls function_call" },
  { as: "calls", source: anthropic, values: "tool_use" },
  { as: "calls", source: cohere, values: "TOOL_CALL" },
  { as: "calls", source: xai, values: "REASON_TOOL_CALLS" },
  { as: "pause", source: anthropic, values: "pause_turn compaction" },
  { as: "length", source: openai, values: "length" },
  { as: "length", source: responses, values: "max_output_tokens incomplete" },
  {
    as: "length",
    source: "https://docs.rs/crate/openai-client-base/0.16.0/source/src/models/object0_21.rs",
    values: "max_messages"
  },
  { as: "length", source: anthropic, values: "max_tokens" },
  { as: "length", source: gemini, values: "MAX_TOKENS FINISH_REASON_MAX_TOKENS" },
  { as: "length", source: watsonx, values: "token_limit max_length" },
  { as: "length", source: xai, values: "REASON_MAX_LEN" },
  { as: "window", source: anthropic, values: "model_context_window_exceeded" },
  { as: "window", source: mistral, values: "model_length" },
  { as: "window", source: cohere, values: "ERROR_LIMIT" },
  { as: "window", source: zhipu, values: "context_length_exceeded context_window_exceeded" },
  { as: "window", source: xai, values: "REASON_MAX_CONTEXT" },
  { as: "refusal", source: openai, values: "content_filter" },
  { as: "refusal", source: anthropic, values: "refusal" },
  {
    as: "refusal",
    source: gemini,
    values:
      "SAFETY RECITATION BLOCKLIST PROHIBITED_CONTENT SPII IMAGE_SAFETY IMAGE_PROHIBITED_CONTENT IMAGE_RECITATION LANGUAGE MODEL_ARMOR JAILBREAK"
  },
  { as: "refusal", source: bedrock, values: "guardrail_intervened content_filtered" },
  { as: "refusal", source: zhipu, values: "sensitive" },
  { as: "refusal", source: cohere, values: "ERROR_TOXIC" },
  {
    as: "overloaded",
    source: deepseek,
    values: "insufficient_system_resource overloaded engine_overloaded"
  },
  {
    as: "fault",
    source: openrouter,
    values: "error upstream_error provider_error failed"
  },
  { as: "fault", source: zhipu, values: "network_error" },
  { as: "fault", source: cohere, values: "ERROR TIMEOUT" },
  { as: "fault", source: vllm, values: "abort" },
  // Cut off, because the model repeated itself: https://github.com/BerriAI/litellm/pull/27101
  { as: "length", source: vllm, values: "repetition" },
  { as: "fault", source: xai, values: "REASON_TIME_LIMIT" },
  { as: "fault", source: watsonx, values: "time_limit cancelled" },
  { as: "fault", source: ollama, values: "unload" },
  {
    as: "malformed",
    source: gemini,
    values:
      "MALFORMED_FUNCTION_CALL MALFORMED_RESPONSE UNEXPECTED_TOOL_CALL TOO_MANY_TOOL_CALLS MISSING_THOUGHT_SIGNATURE OTHER IMAGE_OTHER NO_IMAGE"
  },
  { as: "malformed", source: bedrock, values: "malformed_model_output malformed_tool_use" }
]

const table = index(finishReasons)

/** The same, by the usual spelling of the reasons: every answer has one, and nearly all are spelled like this. */
const exact: ReadonlyMap<string, Finish> = new Map(
  finishReasons.flatMap(({ as, values }) =>
    values.split(" ").map((value) => [value, table.get(fold(value)) ?? as] as const)
  )
)

/**
 * What a reason that is not in the table says by its parts. New servers invent new words, and an answer that was cut off
 * must not look complete.
 */
const parts: ReadonlyArray<readonly [when: RegExp, as: Finish]> = [
  [/context|window/, "window"],
  [/filter|safety|unsafe|moderat|policy|guardrail|blocked|flagged|harmful|prohibited|sensitive/, "refusal"],
  [/error|fail|abort|cancel|interrupt|timeout|timedout/, "fault"],
  [/max|limit|length|outoftokens|truncat|cutoff/, "length"]
]

/**
 * The meaning of a finish reason in any case of letters; `undefined` if unknown. Gemini's OpenAI-compatible endpoint
 * sends `function_call_filter: MALFORMED_FUNCTION_CALL`: the part after the colon counts. A word that is not in the table is
 * judged by its parts.
 *
 * @example
 * import { finishOf } from "./FinishReasons.ts"
 *
 * finishOf("MAX_TOKENS") // => "length"
 * finishOf("answer_truncated") // => "length"
 * finishOf("something new") // => undefined
 */
export const finishOf = (reason: string): Finish | undefined => {
  const known = exact.get(reason)
  if (known !== undefined) return known
  const short = reason.slice(0, 96)
  const word = fold(short.slice(short.lastIndexOf(":") + 1))
  return table.get(fold(short)) ?? table.get(word) ?? parts.find(([when]) => when.test(word))?.[1]
}
