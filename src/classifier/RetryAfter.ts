/**
 * Reads how long to wait from every signal that may name a wait.
 *
 * In this order: `retry-after-ms`, `retry-after`, fields of the body, the reset of the empty bucket, sentences.
 * Window lengths ("150 per 86400s"), negative numbers, and the time an SDK has already waited are not waits.
 */
import { durationPattern, fromNumber, parseDuration, sane, untilDate } from "./signals/Durations.ts"
import { epochMillis, isArray, isFields, keysOf, lowerHeaders, read } from "./signals/Signal.ts"

/** A wait in milliseconds and the signal that named it. */
export interface Wait {
  readonly millis: number
  readonly evidence: string
}

type Headers = { readonly [name: string]: string }

const wait = (millis: number | undefined, evidence: string): Wait | undefined =>
  millis === undefined ? undefined : { millis, evidence: evidence.slice(0, 60) }

const plainNumber = (text: string): number | undefined =>
  /^\d{1,15}(\.\d{1,12})?$/.test(text) ? Number(text) : undefined

/** `retry-after-ms` (Azure OpenAI and OpenAI SDKs), then `retry-after` (RFC 9110 section 10.2.3, also with a fraction). */
const fromRetryHeaders = (headers: Headers, now: number | undefined): Wait | undefined => {
  for (const name of ["retry-after-ms", "x-ms-retry-after-ms"]) {
    const millis = longest(headers[name], (text) => sane(plainNumber(text) ?? Number.NaN))
    if (millis !== undefined) return wait(millis, `header ${name}: ${headers[name]}`)
  }
  for (const name of ["retry-after", "x-retry-after", "x-ratelimit-reset-after"]) {
    const found = wait(
      longest(headers[name], (text) => fromRetryAfter(text, now)),
      `header ${name}: ${headers[name]}`
    )
    if (found !== undefined) return found
  }
  return undefined
}

const fromRetryAfter = (text: string, now: number | undefined): number | undefined => {
  const seconds = plainNumber(text)
  if (seconds === undefined) return parseDuration(text) ?? untilDate(text, now)
  return seconds < 1e9 ? sane(seconds * 1000) : fromNumber(seconds, now)
}

/** A header that a proxy repeated arrives as one text with commas. The longest of its waits counts. */
const longest = (
  text: string | undefined,
  millisOf: (value: string) => number | undefined
): number | undefined => {
  let most: number | undefined
  for (const value of text?.split(/(?<=\d)\s*,\s*(?=\d)|(?<=GMT)\s*,\s*/) ?? []) {
    const millis = millisOf(value.trim())
    if (millis !== undefined && (most === undefined || millis > most)) most = millis
  }
  return most
}

/** A reset header: a duration, a number (see `fromNumber`) or a date. */
const parseReset = (value: string | undefined, now: number | undefined): number | undefined => {
  if (value === undefined) return undefined

  const number = plainNumber(value.trim())
  return number === undefined ? (parseDuration(value) ?? untilDate(value, now)) : fromNumber(number, now)
}

/**
 * The reset of the buckets with a `remaining` of 0; of several the latest, because all must have room.
 *
 * Names: https://platform.openai.com/docs/guides/rate-limits (`x-ratelimit-remaining-tokens`),
 * https://docs.anthropic.com/en/api/rate-limits (`anthropic-ratelimit-tokens-remaining`),
 * https://inference-docs.cerebras.ai/support/rate-limits (`x-ratelimit-remaining-tokens-minute`) and the IETF's
 * `ratelimit-remaining`. A reset without a matching `remaining` counts if it is the only one.
 */
