/** How far conversations stay at one target. */
import type { RequestRecord } from "./Journal.ts"

/** How conversations were served. */
export interface Stayed {
  readonly conversations: number
  /** Turns that were answered. */
  readonly turns: number
  /** The share of turns answered by the target that answered most turns of their conversation. 0 to 1. */
  readonly atOneTarget: number
}

/** Counts which targets answer the turns of each conversation. */
export class Loyalty {
  readonly #open = new Map<number, Map<string, number>>()
  readonly #over = { conversations: 0, turns: 0, atOne: 0 }

  add({ by, conversation, isLast, state }: RequestRecord): void {
    const counts = this.#open.get(conversation) ?? new Map<string, number>()
    this.#open.set(conversation, counts)
    if (state === "answered" && by !== undefined) counts.set(by, (counts.get(by) ?? 0) + 1)
    if (!isLast) return
    this.#open.delete(conversation)
    close(this.#over, counts)
  }

  /** The result so far; conversations that are not over are included. */
  get stayed(): Stayed {
    const all = { ...this.#over }
    for (const counts of this.#open.values()) close(all, counts)
    const { atOne, conversations, turns } = all
    return { conversations, turns, atOneTarget: turns === 0 ? 1 : atOne / turns }
  }
}

const close = (
  sums: { conversations: number; turns: number; atOne: number },
  counts: ReadonlyMap<string, number>
): void => {
  const turns = [...counts.values()]
  sums.conversations++
  sums.turns += turns.reduce((sum, count) => sum + count, 0)
  sums.atOne += Math.max(0, ...turns)
}
