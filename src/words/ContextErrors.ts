/**
 * Context overflow, a prompt longer than the model's window: the codes and sentences by which servers report it, the
 * numbers in them, and the texts that clients of each protocol look for.
 *
 * This is the only such table. The classifier and the translation read it.
 */
import type { ContextNumbers } from "./ContextNumbers.ts"
import { fold } from "./Group.ts"

/** A pattern for a server's sentence, and where it was seen or is documented. */
export interface ContextSentence {
  readonly when: RegExp
  readonly source: string
}

const rows = (source: string, ...patterns: ReadonlyArray<RegExp>): ReadonlyArray<ContextSentence> =>
  patterns.map((when) => ({ when, source }))

/** Machine values that report it, separated by spaces: codes, types and names of exceptions. */
export const contextCodes: ReadonlyArray<{ readonly source: string; readonly values: string }> = [
  {
    source: "https://platform.openai.com/docs/guides/error-codes",
    values:
      "context_length_exceeded context_window_exceeded model_max_prompt_tokens_exceeded max_tokens_per_request context_exceeded"
  },
  {
    source: "https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md",
    values: "exceed_context_size_error"
  },
  {
    source:
      "https://cloud.baidu.com/doc/qianfan-api/s/rmwbl43x7; https://github.com/UCloudDoc-Team/modelverse (api_doc/common/error-code.md)",
    values: "tokens_too_long characters_too_long"
  },
  {
    source: "https://www.volcengine.com/docs/82379/1299023",
    values: "OutofContextError"
  },
  {
    source:
      "https://docs.litellm.ai/docs/exception_mapping; https://github.com/Aider-AI/aider/issues/2296 (GitHub Models)",
    values:
      "ContextWindowExceededError model_context_window_exceeded tokens_limit_reached prompt_too_long input_too_long context_overflow max_context_length_exceeded input_tokens_exceeded InputTokensExceeded prompt_tokens_exceeded max_prompt_tokens_exceeded"
  }
]

/**
 * Sentences that report that the prompt does not fit the window: they count tokens or name the window. They are
 * written for lower case and expect that throttling ("tokens per minute") has been excluded before.
 */
