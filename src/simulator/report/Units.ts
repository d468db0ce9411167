/** Formats the numbers of a report. */

/** A moment of a simulation: `1:20.4`, and `1:02:03.0` from an hour on. */
export const moment = (millis: number): string => {
  const tenths = Math.round(millis / 100)
  const whole = Math.floor(tenths / 10)
  const two = (n: number) => String(n).padStart(2, "0")
  const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const start = hours === 0 ? String(minutes) : `${hours}:${two(minutes)}`
  return `${start}:${two(seconds)}.${tenths % 10}`
}

/** The same, without tenths if they are zero. */
export const roundMoment = (millis: number): string => moment(millis).replace(/\.0$/, "")

/** How the moments of a report are written, with tenths of a second and without those that are zero. */
export interface Moments {
  readonly moment: (millis: number) => string
  readonly roundMoment: (millis: number) => string
}

/** Moments since the start; of a replay that began at `startsAt`, the time of the log in UTC: `22:16:30.4`. */
export const momentsOf = ({ startsAt }: { readonly startsAt?: number }): Moments => {
  if (startsAt === undefined) return { moment, roundMoment }
  const clock = (millis: number) =>
    new Date(Math.round((startsAt + millis) / 100) * 100).toISOString().slice(11, 21)
  return { moment: clock, roundMoment: (millis) => clock(millis).replace(/\.0$/, "") }
}

/** A duration: `80 ms`, `1.3 s`, `2 min`, `1 h 5 min`. */
export const time = (millis: number): string => {
  if (millis < 100) return `${Math.round(millis)} ms`
  const seconds = Math.round(millis / 100) / 10
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(Math.round(seconds) / 60)
  const rest = Math.round(seconds) % 60
  if (minutes >= 60)
    return [`${Math.floor(minutes / 60)} h`, minutes % 60 > 0 ? `${minutes % 60} min` : ""].join(" ").trim()
  return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`
}

/** `1 request`, `2 requests`. */
export const many = (count: number, what: string): string => `${count} ${what}${count === 1 ? "" : "s"}`

/** A share of 1: `97 %`, or `99.4 %` where a whole number would mislead. */
export const percent = (share: number): string => {
  const percent = 100 * share
  const near = Math.abs(percent - Math.round(percent)) < 0.05
  return near ? `${Math.round(percent)} %` : `${percent.toFixed(1)} %`
}

/** A number near 1, such as calls per request: `1.02`. */
export const ratio = (value: number): string => value.toFixed(value < 1.1 ? 3 : 2).replace(/0$/, "")

/** A large number: `950`, `12.3 thousand`, `4.6 million`. */
export const amount = (count: number): string => {
  if (count < 10_000) return String(count)
  const [unit, name] = count < 1_000_000 ? [1_000, "thousand"] : [1_000_000, "million"]
  const scaled = count / unit
  return `${scaled >= 100 ? Math.round(scaled) : scaled.toFixed(1)} ${name}`
}
