/**
 * Keeps affinity from sending one member of a group more than 1.25 times its share of the requests (consistent hashing with
 * bounded loads, Mirrokni, Thorup and Zadimoghaddam, 2016). What is counted are the latest requests that came with a key.
 *
 * Before that bound is met, whole conversations move: of those that prefer a member which too many prefer, a part goes to the
 * next in its own order, always the same part. So they stay together, and single requests seldom have to be sent elsewhere.
 */

import type { Clock } from "./Load.ts"

/** How many times its share of the requests a member may get because of affinity. */
export const mostOfShare = 1.25

/** From so many times its share on, some of the conversations that prefer a member go elsewhere. */
const spillsAbove = 1.2

/**
 * A member that has got fewer of the latest requests than this is not bounded: few requests are never even, and a member
 * with about one a second is not overloaded, so a single conversation stays together.
 */
export const fewest = 64

/** After so many milliseconds a request counts half. */
export const halfLife = 30_000

/** The clock is read once in so many requests. */
const perReading = 32

/** Requests for each member that are remembered: with so many, chance alone seldom makes a quarter more. */
export const remembered = 512

/** Who got the latest requests of a group. */
export class Shares {
  readonly #wanted: Array<number>
  readonly #got: Array<number>
  #total = 0
  #sinceReading = 0
  #readAt: number | undefined

  /** `size` members, named by their index. */
  constructor(size: number) {
    this.#wanted = Array.from({ length: size }, () => 0)
    this.#got = Array.from({ length: size }, () => 0)
  }

  /**
   * Whether a conversation leaves the member that it prefers, whose share of the weights is `share` (0 to 1), because too many
   * prefer it. `place` (0 to below 1) is the conversation's own: those with the lowest go first, and come back last.
   */
  spills(member: number, share: number, place: number): boolean {
    const wanted = this.#wanted[member]!
    return wanted > fewest && place < 1 - (spillsAbove * share * this.#total) / wanted
  }

  /** May a member, whose share of the weights is `share` (0 to 1), get one more? */
  allows(member: number, share: number): boolean {
    const next = this.#got[member]! + 1
    return next <= fewest || next <= mostOfShare * share * (this.#total + 1)
  }

  /** Counts a request that prefers one member and goes to another, or to the same. What is old counts half, and half again. */
  count(wanted: number, got: number, clock: Clock): void {
    this.#wanted[wanted]!++
    this.#got[got]!++
    this.#total++
    if (++this.#sinceReading >= perReading) this.#age(clock.now())
    if (this.#total >= remembered * this.#got.length) this.#scale(0.5)
  }

  #age(now: number): void {
    this.#sinceReading = 0
    const age = now - (this.#readAt ?? now)
    this.#readAt = now
    if (age > 0) this.#scale(2 ** (-age / halfLife))
  }

  #scale(factor: number): void {
    for (const counts of [this.#wanted, this.#got]) {
      for (let member = 0; member < counts.length; member++) counts[member]! *= factor
    }
    this.#total *= factor
  }
}
