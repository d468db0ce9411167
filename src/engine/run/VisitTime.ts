/** How the time until the deadline is divided among the target that is called and those behind it. */

/** What a later target gets at least, where there is enough time, in milliseconds. A shorter visit rarely leads to an answer. */
export const least = 2_000

/** From so many on, targets that may be called later are not counted: the time is enough for all that can be tried. */
const many = 32

/**
 * How long a visit that begins now may last, in milliseconds. `left` is the time until the deadline, which was `deadline`
 * at the start; `reserve` is the policy's `fallbackReserve`; `ahead` counts, up to a bound, the targets that may be called
 * after this one.
 *
 * A visit gets all but the reserve. Where that would leave less than two seconds to each target behind, it gets less, down
 * to half of it, but at least two seconds; with a short deadline a quarter of the deadline counts instead of two seconds.
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
