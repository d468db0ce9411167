/**
 * The numbers of an overflow in words: the size of the window and that of the prompt, in tokens.
 */

const n = "(\\d[\\d,]{0,14})"

/** Sentences that give both numbers; the first group is the actual size, the second the limit. */
const actualThenLimit: ReadonlyArray<RegExp> = [
  // https://docs.anthropic.com: "213462 tokens > 200000 maximum", "178959 + 64000 > 200000"
  new RegExp(`${n} tokens > ${n} maximum`),
  new RegExp(`${n} \\+ \\d[\\d,]{0,14} > ${n}`),
  // https://ai.google.dev: "The input token count (134123) exceeds the maximum number of tokens allowed (131072)"
  new RegExp(`token count (?:is |of )?\\(?${n}\\)? (?:exceeds|but)[^\\d]{0,80}${n}`),
  // https://github.com/ggml-org/llama.cpp, https://docs.together.ai, Poolside
  new RegExp(`\\(${n} tokens\\) (?:exceeds|is longer)[^\\d]{0,80}${n}`),
  new RegExp(`(?:input length|prompt too long:?) ${n}(?: tokens)? exceeds[^\\d]{0,80}${n}`),
  // https://docs.mistral.ai
  new RegExp(`prompt contains ${n} tokens[^.]{0,80}model with ${n}`)
]

/** The same the other way round. */
const limitThenActual: ReadonlyArray<RegExp> = [
  // https://platform.openai.com, https://github.com/vllm-project/vllm
  new RegExp(
    `(?:context|prompt) length is ${n}[^.]{0,20}[.,]?[^.]{0,40}?(?:requested|resulted in|contains)(?: about)? ${n}`
  ),
  // https://platform.moonshot.ai
  new RegExp(`token limit: ${n} \\(requested: ${n}`),
  // https://github.com/huggingface/text-generation-inference
  new RegExp(`less than ${n} tokens[^\\d]{0,20}given: ${n}`),
  // https://docs.cohere.com
  new RegExp(`cannot exceed ${n} - received ${n}`)
]

/** Sentences that give the limit alone. */
const limitOnly: ReadonlyArray<RegExp> = [
  new RegExp(`(?:maximum|max) (?:context|prompt|sequence|input) (?:length|window)(?: is| of)? ${n}`),
  new RegExp(`context length(?: of)?(?: only)? ${n}`),
  new RegExp(`context length: ${n}`)
]

/** The numbers that a sentence names; absent where they are not named. */
export interface ContextNumbers {
  readonly limit?: number
  readonly actual?: number
}

const toInt = (text: unknown): number | undefined => {
  const value = typeof text === "string" ? Number(text.replaceAll(",", "")) : text
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : undefined
}

/** Two numbers as they came, as the window and the size; what is no positive whole number is left out. */
export const numbers = (limit: unknown, actual: unknown): ContextNumbers => {
  const most = toInt(limit)
  const had = toInt(actual)
  return { ...(most === undefined ? {} : { limit: most }), ...(had === undefined ? {} : { actual: had }) }
}

/**
 * The window and the size of the prompt that a sentence names, by the first pattern that matches.
 *
 * @example
 * import { contextNumbers } from "./ContextNumbers.ts"
 *
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
  for (const pattern of limitOnly) {
    const match = pattern.exec(lower)
    if (match !== null) return numbers(match[1], undefined)
  }
  return undefined
}
