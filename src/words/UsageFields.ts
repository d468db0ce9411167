/**
 * Where answers and events report their token counts, and under which names.
 *
 * This is the only such table. The statistics and the translation read it.
 */

type Fields = { readonly [name: string]: unknown }

/** A count and its possible paths in a usage object; the first that exists wins. */
export interface CountField {
  readonly paths: ReadonlyArray<string>
  readonly source: string
}

const openai = "https://platform.openai.com/docs/api-reference/chat/object#chat-object-usage"
const anthropic = "https://docs.anthropic.com/en/api/messages#response-usage"
const bedrock = "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html"
const gemini = "https://ai.google.dev/api/generate-content#UsageMetadata"
const deepseek = "https://api-docs.deepseek.com/guides/kv_cache"
const llamacpp =
  "https://github.com/ggml-org/llama.cpp/pull/15827 (timings: cache_n + prompt_n + predicted_n)"
const ollama = "https://github.com/ollama/ollama/blob/main/docs/api.md#generate-a-chat-completion"
const invocation =
  "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters-anthropic-claude-messages-request-response.html (amazon-bedrock-invocationMetrics)"
const camel =
  "https://ai-sdk.dev/docs/reference/ai-sdk-core/generate-text (usage, also of relays made with it)"
const moonshot =
  "https://github.com/AstrBotDevs/AstrBot/issues/6614 (usage.cached_tokens; choices[0].usage in streams)"

/** Input tokens including cached ones. */
export const inputFields: ReadonlyArray<CountField> = [
  { paths: ["prompt_tokens"], source: openai },
  { paths: ["promptTokenCount"], source: gemini },
  { paths: ["prompt_eval_count"], source: ollama },
  { paths: ["promptTokens"], source: camel }
]

/**
 * Input tokens under a name that OpenAI's responses use for all of them, and Anthropic only for uncached ones; see
 * {@link apartCacheFields}.
 */
export const plainInputFields: ReadonlyArray<CountField> = [
  { paths: ["input_tokens"], source: anthropic },
  { paths: ["inputTokens"], source: bedrock },
  { paths: ["inputTokenCount"], source: invocation },
  { paths: ["prompt_n"], source: llamacpp }
]

/** Output tokens, including reasoning. */
export const outputFields: ReadonlyArray<CountField> = [
  { paths: ["completion_tokens"], source: openai },
  { paths: ["output_tokens"], source: anthropic },
  { paths: ["outputTokens"], source: bedrock },
  { paths: ["outputTokenCount"], source: invocation },
  { paths: ["predicted_n"], source: llamacpp },
  { paths: ["eval_count"], source: ollama },
  { paths: ["completionTokens"], source: camel }
]

/** Output tokens of Gemini, which counts reasoning separately. */
export const outputWithoutThoughts: CountField = { paths: ["candidatesTokenCount"], source: gemini }

/** Tokens read from a cache, included in the input tokens. */
export const cacheReadFields: ReadonlyArray<CountField> = [
  { paths: ["prompt_tokens_details.cached_tokens", "input_tokens_details.cached_tokens"], source: openai },
  { paths: ["prompt_cache_hit_tokens"], source: deepseek },
  { paths: ["cached_tokens"], source: moonshot },
  { paths: ["cachedContentTokenCount"], source: gemini }
]

/** Tokens written to a cache, included in the input tokens. */
export const cacheWriteFields: ReadonlyArray<CountField> = [
  {
    paths: ["prompt_tokens_details.cache_write_tokens", "input_tokens_details.cache_write_tokens"],
    source:
      "https://openrouter.ai/docs/guides/best-practices/prompt-caching; https://developers.openai.com/api/docs/guides/prompt-caching"
  },
  {
    paths: ["prompt_tokens_details.cache_creation_input_tokens"],
    source: "https://help.aliyun.com/en/model-studio/context-cache"
  }
]

/** Cached tokens that are counted separately from the input tokens: read, then written. */
export const apartCacheFields: readonly [CountField, CountField] = [
  {
    paths: ["cache_read_input_tokens", "cacheReadInputTokens", "cacheReadInputTokenCount", "cache_n"],
    source: `${anthropic}; ${bedrock}; ${invocation}; ${llamacpp}`
  },
  {
    paths: ["cache_creation_input_tokens", "cacheWriteInputTokens", "cacheWriteInputTokenCount"],
    source: `${anthropic}; ${bedrock}; ${invocation}`
  }
]

