/**
 * Conversations and requests that have failed at a target. When one of them fails there again, that is the same evidence and not a
 * new one.
 */
import type { Target } from "../domain/Target.ts"
import { LatestKeys } from "../util/LatestKeys.ts"

/** How long a conversation or request is remembered after it last failed, in milliseconds. */
export const memory = 600_000

/** The most that are remembered; the oldest are dropped. */
export const capacity = 10_000

/** When each of them last failed, by target and id. */
export class Repeats {
  readonly #known = new LatestKeys<number>(capacity)

  /** Whether a conversation or request has failed at the target before. */
  has(target: Target, id: string, now: number): boolean {
    const last = this.#known.get(`${target.key}\n${id}`)
    return last !== undefined && now - last <= memory
  }

  /** Records that a conversation or request has failed at the target. */
  add(target: Target, id: string, now: number): void {
    this.#known.add(`${target.key}\n${id}`, now)
  }
}
