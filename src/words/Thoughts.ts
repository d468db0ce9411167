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

type Fields = { readonly [field: string]: unknown }

/** A name that no list has yet, but whose meaning is clear: `thinking_content`, `model_thoughts`. */
const other = /^(?:\w+_)?(?:reasoning|thinking|thoughts?|cot)(?:_(?:content|text|summary|delta))?$/

const known: ReadonlySet<string> = new Set([...thoughtTextNames, ...thoughtBlockNames])

/** The text of a field: a text, an object with one, or a list of those. */
const textIn = (value: unknown): string => {
  if (typeof value === "string") return value
  if (Array.isArray(value)) return value.map(textIn).join("")
  if (typeof value !== "object" || value === null) return ""
  const { content, summary, text, thinking } = value as Fields
  return textIn(text ?? content ?? summary ?? thinking)
}

/**
 * The reasoning text in a message or a delta, and its field: the first one that has some; `undefined` if there is none.
 *
 * @example
 * import { thoughtIn } from "./Thoughts.ts"
 *
 * thoughtIn({ reasoning_text: "Let me see." }) // => { field: "reasoning_text", text: "Let me see." }
 * thoughtIn({ thinking_content: "Let me see." }) // => { field: "thinking_content", text: "Let me see." }
 * thoughtIn({ content: "Hello" }) // => undefined
 */
export const thoughtIn = (message: Fields): { readonly field: string; readonly text: string } | undefined => {
  for (const field of thoughtTextNames) {
    const text = textIn(message[field])
    if (text !== "") return { field, text }
  }
  for (const field in message) {
    if (known.has(field) || !other.test(field)) continue
    const text = textIn(message[field])
    if (text !== "") return { field, text }
  }
  return undefined
}

/** The reasoning text in a message or a delta; `undefined` if there is none. */
export const thoughtText = (message: Fields): string | undefined => thoughtIn(message)?.text

/** True for a field that holds reasoning, in whatever form. */
export const isThoughtField = (name: string): boolean => known.has(name) || other.test(name)

/** True if a message or a delta carries reasoning in any form. */
export const hasThought = (message: Fields): boolean =>
  thoughtText(message) !== undefined || hasThoughtBlock(message)

/** True if a message or a delta carries reasoning in a form other than text. */
export const hasThoughtBlock = (message: Fields): boolean => {
  for (const name of thoughtBlockNames) {
    const value = message[name]
    if ((typeof value === "string" || Array.isArray(value)) && value.length > 0) return true
  }
  return false
}
