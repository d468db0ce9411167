/** Random orders: uniform, weighted, and by the better of two. Each is computed only as far as it is read. */
import { Alias } from "./Alias.ts"
import { type Clock, compare, type Kind, type Load } from "./Load.ts"
import { FirstAndOthers, Left, type Order, placeAt } from "./Order.ts"

/** Items of a group with their weights, ready to be drawn. */
export class Weighted<out A> {
  readonly items: ReadonlyArray<A>
  readonly weights: ReadonlyArray<number>
  /** True when all weights are equal. */
  readonly isEven: boolean
  #alias: Alias | undefined

  /** Items without weight are drawn last, in the given order. */
  constructor(items: ReadonlyArray<A>, weights: ReadonlyArray<number>) {
    this.items = items
    this.weights = weights
    this.isEven = weights.every((weight) => weight === weights[0])
  }

  /** The table to draw from, made on first use. */
  get alias(): Alias {
    this.#alias ??= new Alias(this.weights)
    return this.#alias
  }
}

/** A source of random numbers from 0 to below 1. */
export type Chance = () => number

/** An order in which each item is equally likely to come first. */
export const random = <A>(items: ReadonlyArray<A>, chance: Chance): Order<A> =>
  new FirstAndOthers(items, items.length === 0 ? -1 : placeAt(chance(), items.length), (first) => {
    const left = new Left(items.length)
    left.take(first)
    return () => left.take(placeAt(chance(), left.size))
  })

/** An order in which each item comes first in proportion to its weight. */
export const weighted = <A>(group: Weighted<A>, chance: Chance): Order<A> => {
  const urn = new Urn(group, chance)
  return new FirstAndOthers(group.items, urn.draw(), (first) => {
    urn.take(first)
    return () => urn.take(urn.draw())
  })
}

/** With different weights, the first item drawn is replaced only by one with less than its own load divided by this. */
export const margin = 2

/**
 * An order by load: of two random items the one with less load (the power of two choices), then the same among the remaining
 * items.
 *
 * Different weights are configured shares. Then both items are drawn by weight, and the second one comes first only if its load
 * is less than half of the first one's.
 */
export const leastLoaded = <A>(
  group: Weighted<A>,
  loads: ReadonlyArray<Load>,
  kind: Kind,
  source: Source
): Order<A> => (group.isEven ? evenly : byShare)(group, loads, kind, source)

/** The clock (milliseconds) and the random numbers of an order. */
export interface Source extends Clock {
  readonly chance: Chance
}

const evenly = <A>(
  { items }: Weighted<A>,
  loads: ReadonlyArray<Load>,
  kind: Kind,
  source: Source
): Order<A> => {
  const first = items.length === 0 ? -1 : better(items.length, undefined, loads, kind, source)
  return new FirstAndOthers(items, first, (first) => {
    const left = new Left(items.length)
    left.take(first)
    return () => left.take(better(left.size, left, loads, kind, source))
  })
}

/** Draws two random places and returns that of the better item; with `left`, among the remaining items. */
const better = (
  size: number,
  left: Left | undefined,
  loads: ReadonlyArray<Load>,
  kind: Kind,
  source: Source
): number => {
  const one = placeAt(source.chance(), size)
  if (size === 1) return one
  const after = placeAt(source.chance(), size - 1)
  const other = after < one ? after : after + 1
  const loadOne = loads[left === undefined ? one : left.at(one)]!
  const loadOther = loads[left === undefined ? other : left.at(other)]!
  return compare(loadOne, loadOther, kind, source) <= 1 ? one : other
}

const byShare = <A>(group: Weighted<A>, loads: ReadonlyArray<Load>, kind: Kind, source: Source): Order<A> => {
  const urn = new Urn(group, () => source.chance())
  const better = (): number => {
    const one = urn.draw()
    const other = urn.draw(one)
    const isBetter = other === undefined || compare(loads[one]!, loads[other]!, kind, source) <= margin
    return isBetter ? one : other
  }
  return new FirstAndOthers(group.items, better(), (first) => {
    urn.take(first)
    return () => urn.take(better())
  })
}

/** After this many draws in a row of items that were taken before, a table of the remaining items is made. */
const mostRejections = 8

/** Weighted draws of indexes without replacement. Drawing all of them takes time in proportion to their number. */
class Urn {
  readonly #weights: ReadonlyArray<number>
  readonly #chance: Chance
  #alias: Alias
  /** The indexes of the table's slots; `undefined` when they are the slots themselves. */
  #left: ReadonlyArray<number> | undefined
  /** Made with the first draw. */
  #taken: Set<number> | undefined
  #takenOfTable = 0
  #size: number

  constructor({ alias, weights }: Weighted<unknown>, chance: Chance) {
    this.#weights = weights
    this.#chance = chance
    this.#alias = alias
    this.#size = weights.length
  }

  /** An index that was not taken. Indexes without weight come last, in order. */
  draw(): number
  /** Another index than `besides`; `undefined` when no other index with weight remains. */
  draw(besides: number): number | undefined
  draw(besides?: number): number | undefined {
    if (2 * this.#takenOfTable > this.#size) this.#renew()
    for (let tries = 0; tries < mostRejections; tries++) {
      const drawn = this.#alias.draw(this.#chance())
      const index = this.#left?.[drawn] ?? drawn
      if (index !== besides && this.#taken?.has(index) !== true && this.#weights[index]! > 0) return index
    }
    this.#renew()
    const left = this.#left!.filter((index) => index !== besides && this.#weights[index]! > 0)
    if (left.length > 0) {
      return left[new Alias(left.map((index) => this.#weights[index]!)).draw(this.#chance())]!
    }
    return besides === undefined ? this.#left![0]! : undefined
  }

  /** Marks an index as taken. */
  take(index: number): number {
    this.#taken ??= new Set()
    this.#taken.add(index)
    this.#takenOfTable++
    return index
  }

  #renew(): void {
    if (this.#takenOfTable === 0 && this.#left !== undefined) return
    const left = this.#left ?? this.#weights.map((_, index) => index)
    this.#left = left.filter((index) => this.#taken?.has(index) !== true)
    this.#alias = new Alias(this.#left.map((index) => this.#weights[index]!))
    this.#size = this.#left.length
    this.#takenOfTable = 0
  }
}
