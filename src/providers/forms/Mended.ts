/**
 * Whole answers whose content lacks the list around it: a text where a list of blocks belongs, or one block alone. They become
 * what their protocol has, also for callers of that protocol: their clients read lists.
 */
import { isFull, isObject, type JsonObject } from "../wire/Wire.ts"

/** The answer as its protocol has it; `undefined` if there is nothing to mend. */
export type Mend = (json: JsonObject) => JsonObject | undefined

/** A message of Anthropic's protocol: its content is a text, a block, or a list with texts or blocks without a type. */
export const message: Mend = (json) => {
  const { content } = json
  if (!isFull(content) && !isObject(content)) return undefined
  const given = Array.isArray(content) ? content : [content]
  const blocks = given.map((block) =>
    typeof block === "string"
      ? { type: "text", text: block }
      : isObject(block) && block.type === undefined && typeof block.text === "string"
        ? { type: "text", ...block }
        : block
  )
  return isSame(content, blocks)
    ? undefined
    : { type: "message", role: "assistant", ...json, content: blocks }
}

/** A chat completion: one choice without a list, a message that is a text, or a text beside it. */
export const completion: Mend = (json) => {
  const { choices } = json
  if (!isFull(choices) && !isObject(choices)) return undefined
  const given: ReadonlyArray<unknown> = Array.isArray(choices) ? choices : [choices]
  const mended = given.map((choice) => {
    if (!isObject(choice) || choice.delta !== undefined) return choice
    const { message: said, text, ...rest } = choice
    if (typeof said === "string") return { ...rest, message: { role: "assistant", content: said } }
    if (isObject(said)) {
      const { content } = said
      return isObject(content) ? { ...choice, message: { ...said, content: content.text ?? null } } : choice
    }
    return typeof text === "string" ? { ...rest, message: { role: "assistant", content: text } } : choice
  })
  return isSame(choices, mended) ? undefined : { ...json, object: "chat.completion", choices: mended }
}

/** A response: its output is a text, one item, or missing beside `output_text`; or the content of a message is a text. */
export const response: Mend = (json) => {
  const { output, output_text } = json
  const given =
    typeof output === "string" && output !== ""
      ? [messageOf(output)]
      : isObject(output)
        ? [output]
        : isFull(output)
          ? Array.from<unknown>(output)
          : typeof output_text === "string" && output_text !== "" && json.object === "response"
            ? [messageOf(output_text)]
            : undefined
  if (given === undefined) return undefined
  const items = given.map((item) =>
    isObject(item) && item.type === "message" && (typeof item.content === "string" || isObject(item.content))
      ? { ...item, content: [typeof item.content === "string" ? textOf(item.content) : item.content] }
      : item
  )
  return isSame(output, items)
    ? undefined
    : { object: "response", status: "completed", ...json, output: items }
}

const isSame = (before: unknown, after: ReadonlyArray<unknown>): boolean =>
  Array.isArray(before) &&
  before.length === after.length &&
  before.every((each, index) => each === after[index])

const textOf = (text: string): JsonObject => ({ type: "output_text", text, annotations: [] })

const messageOf = (text: string): JsonObject => ({
  id: "msg_0",
  type: "message",
  role: "assistant",
  status: "completed",
  content: [textOf(text)]
})
