/** Adds up the usage of a stream for its whole answer. */
import { isObject, type JsonObject } from "../wire/Wire.ts"

/** A usage after an earlier one of the same stream. Counts are totals; a zero does not overwrite an earlier count. */
export const counted = (before: unknown, now: unknown): JsonObject => {
  const counts: Record<string, unknown> = isObject(before) ? { ...before } : {}
  for (const [name, value] of Object.entries(isObject(now) ? now : {})) {
    const known = counts[name]
    if (isObject(value)) counts[name] = counted(known, value)
    else if (value !== null && ((value !== 0 && value !== "0") || known === undefined)) counts[name] = value
  }
  return counts
}
