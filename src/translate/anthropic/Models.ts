/**
 * What Anthropic's models take, as far as a translation must know it. Everything else is the provider's to judge.
 *
 * - sampling: https://platform.claude.com/docs/en/about-claude/models/migration-guide
 * - thinking: https://platform.claude.com/docs/en/build-with-claude/adaptive-thinking
 * - efforts: https://platform.claude.com/docs/en/build-with-claude/effort
 * - prefill: https://platform.claude.com/docs/en/about-claude/models/whats-new-claude-4-6
 * - output tokens: https://platform.claude.com/docs/en/about-claude/models/overview
 */
import type { Effort } from "../common/Common.ts"

/** What a model takes. */
export interface Traits {
  /** The token limit when the caller sets none; the protocol requires one. No model's own limit is lower. */
  readonly maxTokens: number
  /** `one`: temperature or top_p, but not both. */
  readonly sampling: "all" | "one" | "none"
  /**
   * - `none`: it does not think
   * - `budget`: it thinks when it is given a budget of tokens
   * - `optional`: it thinks as it sees fit when asked to
   * - `default`: it thinks as it sees fit unless asked not to
   * - `always`: the same, and it cannot be asked not to
   */
  readonly thinking: "none" | "budget" | "optional" | "default" | "always"
  readonly efforts: ReadonlyArray<Effort>
  /** May the conversation end with words of the model, which it goes on from? */
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

/** The first row that fits: the families it is about, the first version, and what they take. */
const rows: ReadonlyArray<readonly [family: RegExp, since: number, traits: Traits]> = [
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

/** Models of others that speak this protocol know it as it was before version 4.5. */
const foreign: Traits = { ...fourFive, sampling: "all", maxTokens: 8192 }

/** What a model takes, by its name. A Claude whose name tells no version counts as one of the newest. */
export const traits = (model: string): Traits => {
  const name = model.toLowerCase()
  if (!name.includes("claude")) return foreign
  const version = /claude-(?:[a-z]+-)?(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)/.exec(name)
  const since = version === null ? 99 : Number(version[1]) + Number(version[2] ?? 0) / 100
  return rows.find(([family, first]) => since >= first && family.test(name))?.[2] ?? five
}
