/**
 * Where a choice of a chat has what was said. The protocol has an object there: `delta` in a stream, else `message`. Some servers
 * write the text itself in its place, or in `text`, as the legacy completions have it.
 *
 * https://platform.openai.com/docs/api-reference/completions/object
 */

type Fields = { readonly [field: string]: unknown }

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const isText = (value: unknown): value is string => typeof value === "string" && value !== ""

/**
 * What a choice says, as a message or a delta; `undefined` if it has neither. A server that has text in its deltas (`isInDeltas`) may
 * repeat it in `text`, or have all text so far there.
 *
 * @example
 * import { saidIn } from "./Choices.ts"
 *
 * saidIn({ delta: { content: "Hello" } }) // => { content: "Hello" }
 * saidIn({ delta: "Hello" }) // => { content: "Hello" }
 * saidIn({ text: "Hello" }) // => { content: "Hello" }
 */
export const saidIn = (choice: Fields, isInDeltas = false): Fields | undefined => {
  const { delta, message } = choice
  const said = isFields(message) && (!isFields(delta) || isBlank(delta)) ? message : (delta ?? message)
  if (isFields(said)) {
    const { content } = said
    if (content !== undefined && content !== null && content !== "") return said
    const text = isText(said.text) ? said.text : isInDeltas ? undefined : choice.text
    return isText(text) ? { ...said, content: text, text: undefined } : said
  }
  const text = isText(said) ? said : choice.text
  return isText(text) ? { content: text } : undefined
}

/** Whether the delta of a choice has text where the protocol has it. */
export const hasDelta = ({ delta }: Fields): boolean => isFields(delta) && isText(delta.content)

/** A delta with nothing but its role. */
const isBlank = (delta: Fields): boolean => {
  for (const name in delta) {
    const value = delta[name]
    if (name !== "role" && value !== undefined && value !== null && value !== "") return false
  }
  return true
}

/** Whether the content of a message or a delta holds something: a text, or a part that is not an empty text. */
export const isContent = (content: unknown): boolean => {
  if (typeof content === "string") return content !== ""
  if (Array.isArray(content)) return content.some(isContent)
  return isFields(content) && (isText(content.text) || !isEmptyText(content))
}

const isEmptyText = ({ text, type }: Fields): boolean =>
  type === undefined || type === "text" || type === "output_text" || (type === "thinking" && text === "")
