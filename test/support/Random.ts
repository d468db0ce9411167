/** Seeded random numbers. */

/** A source of random numbers. */
export interface Random {
  /** From 0 to below 1. */
  readonly next: () => number
  /** A whole number from 0 to below `end`. */
  readonly int: (end: number) => number
  readonly pick: <A>(from: ReadonlyArray<A>) => A
  readonly chance: (share: number) => boolean
}

/** A source with a seed (mulberry32). */
export const make = (seed: number): Random => {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const int = (end: number) => Math.floor(next() * end)
  return {
    next,
    int,
    pick: (from) => {
      const at = int(from.length)
      const found = from[at]
      if (found === undefined && at >= from.length) throw new RangeError("nothing to pick from")
      return found as (typeof from)[number]
    },
    chance: (share) => next() < share
  }
}

/** A source for one part of a run: the same seed and the same parts give the same numbers, whatever else happened. */
export const of = (seed: number, ...parts: ReadonlyArray<string | number>): Random => {
  let hash = 0x811c9dc5 ^ seed
  for (const char of parts.join("/")) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193)
  return make(hash)
}

/** The same list in another order. */
export const shuffled = <A>(random: Random, list: ReadonlyArray<A>): ReadonlyArray<A> => {
  const copy = [...list]
  for (let at = copy.length - 1; at > 0; at--) {
    const other = random.int(at + 1)
    const held = copy[at]!
    copy[at] = copy[other]!
    copy[other] = held
  }
  return copy
}
