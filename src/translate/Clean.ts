/**
 * Removes carried data (see `carry/`) from requests that stay in the called protocol.
 *
 * Only a conversation that was translated before contains any. Every other body is unchanged.
 */

import * as CallId from "./carry/CallId.ts"
import { isToken, mark } from "./carry/Token.ts"
import { isObject, type JsonObject, list, object, string } from "./common/Json.ts"
import type { Dialect } from "./protocol/Protocol.ts"

/** Whether a text may contain a token. */
export const mayCarry = (text: string): boolean => text.includes(mark)

/** The body without carried data; the same object if it has none. */
export const withoutCarried = (dialect: Dialect, body: JsonObject): JsonObject => {
  switch (dialect) {
    case "anthropic":
      return changed(body, "messages", ofMessages)
    case "openai":
      return changed(body, "messages", ofChats)
    case "responses":
      return changed(body, "input", ofItems)
  }
}

type Clean = (item: JsonObject) => ReadonlyArray<JsonObject>

const changed = (body: JsonObject, field: string, clean: Clean): JsonObject => {
  const items = body[field]
  if (!Array.isArray(items)) return body
  let isSame = true
  const cleaned = items.flatMap((item) => {
    if (!isObject(item)) return [item]
    const kept = clean(item)
    isSame &&= kept.length === 1 && kept[0] === item
    return kept
  })
  return isSame ? body : { ...body, [field]: cleaned }
}

const own = (item: JsonObject, field: string): JsonObject => {
  const given = string(item[field])
  if (given === undefined) return item
  const { id } = CallId.split(given)
  return id === given ? item : { ...item, [field]: id }
}

/** A message with nothing but such reasoning would be empty, and Anthropic refuses it. */
const ofMessages: Clean = (message) => {
  const kept = changed(message, "content", (block) => {
    if (block.type === "thinking" && isToken(string(block.signature) ?? "")) return []
    if (block.type === "redacted_thinking" && isToken(string(block.data) ?? "")) return []
    return [own(own(block, "id"), "tool_use_id")]
  })
  return kept !== message && list(kept.content).length === 0 ? [] : [kept]
}

const ofChats: Clean = (message) => {
  const kept = changed(message, "reasoning_details", (detail) =>
    isToken(string(detail.signature) ?? string(detail.data) ?? "") ? [] : [detail]
  )
  return [
    own(
      changed(kept, "tool_calls", (call) => [own(call, "id")]),
      "tool_call_id"
    )
  ]
}

const ofItems: Clean = (item) =>
  item.type === "reasoning" && isToken(string(object(item).encrypted_content) ?? "")
    ? []
    : [own(item, "call_id")]
