/** Orders by chance: all alike, by weight, and the better of two. Each is worked out as far as it is asked for. */
import { Alias } from "./Alias.ts"
import { compare, type Kind, type Load } from "./Load.ts"
import { Left, lazy, type Order, placeAt } from "./Order.ts"

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
export const random = <A>(items: ReadonlyArray<A>, chance: Chance): Order<A> => {
  const left = new Left(items.length)
  return lazy(items, () => left.take(placeAt(chance(), left.size)))
}

/** An order in which an item comes first as often as its share of the weights says. */
export const weighted = <A>(group: Weighted<A>, chance: Chance): Order<A> => {
  const taken = new Set<number>()
  return lazy(group.items, () => {
    const index = drawOther(group, taken, undefined, chance)
    taken.add(index)
    return index
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
  loadOf: (index: number) => Load,
  kind: Kind,
  now: () => number,
  chance: Chance
): Order<A> => {
  if (group.isEven) {
    const left = new Left(group.items.length)
    return lazy(group.items, () => {
      const one = placeAt(chance(), left.size)
      if (left.size === 1) return left.take(one)
      const after = placeAt(chance(), left.size - 1)
      const other = after < one ? after : after + 1
      const isBetter = compare(loadOf(left.at(one)), loadOf(left.at(other)), kind, now()) <= 1
      return left.take(isBetter ? one : other)
    })
  }
  const taken = new Set<number>()
  return lazy(group.items, () => {
    const one = drawOther(group, taken, undefined, chance)
    let better = one
    if (taken.size + 1 < group.items.length) {
      const other = drawOther(group, taken, one, chance)
      const mayTake = group.weights[other]! > 0
      if (mayTake && compare(loadOf(one), loadOf(other), kind, now()) > margin) better = other
    }
    taken.add(better)
    return better
  })
}

/** So many draws in a row may meet what was taken before; then the rest is looked through. */
const mostRejections = 16

/** Draws by weight an index that was not taken, and is not `besides`. */
const drawOther = (
  group: Weighted<unknown>,
  taken: ReadonlySet<number>,
  besides: number | undefined,
  chance: Chance
): number => {
  const { weights } = group
  const isFree = (index: number) => index !== besides && !taken.has(index)
  for (let tries = 0; tries < mostRejections; tries++) {
    const index = group.alias.draw(chance)
    if (isFree(index) && weights[index]! > 0) return index
  }
  let total = 0
  let last = -1
  for (const [index, weight] of weights.entries()) if (isFree(index) && weight > 0) total += weight
  let point = chance() * total
  for (const [index, weight] of weights.entries()) {
    if (!isFree(index) || (total > 0 && !(weight > 0))) continue
    if (total === 0) return index
    last = index
    point -= weight
    if (point < 0) break
  }
  return last
}
