/**
 * The features of Anthropic's models, as far as translation needs them. Everything else is left to the provider.
 *
 * - sampling: https://platform.claude.com/docs/en/about-claude/models/migration-guide
 * - thinking: https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking
 * - efforts: https://platform.claude.com/docs/en/build-with-claude/effort
 * - prefill: https://platform.claude.com/docs/en/api/errors#prefill-not-supported
 * - output tokens: https://platform.claude.com/docs/en/about-claude/models/overview
 */
import * as Memo from "../../util/Memo.ts"
import type { Effort } from "../common/Common.ts"

/** The features of a model. */
export interface Traits {
  /** The output limit if the caller sets none; the protocol requires one. No model's own limit is lower. */
  readonly maxTokens: number
  /** `one`: temperature or top_p, but not both. */
  readonly sampling: "all" | "one" | "none"
  /**
   * How it thinks:
   *
   * - `none`: not at all
   * - `budget`: only with a token budget
   * - `optional`: adaptively, if requested
   * - `default`: adaptively, unless turned off
   * - `always`: adaptively, and it cannot be turned off
   */
  readonly thinking: "none" | "budget" | "optional" | "default" | "always"
  readonly efforts: ReadonlyArray<Effort>
  /** Whether the conversation may end with text of the model, which it continues. */
  readonly prefill: boolean
}

const five: Traits = {
  maxTokens: 32_000,
  sampling: "none",
  thinking: "default",
  efforts: ["low", "medium", "high", "xhigh", "max"],
  prefill: false
}

const fourFive: Traits = {
  maxTokens: 32_000,
  sampling: "one",
  thinking: "budget",
  efforts: [],
  prefill: true
}

/** The first matching row: the families, the first version, and the features. */
const rows: ReadonlyArray<readonly [family: RegExp, since: number, traits: Traits]> = [
  [/mythos-preview/, 0, { ...five, thinking: "always", efforts: ["low", "medium", "high", "max"] }],
  [/fable|mythos/, 0, { ...five, thinking: "always" }],
  [/./, 5.0, five],
  [/opus/, 4.07, { ...five, thinking: "optional" }],
  [/./, 4.06, { ...five, sampling: "one", thinking: "optional", efforts: ["low", "medium", "high", "max"] }],
  [/opus/, 4.05, { ...fourFive, efforts: ["low", "medium", "high"] }],
  [/./, 4.05, fourFive],
  [/opus/, 4.01, fourFive],
  [/./, 3.07, { ...fourFive, sampling: "all" }],
  [/./, 3.05, { ...fourFive, sampling: "all", thinking: "none", maxTokens: 8192 }],
  [/./, 0, { ...fourFive, sampling: "all", thinking: "none", maxTokens: 4096 }]
]

/** Other models with this protocol support it as it was before version 4.5. */
const foreign: Traits = { ...fourFive, sampling: "all", maxTokens: 8192 }

/** The features of a model, by its name. A Claude model without a version in its name counts as one of the newest. */
export const traits = Memo.byName((model): Traits => {
  const name = model.toLowerCase()
  if (!name.includes("claude")) return foreign
  const version = /claude-(?:[a-z]+-)?(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)/.exec(name)
  const since = version === null ? 99 : Number(version[1]) + Number(version[2] ?? 0) / 100
  return rows.find(([family, first]) => since >= first && family.test(name))?.[2] ?? five
})
