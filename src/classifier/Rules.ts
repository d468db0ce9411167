/**
 * The classification rules, in order:
 *
 * 0. A firewall page, which shows nothing about the provider.
 * 1. The errors in the body, innermost first. For each: its specific machine fields, then its sentences.
 * 2. The finish reason of the answer, if the status is a success.
 * 3. Words about the server, then unknown machine fields read as words (`team_budget_exceeded`).
 *    General ones (`rate_limit_error`, `PERMISSION_DENIED`), then a status named in the body.
 * 4. The HTTP status.
 * 5. Without a status: the transport error. With a success: an answer that could not be used.
 *
 * The text of HTML and plain-text bodies is not read: then the status decides.
 */
import type { FailureClass } from "../failure/Failure.ts"
import { fitsWithoutLimit, outputOverflow } from "../words/ContextNumbers.ts"
import type { Code, ErrorView } from "./body/ErrorView.ts"
import { type Case, hasNoErrorStatus } from "./Case.ts"
import { byCloudflare } from "./Cloudflare.ts"
import { fromFinish } from "./Finish.ts"
import { byFirewall } from "./Firewall.ts"
import type { Wait } from "./RetryAfter.ts"
import type { SignalClass } from "./sentences/Row.ts"
import { fromCode, fromGeneralCode, fromGrpcStatus, fromGrpcText } from "./signals/Codes.ts"
import { day } from "./signals/Durations.ts"
import { fromStatus } from "./signals/Status.ts"
import { fromFaultText, fromServerText, fromText, leadingNames } from "./signals/Texts.ts"
import { classifyTransport } from "./signals/TransportErrors.ts"
import { fromVendorNumber } from "./signals/VendorNumbers.ts"
import type { Verdict } from "./signals/Verdict.ts"
import { wrappedStatus } from "./signals/WrappedStatus.ts"

const by = (as: SignalClass, code: Code): Verdict => ({
  as,
  evidence: `${code.field}=${code.value.slice(0, 80)}`
})

/**
 * Codes with a meaning that depends on the parameter. Source:
 * https://platform.openai.com/docs/guides/error-codes
 */
const byParameter = (view: ErrorView, code: string): SignalClass | undefined => {
  const about =
    `${view.param?.slice(0, 80) ?? ""} ${/'([\w.[\]]{1,80})'/.exec(view.text.slice(0, 200))?.[1] ?? ""}`.toLowerCase()
  switch (code.toLowerCase()) {
    case "string_above_max_length":
      return /\b(input|messages?|contents?|prompt|instructions|text)\b/.test(about) ? "TooLarge" : "Invalid"
    case "integer_above_max_value":
    case "decimal_above_max_value":
      return /max_(\w+_)?tokens/.test(about) ? "MaxTokens" : "Invalid"
    default:
      return undefined
  }
}

/**
 * DashScope uses OpenAI's code for an empty account when it throttles tokens; the link in the message, or the host,
 * shows which it is. Source: https://help.aliyun.com/zh/model-studio/error-code#token-limit
 */
