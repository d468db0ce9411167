/**
 * Reasoning as items of a response.
 *
 * Readable reasoning is the item's summary; what its provider requires back (a signature, or reasoning only it can
 * read) replaces OpenAI's encrypted content, marked as foreign.
 * https://developers.openai.com/api/docs/guides/reasoning
 */

import { isToken } from "../carry/Token.ts"
import type { Redacted, Thinking } from "../common/Common.ts"
import { isObject, type JsonObject, objects, string, text } from "../common/Json.ts"

const signed = "anthropic-claude-v1.signature."
const sealed = "anthropic-claude-v1.redacted."

/** The encrypted content of an item; `undefined` for unsigned reasoning. */
export const seal = (thought: Thinking | Redacted): string | undefined => {
  if (thought.type === "redacted") return isToken(thought.data) ? thought.data : sealed + thought.data
  const signature = text(thought.signature)
  return signature === undefined || isToken(signature) ? signature : signed + signature
}

/** The reasoning in an item, if a provider other than OpenAI accepts it back: signed, or carried for its server. */
export const read = (item: JsonObject): Thinking | Redacted | undefined => {
  const content = string(item.encrypted_content) ?? ""
  if (content.startsWith(sealed)) return { type: "redacted", data: content.slice(sealed.length) }
  const said = textOf(item)
  if (isToken(content)) {
    return said === ""
      ? { type: "redacted", data: content }
      : { type: "thinking", text: said, signature: content }
  }
  if (!content.startsWith(signed)) return undefined
  return { type: "thinking", text: said, signature: content.slice(signed.length) }
}

/** The reasoning in an item that is neither signed nor sealed. */
export const readUnsigned = (item: JsonObject): Thinking | undefined => {
  const said = textOf(item)
  return said === "" || text(item.encrypted_content) !== undefined
    ? undefined
    : { type: "thinking", text: said }
}

const textOf = (item: JsonObject): string =>
  [...objects(item.summary), ...objects(item.content)].map((part) => string(part.text) ?? "").join("")

const isForeign = (item: unknown): boolean =>
  isObject(item) &&
  item.type === "reasoning" &&
  (text(item.encrypted_content) === undefined
    ? string(item.id)?.startsWith(foreignId) === true
    : read(item) !== undefined)

/** The prefix of ids of reasoning items that are not OpenAI's. */
export const foreignId = "rs_x_"

/**
 * The body of a Responses request without the reasoning of other models, which OpenAI would not find or could not
 * read; the same object if it has none.
 */
export const withoutForeignThoughts = (body: JsonObject): JsonObject =>
  Array.isArray(body.input) && body.input.some(isForeign)
    ? { ...body, input: body.input.filter((item) => !isForeign(item)) }
    : body
