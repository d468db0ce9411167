/**
 * The features of models behind OpenAI's protocol, as far as translation needs them.
 *
 * Many servers support only the older half of the protocol, so newer fields are sent only to OpenAI's own models,
 * which are recognized by their names.
 *
 * - reasoning models and their efforts: https://developers.openai.com/api/docs/guides/reasoning
 * - no tools together with an effort: https://github.com/openai/openai-openapi/issues/541 (5.4),
 *   https://github.com/livekit/agents/pull/5088 (5.2)
 */
import * as Memo from "../../util/Memo.ts"
import type { Effort } from "../common/Common.ts"

/** The features of a model. */
export interface Traits {
  /** The field for the output limit. */
  readonly limit: "max_tokens" | "max_completion_tokens"
  /**
   * Whether it reasons. Then it accepts neither stop sequences nor, unless reasoning is off, temperature and top_p.
   */
  readonly reasons: boolean
  readonly efforts: ReadonlyArray<Effort>
  /** Whether it accepts tools only with the effort `none`. */
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

/** The first matching row. */
const rows: ReadonlyArray<readonly [name: RegExp, traits: Traits]> = [
  [/^gpt-oss/, { ...other, efforts: ["low", "medium", "high"] }],
  [/^(gpt-\d.*-chat|chatgpt|gpt-[34])/, chat],
  [/^o\d/, reasoning],
  [/^gpt-5(?!\.)/, { ...reasoning, efforts: ["minimal", "low", "medium", "high"] }],
  [/^gpt-5\.1(?!\d)/, { ...reasoning, efforts: ["none", "low", "medium", "high"] }],
  [/^gpt-(5|[6-9]|\d\d)/, gpt52]
]

/** The features of a model, by its name from the last slash on. */
export const traits = Memo.byName((model): Traits => {
  const name = model.slice(model.lastIndexOf("/") + 1).toLowerCase()
  return rows.find(([pattern]) => pattern.test(name))?.[1] ?? other
})
