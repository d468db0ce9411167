/**
 * Weighted random draws at the same cost for any number of items: Walker's alias method, in Vose's form.
 *
 * A table is made once. Each slot of it holds one item and at most one other. A draw takes a random slot, then one of its two
 * items at random.
 */
import { placeAt } from "./Order.ts"

/** Draws indexes by weight. */
export class Alias {
  readonly #kept: Array<number>
  readonly #other: Array<number>

  /** Weights below 0 count as 0. When all are 0, all items are equally likely. */
  constructor(weights: ReadonlyArray<number>) {
    const size = weights.length
    const sound = weights.map((weight) => Math.max(0, weight))
    const total = sound.reduce((sum, weight) => sum + weight, 0)
    // How full each slot is, 1 on average.
    const filled = total > 0 ? sound.map((weight) => (weight * size) / total) : sound.map(() => 1)
    this.#kept = filled.map(() => 1)
    this.#other = filled.map((_, index) => index)
    const small: Array<number> = []
    const large: Array<number> = []
    for (const [index, fill] of filled.entries()) (fill < 1 ? small : large).push(index)
    while (small.length > 0 && large.length > 0) {
      const one = small.pop()!
      const other = large[large.length - 1]!
      this.#kept[one] = filled[one]!
      this.#other[one] = other
      filled[other]! -= 1 - filled[one]!
      if (filled[other]! < 1) small.push(large.pop()!)
    }
    // The remaining slots are full except for rounding, and keep their own item. An item without weight is never among them.
  }

  /** An index for a random number from 0 to below 1. Its integer part after scaling selects the slot, the fraction one of the two items. */
  draw(chance: number): number {
    const place = placeAt(chance, this.#kept.length)
    return chance * this.#kept.length - place < this.#kept[place]! ? place : this.#other[place]!
  }
}
