/**
 * When a stream belongs to its target.
 *
 * Before the commit point a failure moves the run on and the caller never sees it; after it, never: an answer comes
 * from one target only.
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

/** The `count`th chunk that carries content: a later point, for providers that tend to die early. A whole number, at least 1. */
export const chunks = (count: number): Commit => {
  Checks.fields("Commit.chunks", { count }, { count: Checks.count })
  return { _tag: "Chunks", count }
}

/** The whole answer: even a late cut fails over, at the price of waiting and of holding the answer in memory. */
export const complete: Commit = { _tag: "Complete" }

/** How many chunks with content have to be there before the stream is handed over; infinite for `complete`. */
export const contentNeeded = (commit: Commit): number =>
  commit._tag === "FirstContent" ? 1 : commit._tag === "Chunks" ? commit.count : Number.POSITIVE_INFINITY
