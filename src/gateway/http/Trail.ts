/** What became of a request, in headers: who answered, after how many attempts, and how each of them ended. */
import { classOf, type Failure, type FailureClass, failureClasses } from "../../failure/Failure.ts"
import type { FailedAttempt } from "../../failure/RunError.ts"
import { isUnsent } from "./TargetRefusal.ts"

/** `RateLimit` as `rate-limit`. */
const kebab = (name: string): string => name.replace(/(?!^)([A-Z])/g, "-$1").toLowerCase()

const words = new Map<FailureClass, string>(failureClasses.map((name) => [name, kebab(name)]))

/** One short word for how an attempt ended: `rate-limit`, `invalid-key`, `overloaded`, … */
export const word = (failure: Failure): string =>
  isUnsent(failure) ? "inexpressible" : words.get(classOf(failure))!

/** How many failed attempts the trail names; further ones are a count (`+12`), for proxies take no endless headers. */
const shown = 32

/** The headers of a request whose attempts failed one after the other, and of which the last one may have answered. */
export const headers = (
  requestId: string,
  failed: ReadonlyArray<FailedAttempt>,
  answeredBy?: string | undefined
): Record<string, string> => {
  const made = failed.length + (answeredBy === undefined ? 0 : 1)
  const told: Record<string, string> = { "x-request-id": requestId, "x-failover-attempts": String(made) }
  const target = answeredBy ?? failed.at(-1)?.target
  if (target !== undefined) told["x-failover-target"] = headerText(target)
  const trail = text(failed, answeredBy !== undefined)
  if (trail !== undefined) told["x-failover-trail"] = trail
  return told
}

/** How each attempt ended, in one text: `rate-limit,ok`; `undefined` when there was none. */
export const text = (failed: ReadonlyArray<FailedAttempt>, isAnswered: boolean): string | undefined => {
  if (failed.length === 0) return isAnswered ? "ok" : undefined
  const trail = failed.slice(0, shown).map(({ failure }) => word(failure))
  if (failed.length > shown) trail.push(`+${failed.length - shown}`)
  if (isAnswered) trail.push("ok")
  return trail.join(",")
}

/** A model's name may hold anything; a header takes visible ASCII. */
const headerText = (text: string): string =>
  isPlain.test(text)
    ? text
    : text.replace(/[^\x20-\x7e]/gu, (char) => Buffer.from(char).toString("hex").replace(/../g, "%$&"))

const isPlain = /^[\x20-\x7e]*$/
