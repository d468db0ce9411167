/** The `x-failover-*` headers: which target answered, after how many attempts, and how each of them ended. */
import { classOf, type Failure } from "../../failure/Failure.ts"
import type { FailedAttempt } from "../../failure/RunError.ts"
import { isNotSent } from "./TargetRefusal.ts"

/** `RateLimit` as `rate-limit`. */
const kebab = (name: string): string => name.replace(/(?!^)([A-Z])/g, "-$1").toLowerCase()

/** How an attempt ended: `rate-limit`, `invalid-key`, `overloaded`, … */
export const outcomeOf = (failure: Failure): string =>
  isNotSent(failure) ? "inexpressible" : kebab(classOf(failure))

/**
 * The most failed attempts in the trail. The others are a count (`+12`), because proxies limit the size of
 * headers.
 */
const shown = 32

/**
 * The headers of a request with these failed attempts, and the target that answered, if one did. `isDropped`: an attempt of a
 * hedged request was stopped because the other one had content first.
 */
export const headers = (
  requestId: string,
  failed: ReadonlyArray<FailedAttempt>,
  answeredBy?: string | undefined,
  isDropped = false
): Record<string, string> => {
  const made = failed.length + (isDropped ? 1 : 0) + (answeredBy === undefined ? 0 : 1)
  const result: Record<string, string> = { "x-request-id": requestId, "x-failover-attempts": String(made) }
  const target = answeredBy ?? failed.at(-1)?.target
  if (target !== undefined) result["x-failover-target"] = headerText(target)
  const trail = text(failed, answeredBy !== undefined, isDropped)
  if (trail !== undefined) result["x-failover-trail"] = trail
  return result
}

/** The outcome of each attempt, such as `rate-limit,ok` or `dropped,ok`; `undefined` if there was no attempt. */
export const text = (
  failed: ReadonlyArray<FailedAttempt>,
  isAnswered: boolean,
  isDropped = false
): string | undefined => {
  if (failed.length === 0 && !isDropped) return isAnswered ? "ok" : undefined
  const trail = failed.slice(0, shown).map(({ failure }) => outcomeOf(failure))
  if (failed.length > shown) trail.push(`+${failed.length - shown}`)
  if (isDropped) trail.push("dropped")
  if (isAnswered) trail.push("ok")
  return trail.join(",")
}

/** Encodes characters outside visible ASCII: the name of a model may have any, and a header may not. */
const headerText = (text: string): string =>
  isPlain.test(text)
    ? text
    : text.replace(/[^\x20-\x7e]/gu, (char) => Buffer.from(char).toString("hex").replace(/../g, "%$&"))

const isPlain = /^[\x20-\x7e]*$/
