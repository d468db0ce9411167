/**
 * The field names under which messages and deltas of OpenAI's protocol carry the model's reasoning.
 *
 * This is the only such list. The classifier, the commit point and the translation read it.
 */

/** A field of a message or a delta, and where it is documented or was seen. */
export interface ThoughtField {
  readonly name: string
  readonly source: string
}

const copilot =
  "https://github.com/microsoft/vscode-copilot-chat/blob/main/src/platform/thinking/common/thinking.ts"

/**
 * Fields that hold reasoning as text, in the order in which they are read: some servers send the same text in two of
 * them.
 */
export const thoughtTexts: ReadonlyArray<ThoughtField> = [
  { name: "reasoning_content", source: "https://api-docs.deepseek.com/guides/reasoning_model" },
  {
    name: "reasoning",
    source:
      "https://openrouter.ai/docs/guides/best-practices/reasoning-tokens; https://console.groq.com/docs/reasoning"
  },
  {
    name: "reasoning_text",
    source: `${copilot} (Copilot's API)`
  },
  { name: "thinking", source: "https://github.com/ollama/ollama/blob/main/docs/api.md (thinking)" },
  { name: "thoughts", source: "https://github.com/google-gemini/cookbook (relays of Gemini's thoughts)" },
  {
    name: "cot_summary",
    source: `${copilot} (Azure)`
  }
]

/** Fields that hold reasoning in pieces, with signatures, or encrypted. */
export const thoughtBlocks: ReadonlyArray<ThoughtField> = [
  {
    name: "reasoning_details",
    source: "https://openrouter.ai/docs/guides/best-practices/reasoning-tokens#preserving-reasoning-blocks"
  },
  { name: "thinking_blocks", source: "https://docs.litellm.ai/docs/reasoning_content" },
  {
    name: "reasoning_opaque",
    source: `${copilot} (Copilot's API)`
  },
  { name: "cot_id", source: `${copilot} (Azure)` }
]

/** The names of the text fields. */
export const thoughtTextNames: ReadonlyArray<string> = thoughtTexts.map(({ name }) => name)

/** The names of the other fields. */
export const thoughtBlockNames: ReadonlyArray<string> = thoughtBlocks.map(({ name }) => name)

/**
 * The reasoning text in a message or a delta: the first field that has some; `undefined` if there is none.
 *
 * @example
 * import { thoughtText } from "./Thoughts.ts"
 *
 * thoughtText({ reasoning_text: "Let me see." }) // => "Let me see."
 * thoughtText({ content: "Hello" }) // => undefined
 */
export const thoughtText = (message: { readonly [field: string]: unknown }): string | undefined => {
  for (const name of thoughtTextNames) {
    const value = message[name]
    if (typeof value === "string" && value !== "") return value
  }
  return undefined
}

/** True if a message or a delta carries reasoning in any form. */
export const hasThought = (message: { readonly [field: string]: unknown }): boolean =>
  thoughtText(message) !== undefined || hasThoughtBlock(message)

/** True if a message or a delta carries reasoning in a form other than text. */
export const hasThoughtBlock = (message: { readonly [field: string]: unknown }): boolean => {
  for (const name of thoughtBlockNames) {
    const value = message[name]
    if ((typeof value === "string" || Array.isArray(value)) && value.length > 0) return true
  }
  return false
}
