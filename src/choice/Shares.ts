/**
 * Keeps affinity from sending one member of a group more than 1.25 times its share of the requests (consistent hashing with
 * bounded loads, Mirrokni, Thorup and Zadimoghaddam, 2016). Only recent requests with a key are counted.
 *
 * Whole conversations move before that bound is reached: when too many conversations prefer a member, a fixed part of them goes
 * to the next member of their own order. So conversations stay together, and single requests rarely have to move.
 */

import type { Clock } from "./Load.ts"

/** How many times its share of the requests a member may get because of affinity. */
export const mostOfShare = 1.25

/** Above this many times its share, some of the conversations that prefer a member go elsewhere. */
const spillsAbove = 1.2

/**
 * A member with fewer recent requests than this is not limited: few requests are never spread evenly, and about one request a
 * second is not an overload, so a single conversation stays together.
 */
export const fewest = 64

/** After this many milliseconds a request counts half. */
export const halfLife = 30_000

/** The clock is read once in this many requests. */
const perReading = 32

/** How many requests per member are remembered: enough that 1.25 times the share is rarely exceeded by chance. */
export const remembered = 512

/** How the recent requests of a group were divided among its members. */
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
   * Whether a conversation leaves its preferred member because too many prefer it. `share` (0 to 1) is the member's share of the
   * weights. `place` (0 to below 1) belongs to the conversation: those with the lowest leave first and return last.
   */
  spills(member: number, share: number, place: number): boolean {
    const wanted = this.#wanted[member]!
    return wanted > fewest && place < 1 - (spillsAbove * share * this.#total) / wanted
  }

  /** Whether a member may get one more request; `share` (0 to 1) is its share of the weights. */
  allows(member: number, share: number): boolean {
    const next = this.#got[member]! + 1
    return next <= fewest || next <= mostOfShare * share * (this.#total + 1)
  }

  /** Counts a request: the member that it prefers, and the one that it goes to. Older counts are halved repeatedly. */
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
