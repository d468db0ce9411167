/**
 * System turns in the middle of a conversation, for models that do not take them.
 *
 * Claude takes them since version 4.8, and Claude Code sends them to any model whose name it does not know.
 * https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages
 */
import { isObject, type JsonObject, objects, string } from "../common/Json.ts"

/** System prompts as text of the user, marked as Claude Code marks them. */
export const reminder = (texts: ReadonlyArray<string>): string =>
  `<system-reminder>\n${texts.join("\n\n")}\n</system-reminder>`

/** The messages request with its system turns as marked text of the user; the same object if it has none. */
export const withoutSystemTurns = (body: JsonObject): JsonObject => {
  if (!Array.isArray(body.messages) || !body.messages.some(isSystem)) return body
  const messages: Array<unknown> = []
  /** The last message is the user's and has a system turn in it: the user's next one is joined to it. */
  let isReminded = false
  for (const message of body.messages) {
    const isTurn = isSystem(message)
    const turn: unknown = isTurn ? { role: "user", content: blocksOf(message.content) } : message
    const last = messages.at(-1)
    if (isUsers(turn) && isUsers(last) && (isTurn || isReminded)) {
      messages[messages.length - 1] = { ...last, content: [...listOf(last.content), ...listOf(turn.content)] }
      isReminded = true
    } else {
      messages.push(turn)
      isReminded = isTurn
    }
  }
  return { ...body, messages }
}

const isSystem = (message: unknown): message is JsonObject => isObject(message) && message.role === "system"

const isUsers = (message: unknown): message is JsonObject => isObject(message) && message.role === "user"

const listOf = (content: unknown): ReadonlyArray<unknown> =>
  typeof content === "string" ? [{ type: "text", text: content }] : Array.isArray(content) ? content : []

/** The texts as one block, with the cache control of the last; other blocks, such as changes of tools, stay as they are. */
const blocksOf = (content: unknown): ReadonlyArray<unknown> => {
  if (typeof content === "string") return [{ type: "text", text: reminder([content]) }]
  return objects(content).map((block) => {
    const text = string(block.text)
    return block.type === "text" && text !== undefined ? { ...block, text: reminder([text]) } : block
  })
}
