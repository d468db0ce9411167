/** Parses durations as providers write them, to milliseconds. */

const second = 1000
const minute = 60 * second
const hour = 60 * minute

/** One day in milliseconds. */
export const day = 24 * hour

/** A longer wait is not plausible and is treated as a broken number. */
const longest = 400 * day

const units: { readonly [unit: string]: number } = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  msec: 1,
  millisecond: 1,
  s: second,
  sec: second,
  second: second,
  秒: second,
  m: minute,
  min: minute,
  minute: minute,
  分钟: minute,
  分: minute,
  h: hour,
  hr: hour,
  hour: hour,
  小时: hour,
  d: day,
  day: day,
  天: day,
  week: 7 * day
}

const unitPattern =
  "(?:milliseconds?|msecs?|ms|µs|us|ns|seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d|weeks?|秒|分钟|分|小时|天)"

/** The source of a pattern for a duration in words or in Go's notation, for use inside other patterns. */
export const durationPattern = `\\d{1,15}(?:\\.\\d{1,12})?\\s?${unitPattern}(?![a-z])(?:(?:,| and)?\\s{0,2}\\d{1,15}(?:\\.\\d{1,12})?\\s?${unitPattern}(?![a-z])){0,5}`

const part = new RegExp(`(\\d{1,15}(?:\\.\\d{1,12})?)\\s?(${unitPattern})`, "g")
const wholePattern = new RegExp(`^(?:about |~|approximately )?(${durationPattern})$`)

/** A number of milliseconds if it is a plausible wait (finite, not negative, not too long), rounded. */
export const sane = (millis: number): number | undefined =>
  Number.isFinite(millis) && millis >= 0 && millis <= longest ? Math.round(millis) : undefined

/**
 * Milliseconds of `6m0s`, `88ms`, `1h2m3.5s`, `4 days 3 hours`, `20 seconds`, `02:24:32` or .NET's `29.02:24:32` with days; `undefined` for anything
 * else, including a bare number.
 *
 * @example
 * import { parseDuration } from "./Durations.ts"
 *
 * parseDuration("1m0.5s") // => 60500
 * parseDuration("soon") // => undefined
 */
export const parseDuration = (text: string): number | undefined => {
  const trimmed = text.slice(0, 128).trim().toLowerCase()
  const clock = /^(?:(\d{1,3})\.)?(\d{1,4}):(\d{2}):(\d{2}(?:\.\d{1,9})?)$/.exec(trimmed)
  if (clock !== null)
    return sane(
      Number(clock[1] ?? 0) * day +
        Number(clock[2]) * hour +
        Number(clock[3]) * minute +
        Number(clock[4]) * second
    )
  const match = wholePattern.exec(trimmed)?.[1]
  if (match === undefined) return undefined
  let total = 0
  for (const piece of match.matchAll(part)) {
    const unit = piece[2]!
    total += Number(piece[1]) * (units[unit] ?? units[unit.replace(/s$/, "")] ?? 0)
  }
  return sane(total)
}

/**
 * Milliseconds from `now` to a point in time; 0 if it has passed.
 *
 * Reads RFC 3339, HTTP dates, `2026-04-01 at 00:00 UTC` and `2026-03-06 22:19:54`, the last one in the given zone
 * (default UTC).
 */
export const untilDate = (text: string, now: number | undefined, zone = "Z"): number | undefined => {
  if (now === undefined) return undefined
  const at = parseDate(text, zone)
  return at === undefined ? undefined : sane(Math.max(0, at - now))
}

const parseDate = (text: string, zone: string): number | undefined => {
  const trimmed = text.slice(0, 64).trim()
  const parts =
    /^(\d{4}-\d{2}-\d{2})(?:(?:[T ]|,? at )(\d{1,2}:\d{2})(:\d{2}(?:\.\d{1,9})?)?)?\s?(Z|UTC|GMT|[+-]\d{2}:?\d{2})?\b/i.exec(
      trimmed
    )
  const millis =
    parts === null
      ? /^[A-Za-z]{3,9}[ ,]/.test(trimmed)
        ? Date.parse(trimmed)
        : Number.NaN
      : Date.parse(
          `${parts[1]}T${(parts[2] ?? "00:00").padStart(5, "0")}${parts[3] ?? ":00"}${zoneOf(parts[4], zone)}`
        )
  return Number.isFinite(millis) ? millis : undefined
}

const zoneOf = (written: string | undefined, fallback: string): string => {
  if (written === undefined) return fallback
  return /^[zug]/i.test(written) ? "Z" : written.replace(/^([+-]\d{2}):?(\d{2})$/, "$1:$2")
}

/**
 * Milliseconds of a bare number that may be a wait or a point in time: below a million it is seconds from now, with
 * ten digits seconds since the epoch, with thirteen milliseconds since the epoch; anything else is ignored.
 */
export const fromNumber = (value: number, now: number | undefined): number | undefined => {
  if (!Number.isFinite(value) || value < 0) return undefined
  if (value < 1e6) return sane(value * second)
  if (now === undefined) return undefined
  if (value >= 1e9 && value < 1e10) return sane(Math.max(0, value * second - now))
  return value >= 1e12 && value < 1e13 ? sane(Math.max(0, value - now)) : undefined
}
