/** Merges message fields that arrive in pieces. */
import { isObject, type JsonObject, number } from "../common/Json.ts"

/** Strings and lists are concatenated; for anything else the last value counts. */
export const merge = (into: Record<string, unknown>, more: JsonObject): void => {
  for (const [name, value] of Object.entries(more)) {
    const known = into[name]
    if (typeof known === "string" && typeof value === "string")
      into[name] = known === value ? value : known + value
    else if (Array.isArray(value)) into[name] = [...(Array.isArray(known) ? known : []), ...value]
    else if (isObject(known) && isObject(value)) {
      const inner = { ...known }
      merge(inner, value)
      into[name] = inner
    } else into[name] = value
  }
}

/** Merges reasoning that arrived in pieces. */
export const joinDetails = (members: JsonObject): JsonObject => {
  const { reasoning_details, thinking_blocks } = members
  if (!Array.isArray(reasoning_details) && !Array.isArray(thinking_blocks)) return members
  return {
    ...members,
    ...(Array.isArray(reasoning_details) && { reasoning_details: joinedDetails(reasoning_details) }),
    ...(Array.isArray(thinking_blocks) && { thinking_blocks: joinedBlocks(thinking_blocks) })
  }
}

/** Blocks of thinking, LiteLLM's: the signature ends one. https://docs.litellm.ai/docs/reasoning_content */
const joinedBlocks = (blocks: ReadonlyArray<unknown>): ReadonlyArray<JsonObject> => {
  const joined: Array<Record<string, unknown>> = []
  for (const block of blocks) {
    if (!isObject(block)) continue
    const last = joined.at(-1)
    const isNext = last?.type !== "thinking" || block.type !== "thinking" || (last.signature ?? "") !== ""
    if (last === undefined || isNext) joined.push({ ...block })
    else {
      last.thinking = `${last.thinking ?? ""}${block.thinking ?? ""}`
      if ((block.signature ?? "") !== "") last.signature = block.signature
    }
  }
  return joined
}

/**
 * Consecutive details of reasoning with the same index and type are pieces of one.
 * https://openrouter.ai/docs/guides/best-practices/reasoning-tokens#streaming-mode
 */
const joinedDetails = (details: ReadonlyArray<unknown>): ReadonlyArray<JsonObject> => {
  const joined: Array<Record<string, unknown>> = []
  for (const detail of details) {
    if (!isObject(detail)) continue
    const last = joined.at(-1)
    if (last === undefined || !isSame(last, detail)) joined.push({ ...detail })
    else {
      for (const [name, value] of Object.entries(detail)) {
        if (value === null || value === undefined) continue
        const isText = name === "text" || name === "summary" || name === "data"
        last[name] = isText && typeof last[name] === "string" ? last[name] + String(value) : value
      }
    }
  }
  return joined
}

const isSame = (one: JsonObject, other: JsonObject): boolean =>
  number(one.index) !== undefined && one.index === other.index && one.type === other.type
