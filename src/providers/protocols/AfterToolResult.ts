/**
 * Whether a request ends with a tool result. Then the model may have nothing to add, and an answer without content is
 * a legal end of its turn.
 *
 * https://docs.anthropic.com/en/api/handling-stop-reasons#empty-responses-with-end-turn
 */
import { isObject, type JsonObject } from "../wire/Wire.ts"

/** True if the last turn of a body holds a tool result. */
export const isAfterToolResult = ({ input, messages }: JsonObject): boolean => {
  const items = Array.isArray(messages) ? messages : Array.isArray(input) ? input : []
  for (let at = items.length - 1; at >= 0; at--) {
    const item: unknown = items[at]
    if (!isObject(item)) return false
    const type = typeof item.type === "string" ? item.type : ""
    if (item.role === "tool" || item.role === "function" || type.endsWith("_output")) return true
    if (Array.isArray(item.content) && item.content.some(isResult)) return true
    if (item.role !== "user" && item.role !== "system" && item.role !== "developer") return false
  }
  return false
}

const isResult = (part: unknown): boolean => isObject(part) && part.type === "tool_result"
