/**
 * Classifies a failed call as exactly one of the five failures, by its status, headers and body, or by the error that was
 * thrown.
 */
import * as Failure from "../failure/Failure.ts"
import { excerpt } from "../redaction/Redaction.ts"
import { tokensOf } from "./body/Tokens.ts"
import { type Case, readCase, statusOf } from "./Case.ts"
import { failureOf } from "./FailureOf.ts"
import { retryAfterFrom, retryAfterText, type Wait } from "./RetryAfter.ts"
import { byHorizon, decide } from "./Rules.ts"
import { read, readString, type Signal } from "./signals/Signal.ts"
import { fromStatus } from "./signals/Status.ts"
import { vendorOfProvider } from "./signals/VendorNumbers.ts"
import type { Verdict } from "./signals/Verdict.ts"

export type { Signal } from "./signals/Signal.ts"

/** The limits of a failure's message and evidence, in characters. */
const maxMessage = 300
const maxEvidence = 160

/** Vendors that write dates without a zone in Beijing time. Source: https://docs.bigmodel.cn/cn/api/api-code */
const zoneOf = (c: Case): string => {
  const vendor =
    vendorOfProvider(c.provider) ?? c.views.find((view) => view.number !== undefined)?.number?.[0]
  return vendor === "zhipu" || vendor === "minimax" || vendor === "baidu" ? "+08:00" : "Z"
}

const waitOf = (c: Case): Wait | undefined => {
  const zone = zoneOf(c)
  const at = c.repliedAt
  const asked = retryAfterFrom(c.headers, undefined, "", at)
  if (asked?.evidence.startsWith("header retry-after")) return asked
  for (const source of [...c.views.map((view) => view.source), ...c.reading.roots]) {
    const found = retryAfterFrom(undefined, source, "", at)
    if (found !== undefined) return found
  }
  if (asked !== undefined) return asked
  for (const view of c.views) {
    const found = retryAfterText(view.text, at, zone)
    if (found !== undefined) return found
  }
  return undefined
}

/** The provider's own sentence, if any. Never plain text or HTML, which may be anything. */
const messageOf = (c: Case): string | undefined => {
  if (c.reading.form === "text") return undefined
  const own = c.views.map((view) => spokenPart(view.text)).find((text) => text !== "")
  return own === undefined ? undefined : excerpt(own, maxMessage)
}

/** The message before any quoted code. */
const spokenPart = (text: string): string => {
  const at = text.slice(0, 4096).search(/traceback \(most recent call last\)|\n\s+at /i)
  return (at < 0 ? text.slice(0, 4096) : text.slice(0, at)).trim()
}

const isTransient = (as: Verdict["as"]): boolean =>
  (Failure.TransientReason.literals as ReadonlyArray<string>).includes(as)

/**
 * True if a wait belongs to the failure: a throttle's, a fault's, or the end of a limit that may also be lifted by
 * hand.
 */
const keepsWait = (as: Failure.FailureClass, verdict: Verdict, wait: Wait): boolean => {
  if (as === "RateLimit" || isTransient(as)) return true
  const isWindow = verdict.as === "UsageWindow" || verdict.as === "Allowance"
  return as === "Balance" && (isWindow || /^(text|field resets?)/.test(wait.evidence))
}

/** True for a class that a wait can belong to; for any other none is searched. */
const mayWait = (as: Verdict["as"]): boolean =>
  as === "RateLimit" || as === "Balance" || as === "UsageWindow" || as === "Allowance" || isTransient(as)

/**
 * Whether the request is larger than the account's limit of a minute, or needs a paid extra. Other requests are answered.
 * https://platform.openai.com/docs/guides/rate-limits, https://console.groq.com/docs/errors, https://support.claude.com/en/articles/12429409
 */
const isTooLargeFor = (as: Failure.FailureClass, c: Case): boolean =>
  (as === "RateLimit" && c.texts.some((text) => /\brequest too large for\b/.test(text))) ||
  (as === "Balance" && c.texts.some((text) => /\brequired for long context\b/.test(text)))

const build = (c: Case, verdict: Verdict): Failure.Failure => {
  const found = mayWait(verdict.as) ? waitOf(c) : undefined
  const as = byHorizon(c, verdict.as, found)
  const wait = found !== undefined && keepsWait(as, verdict, found) ? found : undefined
  return failureOf(as, {
    message: messageOf(c),
    evidence: excerpt(
      wait === undefined ? verdict.evidence : `${verdict.evidence}; ${wait.evidence}`,
      maxEvidence
    ),
    target: c.target === undefined ? undefined : c.target.slice(0, 300),
    status: c.status,
    cause: c.cause,
    waitMillis: wait?.millis,
    until: wait === undefined || c.now === undefined ? undefined : c.now + wait.millis,
    onlyThisRequest: isTooLargeFor(as, c) ? true : undefined,
    ...(as === "ContextExceeded" ? tokensOf(c.views) : {})
  })
}

/**
 * Classifies a failed call.
 *
 * Pure, synchronous and total: every input gives a failure, nothing throws. It reads at most 64 KiB of text and a few
 * hundred fields, so a body of 10 MB costs no more than a small one. The message is the provider's own, if any, with
 * keys redacted; `evidence` names the deciding signal.
 *
 * **Gotchas**
 *
 * - A wait given as a date is computed from the response's own `date` header, because clocks differ; without it from
 *   `now`; without either the wait is left out.
 * - With a 2xx status the call is still assumed to have *failed*: an answer with nothing wrong in it is
 *   `Transient/Empty`.
 *
 * @example
 * import { Classifier } from "effect-failover/classifier"
 *
 * const failure = Classifier.classify({ status: 429, body: '{"error":{"code":"insufficient_quota"}}' })
 * failure._tag // => "AuthDead"
 */
export const classify = (signal: Signal): Failure.Failure => {
  try {
    const c = readCase(signal)
    return build(c, decide(c))
  } catch {
    const status = statusOf(read(signal, "status"))
    return failureOf(fromStatus(status) ?? "Unknown", {
      status,
      target: readString(signal, "target"),
      cause: read(signal, "cause"),
      evidence: "a signal that cannot be read"
    })
  }
}
