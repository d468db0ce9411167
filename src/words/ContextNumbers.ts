/** Reads the numbers in an overflow error: the size of the window and of the prompt, in tokens. */

const n = "(\\d[\\d,]{0,14})"

/** Sentences that give both numbers; the first group is the actual size, the second the limit. */
const actualThenLimit: ReadonlyArray<RegExp> = [
  // https://github.com/anthropics/claude-code/issues/12186: "208310 tokens > 200000 maximum";
  // https://github.com/continuedev/continue/issues/6080: "199759 + 8192 > 200000"
  new RegExp(`${n} tokens > ${n} maximum`),
  new RegExp(`${n} \\+ \\d[\\d,]{0,14} > ${n}`),
  // https://github.com/google-gemini/gemini-cli/issues/11507: "The input token count (461428) exceeds the maximum number
  // of tokens allowed (131072)"
  new RegExp(`token count (?:is |of )?\\(?${n}\\)? (?:exceeds|but)[^\\d]{0,80}${n}`),
  // https://github.com/ggml-org/llama.cpp, https://docs.together.ai, Poolside
  new RegExp(`\\(${n} tokens\\) (?:exceeds|is longer)[^\\d]{0,80}${n}`),
  new RegExp(`(?:input length|prompt too long:?) ${n}(?: tokens)? exceeds[^\\d]{0,80}${n}`),
  // vLLM: "The decoder prompt (length 337896) is longer than the maximum model length of 128000":
  // https://github.com/EvolvingLMMs-Lab/lmms-eval/issues/711
  new RegExp(`prompt \\(length ${n}\\) is longer than[^\\d]{0,80}${n}`),
  // Cerebras: https://github.com/cline/cline/issues/5140
  new RegExp(`current length is ${n} while limit is ${n}`),
  // Fireworks: "The prompt is too long: 150000, model maximum context length: 131071"
  new RegExp(`prompt is too long: ${n}, [^\\d]{0,40}${n}`),
  new RegExp(`number of tokens \\(?${n}\\)? exceeds[^\\d]{0,80}${n}`),
  // Cloudflare: "input and maximum output tokens (155740) exceeded this model context window limit (128000)"; SiliconFlow:
  // "number of input tokens (83121) have exceeded max_prompt_tokens (65536)", "length of prompt_tokens (163280) must be
  // less than max_seq_len (32768)": https://github.com/continuedev/continue/issues/9971, https://github.com/sjzar/chatlog/issues/30
  new RegExp(`tokens \\(${n}\\) (?:(?:have |has )?exceeded|must be less than)[^\\d]{0,80}${n}`),
  // "prompt has 9,412 tokens, but the configured context size is 8,192 tokens":
  // https://github.com/anomalyco/opencode/blob/dev/packages/ai/src/provider-error.ts
  new RegExp(`prompt has ${n} tokens?, but[^\\d]{0,80}${n}`),
  // https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/546: "Trying to keep the first 40000 tokens when context the overflows. … with context length of only 4096"
  new RegExp(`keep the first ${n} tokens[^\\d]{0,120}context length of only ${n}`),
  // Mistral: https://portkey.ai/error-library/context-length-exceeded-error-13710000
  new RegExp(`prompt contains ${n} tokens[^.]{0,80}model with ${n}`)
]

/** The same in the other order. */
const limitThenActual: ReadonlyArray<RegExp> = [
  // https://github.com/vllm-project/vllm/issues/42474: "your prompt contains at least 62466 input tokens, for a total of at
  // least 128001 tokens"
  new RegExp(`context length is ${n}\\D.{0,160}for a total of (?:at least )?${n}`),
  // https://github.com/openai/openai-python/issues/630
  new RegExp(
    `(?:context|prompt) length is ${n}[^.]{0,20}[.,]?[^.]{0,40}?(?:requested|resulted in|contains|request has)(?: about)? ${n}`
  ),
  // OpenAI: "Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 300000 tokens."
  new RegExp(`limit of ${n} tokens\\. your messages resulted in ${n}`),
  new RegExp(`context length of ${n} tokens\\. you requested a total of ${n}`),
  // https://github.com/huggingface/text-generation-inference/blob/main/router/src/validation.rs
  new RegExp(`must be <= ?${n}\\. given: ${n} .?inputs`),
  // https://github.com/MoonshotAI/kimi-cli/issues/2011
  new RegExp(`token limit: ${n} \\(requested: ${n}`),
  // https://github.com/huggingface/text-generation-inference/blob/main/router/src/validation.rs
  new RegExp(`less than ${n} tokens[^\\d]{0,20}given: ${n}`),
  // Bedrock: "Max input tokens: 8192, request input token count: 9279"
  new RegExp(`max input tokens: ${n}, request input token count: ${n}`),
  // https://docs.cohere.com/v1/reference/errors.md
  new RegExp(`cannot exceed ${n} - received ${n}`)
]

