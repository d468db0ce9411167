/** Single values as text: states, reasons, text from outside, times, numbers and lists. */

/** The labels of states. */
export const stateWords = /** @type {const} */ ({
  serving: "serving",
  resting: "in cooldown",
  "half-open": "waits for a probe",
  probing: "being probed",
  manual: "benched manually"
})

/** @type {Readonly<Record<string, string>>} */
const reasons = {
  RateLimit: "rate limited",
  InvalidKey: "key rejected",
  Forbidden: "access forbidden",
  Balance: "out of credit",
  ModelMissing: "no such model",
  Blocked: "blocked by a proxy or firewall",
  Overloaded: "overloaded",
  ServerError: "server error",
  Connection: "no connection",
  Timeout: "timeout",
  Truncated: "answer cut off",
  Empty: "empty answer",
  Malformed: "malformed answer",
  Unknown: "unknown error",
  Local: "out of local resources",
  Invalid: "bad request",
  ContentPolicy: "refused by content policy",
  MaxTokens: "output limit too high",
  TooLarge: "request too large",
  Unsupported: "not supported by the model",
  ContextExceeded: "prompt too long",
  Manual: "manual",
  OwnLimit: "over its own limit",
  LearnedLimit: "at its learned limit",
  ChainExhausted: "all targets failed",
  AllBenched: "all targets benched",
  DeadlineExceeded: "deadline exceeded"
}

/** The label of a failure class, or of the error of a whole request. @param {string | undefined} name */
export const reasonWord = (name) => (name === undefined ? "" : (reasons[name] ?? name))

/**
 * Text from outside, safe to show in a line: without control characters, and without characters that change
 * the text direction.
 *
 * @param {string} text
 */
export const plain = (text) =>
  text.replace(/[\p{Cc}\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu, "\ufffd")

const two = (/** @type {number} */ n) => String(n).padStart(2, "0")

/** The time left as a clock: `0:24`, `1:59:12`, `2 d 3 h`. @param {number} millis */
export const countdown = (millis) => {
  const seconds = Math.max(0, Math.ceil(millis / 1000))
  const [d, h, m, s] = [
    Math.floor(seconds / 86_400),
    Math.floor(seconds / 3600) % 24,
    Math.floor(seconds / 60) % 60,
    seconds % 60
  ]
  return d > 0 ? `${d} d ${h} h` : h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`
}

/** A duration: `<1 ms`, `82 ms`, `2.1 s`, `42 s`, `3 min`. @param {number} millis */
export const duration = (millis) =>
  millis < 0.5
    ? "<1 ms"
    : millis < 999.5
      ? `${Math.round(millis)} ms`
      : millis < 9_950
        ? `${(millis / 1000).toFixed(1)} s`
        : millis < 119_500
          ? `${Math.round(millis / 1000)} s`
          : `${Math.round(millis / 60_000)} min`

/** A time in the past: `just now`, `12 s ago`, `5 min ago`. @param {number} millis */
export const ago = (millis) => {
  const seconds = Math.round(millis / 1000)
  if (seconds < 2) return "just now"
  if (seconds < 100) return `${seconds} s ago`
  const minutes = Math.round(seconds / 60)
  if (minutes < 100) return `${minutes} min ago`
  const hours = Math.round(minutes / 60)
  return hours < 48 ? `${hours} h ago` : `${Math.round(hours / 24)} days ago`
}

const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23"
})
const dayAndClock = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  hourCycle: "h23"
})

/** The local time; with the day if it is more than 12 hours from now. @param {number} at @param {number} now */
export const timeOf = (at, now) => (Math.abs(now - at) < 12 * 3_600_000 ? clock : dayAndClock).format(at)

/** A share in percent, never rounded to 100 % or 0 %. @param {number} part @param {number} whole */
export const percent = (part, whole) => {
  if (whole === 0) return "–"
  const share = (100 * part) / whole
  if (part === whole || part === 0) return `${share} %`
  return `${share > 99 ? Math.min(99.9, Math.floor(share * 10) / 10) : share < 1 ? Math.max(0.1, Math.round(share * 10) / 10) : Math.round(share)} %`
}

const grouped = new Intl.NumberFormat("en")

/** A count, as in `12,345`. @param {number} n */
export const number = (n) => grouped.format(n)

/** @param {number} n @param {string} one @param {string} [many] */
export const counted = (n, one, many = `${one}s`) => `${number(n)} ${n === 1 ? one : many}`

/** `1st`, `2nd`, `3rd`, `11th`. @param {number} n */
export const ordinal = (n) =>
  `${number(n)}${(n % 100 > 10 && n % 100 < 14 ? undefined : ["th", "st", "nd", "rd"][n % 10]) ?? "th"}`

/** `a`, `a and b`, `a, b and 3 more`. @param {ReadonlyArray<string>} names @param {number} [most] */
export const listed = (names, most = 3) => {
  if (names.length <= 1) return names[0] ?? ""
  const shown = names.length > most ? [...names.slice(0, most - 1), `${names.length - most + 1} more`] : names
  return `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`
}
