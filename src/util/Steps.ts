/** Short steps of time, numbered since the epoch, in a ring that holds the last of them. */

/** The slot of a step in a ring. */
export const slotOf = (number: number, ring: ReadonlyArray<unknown>): number => number % ring.length

/** A ring with at least one step. */
export const makeRing = <A>(steps: number): Array<A | undefined> =>
  new Array<A | undefined>(Math.max(1, steps)).fill(undefined)

/**
 * The steps of the window that ends with `current`, oldest first. A ring may also hold older steps that were not
 * overwritten.
 */
export const inWindow = <A extends { readonly number: number }>(
  ring: ReadonlyArray<A | undefined>,
  current: number
): ReadonlyArray<A> => {
  const steps: Array<A> = []
  for (let number = Math.max(0, firstOf(ring, current)); number <= current; number++) {
    const step = ring[slotOf(number, ring)]
    if (step?.number === number) steps.push(step)
  }
  return steps
}

/** The first step of the window that ends with `current`. */
export const firstOf = (ring: ReadonlyArray<unknown>, current: number): number => current - ring.length + 1
