/**
 * Reasoning in OpenAI's protocol, which has no field for it.
 *
 * The text is in `reasoning_content` (DeepSeek, vLLM and others) or `reasoning` (OpenRouter, Groq). Complete
 * reasoning, with the signature its provider requires back, is in OpenRouter's `reasoning_details`. A caller who
 * sends an answer back unchanged sends them back too. (The official client omits them when it runs tools by itself.)
 *
 * - https://api-docs.deepseek.com/guides/reasoning_model
 * - https://openrouter.ai/docs/guides/best-practices/reasoning-tokens#preserving-reasoning-blocks
 */
import { hasThoughtBlock, thoughtBlockNames, thoughtIn } from "../../../words/Thoughts.ts"
import type { Redacted, Spoken, Thinking } from "../../common/Common.ts"
import { type JsonObject, objects, string, text } from "../../common/Json.ts"

/** The reasoning text in a message or a delta: from a field, which is named, or from the details. */
export const thoughtOf = (
  message: JsonObject
): { readonly text: string; readonly field?: string } | undefined => {
  const found = thoughtIn(message)
  if (found !== undefined) return found
  const said = hasThoughtBlock(message) ? detailsText(message) : undefined
  return said === undefined ? undefined : { text: said }
}

/** The reasoning text in a message or a delta. */
export const textOf = (message: JsonObject): string | undefined => thoughtOf(message)?.text

const detailsText = (message: JsonObject): string | undefined =>
  text(
    thoughtBlockNames
      .flatMap((name) => objects(message[name]))
      .map((block) => string(block.text) ?? string(block.summary) ?? string(block.thinking) ?? "")
      .join("")
  )

/** The reasoning that can be sent back to Anthropic: signed or unreadable. */
export const read = (details: unknown): ReadonlyArray<Thinking | Redacted> => {
  const thoughts: Array<Thinking | Redacted> = []
  for (const detail of objects(details)) {
    if (string(detail.format)?.startsWith("anthropic") !== true) continue
    const signature = text(detail.signature)
    const data = text(detail.data)
    if (detail.type === "reasoning.text" && signature !== undefined) {
      thoughts.push({ type: "thinking", text: string(detail.text) ?? "", signature })
    } else if (detail.type === "reasoning.encrypted" && data !== undefined) {
      thoughts.push({ type: "redacted", data })
    }
  }
  return thoughts
}

/**
 * The same in the blocks that LiteLLM gives to clients of chats, which are Anthropic's.
 * https://docs.litellm.ai/docs/reasoning_content
 */
export const readBlocks = (blocks: unknown): ReadonlyArray<Thinking | Redacted> =>
  objects(blocks).flatMap(({ data, signature, thinking, type }): ReadonlyArray<Thinking | Redacted> => {
    const signed = text(signature)
    const hidden = text(data)
    if (type === "redacted_thinking") return hidden === undefined ? [] : [{ type: "redacted", data: hidden }]
    return signed === undefined ? [] : [{ type: "thinking", text: string(thinking) ?? "", signature: signed }]
  })

/**
 * The reasoning in a part of the content, Mistral's or Anthropic's; `undefined` for any other part.
 * https://docs.mistral.ai/inference/conversations/reasoning
 */
export const ofPart = (part: JsonObject): Thinking | Redacted | undefined => {
  if (part.type === "redacted_thinking") return readBlocks([part])[0]
  if (part.type !== "thinking" && part.type !== "reasoning") return undefined
  const given = part.thinking ?? part.text ?? part.reasoning
  const said =
    string(given) ??
    objects(given)
      .map((inner) => string(inner.text) ?? "")
      .join("")
  return { type: "thinking", text: said, signature: text(part.signature) }
}

/** The reasoning in the model's output, as `reasoning_details`; `undefined` if there is none to send back. */
export const write = (parts: ReadonlyArray<Spoken>): ReadonlyArray<JsonObject> | undefined => {
  const details: Array<JsonObject> = []
  for (const part of parts) {
    const common = { format: "anthropic-claude-v1", index: details.length }
    if (part.type === "thinking" && part.signature !== undefined && part.signature !== "") {
      details.push({ type: "reasoning.text", text: part.text, signature: part.signature, ...common })
    } else if (part.type === "redacted") {
      details.push({ type: "reasoning.encrypted", data: part.data, ...common })
    }
  }
  return details.length === 0 ? undefined : details
}
