/**
 * The commit point of a stream.
 *
 * Before it a failure leads to a retry or a fallback, and the caller does not see it. After it there is no failover, so an
 * answer comes from one target only.
 */

import * as Checks from "../util/Checks.ts"

/** A choice of commit point. */
export type Commit =
  | { readonly _tag: "FirstContent" }
  | { readonly _tag: "Chunks"; readonly count: number }
  | { readonly _tag: "Complete" }

/**
 * The first chunk that carries content (the default). Role-only deltas, block starts, metadata, pings and comments
 * are held back until then and delivered with it.
 */
export const firstContent: Commit = { _tag: "FirstContent" }

/** The `count`th chunk with content, for providers whose streams often break early. A whole number, at least 1. */
export const chunks = (count: number): Commit => {
  Checks.fields("Commit.chunks", { count }, { count: Checks.count })
  return { _tag: "Chunks", count }
}

/** The whole answer: even a late break fails over, at the cost of waiting and of holding the answer in memory. */
export const complete: Commit = { _tag: "Complete" }

/** How many chunks with content have to arrive before the caller gets the stream; infinite for `complete`. */
export const contentNeeded = (commit: Commit): number =>
  commit._tag === "FirstContent" ? 1 : commit._tag === "Chunks" ? commit.count : Number.POSITIVE_INFINITY
