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

/**
 * Merges details of reasoning that arrived in pieces: consecutive ones with the same index and type.
 * https://openrouter.ai/docs/guides/best-practices/reasoning-tokens#streaming-mode
 */
export const joinDetails = (members: JsonObject): JsonObject => {
  const { reasoning_details: details } = members
  if (!Array.isArray(details)) return members
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
  return { ...members, reasoning_details: joined }
}

const isSame = (one: JsonObject, other: JsonObject): boolean =>
  number(one.index) !== undefined && one.index === other.index && one.type === other.type