const fromBuckets = (headers: Headers, now: number | undefined): Wait | undefined => {
  const names = Object.keys(headers)
  if (names.length === 0) return undefined
  let latest: Wait | undefined
  const alone: Array<Wait> = []
  for (const name of names) {
    const value = headers[name]!
    if (name.includes("remaining") && Number(value) === 0 && value !== "") {
      const reset = name.replace("remaining", "reset")
      const found = wait(parseReset(headers[reset], now), `header ${reset}: ${headers[reset]}`)
      if (found !== undefined && (latest === undefined || found.millis > latest.millis)) latest = found
    }
    if (
      /(^|-)reset(-|$)/.test(name) &&
      name.includes("ratelimit") &&
      !(name.replace("reset", "remaining") in headers)
    ) {
      const found = wait(parseReset(value, now), `header ${name}: ${value}`)
      if (found !== undefined) alone.push(found)
    }
  }
  if (latest !== undefined) return latest
  const plan = fromPlanHeaders(headers, now)
  if (plan !== undefined) return plan
  const structured = /\b(?:r|remaining)=0\b.{0,40}?\b(?:t|reset)=(\d{1,9})\b/.exec(
    headers.ratelimit ?? ""
  )?.[1]
  if (structured !== undefined) return wait(sane(Number(structured) * 1000), "header ratelimit")
  return alone.length === 1 ? alone[0] : undefined
}

/**
 * Subscriptions: Claude's unified window and the windows of Codex
 * (https://github.com/openai/codex, codex-rs/codex-api/src/rate_limits.rs). Codex names the limit that was hit; each
 * has headers of its own.
 */
const fromPlanHeaders = (headers: Headers, now: number | undefined): Wait | undefined => {
  const unified = "anthropic-ratelimit-unified-reset"
  if (headers["anthropic-ratelimit-unified-status"] !== "allowed" && headers[unified] !== undefined) {
    const found = wait(parseReset(headers[unified], now), `header ${unified}`)
    if (found !== undefined) return found
  }
  const limit = (headers["x-codex-active-limit"] ?? "codex").trim().toLowerCase().replace(/_/g, "-")
  let latest: Wait | undefined
  for (const window of ["primary", "secondary"]) {
    const name = `x-${limit}-${window}`
    if (Number(headers[`${name}-used-percent`] ?? 0) < 100) continue
    const seconds = plainNumber(headers[`${name}-reset-after-seconds`] ?? "")
    const found =
      seconds === undefined
        ? wait(parseReset(headers[`${name}-reset-at`], now), `header ${name}-reset-at`)
        : wait(sane(seconds * 1000), `header ${name}-reset-after-seconds`)
    if (found !== undefined && (latest === undefined || found.millis > latest.millis)) latest = found
  }
  return latest
}

/** The unit of a field. */
type Unit = "ms" | "s" | "reset"

/** Fields that name a wait, in order of priority. Names are compared without case and separators. */
const fieldUnits: ReadonlyArray<readonly [string, Unit]> = [
  // https://cloud.google.com/apis/design/errors (RetryInfo)
  ["retrydelay", "s"],
  // https://github.com/google-gemini/gemini-cli (ErrorInfo.metadata)
  ["quotaresetdelay", "s"],
  ["quotaresettimestamp", "reset"],
  // https://github.com/openai/codex (usage_limit_reached)
  ["resetsinseconds", "s"],
  ["resetinseconds", "s"],
  ["resetafterseconds", "s"],
  // several gateways
  ["retryafterms", "ms"],
  ["retryaftermillis", "ms"],
  ["retryaftermilliseconds", "ms"],
  ["retryafterseconds", "s"],
  ["retryaftersecs", "s"],
  ["retryafter", "s"],
  ["retryafters", "s"],
  ["retryafterinseconds", "s"],
  ["retryafterinms", "ms"],
  ["retryinms", "ms"],
  ["retrydelayms", "ms"],
  ["retrydelayseconds", "s"],
  ["waitms", "ms"],
  ["waittimems", "ms"],
  ["waittime", "s"],
  ["waittimeseconds", "s"],
  ["resetinms", "ms"],
  ["resetsinms", "ms"],
  ["resetafterms", "ms"],
  ["resetafter", "s"],
  ["resetin", "s"],
  ["resetsin", "s"],
  ["tryagainin", "s"],
  ["availablein", "s"],
  ["cooldownms", "ms"],
  ["retryinseconds", "s"],
  ["retryin", "s"],
  ["waitseconds", "s"],
  ["secondstowait", "s"],
  ["cooldownseconds", "s"],
  // https://huggingface.co/docs/api-inference (a model that is loading)
  ["estimatedtime", "s"],
  ["resetsat", "reset"],
  ["resetat", "reset"],
  ["resettime", "reset"],
  ["quotaresetsat", "reset"]
]

