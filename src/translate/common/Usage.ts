/** Tokens as targets tell them, from the one table of the fields in which they do. */
import { countsOf, type TokenCounts, usageIn } from "../../words/UsageFields.ts"
import type { Usage } from "./Common.ts"
import type { JsonObject } from "./Json.ts"

export type { TokenCounts } from "../../words/UsageFields.ts"

/**
 * What an answer or an event tells of its tokens; `undefined` when that is nothing. `before` is what its stream has told
 * earlier: counts are totals, and those left out have not changed.
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
