/** The options of `npm run chaos`. */
import { parseArgs } from "node:util"

/** The options of a run. */
export interface Options {
  readonly minutes: number
  /** The run also ends after this many requests. */
  readonly requests: number
  /** The seed of all random numbers. */
  readonly seed: number
  /** The most requests in a second. */
  readonly rate: number
  /** The most requests at once. */
  readonly workers: number
  /** How long a gateway waits for a provider, in seconds. On a busy machine a healthy provider may take seconds. */
  readonly timeout: number
  /** The longest pause between two disturbances, in milliseconds. */
  readonly calm: number
}

export const usage = `npm run chaos -- [options]

  --minutes N    the length of the traffic, in minutes (2)
  --requests N   ends the run after this many requests, if that is earlier; without --minutes nothing else ends it
  --seed N       the seed of all random numbers; the run prints the seed it used
  --rate N       the most requests in a second (60; 1000 for long runs)
  --workers N    the most concurrent requests (48; 256 for long runs)
  --timeout N    how long a gateway waits for a provider, in seconds (4; 15 for long runs)
  --calm N       the longest pause between two disturbances, in seconds (2.5; 10 for long runs)

A run of at least ten minutes and 100,000 requests is long.`

/** The minutes of a run that ends only by its number of requests. */
const forever = 24 * 60

/** Reads the command line. Throws a `RangeError` or `TypeError` that says what is wrong. */
export const read = (args: ReadonlyArray<string>): Options => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: "string" },
      requests: { type: "string" },
      seed: { type: "string" },
      rate: { type: "string" },
      workers: { type: "string" },
      timeout: { type: "string" },
      calm: { type: "string" }
    }
  })
  const positive = (name: string, text: string | undefined, fallback: number): number => {
    const number = text === undefined ? fallback : Number(text)
    if (text !== undefined && !(number > 0 && Number.isFinite(number)))
      throw new RangeError(`--${name} is a number above zero`)
    return number
  }
  const requests = positive("requests", values.requests, Number.POSITIVE_INFINITY)
  const minutes = positive("minutes", values.minutes, requests === Number.POSITIVE_INFINITY ? 2 : forever)
  const isLong = minutes >= 10 && requests >= 100_000
  return {
    minutes,
    requests,
    calm: 1_000 * positive("calm", values.calm, isLong ? 10 : 2.5),
    seed: Math.floor(positive("seed", values.seed, 1 + Math.floor(Math.random() * 999_999_999))),
    rate: positive("rate", values.rate, isLong ? 1_000 : 60),
    workers: Math.ceil(positive("workers", values.workers, isLong ? 256 : 48)),
    timeout: positive("timeout", values.timeout, isLong ? 15 : 4)
  }
}

/** The options for the length of a run, as they are written on the command line. */
export const boundsOf = ({ minutes, requests }: Options): string =>
  [
    ...(minutes === forever ? [] : [`--minutes ${minutes}`]),
    ...(requests === Number.POSITIVE_INFINITY ? [] : [`--requests ${requests}`])
  ].join(" ")
