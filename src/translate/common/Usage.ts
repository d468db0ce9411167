/** Token counts of targets, read with the table of usage fields. */
import { countsOf, type TokenCounts, usageIn } from "../../words/UsageFields.ts"
import type { Usage } from "./Common.ts"
import type { JsonObject } from "./Json.ts"

export type { TokenCounts } from "../../words/UsageFields.ts"

/**
 * The token counts of an answer or an event; `undefined` if there are none. `before` holds the counts from earlier in
 * the stream: counts are totals, and omitted ones have not changed.
 */
export const read = (json: JsonObject, before?: TokenCounts): TokenCounts | undefined => {
  const usage = usageIn(json)
  return usage === undefined ? undefined : countsOf(usage, before)
}

/** The counts as usage. */
export const toUsage = ({ cacheRead, cacheWrite, input, output, thinking }: TokenCounts): Usage => ({
  input: input ?? 0,
  cacheRead,
  cacheWrite,
  output: output ?? 0,
  thinking
})

/** The usage of a whole answer. */
export const ofAnswer = (json: JsonObject): Usage | undefined => {
  const counts = read(json)
  return counts === undefined ? undefined : toUsage(counts)
}
