/**
 * What the models behind OpenAI's protocol take, as far as a translation must know it.
 *
 * The protocol is spoken by many servers that know only its older half, so the newer fields go to OpenAI's own models
 * alone, which are known by their names.
 *
 * - reasoning models and their efforts: https://developers.openai.com/api/docs/guides/reasoning
 * - no tools together with an effort: https://github.com/openai/openai-openapi/issues/541
 */
import type { Effort } from "../common/Common.ts"

/** What a model takes. */
export interface Traits {
  /** The field for the token limit. */
  readonly limit: "max_tokens" | "max_completion_tokens"
  /** Does it think? Then it takes neither stop sequences nor, unless told not to think, temperature and top_p. */
  readonly reasons: boolean
  readonly efforts: ReadonlyArray<Effort>
  /** Are tools taken only with the effort `none`? */
  readonly toolsWithoutEffort: boolean
}

const other: Traits = { limit: "max_tokens", reasons: false, efforts: [], toolsWithoutEffort: false }
const chat: Traits = { ...other, limit: "max_completion_tokens" }
const reasoning: Traits = { ...chat, reasons: true, efforts: ["low", "medium", "high"] }
const gpt52: Traits = {
  ...reasoning,
  efforts: ["none", "low", "medium", "high", "xhigh"],
  toolsWithoutEffort: true
}

/** The first row that fits. */
const rows: ReadonlyArray<readonly [name: RegExp, traits: Traits]> = [
  [/^gpt-oss/, { ...other, efforts: ["low", "medium", "high"] }],
  [/^(gpt-\d.*-chat|chatgpt|gpt-[34])/, chat],
  [/^o\d/, reasoning],
  [/^gpt-5(?!\.)/, { ...reasoning, efforts: ["minimal", "low", "medium", "high"] }],
  [/^gpt-5\.1(?!\d)/, { ...reasoning, efforts: ["none", "low", "medium", "high"] }],
  [/^gpt-(5|[6-9]|\d\d)/, gpt52]
]

/** What a model takes, by its name without what stands before the last slash. */
export const traits = (model: string): Traits => {
  const name = model.slice(model.lastIndexOf("/") + 1).toLowerCase()
  return rows.find(([pattern]) => pattern.test(name))?.[1] ?? other
}
