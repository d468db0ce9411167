/** Short steps of time, numbered since the epoch, in a ring that holds the last of them. */

/** The slot of a step in a ring. */
export const slotOf = (number: number, ring: ReadonlyArray<unknown>): number => number % ring.length

/** A ring for so many steps, at least one. */
export const makeRing = <A>(steps: number): Array<A | undefined> =>
  new Array<A | undefined>(Math.max(1, steps)).fill(undefined)

/** The steps of the window that ends with `current`, the oldest first. A ring also holds older ones that nobody overwrote. */
export const inWindow = <A extends { readonly number: number }>(
  ring: ReadonlyArray<A | undefined>,
  current: number
): ReadonlyArray<A> => {
  const first = firstOf(ring, current)
  return ring
    .flatMap((step) => (step === undefined || step.number < first || step.number > current ? [] : step))
    .sort((a, b) => a.number - b.number)
}

/** The first step of the window that ends with `current`. */
export const firstOf = (ring: ReadonlyArray<unknown>, current: number): number => current - ring.length + 1
