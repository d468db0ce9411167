/**
 * Removes unsigned reasoning.
 *
 * If a model without signatures has answered a caller of Anthropic's protocol, its reasoning is part of the
 * conversation. Anthropic refuses it, so it is removed before a request goes there.
 * https://github.com/anthropics/claude-code/issues/10627
 */
import { isObject, type JsonObject, object, objects, text } from "../common/Json.ts"

const isUnsigned = (block: unknown): boolean =>
  isObject(block) && block.type === "thinking" && text(block.signature) === undefined

const isThought = (block: unknown): boolean =>
  isObject(block) && (block.type === "thinking" || block.type === "redacted_thinking")

/** The messages request without unsigned reasoning; the same object if it has none. */
export const withoutUnsignedThinking = (body: JsonObject): JsonObject => without(body, isUnsigned)

/**
 * The messages request without any reasoning; the same object if it has none. Thinking is turned off if the model
 * would have to continue from its reasoning, also if that is missing because another model has answered.
 */
export const withoutThinking = (body: JsonObject): JsonObject => {
  const made = without(body, isThought)
  if (object(body.thinking).type !== "enabled") return made
  const { thinking: _, ...rest } = made
  return rest
}

const without = (body: JsonObject, isOut: (block: unknown) => boolean): JsonObject => {
  if (!Array.isArray(body.messages)) return body
  if (!objects(body.messages).some(({ content }) => Array.isArray(content) && content.some(isOut)))
    return body
  const messages = body.messages.flatMap((message) => {
    const { content } = object(message)
    if (!Array.isArray(content)) return [message]
    const kept = content.filter((block) => !isOut(block))
    return kept.length === 0 && content.length > 0 ? [] : [{ ...object(message), content: kept }]
  })
  return { ...body, messages }
}