/** Sentences that name only the limit. */
const limitOnly: ReadonlyArray<RegExp> = [
  new RegExp(
    `(?:maximum|max) (?:allowed )?(?:(?:context|prompt|sequence|input) )?(?:length|window)(?: is| of)? ${n}`
  ),
  new RegExp(`${n} maximum context length`),
  new RegExp(`context length(?: of)?(?: only)? ${n}`),
  new RegExp(`context length: ${n}`),
  // https://help.aliyun.com/en/model-studio/error-code: "Range of input length should be [1, 129024]"
  new RegExp(`range of input length should be \\[1, ?${n}\\]`),
  // The same page: "Total message token length exceed model limit (10000000 tokens)"
  new RegExp(`exceed model limit \\(${n} tokens`),
  // GitHub Models: https://github.com/Aider-AI/aider/issues/2296
  new RegExp(`max size: ${n} tokens`)
]

/**
 * Numbers that stand alone: not those of names such as `gpt-4-32k` or `20250514`, and not those that are too small for a
 * window. `8192.0` is one (TensorRT-LLM: https://github.com/NVIDIA/TensorRT-LLM/issues/9277).
 */
const alone = /(?<![\w.,-])(\d[\d,]{2,8})(?:\.0)?(?![\w-]|[.,]\d)/g

const leastWindow = 512

/** A sentence with exactly two such numbers that no pattern knows: the larger one is the prompt, since it did not fit. */
const twoNumbers = (lower: string): ContextNumbers | undefined => {
  const found = new Set<number>()
  for (const [, digits] of lower.matchAll(alone)) {
    const value = toInt(digits)
    if (value !== undefined && value >= leastWindow) found.add(value)
  }
  const [small, large, ...others] = [...found].sort((a, b) => a - b)
  return small === undefined || large === undefined || others.length > 0 || large > small * 64
    ? undefined
    : { limit: small, actual: large }
}

/** The numbers in a sentence, as far as it names them. */
export interface ContextNumbers {
  readonly limit?: number
  readonly actual?: number
}

const toInt = (text: unknown): number | undefined => {
  const value = typeof text === "string" ? Number(text.replaceAll(",", "")) : text
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : undefined
}

/** The window and the size from raw values; anything but a positive whole number is left out. */
export const numbers = (limit: unknown, actual: unknown): ContextNumbers => {
  const most = toInt(limit)
  const had = toInt(actual)
  return { ...(most === undefined ? {} : { limit: most }), ...(had === undefined ? {} : { actual: had }) }
}

/**
 * The window and the size of the prompt in a sentence, by the first pattern that matches.
 *
 * @example
 * contextNumbers("prompt is too long: 213462 tokens > 200000 maximum") // => { limit: 200_000, actual: 213_462 }
 */
export const contextNumbers = (text: string): ContextNumbers | undefined => {
  const lower = text.slice(0, 2048).toLowerCase()
  for (const pattern of actualThenLimit) {
    const match = pattern.exec(lower)
    if (match !== null) return numbers(match[2], match[1])
  }
  for (const pattern of limitThenActual) {
    const match = pattern.exec(lower)
    if (match !== null) return numbers(match[1], match[2])
  }
  const two = /token|length|context/.test(lower) ? twoNumbers(lower) : undefined
  if (two !== undefined) return two
  for (const pattern of limitOnly) {
    const match = pattern.exec(lower)
    if (match !== null) return numbers(match[1], undefined)
  }
  return undefined
}

/** The sizes in an overflow to which the output limit contributed, in tokens. */
export interface OutputOverflow {
  readonly window: number
  readonly prompt: number
  readonly output: number
}