/**
 * Further names of a wait, by their words: what ends (`reset`, `cooldown`, `nextRetry`), when (`at`, `in`, `after`) and a unit. A name without
 * a unit is a number of seconds or a point in time. `retry` and `available` alone are counts or flags.
 */
const furtherName =
  /^(next|quota|ratelimit|limit|requests?|tokens?|time(to|until|till))?(resets?|cooldown|backoff|wait|(retry|available|tryagain)(?=.))(time|timestamp|date|delay|period|after|in|at|on|until|for)*(ms|millis|milliseconds|s|secs?|seconds)?$/

const unitOf = (name: string): Unit | undefined => {
  const match = name.length > 40 ? null : furtherName.exec(name)
  if (match === null) return undefined
  const unit = match[6]
  if (unit === undefined) return "reset"
  return unit.startsWith("m") ? "ms" : "s"
}

const fold = (key: string): string => key.toLowerCase().replace(/[^a-z]/g, "")

const readField = (value: unknown, unit: Unit, now: number | undefined): number | undefined => {
  // A protobuf Duration printed as an object.
  const plain =
    isFields(value) && !isArray(value)
      ? Number(read(value, "seconds") ?? Number.NaN) + (Number(read(value, "nanos")) || 0) / 1e9
      : value
  const number =
    typeof plain === "number" ? plain : typeof plain === "string" ? plainNumber(plain.trim()) : undefined
  if (number === undefined) {
    return typeof plain === "string" ? (parseDuration(plain) ?? untilDate(plain, now)) : undefined
  }
  if (number < 0) return undefined
  if (unit === "ms") return sane(number)
  if (unit === "s" && number < 1e9) return sane(number * 1000)
  return fromNumber(number, now)
}

/** The most fields of a body that are searched. */
const maxNodes = 300

/** Never searched: the caller's input and the model's output. */
const notOurs = new Set([
  "input",
  "messages",
  "content",
  "prompt",
  "flagged_input",
  "choices",
  "candidates",
  "request"
])

const collect = (
  body: unknown
): { readonly fields: Map<string, unknown>; readonly headers: ReadonlyArray<Headers> } => {
  const fields = new Map<string, unknown>()
  const headers: Array<Headers> = []
  let level: ReadonlyArray<unknown> = [body]
  let nodes = 0
  for (let depth = 0; depth < 6 && level.length > 0; depth++) {
    const next: Array<unknown> = []
    for (const node of level) {
      for (const key of keysOf(node, 64)) {
        if (++nodes > maxNodes) return { fields, headers }
        const value = read(node, key)
        const name = fold(key)
        if (!fields.has(name)) fields.set(name, value)
        if (!isFields(value) || notOurs.has(key)) continue
        if (name === "headers") headers.push(lowerHeaders(value))
        else next.push(value)
      }
    }
    level = next
  }
  return { fields, headers }
}

const fromBody = (body: unknown, now: number | undefined): Wait | undefined => {
  if (!isFields(body)) return undefined
  const { fields, headers } = collect(body)
  for (const [name, unit] of fieldUnits) {
    if (!fields.has(name)) continue
    const value = fields.get(name)
    const found = wait(
      readField(value, unit, now),
      `field ${name}: ${typeof value === "object" ? "…" : String(value)}`
    )
    if (found !== undefined) return found
  }
  for (const [name, value] of fields) {
    const unit = unitOf(name)
    const found =
      unit === undefined ? undefined : wait(readField(value, unit, now), `field ${name}: ${String(value)}`)
    if (found !== undefined) return found
  }
  for (const inner of headers) {
    const found = fromRetryHeaders(inner, now) ?? fromBuckets(inner, now)
    if (found !== undefined) return found
  }
  return undefined
}

const date =
  "\\d{4}-\\d{2}-\\d{2}(?:(?:t| |,? at )\\d{1,2}:\\d{2}(?::\\d{2}(?:\\.\\d{1,9})?)?)?(?: ?(?:z|utc|gmt|[+-]\\d{2}:?\\d{2}))?"