const byHost = (view: ErrorView, text: string, code: string): SignalClass | undefined =>
  code === "insufficient_quota" &&
  !/\bfree\b/.test(text) &&
  (view.vendor === "dashscope" || /#token-limit|help\.aliyun\.com|alibabacloud\.com\/help/.test(view.text))
    ? "RateLimit"
    : undefined

/**
 * Types with several meanings: the status or the sentence beside them shows which limit it is, and whether it ends by
 * itself. https://github.com/OpenRouterTeam/docs/blob/main/api_reference/limits.mdx,
 * https://github.com/openclaw/openclaw/pull/142656
 */
const byLimit = (text: string, code: string, status: number | undefined): SignalClass | undefined => {
  // OpenRouter's word for a budget (400), a throttle of others (429,
  // https://docs.jiekou.ai/docs/models/reference-error-code.md); some may use it for the window.
  if (code.toLowerCase() === "token_limit_exceeded" && status === 429) return "RateLimit"
  if (code.toLowerCase() === "token_limit_exceeded")
    return fromText(text)?.as === "ContextExceeded" ? "ContextExceeded" : undefined
  // A short absence, unless the status says that there is no such model: https://help.aliyun.com/en/model-studio/error-code
  if (/^model_?unavailable$/i.test(code)) return status === 403 || status === 404 ? "ModelMissing" : undefined
  if (code !== "billing_error" && code !== "access_terminated_error") return undefined
  const as = fromText(text)?.as
  return as === "RateLimit" || as === "UsageWindow" ? as : undefined
}

/** True for an error of Google: by its form, its provider's name, or a link in its text. */
const isGoogles = (view: ErrorView): boolean =>
  view.google ||
  view.vendor === "google" ||
  /ai\.google\.dev|generativelanguage\.googleapis\.com|RESOURCE_EXHAUSTED/.test(view.text)

/** If a value has two meanings, the sentence beside it decides. */
const disambiguate = (view: ErrorView, text: string, as: SignalClass): SignalClass => {
  if (as === "RateLimit" || as === "UsageWindow" || as === "Allowance") {
    if (view.google && isZeroQuota(view)) return "Balance"
    // DashScope's AllocationQuota: "free", "week" and "month allocated quota exceeded" and "1-week quota has been exhausted" do not end by themselves.
    if (
      /\b(free|week(ly)?|month(ly)?)( allocated)? quota (has been )?(exceeded|exhausted|used up)\b/.test(text)
    )
      return "Balance"
  }
  // Google's quotas refill by themselves: https://www.developersdigest.tech/errors/api/gemini-api/429-quota-exceeded
  return as === "Allowance" && isGoogles(view) ? "UsageWindow" : as
}

/**
 * "limit: 0": no quota was ever granted, so waiting does not help. https://ai.google.dev/gemini-api/docs/rate-limits
 */
const isZeroQuota = (view: ErrorView): boolean =>
  view.zeroQuota || (/\blimit: ?0(?![\d.])/i.test(view.text) && !/\blimit: ?[1-9]/i.test(view.text))

/** An overflow that only the output limit causes: the prompt fits without it. */
const byCap = (view: ErrorView): Verdict | undefined => {
  const sizes = outputOverflow(view.text)
  return sizes === undefined || !fitsWithoutLimit(sizes)
    ? undefined
    : { as: "MaxTokens", evidence: `text "${sizes.prompt} + ${sizes.output} > ${sizes.window}"` }
}

/** The first specific machine value of an error, by the priority of its fields. */
const bySpecificCode = (
  view: ErrorView,
  text: string,
  status: number | undefined,
  counts: (as: SignalClass) => boolean
): Verdict | undefined => {
  for (const code of view.codes) {
    const as =
      byParameter(view, code.value) ??
      byHost(view, text, code.value) ??
      byLimit(text, code.value, view.status ?? status) ??
      fromCode(code.value)
    if (as === "ContextExceeded" && counts(as)) return byCap(view) ?? by(as, code)
    if (as !== undefined && counts(as)) return by(disambiguate(view, text, as), code)
  }
  if (view.number !== undefined) {
    const [vendor, number] = view.number
    const as = fromVendorNumber(vendor, number)
    if (as !== undefined && counts(as)) {
      return { as: disambiguate(view, text, as), evidence: `${vendor} code ${number}` }
    }
  }
  for (const name of leadingNames(view.text)) {
    const as = fromCode(name)
    if (as !== undefined && counts(as))
      return by(disambiguate(view, text, as), { field: "name", value: name })
  }
  return undefined
}

/** OpenAI gives some refusals the type `server_error`; a 401 is never a server error. */
const denies = (status: number | undefined): boolean => status === 401 || status === 402 || status === 403

/** `ServerError` is the least specific code, so the sentence beside it is read as well. */
const isFault = (as: SignalClass): boolean => as === "ServerError"

const byWords = (view: ErrorView, text: string, status: number | undefined): Verdict | undefined => {
  // Gemini writes "check your plan and billing" for every quota, even for one that refills within a minute.
  if (isGoogles(view) && /exceeded your current quota/.test(text)) {
    return {
      as: isZeroQuota(view) ? "Balance" : "RateLimit",
      evidence: `text "exceeded your current quota" (Google)`
    }
  }
  const verdict = fromText(text, view.status ?? status)
  if (verdict?.as === "ContextExceeded") return byCap(view) ?? verdict
  // A deployment that is not active; 503 adds that it will be. https://docs.impulselabs.ai/api-reference/errors
  if (verdict?.as === "ModelMissing" && status === 503 && /\bnot active\b/.test(text))
    return { ...verdict, as: "Overloaded" }
  return verdict === undefined ? undefined : { ...verdict, as: disambiguate(view, text, verdict.as) }
}

/** Plain text is read only if the status leaves the question open. */
const readsPlainText = (status: number | undefined): boolean =>
  hasNoErrorStatus(status) || status === 400 || status === 422

const byViews = (c: Case): Verdict | undefined => {
  const plainFrom =
    c.reading.form === "text" && !readsPlainText(c.status) ? c.views.length - 1 : c.views.length
  for (let i = 0; i < c.views.length; i++) {
    const view = c.views[i]!
    const text = c.texts[i]!
    const verdict =
      bySpecificCode(view, text, c.status, (as) => !isFault(as)) ??
      (i < plainFrom ? byWords(view, text, c.status) : undefined) ??
      (denies(c.status) ? undefined : bySpecificCode(view, text, c.status, isFault))
    if (verdict !== undefined) return isFault(verdict.as) ? (byErrorType(c) ?? verdict) : verdict
  }
  return undefined
}

/**
 * OpenRouter's `error_type`, beside a less specific code: `server_error` for an invalid key, for example.
 * https://openrouter.ai/docs/api/reference/errors-and-debugging#skin-specific-error-formats
 */
const byErrorType = (c: Case): Verdict | undefined => {
  for (const view of c.views) {
    const code = view.codes.find(({ field }) => field === "errortype")
    const as = code === undefined ? undefined : (fromCode(code.value) ?? fromGeneralCode(code.value))
    if (code !== undefined && as !== undefined && as !== "Invalid" && !isFault(as)) return by(as, code)
  }
  return undefined
}

const byFinish = (c: Case): Verdict | undefined => {
  if (!hasNoErrorStatus(c.status)) return undefined
  for (const code of c.reading.finish) {
    const as = fromFinish(code.value)
    if (as !== undefined) return by(as, code)
  }
  return undefined
}

/** The words of a machine value: `budget_insufficient`, `InsufficientBalance` and `token.expired` are two each. */
const wordsOf = (code: string): string =>
  code
    .slice(0, 80)
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, " ")
    .trim()

