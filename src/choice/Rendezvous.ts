/**
 * The order in which a key prefers the members of a group: rendezvous hashing with weights.
 *
 * Each member gets a score from the key's hash and its own hash; the highest score comes first. Adding or removing a member
 * moves only its own keys. Over many keys each member comes first in proportion to its weight. Every process with the same
 * names and weights computes the same order.
 *
 * The cost grows with the number of members, unlike that of the other orders.
 */
import * as Hash from "./Hash.ts"

const range = 2 ** 32

/** The members of a group, ready to be ordered for any key. */
export class Rendezvous {
  readonly #hashes: ReadonlyArray<number>
  readonly #weights: ReadonlyArray<number>
  readonly #isEven: boolean

  /** `weights[i]` is the weight of `names[i]`. Members without weight come last for every key. */
  constructor(names: ReadonlyArray<string>, weights: ReadonlyArray<number>) {
    this.#hashes = names.map((name) => Hash.prepared(Hash.ofText(name)))
    this.#weights = weights
    this.#isEven = weights.every((weight) => weight === weights[0] && weight > 0)
  }

  /**
   * How much a key, given as its hash, prefers a member. The highest score comes first. A score with weights is
   * -weight / ln(u), u being the pair's hash as a number between 0 and 1.
   */
  score(key: number, member: number): number {
    const hash = Hash.ofPrepared(key, this.#hashes[member]!)
    if (this.#isEven) return hash
    const weight = this.#weights[member]!
    return weight > 0 ? -weight / Math.log((hash + 0.5) / range) : hash / range - 1
  }

  /** The member that comes first for a key, given as its hash; -1 in an empty group. */
  first(key: number): number {
    let best = -1
    let highest = Number.NEGATIVE_INFINITY
    for (let member = 0; member < this.#hashes.length; member++) {
      const score = this.score(key, member)
      if (score > highest) {
        highest = score
        best = member
      }
    }
    return best
  }

  /** All members, in a key's order of preference. */
  order(key: number): Array<number> {
    const scores = this.#hashes.map((_, member) => this.score(key, member))
    return scores.map((_, member) => member).sort((a, b) => scores[b]! - scores[a]!)
  }
}
