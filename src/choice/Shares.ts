/**
 * Keeps affinity from sending one member of a group more than 1.25 times its share (consistent hashing with bounded loads,
 * Mirrokni, Thorup and Zadimoghaddam, 2016). What is counted are the latest requests that came with a key.
 */

/** How many times its share of the requests a member may get because of affinity. */
export const mostOfShare = 1.25

/** A member that has got fewer of the latest requests than this is not bounded: few requests are never even. */
export const fewest = 64

/** Requests for each member that are remembered: with so many, chance alone seldom makes a quarter more. */
export const remembered = 512

/** Who got the latest requests of a group. */
export class Shares {
  readonly #counts: Array<number>
  #total = 0

  /** `size` members, named by their index. */
  constructor(size: number) {
    this.#counts = Array.from({ length: size }, () => 0)
  }

  /** May a member, whose share of the weights is `share` (0 to 1), get one more? */
  allows(member: number, share: number): boolean {
    const next = this.#counts[member]! + 1
    return next <= fewest || next <= mostOfShare * share * (this.#total + 1)
  }

  /** A request has been sent to a member. What is old counts half, and half again. */
  count(member: number): void {
    this.#counts[member]!++
    this.#total++
    if (this.#total < remembered * this.#counts.length) return
    this.#total = 0
    for (let other = 0; other < this.#counts.length; other++) {
      this.#counts[other]! /= 2
      this.#total += this.#counts[other]!
    }
  }
}