/** Reasoning tokens: included in the output tokens, except at Gemini. */
export const thinkingFields: ReadonlyArray<CountField> = [
  {
    paths: ["completion_tokens_details.reasoning_tokens", "output_tokens_details.reasoning_tokens"],
    source: openai
  },
  { paths: ["output_tokens_details.thinking_tokens"], source: anthropic },
  { paths: ["thoughtsTokenCount"], source: gemini },
  {
    paths: ["reasoning_tokens"],
    source: "https://app.unpkg.com/@ai-sdk/perplexity@3.0.19/files/src/convert-perplexity-usage.ts"
  }
]

/**
 * The sum of all tokens. xAI's has the reasoning tokens, but its output tokens do not:
 * https://github.com/api-evangelist/xai/blob/main/openapi/xai-chat-api-openapi.yml (32 + 9 + 94 = 135)
 */
export const totalField: CountField = {
  paths: ["total_tokens"],
  source: "https://github.com/api-evangelist/xai/blob/main/openapi/xai-chat-api-openapi.yml"
}

/** The paths of the usage object in an answer or an event. */
export const usagePlaces: ReadonlyArray<CountField> = [
  { paths: ["usage"], source: `${openai}; ${anthropic}` },
  {
    paths: ["message.usage"],
    source: "https://docs.anthropic.com/en/docs/build-with-claude/streaming (message_start)"
  },
  {
    paths: ["response.usage"],
    source:
      "https://developers.openai.com/api/reference/resources/responses/streaming-events.md (response.completed)"
  },
  { paths: ["choices.0.usage"], source: moonshot },
  {
    paths: ["x_groq.usage"],
    source:
      "https://github.com/groq/groq-python/blob/main/src/groq/types/chat/chat_completion_chunk.py (the last chunk of a stream)"
  },
  { paths: ["usageMetadata", "usage_metadata"], source: gemini },
  {
    paths: ["usage.tokens", "usage.billed_units", "meta.tokens", "meta.billed_units"],
    source: "https://docs.cohere.com/reference/chat"
  },
  { paths: ["amazon-bedrock-invocationMetrics"], source: invocation },
  { paths: ["timings"], source: llamacpp }
]

/** The names of counts that are beside the answer itself, without a usage object. */
export const bareFields: ReadonlyArray<CountField> = [
  { paths: ["prompt_eval_count", "eval_count"], source: ollama }
]

/** The token counts of an answer. `input` includes tokens read from and written to a cache. */
export interface TokenCounts {
  readonly input?: number
  readonly output?: number
  readonly cacheRead?: number
  readonly cacheWrite?: number
  readonly thinking?: number
  /** Uncached input tokens, if they are counted separately. */
  readonly fresh?: number
}

const isFields = (u: unknown): u is Fields => typeof u === "object" && u !== null

const at = (object: unknown, path: ReadonlyArray<string>): unknown => {
  let value = object
  for (const name of path) {
    if (!isFields(value)) return undefined
    value = value[name]
  }
  return value
}

/** A count; some servers send it as a text. */
const count = (value: unknown): number | undefined => {
  if (typeof value === "number") return Number.isFinite(value) && value >= 0 ? value : undefined
  return typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : undefined
}

/** The paths, split once and not for each answer. */
type Paths = ReadonlyArray<readonly [name: string, inside: string | undefined]>

const cut = (...fields: ReadonlyArray<CountField>): Paths =>
  fields.flatMap(({ paths }) =>
    paths.map((path) => {
      const [name = "", inside] = path.split(".")
      return [name, inside] as const
    })
  )

const inputPaths = cut(...inputFields)
const plainInputPaths = cut(...plainInputFields)
const outputPaths = cut(...outputFields)
const bareOutputPaths = cut(outputWithoutThoughts)
const cacheReadPaths = cut(...cacheReadFields)
const cacheWritePaths = cut(...cacheWriteFields)
const readApartPaths = cut(apartCacheFields[0])
const writtenApartPaths = cut(apartCacheFields[1])
const thinkingPaths = cut(...thinkingFields)
const totalPaths = cut(totalField)

const first = (usage: Fields, paths: Paths): number | undefined => {
  for (const [name, inside] of paths) {
    const value = usage[name]
    if (value === undefined) continue
    const found = count(inside === undefined ? value : isFields(value) ? value[inside] : undefined)
    if (found !== undefined) return found
  }
  return undefined
}