/** A machine value that no table has, read as a sentence: `monthly_quota_exceeded` as "monthly quota exceeded". */
const byCodeWords = (c: Case): Verdict | undefined => {
  for (const view of c.views) {
    for (const code of view.codes) {
      const words = wordsOf(code.value)
      if (!words.includes(" ") || fromGeneralCode(code.value) !== undefined) continue
      const as = fromText(words, view.status ?? c.status)?.as
      // `container_not_found` with 404 may mean any resource of the account.
      if (as !== undefined && !(as === "Unsupported" && c.status === 404)) return by(as, code)
    }
  }
  return undefined
}

/** Statuses under which gateways and relays pass on another status. */
const wraps = (status: number | undefined): boolean =>
  hasNoErrorStatus(status) ||
  status === 400 ||
  status === 404 ||
  status === 424 ||
  (status !== undefined && status >= 500)

/** Statuses that have only one meaning; a general code does not override them. */
const telling = new Set([402, 407, 413, 429])

const byGeneralCode = (c: Case): Verdict | undefined => {
  const rpc = c.headers["grpc-status"]
  const fromRpc = rpc === undefined ? undefined : fromGrpcStatus(rpc)
  if (fromRpc !== undefined) return { as: fromRpc, evidence: `grpc-status ${rpc}` }
  if (c.status !== undefined && telling.has(c.status)) return undefined
  for (const view of c.views) {
    const named = wraps(c.status) ? fromGrpcText(view.text) : undefined
    if (named !== undefined) return { as: named, evidence: "gRPC status in the text" }
    for (const code of [
      ...view.codes,
      ...leadingNames(view.text).map((value) => ({ field: "name", value }))
    ]) {
      // A 403 with the code "Forbidden" adds nothing.
      if (c.status === 403 && code.value.toLowerCase() === "forbidden") continue
      const as = fromGeneralCode(code.value)
      // "Invalid request" and "server error" are less specific than the status.
      if (as === undefined || ((as === "Invalid" || as === "ServerError") && !hasNoErrorStatus(c.status)))
        continue
      return by(as, code)
    }
  }
  return undefined
}

