/** What `npm run chaos` can be told. */
import { parseArgs } from "node:util"

/** How the run is made. */
export interface Options {
  readonly minutes: number
  /** Where all numbers by chance begin. */
  readonly seed: number
  /** The most requests in a second. */
  readonly rate: number
  /** The most requests at once. */
  readonly workers: number
  /** How long a gateway waits for a provider, in seconds. On a busy machine a good provider may take some. */
  readonly timeout: number
}

export const usage = `npm run chaos -- [options]

  --minutes N    how long there is traffic (2)
  --seed N       where all numbers by chance begin; the run prints the one it took
  --rate N       the most requests in a second (60; 600 for runs of ten minutes and more)
  --workers N    the most requests at once (48; 96 for runs of ten minutes and more)
  --timeout N    how long a gateway waits for a provider, in seconds (4; 15 for runs of ten minutes and more)`

/** Reads the command line; a `RangeError` or `TypeError` says what is wrong with it. */
export const read = (args: ReadonlyArray<string>): Options => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: "string", default: "2" },
      seed: { type: "string" },
      rate: { type: "string" },
      workers: { type: "string" },
      timeout: { type: "string" }
    }
  })
  const positive = (name: string, text: string | undefined, fallback: number): number => {
    const number = text === undefined ? fallback : Number(text)
    if (!(number > 0 && Number.isFinite(number))) throw new RangeError(`--${name} is a number above zero`)
    return number
  }
  const minutes = positive("minutes", values.minutes, 2)
  const isLong = minutes >= 10
  return {
    minutes,
    seed: Math.floor(positive("seed", values.seed, 1 + Math.floor(Math.random() * 999_999_999))),
    rate: positive("rate", values.rate, isLong ? 600 : 60),
    workers: Math.ceil(positive("workers", values.workers, isLong ? 96 : 48)),
    timeout: positive("timeout", values.timeout, isLong ? 15 : 4)
  }
}
