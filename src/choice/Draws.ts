/** Orders by chance: all alike, by weight, and the better of two. Each is worked out as far as it is asked for. */
import { Alias } from "./Alias.ts"
import { type Clock, compare, type Kind, type Load } from "./Load.ts"
import { FirstAndOthers, Left, type Order, placeAt } from "./Order.ts"

/** Items of a group with their weights, ready to be drawn. */
export class Weighted<out A> {
  readonly items: ReadonlyArray<A>
  readonly weights: ReadonlyArray<number>
  /** True where all weigh the same. */
  readonly isEven: boolean
  #alias: Alias | undefined

  /** An item without weight is drawn when no other is left, and such items in the order that they were given. */
  constructor(items: ReadonlyArray<A>, weights: ReadonlyArray<number>) {
    this.items = items
    this.weights = weights
    this.isEven = weights.every((weight) => weight === weights[0])
  }

  /** The table to draw from, made when it is first asked for. */
  get alias(): Alias {
    this.#alias ??= new Alias(this.weights)
    return this.#alias
  }
}

/** Where chance comes from: numbers from 0 to below 1. */
export type Chance = () => number

/** An order in which every item comes first equally often. */
export const random = <A>(items: ReadonlyArray<A>, chance: Chance): Order<A> =>
  new FirstAndOthers(items, items.length === 0 ? -1 : placeAt(chance(), items.length), (first) => {
    const left = new Left(items.length)
    left.take(first)
    return () => left.take(placeAt(chance(), left.size))
  })

/** An order in which an item comes first as often as its share of the weights says. */
export const weighted = <A>(group: Weighted<A>, chance: Chance): Order<A> => {
  const urn = new Urn(group, chance)
  return new FirstAndOthers(group.items, urn.draw(), (first) => {
    urn.take(first)
    return () => urn.take(urn.draw())
  })
}

/** One whose weights differ gives way only to one whose load is less than its own divided by this. */
export const margin = 2

/**
 * An order that puts less load first: of two items by chance the better one (the power of two choices), then again of
 * those that are left.
 *
 * Weights that differ are shares that somebody asked for. Then both are drawn by weight, and the first gives way only to
 * one whose load is less than half.
 */
export const leastLoaded = <A>(
  group: Weighted<A>,
  loads: ReadonlyArray<Load>,
  kind: Kind,
  source: Source
): Order<A> => (group.isEven ? evenly : byShare)(group, loads, kind, source)

/** Where an order reads the time (milliseconds) and chance. */
export interface Source extends Clock {
  readonly chance: Chance
}

const evenly = <A>(
  { items }: Weighted<A>,
  loads: ReadonlyArray<Load>,
  kind: Kind,
  source: Source
): Order<A> => {
  /** Of two places by chance that of the better one; with `left` the places are those of what is left. */
  const better = (size: number, left: Left | undefined): number => {
    const one = placeAt(source.chance(), size)
    if (size === 1) return one
    const after = placeAt(source.chance(), size - 1)
    const other = after < one ? after : after + 1
    const loadAt = (place: number) => loads[left === undefined ? place : left.at(place)]!
    return compare(loadAt(one), loadAt(other), kind, source) <= 1 ? one : other
  }
  return new FirstAndOthers(items, items.length === 0 ? -1 : better(items.length, undefined), (first) => {
    const left = new Left(items.length)
    left.take(first)
    return () => left.take(better(left.size, left))
  })
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

/** So many draws in a row may meet what was taken before; then a table of what is left is made. */
const mostRejections = 8

/** Indexes that are drawn by weight and not put back; all orders together take time in proportion to their number. */
class Urn {
  readonly #weights: ReadonlyArray<number>
  readonly #chance: Chance
  #alias: Alias
  /** What the table's places stand for; `undefined` for themselves. */
  #left: ReadonlyArray<number> | undefined
  /** Made with the first one. */
  #taken: Set<number> | undefined
  #takenOfTable = 0
  #size: number

  constructor({ alias, weights }: Weighted<unknown>, chance: Chance) {
    this.#weights = weights
    this.#chance = chance
    this.#alias = alias
    this.#size = weights.length
  }

  /** An index that was not taken; of those without weight the first, and only when no other is left. */
  draw(): number
  /** The same, and not `besides`; `undefined` where no other with weight is left. */
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

  /** Takes an index out. */
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
