/**
 * Decides whether one of several equal targets fails so often that it is ejected (benched) for a while, although its visits
 * succeed in the end: retries would hide a target that fails three times in ten.
 *
 * As in Envoy's outlier detection there is a minimum volume, because one failure of two is not significant, and a largest share
 * that may be ejected, because the last targets have to answer even if they are bad.
 */
import type { Counted } from "./Outcomes.ts"

/** When a target is ejected. */
export interface Settings {
  /** The length of the sliding window, in milliseconds. */
  readonly window: number
  /** With fewer attempts in the window nothing is ejected. */
  readonly attempts: number
  /** A target with a larger share of failed attempts (0 to 1) is ejected. */
  readonly share: number
  /** A target whose share exceeds the median of its equals by more than this (0 to 1) is ejected too. */
  readonly above: number
  /** The largest share of a tier that may be ejected at once (0 to 1), rounded down to whole targets. */
  readonly mostOut: number
}

/** The defaults. */
export const defaults: Settings = { window: 30_000, attempts: 20, share: 0.5, above: 0.2, mostOut: 0.5 }

/** The length of the first ejection, in milliseconds. Each further one in a row is twice as long. */
export const base = 10_000

/** The longest ejection, in milliseconds. */
export const longest = 60_000

/** Whether the share of failed attempts of a target is too large, by itself or compared with its equals, which are counted if needed. */
export const isTooMuch = (
  own: Counted,
  others: () => ReadonlyArray<Counted>,
  settings: Settings
): boolean => {
  if (own.attempts < settings.attempts) return false
  const share = own.failed / own.attempts
  if (share > settings.share) return true
  const shares = others().map(shareOf)
  return shares.length > 0 && share > median(shares) + settings.above
}

/** Whether one more of `size` targets may be ejected when `out` of them are out already. */
export const hasRoom = (size: number, out: number, settings: Settings): boolean =>
  out + 1 <= Math.floor(size * settings.mostOut + 1e-9)

/** The length of an ejection after this many ejections in a row, in milliseconds. */
export const lengthOf = (times: number): number => Math.min(longest, base * 2 ** Math.min(times, 30))

const shareOf = ({ attempts, failed }: Counted): number => (attempts === 0 ? 0 : failed / attempts)

/** The median; for an even number of shares the lower of the two in the middle. */
const median = (shares: ReadonlyArray<number>): number =>
  shares.toSorted((a, b) => a - b)[Math.floor((shares.length - 1) / 2)]!
