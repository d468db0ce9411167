/**
 * Counts the answers of targets that have failed, so that a visit knows whether its target answered another request between its
 * failures. Such a target is not down.
 */
import type { Target } from "../domain/Target.ts"
import { LatestTargets } from "../util/LatestKeys.ts"

/** The most targets that are counted; the oldest are dropped. */
const capacity = 10_000

/** The answers of one target since it was first counted. */
export interface Answers {
  count: number
}

/** The answers of all targets that have failed. */
export class AnswersBetween {
  readonly #known = new LatestTargets<Answers>(capacity)

  /** Whether no target has failed yet. */
  get isEmpty(): boolean {
    return this.#known.isEmpty
  }

  /** The answers of a target that has failed, counted from the first call of this function. */
  of(target: Target): Answers {
    const known = this.#known.get(target)
    if (known !== undefined) return known
    const made = { count: 0 }
    this.#known.add(target, made)
    return made
  }

  /** A target has answered, or a stream of it has begun. Costs nothing until a target has failed. */
  answered(target: Target): void {
    if (this.#known.isEmpty) return
    const known = this.#known.get(target)
    if (known !== undefined) known.count++
  }
}