/** Every event of a stream is checked, so the paths are split only once. */
const places = usagePlaces.flatMap(({ paths }) => paths.map((path) => path.split(".")))

/** The usage object of an answer or an event, the first one with a count if there are several; `undefined` if there is none. */
export const usageIn = (json: Fields): Fields | undefined => {
  let zeros: Fields | undefined
  for (const path of places) {
    const found = at(json, path)
    if (!isFields(found) || Array.isArray(found)) continue
    if (hasCounts(found)) return found
    zeros ??= found
  }
  return bareIn(json) ?? zeros
}

const bareNames = bareFields.flatMap(({ paths }) => paths)

/** Counts without a usage object. */
const bareIn = (json: Fields): Fields | undefined => {
  let found: Record<string, unknown> | undefined
  for (const name of bareNames) {
    if (json[name] === undefined) continue
    found ??= {}
    found[name] = json[name]
  }
  return found
}

const hasCounts = (usage: Fields): boolean => {
  for (const name in usage) if ((count(usage[name]) ?? 0) > 0) return true
  return false
}

/** Counts are totals: an omitted one has not changed, and a zero after a count is ignored. */
const total = (now: number | undefined, before: number | undefined): number | undefined =>
  now === undefined || (now === 0 && before !== undefined) ? before : now

const sum = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined && b === undefined ? undefined : (a ?? 0) + (b ?? 0)

type Known = { -readonly [K in keyof TokenCounts]: number | undefined }

const names = ["input", "output", "cacheRead", "cacheWrite", "thinking", "fresh"] as const

const present = (counts: Readonly<Known>): TokenCounts => {
  const found: { -readonly [K in keyof TokenCounts]: TokenCounts[K] } = {}
  for (const name of names) {
    const value = counts[name]
    if (value !== undefined) found[name] = value
  }
  return found
}

/** Output tokens with the reasoning, whether the server counts it separately or not. */
const outputOf = (usage: Fields, thinking = 0): number | undefined => {
  const told = first(usage, outputPaths)
  if (told === undefined) {
    const bare = first(usage, bareOutputPaths)
    return bare === undefined ? undefined : bare + thinking
  }
  const isApart =
    thinking > 0 && first(usage, totalPaths) === (first(usage, inputPaths) ?? 0) + told + thinking
  return isApart ? told + thinking : told
}

/**
 * The counts of a usage object. `before` holds the counts from earlier in the same stream: counts are totals, omitted
 * ones have not changed, and a 0 after a known one is ignored (some servers send zeros at the end).
 *
 * @example
 * import { countsOf } from "./UsageFields.ts"
 *
 * countsOf({ prompt_tokens: 9, completion_tokens: 2, prompt_cache_hit_tokens: 4 })
 * // => { input: 9, output: 2, cacheRead: 4 }
 * countsOf({ input_tokens: 5, output_tokens: 1, cache_read_input_tokens: 7 })
 * // => { input: 12, output: 1, cacheRead: 7, fresh: 5 }
 */
export const countsOf = (usage: Fields, before: TokenCounts = {}): TokenCounts => {
  const thinking = first(usage, thinkingPaths)
  const output = outputOf(usage, thinking)
  const readApart = first(usage, readApartPaths)
  const writtenApart = first(usage, writtenApartPaths)
  const cacheRead = total(first(usage, cacheReadPaths) ?? readApart, before.cacheRead)
  const cacheWrite = total(first(usage, cacheWritePaths) ?? writtenApart, before.cacheWrite)
  const whole = first(usage, inputPaths)
  const plain = first(usage, plainInputPaths)
  const isApart =
    whole === undefined && (sum(readApart, writtenApart) !== undefined || before.fresh !== undefined)
  const told = whole ?? plain
  const isHidden = told === 0 && (before.input ?? 0) > 0
  const fresh = !isApart
    ? undefined
    : plain === undefined || isHidden
      ? (before.fresh ?? before.input)
      : plain
  const input = isApart
    ? (fresh ?? 0) + (cacheRead ?? 0) + (cacheWrite ?? 0)
    : told === undefined || isHidden
      ? before.input
      : told
  return present({
    input,
    // Anthropic's streams begin with an output of 1, which may turn out to be 0.
    output: output === 0 && before.output === 1 ? 0 : total(output, before.output),
    cacheRead,
    cacheWrite,
    thinking: total(thinking, before.thinking),
    fresh
  })
}
