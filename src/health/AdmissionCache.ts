/**
 * What was last seen of targets that rest, so that passing many of them by costs little: a request to a chain whose first
 * thousand targets rest looks at each of them, and most looks find what the last one found.
 *
 * What is remembered holds until the rest ends, or until the bench lets somebody back or learns something else of a key
 * that it knows; a new rest of another key changes nothing for a target that rests already.
 */

import type { Target } from "../domain/Target.ts"
import type { Resting } from "./Bench.ts"

/** What was last seen of the targets of one bench; each of them keeps its own. */
export class AdmissionCache {
  /** What was seen before it was replaced, or on another bench, is out of date. */
  #mark = {}

  /** Everything that was seen is out of date. */
  expire(): void {
    this.#mark = {}
  }

  /** What was seen of a target and still holds. */
  of({ glance }: Target, now: number): Resting | undefined {
    return glance.mark === this.#mark && now < glance.why!.until ? glance.why : undefined
  }

  /** Remembers what was seen. A probe under way has no end to wait for, so it is looked at each time. */
  saw({ glance }: Target, why: Resting, now: number): void {
    if (why.probing || now >= why.until) return
    glance.mark = this.#mark
    glance.why = why
  }
}
