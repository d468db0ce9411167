/**
 * Whether a target of several equals fails so often that it should be out for a while, although its visits succeed in the
 * end: retries would hide a target that fails three times in ten.
 *
 * Counts need a least volume, because one failure of two is no share, and a largest number that may be out, because the
 * last targets have to serve even where they are bad (as Envoy's outlier detection has both).
 */
import type { Counted } from "./Outcomes.ts"

/** When a target is taken out. */
export interface Settings {
  /** The length of the sliding window, in milliseconds. */
  readonly window: number
  /** Fewer attempts in the window say nothing. */
  readonly attempts: number
  /** A larger share of failed attempts (0 to 1) is too much. */
  readonly share: number
  /** So is a share that is larger than the median of the others by more than this (0 to 1). */
  readonly above: number
  /** The largest share of a tier that may be out at once (0 to 1), rounded down to whole targets. */
  readonly mostOut: number
}

/** The defaults. */
export const defaults: Settings = { window: 30_000, attempts: 20, share: 0.5, above: 0.2, mostOut: 0.5 }

/** The first time that a target is out, in milliseconds; each further time in a row is twice as long. */
export const base = 10_000

/** The longest such time, in milliseconds. */
export const longest = 60_000

/** Whether what was counted of a target is too much, compared with the others of its tier. */
export const isTooMuch = (own: Counted, others: ReadonlyArray<Counted>, settings: Settings): boolean => {
  if (own.attempts < settings.attempts) return false
  const share = own.failed / own.attempts
  if (share > settings.share) return true
  return others.length > 0 && share > median(others.map(shareOf)) + settings.above
}

/** Whether one more of `size` targets may be taken out when `out` of them are. */
export const hasRoom = (size: number, out: number, settings: Settings): boolean =>
  out + 1 <= Math.floor(size * settings.mostOut + 1e-9)

/** How long a target is out that has been out so many times in a row before, in milliseconds. */
export const lengthOf = (times: number): number => Math.min(longest, base * 2 ** Math.min(times, 30))

const shareOf = ({ attempts, failed }: Counted): number => (attempts === 0 ? 0 : failed / attempts)

/** Of an even number of shares the lower one of the two in the middle. */
const median = (shares: ReadonlyArray<number>): number =>
  shares.toSorted((a, b) => a - b)[Math.floor((shares.length - 1) / 2)]!
