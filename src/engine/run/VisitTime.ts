/** Divides the time until the deadline between the present target and the later ones. */

/** The least time of a later target, if there is enough, in milliseconds. A shorter visit rarely leads to an answer. */
export const least = 2_000

/** With more time than for so many targets, later targets are not counted: it is enough for all that can be tried. */
const many = 32

/**
 * How long a visit that begins now may last, in milliseconds. `left` is the time until the deadline, which was `deadline`
 * at the start; `reserve` is the policy's `fallbackReserve`; `ahead` counts, up to a bound, the targets that may be called
 * after this one.
 *
 * A visit gets all but the reserve. If that would leave less than two seconds for each later target, it gets less, down to half,
 * but at least two seconds. With a short deadline, a quarter of it counts instead of two seconds.
 */
export const of = (
  left: number,
  deadline: number,
  reserve: number,
  ahead: (most: number) => number
): number => {
  if (left === Number.POSITIVE_INFINITY || reserve === 0) return left
  const slot = Math.min(least, deadline / 4)
  const longest = left * (1 - reserve)
  const most = Math.ceil((left - longest / 2) / slot)
  const count = ahead(most <= many ? most : 1)
  if (count === 0) return left
  const visit = Math.max(longest / 2, left - count * slot)
  return Math.min(left, Math.max(slot, Math.min(longest, visit)))
}
