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

/**
 * An order whose first item is known, and whose others are worked out one after another when they are asked for: most
 * requests need the first one only.
 */
export class FirstAndOthers<out A> implements Order<A> {
  readonly #items: ReadonlyArray<A>
  readonly #first: number
  readonly #others: (first: number) => () => number
  #next: (() => number) | undefined
  #known: Array<A> | undefined

  /** `others` gives a function that gives each other index once, the next one with each call. */
  constructor(items: ReadonlyArray<A>, first: number, others: (first: number) => () => number) {
    this.#items = items
    this.#first = first
    this.#others = others
  }

  get length(): number {
    return this.#items.length
  }

  at(index: number): A | undefined {
    if (index === 0 || index >= this.#items.length) return index === 0 ? this.#items[this.#first] : undefined
    this.#next ??= this.#others(this.#first)
    this.#known ??= [this.#items[this.#first]!]
    while (this.#known.length <= index) this.#known.push(this.#items[this.#next()]!)
    return this.#known[index]
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
