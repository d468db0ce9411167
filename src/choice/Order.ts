/** Orders that are worked out only as far as they are asked for, so that a pick costs the same among 10 and 100,000. */

/** An order of some items. A list is one. */
export interface Order<out A> {
  readonly length: number
  /** The item at a place; `undefined` behind the last one. Asked again, it says the same. */
  at(index: number): A | undefined
}

/** The items from a place on, then those before it. */
export const rotated = <A>(items: ReadonlyArray<A>, first: number): Order<A> =>
  first % items.length === 0
    ? items
    : {
        length: items.length,
        at: (index) => (index < items.length ? items[(first + index) % items.length] : undefined)
      }

/** An order of which one item after another is worked out. `next` gives each index once, the next one with each call. */
export const lazy = <A>(items: ReadonlyArray<A>, next: () => number): Order<A> => {
  const known: Array<A> = []
  return {
    length: items.length,
    at: (index) => {
      if (index >= items.length) return undefined
      while (known.length <= index) known.push(items[next()]!)
      return known[index]
    }
  }
}

/** The indexes of a list that have not been taken yet. Nothing is copied: only what was taken is remembered. */
export class Left {
  /** How many are left. */
  size: number
  /** What stands in a place whose own index was taken. */
  #moved: Map<number, number> | undefined

  constructor(size: number) {
    this.size = size
  }

  /** The index that stands at a place from 0 to below `size`. */
  at(place: number): number {
    return this.#moved?.get(place) ?? place
  }

  /** Takes the index at a place. The last one moves up into it. */
  take(place: number): number {
    const index = this.at(place)
    this.size--
    if (this.size > 0 && place !== this.size) {
      this.#moved ??= new Map()
      this.#moved.set(place, this.at(this.size))
    }
    return index
  }
}

/** A place by chance (a number from 0 to below 1). */
export const placeAt = (chance: number, size: number): number => Math.min(size - 1, Math.floor(chance * size))
