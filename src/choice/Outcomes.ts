/** Counts of a target's attempts and failures in a sliding time window. */

/** The number of pieces of a window. The oldest piece is dropped as a whole. */
const pieces = 10

/** The counts of a window. */
export interface Counted {
  readonly attempts: number
  readonly failed: number
}

/** The outcomes of one target. Failures that concern only the request are not counted. */
export class Outcomes {
  readonly #attempts = new Array<number>(pieces).fill(0)
  readonly #failed = new Array<number>(pieces).fill(0)
  /** The length of the window, in milliseconds. */
  readonly window: number
  readonly #length: number
  /** The number of the latest piece, counted from the epoch. */
  #piece = 0

  constructor(window: number) {
    this.window = window
    this.#length = window / pieces
  }

  /** Counts an attempt that has ended. */
  add(hasFailed: boolean, now: number): void {
    const at = this.#forget(now)
    this.#attempts[at]!++
    if (hasFailed) this.#failed[at]!++
  }

  /** Turns a counted success into a failure: a stream broke after its first content. */
  turn(now: number): void {
    this.#failed[this.#forget(now)]!++
  }

  /** The counts of the window that ends now. */
  count(now: number): Counted {
    this.#forget(now)
    let attempts = 0
    let failed = 0
    for (let at = 0; at < pieces; at++) {
      attempts += this.#attempts[at]!
      failed += this.#failed[at]!
    }
    // The attempt of a stream may have left the window before the stream broke.
    return { attempts: Math.max(attempts, failed), failed }
  }

  /** Clears the pieces that are too old. Returns the index of the latest one. */
  #forget(now: number): number {
    const piece = Math.floor(now / this.#length)
    const old = Math.min(pieces, Math.max(0, piece - this.#piece))
    if (piece > this.#piece) this.#piece = piece
    for (let back = 0; back < old; back++) {
      const at = (this.#piece - back) % pieces
      this.#attempts[at] = 0
      this.#failed[at] = 0
    }
    return this.#piece % pieces
  }
}
