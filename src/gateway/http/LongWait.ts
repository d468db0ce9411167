/**
 * Codex sleeps for the whole `retry-after`, however long it is, shows nothing meanwhile, and ignores `x-should-retry`. Seen
 * with 0.171, over HTTP and WebSocket. Without the header it shows the error after retries of a few seconds each.
 */

import type { PassedOn, Refusal } from "./Refusal.ts"

/** The refusal for a client: for Codex without a `retry-after` that no client should wait for. */
export const forClient = (
  refusal: Refusal | PassedOn,
  headers: Readonly<Record<string, string | undefined>> | undefined
): Refusal | PassedOn => {
  if (refusal._tag !== "Refusal" || refusal.headers?.["x-should-retry"] !== "false") return refusal
  if (!/^codex/i.test(headers?.originator ?? headers?.["user-agent"] ?? "")) return refusal
  const { "retry-after": _, ...kept } = refusal.headers
  return { ...refusal, headers: kept }
}
