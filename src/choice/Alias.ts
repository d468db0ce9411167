/**
 * Draws by weight at the same cost for any number of items: Walker's alias method, in Vose's form.
 *
 * A table is made once. Each place of it holds one item and at most one other, so that a draw is one place by chance, and
 * one of its two by chance.
 */
import { placeAt } from "./Order.ts"

/** Draws indexes by weight. */
export class Alias {
  readonly #kept: Array<number>
  readonly #other: Array<number>

  /** Weights below 0 count as 0. When all are 0, all are alike. */
  constructor(weights: ReadonlyArray<number>) {
    const size = weights.length
    const sound = weights.map((weight) => Math.max(0, weight))
    const total = sound.reduce((sum, weight) => sum + weight, 0)
    // How full each place is, 1 on average.
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
    // What is left differs from 1 by rounding only; a weightless one may be left so, and must not be drawn.
    const some = sound.findIndex((weight) => weight > 0)
    for (const index of small) {
      if (total > 0 && sound[index] === 0) {
        this.#kept[index] = 0
        this.#other[index] = some
      }
    }
  }

  /** An index, for a number by chance from 0 to below 1: its place is one part of it, and which of the two the rest. */
  draw(chance: number): number {
    const place = placeAt(chance, this.#kept.length)
    return chance * this.#kept.length - place < this.#kept[place]! ? place : this.#other[place]!
  }
}