export const contextSentences: ReadonlyArray<ContextSentence> = [
  ...rows(
    "https://github.com/openai/openai-python/issues/630; https://github.com/vllm-project/vllm/issues/42474",
    /\b(maximum|max) (context|sequence|model) (length|window|len|size)\b/,
    /\bcontext[- ]?(length|window|size|limit|budget)s?\b[^.]{0,80}\b(exceed|exceeded|exceeds|too (long|large|small)|overflow|not enough|surpass)/,
    /\b(exceed|exceeds|exceeded|exceeding|longer than|larger than|greater than|beyond|over|surpasses|overflows?|overflowed|fit (in|into|within))\b[^.]{0,80}\bcontext[- ]?(length|window|size|limit|budget)?\b/,
    /\b(less than|within|below|fit (in|into|within)) (the )?(model's )?(maximum )?context (length|window)\b/,
    /\bcontext (window|length|size) is [\d,]+k? tokens?,[^.]{0,30}\b(you|request|prompt|input|messages)\b/,
    /\brequested [\d,]+ tokens,? (but )?max(imum)?( is| of)? [\d,]+ tokens\b/,
    /\b(the |your |max(imum)? )?context (is |was )?(too (long|large)|exceeded)\b/,
    /\bmax_model_len\b|\bmax_seq_len\b|\bmax_position_embeddings\b/,
    /\bcontext (the )?overflows?\b|\bcontext overflow\b/,
    /\bcontextwindowexceedederror\b/
  ),
  ...rows(
    "https://github.com/anthropics/claude-code/issues/12186; https://github.com/continuedev/continue/issues/6080",
    /\bprompt (is |was )?too (long|large)\b/,
    /\b[\d,]{1,20} tokens?\)? (is |are )?too (long|large|many)\b/,
    /\b(prompt|input|request|conversation|messages?)\b[^.]{0,40}\btoo (long|big|large)\b[^.]{0,60}\b(tokens?|context|model)\b/,
    /\b(input|prompt|message|messages|conversation|request|content) (is |are |was )?too (long|large) for (the |this )?(requested )?(model|context)\b/,
    /\b(input|text) (is )?too long\b/,
    /\bcontext limit\b[^.]{0,20}:? ?[\d,]+ ?\+/
  ),
  ...rows(
    "https://github.com/google-gemini/gemini-cli/issues/11507",
    /\b(input|prompt|request|total)( token)?s?( count)?[^.]{0,30}\b(exceeds?|exceeded|is greater than|more than|over)\b[^.]{0,40}\b(number of (input )?tokens|token limit|tokens? allowed|input tokens?)\b/,
    /\binput token count\b[^.]{0,60}\b(exceeds?|but (the )?model only supports|greater)/,
    /\bmodel only supports up to [\d,]+/,
    /\btoken count\b[^.]{0,40}\bexceeds?\b/,
    /\binput exceeds the maximum number of tokens\b/
  ),
  ...rows(
    "https://developers.cloudflare.com/workers-ai/platform/errors/ (3030)",
    /\bmax(imum)? context reached\b/
  ),
  ...rows(
    "https://github.com/cline/cline/issues/3120 (xAI); https://portkey.ai/error-library/context-length-exceeded-error-13710000; https://docs.together.ai",
    /\bmaximum (prompt|input) (length|tokens?|size) (is|of) [\d,]+/,
    /\b(prompt|input|request|messages?) (contains?|has|have|is|with|length|of)[^.]{0,30} [\d,]+( \w+)? tokens?\b[^.]{0,80}\b(too large|too long|but|exceed|exceeds|longer|larger|maximum|limit)/,
    /\b(prompt|input|request) (length|tokens?|size)( \(?[\d,]+( tokens)?\)?)? (exceeds?|exceeded|is (longer|larger|greater))\b[^.]{0,60}\b(input length|tokens?|limit|maximum|model)/,
    /\blonger than the model('s)? context\b/,
    /\b(prompt|input)s?( token)?s? (is |are )?(longer|larger|greater) than\b[^.]{0,40}\b(model|tokens?|context|maximum)\b/
  ),
  ...rows(
    "https://github.com/MoonshotAI/kimi-cli/issues/2011; https://github.com/microsoft/vscode/issues/289219 (Copilot)",
    /\bexceeded (the )?model('s)? token limit\b/,
    // https://platform.kimi.ai/docs/api/errors
    /\binput token length (is )?too long\b/,
    /\bprompt token count of [\d,]+ exceeds\b/,
    /\btoken limit exceeded\b/,
    /\bexceeds? (the |this |your )?(model('s)? )?(input |prompt |context )?(token|context) limit\b/,
    /\btoo many (input |prompt )?tokens\b[^.]{0,40}\b(in|for) (the |your |this )?(request|prompt|input|model|messages?)/,
    /\btoo many tokens: total number of tokens\b/,
    /\btotal (number of )?tokens?\b[^.]{0,60}\b(cannot|can't|must not|exceeds?|exceeded|greater|larger)\b/,
    /\b(request )?body too large for .{0,60} model\b.{0,30}\btokens\b/,
    /\bmax size: [\d,]+ tokens\b/
  ),
  ...rows(
    "https://github.com/ggml-org/llama.cpp; https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/546; https://github.com/ollama/ollama",
    /\bexceeds? (the )?available context\b/,
    /\bn_ctx\b|\bn_ctx_per_seq\b/,
    /\btokens to keep from the initial prompt\b/,
    /\bcontext length of only\b/,
    /\bexceeded max context length\b/,
    /\binput (length )?exceeds (the )?(maximum )?context\b/
  ),
  ...rows(
    "https://github.com/huggingface/text-generation-inference/blob/main/router/src/validation.rs",
    /\binputs`? (must have|tokens?|must be)\b[^.]{0,60}\b(less than|fewer than|<=|<)\b[^.]{0,20}/,
    /\binputs`? tokens? \+ `?max_new_tokens\b/
  ),
  ...rows(
    "https://help.aliyun.com/en/model-studio/error-code; https://github.com/sjzar/chatlog/issues/30 (SiliconFlow)",
    /\brange of input length should be\b/,
    /\binput (or output )?length (should|must|exceeds|is)\b/,
    /\blength of prompt_tokens\b/,
    /\b(input|prompt)[_ ]?tokens?( length| count)?[^.]{0,30}\b(exceeds?|exceeded|must be less|should be less|should not exceed)\b/,
    /\btotal message token length exceed/,
    /\bmax message tokens\b/
  ),
  ...rows(
    "https://docs.aws.amazon.com/bedrock/latest/userguide/troubleshooting-api-error-codes.html; https://github.com/MiniMax-AI/MiniMax-M2/issues/119",
    /\btoo many input tokens\b/,
    /\b(max_)?(prompt|input)_tokens\b[^.]{0,20}\bexceed/,
    /\bcontext window exceeds limit\b/,
    /\binput length and `?max_tokens`? exceed context\b/,
    /\bmax_tokens must be at least 1, got -\d/,
    /\bmax_(completion_)?tokens`? must be at least 1, got -\d/,
    /\bnumber of (input |prompt )?tokens\b[^.]{0,60}\b(exceeds?|exceeded|has exceeded|greater|larger)\b/
  ),
  ...rows(
    "https://console.groq.com/docs/errors; https://github.com/cline/cline/issues/5140 (Cerebras)",
    /\breduce the length of (the|your) (messages|prompt|input|conversation)\b/,
    /\b(current length is|length) [\d,]+ while limit is [\d,]+/
  ),
  ...rows(
    "https://github.com/anomalyco/opencode/blob/dev/packages/ai/src/provider-error.ts",
    /\bmaximum allowed input length\b/
  ),
  ...rows("https://github.com/MoonshotAI/MoonshotAI-Cookbook/issues/18", /\bmodel max length exceeded\b/),
  ...rows(
    "https://support.huaweicloud.com/model-call-maas/model-call-035.html",
    /\b(prompt|input) length [\d,]+ must (be )?less than\b/
  ),
  ...rows(
    "https://github.com/NVIDIA/TensorRT-LLM/issues/9277",
    /\bprompt length\b[^a-z]{0,20}\b(query length\b[^a-z]{0,8})?should not exceed\b/,
    /\bshould not exceed max_num_tokens\b|\b(exceeds?|exceeded|exceeding|(larger|greater|less) than)\b[^.]{0,80}\bmax_total_tokens\b|\bmax_total_tokens\b[^a-z]{0,12}\d/,
    /\btokens? in (the )?(prompt|input|request)\b[^.]{0,40}\bexceeds?\b[^.]{0,30}\b(maximum|limit)\b/
  ),
  ...rows(
    "https://github.com/anomalyco/opencode/issues/27629; https://github.com/stefandevo/glm-acp-agent/issues/44 (Z.AI)",
    /\btokens in (the )?request (is |are )?more than (the )?max(imum)? tokens\b/,
    /\b(prompt|input) exceeds (the )?max(imum)? (input )?length\b/
  ),
  ...rows(
    // Several texts in one request for embeddings.
    "https://github.com/sigoden/aichat/pull/825 (Voyage); https://github.com/aurelio-labs/semantic-router/issues/297 (Mistral)",
    /\btoo many tokens in (the |a |your )?(batch|document|text|chunk)s?\b/,
    /\btokens (per|in an?|in each|in the) (submitted )?(batch|input|document|text|chunk)s? (is|are|of) [\d,]+/,
    /\b(batch|input|document|text|chunk|prompt)s? (must|should|can) (have|be) (less|fewer|shorter|no more|no longer|at most)( than)? [\d,]+ tokens\b/,
    /\bsupports? (at most|up to|a maximum of|only) [\d,]+k? ((input|prompt) tokens|tokens (of input|in the (prompt|input)))\b/
  ),
  ...rows(
    "https://github.com/huggingface/transformers (the tokenizer's warning, which servers of a single model repeat)",
    /\b(sequence|input|prompt|context) length\b[^.]{0,30}\b(longer|larger|greater) than\b[^.]{0,40}\b(max(imum)?|limit|allowed|supported)\b/
  ),
  ...rows("https://docs.cohere.com/v1/reference/errors.md", /\bsize limit exceeded by [\d,]+ tokens\b/),
  ...rows(
    "https://docs.bigmodel.cn/cn/api/api-code",
    /(prompt|提示词|输入文本) ?(过长|太长)|prompt ?超长|上下文(过长|超出|长度超|超限)|超(出|过)(了)?(模型)?(的)?(最大)?(上下文|token|输入长度)|输入(内容)?(过长|超长|长度超)|最大(上下文|输入)长度|输入 ?token ?(数量|数)超|(输入|内容)[^。]{0,20}(过长|超长)|超(出|过)大?模型内部限制/
  )
]

/**
 * The sentence that Anthropic's clients look for; they compact the conversation then.
 * https://github.com/anthropics/claude-code/issues/12186
 */
export const anthropicWords = ({ actual, limit }: ContextNumbers): string =>
  actual === undefined || limit === undefined || actual <= limit
    ? limit === undefined
      ? "prompt is too long"
      : `prompt is too long: more tokens than the ${limit} maximum`
    : `prompt is too long: ${actual} tokens > ${limit} maximum`

/** The code that OpenAI's clients look for. https://platform.openai.com/docs/guides/error-codes */
export const openaiCode = "context_length_exceeded"

const codes = new Set(contextCodes.flatMap(({ values }) => values.split(" ")).map(fold))

/** True for a machine value that reports an overflow. */
export const isContextCode = (value: string): boolean => codes.has(fold(value.slice(0, 120)))

/** Throttling also counts tokens. */
const throttled =
  /\b(tokens?|requests?)[- ]?(per|\/)[- ]?(sec|second|min|minute|hour|day)\b|\b(tpm|rpm|tpd)\b/

/**
 * True for a sentence that reports an overflow. For errors of which nothing else is known; the classifier also weighs
 * codes, status and other sentences.
 */
export const saysContext = (text: string): boolean => {
  const lower = text
    .slice(0, 8192)
    .toLowerCase()
    .replace(/[\u2018\u2019]/g, "'")
  return !throttled.test(lower) && contextSentences.some(({ when }) => when.test(lower))
}
