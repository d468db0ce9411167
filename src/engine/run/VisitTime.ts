/**
 * Divides the time until the deadline between the present target and the later ones, and shortens probes of targets that
 * hang.
 */

/**
 * The minimum time for each later target, if there is enough, in milliseconds. A shorter visit rarely leads to an answer.
 */
export const least = 2_000

/** With time for more than this many targets, later targets are not counted, since the time is enough for all that can be tried. */
const many = 32

/**
 * How long a visit that begins now may last, in milliseconds. `left` is the time until the deadline, which was `deadline`
 * at the start; `reserve` is the policy's `fallbackReserve`; `ahead` counts, up to a bound, the targets that may be called
 * after this one.
 *
 * A visit gets all of the time left except the reserve. If that would leave less than two seconds for each later target, it gets less, down to half,
 * but at least two seconds. With a short deadline, a quarter of it counts instead of two seconds.
 */
export const of = (
  left: number,
  deadline: number,
  reserve: number,
  ahead: (most: number) => number
): number => {
  if (left === Number.POSITIVE_INFINITY || reserve === 0) return left
  const slot = slotOf(deadline)
  const longest = left * (1 - reserve)
  const most = Math.ceil((left - longest / 2) / slot)
  const count = ahead(most <= many ? most : 1)
  if (count === 0) return left
  const visit = Math.max(longest / 2, left - count * slot)
  return Math.min(left, Math.max(slot, Math.min(longest, visit)))
}

/** The minimum time for each target. */
const slotOf = (deadline: number): number => Math.min(least, deadline / 4)

const one = () => 1

/**
 * How much longer a visit may last when its time is over and no other target can be called, in milliseconds. Then that is checked
 * again: in the same way as if one more target could be called, and for the last time when two seconds are left, or a quarter of a
 * short deadline.
 */
export const longer = (left: number, deadline: number, reserve: number): number => {
  const untilLast = left - slotOf(deadline)
  // A timer takes whole milliseconds.
  return untilLast < 1 ? left : Math.min(untilLast, of(left, deadline, reserve, one))
}

/** The shortest time of a probe after a timeout, in milliseconds. */
const leastOfProbe = 2_000

/** The time of a probe after a timeout at a target that has not answered this process yet, in milliseconds. */
const unknown = 5_000

/**
 * How long a probe after a timeout may last while another target is free, in milliseconds. The request pays for it, and most likely
 * the target still hangs. `usual` is what the target has lately needed, 0 where that is not known; `inRow` counts the probes.
 *
 * Mostly a probe has a short time, twice the usual one. But the target may need longer than before: so every second probe in a
 * row has twice that time, every fourth four times, every eighth eight times, up to the target's own timeout. On average a request
 * pays for few of the long probes.
 */
export const ofProbe = (usual: number, inRow: number): number =>
  (usual === 0 ? unknown : Math.max(leastOfProbe, 2 * usual)) * powerOfTwoIn(inRow)

/** The largest power of two that divides a number: 1, 2, 1, 4, 1, 2, 1, 8, … */
const powerOfTwoIn = (count: number): number => count & -count