/** Sentences that name the prompt, then the output. */
const promptAndOutput: ReadonlyArray<RegExp> = [
  // https://platform.openai.com, https://api-docs.deepseek.com: "(1187 in the messages, 32000 in the completion)";
  // SGLang: "24800 tokens from the input messages and 232000 tokens for the completion"
  new RegExp(
    `${n} (?:tokens )?(?:in|from) (?:the|your) (?:input )?(?:messages|prompt|input)[^\\d]{1,20}${n} (?:tokens )?(?:in|for) the (?:completion|output)`
  ),
  // https://github.com/vllm-project/vllm: "You passed 99073 input tokens and requested 32000 output tokens"
  new RegExp(`passed ${n} input tokens and requested ${n} output tokens`),
  new RegExp(
    `${n} (?:input|prompt) tokens? (?:and|\\+|plus) ${n} (?:(?:output|completion|max_?new_?|new) tokens?|max_tokens)`
  ),
  // https://github.com/continuedev/continue/issues/6080: "199759 + 8192 > 200000"
  new RegExp(`${n} \\+ ${n} > \\d`),
  // https://github.com/huggingface/text-generation-inference/blob/main/router/src/validation.rs:
  // "Given: 3000 `inputs` tokens and 2000 `max_new_tokens`"
  new RegExp(`given: ${n} .?inputs.? tokens and ${n} .?max_new_tokens`)
]

/** Sentences that name the output, then the prompt. */
const outputAndPrompt: ReadonlyArray<RegExp> = [
  // https://github.com/vllm-project/vllm: "is too large: 32000. … your request has 1187 input tokens"
  new RegExp(`too large: ${n}\\..{0,120}?(?:request|prompt) has ${n} input tokens`),
  // https://github.com/vllm-project/vllm/issues/42474: "you requested 32000 output tokens and your prompt contains at least 1187 input tokens"
  new RegExp(`requested ${n} output tokens and your prompt contains (?:at least )?${n} (?:input )?tokens`)
]

/** OpenRouter: "you requested about 284283 tokens (8963 of text input, 13176 of tool input, 262144 in the output)". */
const listed = new RegExp(`\\(((?:${n} of \\w+ input,? ?(?:and )?)+)${n} in the output\\)`)

const windows: ReadonlyArray<RegExp> = [
  new RegExp(`\\+ \\d[\\d,]{0,14}(?: \\w+)? > ${n}`),
  new RegExp(`(?:context|prompt|sequence) (?:length|window|limit|size) (?:is|of)(?: only)? ${n}`),
  new RegExp(`must be <= ?${n}`),
  new RegExp(`(?:context|sequence) (?:length|window|limit|size)[^\\d]{0,20}${n}`)
]

/**
 * Window, prompt and output of an overflow that names all three.
 *
 * @example
 * const said = "maximum context length is 32768 tokens. However, you requested 33187 tokens (1187 in the messages, 32000 in the completion)"
 * outputOverflow(said) // => { window: 32_768, prompt: 1187, output: 32_000 }
 */
export const outputOverflow = (text: string): OutputOverflow | undefined => {
  const lower = text.slice(0, 2048).toLowerCase().replace(/[`'"]/g, "")
  let window: number | undefined
  for (const pattern of windows) window ??= toInt(pattern.exec(lower)?.[1])
  if (window === undefined) return undefined
  const sizes = (prompt: number | undefined, output: number | undefined): OutputOverflow | undefined =>
    prompt === undefined || output === undefined ? undefined : { window, prompt, output }
  for (const pattern of promptAndOutput) {
    const match = pattern.exec(lower)
    if (match !== null) return sizes(toInt(match[1]), toInt(match[2]))
  }
  for (const pattern of outputAndPrompt) {
    const match = pattern.exec(lower)
    if (match !== null) return sizes(toInt(match[2]), toInt(match[1]))
  }
  const parts = listed.exec(lower)
  if (parts === null) return undefined
  const inputs = [...parts[1]!.matchAll(/\d[\d,]*/g)].map(([digits]) => toInt(digits) ?? 0)
  return sizes(
    inputs.reduce((a, b) => a + b, 0),
    toInt(parts.at(-1))
  )
}

/** True if the prompt alone leaves room for a useful answer: at least a tenth of the window. */
export const fitsWithoutLimit = ({ output, prompt, window }: OutputOverflow): boolean =>
  output > 0 && window - prompt >= window / 10