const again =
  "(?:try|retry|retrying|again|available|resets?|reset|resetting|replenished|refresh(?:ed|es)?|renewed|renews?|resumes?|continue|access|allowed|cool(?:ing)?[- ]?down)"

const inWords: ReadonlyArray<RegExp> = [
  new RegExp(
    `\\b${again}\\b[^.\\d\\n]{0,40}?\\b(?:in|after|for|within)\\s+(?:about |approximately |another |~)?(${durationPattern})`
  ),
  new RegExp(`\\bwait(?:ing)?\\b[^.\\d\\n]{0,30}?(${durationPattern})`),
  new RegExp(`\\b${again}\\b[^.\\d\\n]{0,30}\\b(?:in|after)\\s+((?:\\d{1,3}\\.)?\\d{1,4}:\\d{2}:\\d{2})\\b`),
  new RegExp(
    `\\b(?:retry[- ]?delay|cool-?down|back-?off|resets?)\\b[:= ]{1,3}(?:of |is )?(${durationPattern})`
  ),
  new RegExp(`(${durationPattern})\\s?(?:之后|以后|后)`)
]

const onDate: ReadonlyArray<RegExp> = [
  new RegExp(`\\b${again}\\b[^.\\d\\n]{0,30}?\\b(?:at|on|after|until)?\\s{0,2}(${date})`),
  new RegExp(`将?(?:在|于)\\s{0,2}(${date})\\s{0,2}(?:重置|恢复|刷新)`)
]

/**
 * The wait in a sentence: "try again in 1m0.36s", "retry after 33 seconds", "wait 20 seconds", "reset after
 * 4h28m20s", "resets at 2026-01-01T00:00:00Z". "In a minute" and "a few seconds" are ignored.
 */
export const retryAfterText = (text: string, now: number | undefined, zone = "Z"): Wait | undefined => {
  const lower = text.slice(0, 8192).toLowerCase()
  for (const pattern of inWords) {
    const words = pattern.exec(lower)?.[1]
    const found = words === undefined ? undefined : wait(parseDuration(words), `text "${words}"`)
    if (found !== undefined) return found
  }
  for (const pattern of onDate) {
    const words = pattern.exec(lower)?.[1]
    const found = words === undefined ? undefined : wait(untilDate(words, now, zone), `text "${words}"`)
    if (found !== undefined) return found
  }
  // https://github.com/anthropics/claude-code: "Claude AI usage limit reached|1749924000"
  const epoch = /\blimit reached\|(\d{10})\b/.exec(lower)?.[1]
  if (epoch !== undefined) return wait(fromNumber(Number(epoch), now), `text "${epoch}"`)
  const bare = /\bretry[- ]after:?\s{0,2}"?(\d{1,15})(?!\d|[\d.]*\s?[a-z:])/.exec(lower)?.[1]
  return bare === undefined ? undefined : wait(fromNumber(Number(bare), now), `text "retry after ${bare}"`)
}

/**
 * The wait that a provider requests, in milliseconds, and where; `undefined` if it requests none.
 *
 * `body` is parsed JSON (anything but an object is ignored), `text` the error's own message, `now` the time of the
 * response (milliseconds since the epoch or an ISO string). Points in time are compared with the `date` header, if
 * any: they were written by that clock. `zone` is the offset of dates without one, such as `"+08:00"`; default UTC.
 *
 * @example
 * import { RetryAfter } from "effect-failover/classifier"
 *
 * RetryAfter.retryAfterFrom({ "Retry-After": "2" }, undefined, "", 0)?.millis // => 2000
 */
export const retryAfterFrom = (
  headers: unknown,
  body: unknown,
  text: string,
  now: number | string | undefined,
  zone = "Z"
): Wait | undefined => {
  const lower = lowerHeaders(headers)
  const at = epochMillis(lower.date) ?? epochMillis(now)
  return (
    fromRetryHeaders(lower, at) ??
    fromBody(body, at) ??
    fromBuckets(lower, at) ??
    retryAfterText(text, at, zone)
  )
}