/** The status that an error in the body names instead of the response's own. */
const claimedStatus = (c: Case): number | undefined => {
  if (!wraps(c.status)) return undefined
  for (const view of c.views) {
    const claimed = wrappedStatus(view.text) ?? view.status
    if (fromStatus(claimed) !== undefined && claimed !== c.status) return claimed
  }
  return undefined
}

const byClaimedStatus = (claimed: number | undefined): Verdict | undefined => {
  const as = fromStatus(claimed)
  return as === undefined ? undefined : { as, evidence: `status ${claimed} in the body` }
}

const byServerWords = (c: Case, status: number | undefined): Verdict | undefined => {
  const from = status === 400 ? fromFaultText : hasNoErrorStatus(status) ? fromServerText : undefined
  if (from === undefined) return undefined
  for (const text of c.texts) {
    const verdict = from(text)
    if (verdict !== undefined) return verdict
  }
  return status === 400 ? byFaultName(c) : undefined
}

/** `litellm.InternalServerError: …`, with which a gateway names a fault of the server behind it. */
const byFaultName = (c: Case): Verdict | undefined => {
  for (const view of c.views) {
    for (const name of leadingNames(view.text)) {
      if (!/(error|exception|timeout)$/i.test(name)) continue
      if (fromGeneralCode(name) === "ServerError") return { as: "ServerError", evidence: `name=${name}` }
    }
  }
  return undefined
}

/** A success without a usable answer. */
const byAnswer = (c: Case): Verdict => {
  const { content, cut, form, finish, views } = c.reading
  if (c.status === undefined && c.transport !== undefined && c.transport !== null) {
    const { evidence, reason } = classifyTransport(c.transport)
    return { as: reason, evidence }
  }
  if (form === "html" || form === "text") return { as: "Malformed", evidence: `${form} instead of an answer` }
  if (form === "empty") return { as: c.status === undefined ? "Unknown" : "Empty", evidence: "no body" }
  if (cut || (form === "events" && content && finish.length === 0 && views.length === 0)) {
    return { as: "Truncated", evidence: "the answer breaks off" }
  }
  if (views.some((view) => view.text !== "" || view.status !== undefined)) {
    return { as: "Unknown", evidence: "an error without a known signal" }
  }
  return { as: "Empty", evidence: "an answer without content" }
}

/** The class of the call and the deciding signal. */
export const decide = (c: Case): Verdict => {
  const known = byCloudflare(c) ?? byFirewall(c) ?? byViews(c) ?? byFinish(c)
  if (known !== undefined) return known
  const claimed = claimedStatus(c)
  const decided =
    byServerWords(c, claimed ?? c.status) ?? byCodeWords(c) ?? byGeneralCode(c) ?? byClaimedStatus(claimed)
  if (decided !== undefined) return decided
  const as = fromStatus(c.status)
  if (as === "Forbidden" && c.reading.form !== "empty") {
    return { as: "Blocked", evidence: `status ${c.status} without a reason` }
  }
  return as === undefined ? byAnswer(c) : { as, evidence: `status ${c.status}` }
}

/** The name of a period that ends within a day. */
const shortPeriod =
  /\b(hour(ly)?|daily|per[ _-]?day|today|\d[ -]?h(our)?s?|day)\b|perday|小时|今日|每日|当日/i
const longPeriod =
  /\b(week(ly)?|month(ly)?|7[ -]?days?|billing (cycle|period))\b|weekly|monthly|perweek|permonth|每周|每月|周|月/i

/** A limit that ends within a day is a throttle; a longer one needs a person or a payment. */
export const byHorizon = (c: Case, as: SignalClass, wait: Wait | undefined): FailureClass => {
  if (as !== "UsageWindow" && as !== "Allowance") return as
  if (wait !== undefined) return wait.millis > day ? "Balance" : "RateLimit"
  const words = c.views
    .map((view) => `${view.codes.map((code) => code.value).join(" ")} ${view.text.slice(0, 2048)}`)
    .join(" ")
    .replace(/_/g, " ")
  if (longPeriod.test(words)) return "Balance"
  if (shortPeriod.test(words)) return "RateLimit"
  return as === "Allowance" || c.status === 402 ? "Balance" : "RateLimit"
}
