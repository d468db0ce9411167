/**
 * Refusals in a row: nothing is accepted between them. Within a row attempts go one at a time, after growing pauses, because a
 * window may be full for the rest of a minute.
 */

/** The first pause, in milliseconds; it doubles with each refusal. */
const firstPause = 250

/** The longest row, in milliseconds. After that the bench takes over. */
const longestRow = 4_000

/** The longest time that a refusal is expected to take, in milliseconds. */
const longestRefusal = 1_000

/** The refusals in a row of one target. Times are milliseconds since the epoch. */
export class Row {
  #length = 0
  #since = 0
  /** What was accepted in the minute before the row, and over what time; see `rate`. */
  #accepted = 0
  #measured = 0
  /** The attempt that shows whether the target accepts attempts again. */
  #trial: number | undefined
  /** How long the last refusal took. */
  #took = 0

  /** Begins with a refusal; `accepted` attempts were accepted in the `measured` milliseconds before. */
  begin(now: number, accepted: number, measured: number): void {
    this.#length = 1
    this.#since = now
    this.#accepted = accepted
    this.#measured = measured
    this.#trial = undefined
  }

  /** Adds another refusal. */
  goOn(): void {
    this.#length++
    this.#trial = undefined
  }

  /** How long the refusal of an attempt took. */
  took(millis: number): void {
    this.#took = Math.min(longestRefusal, millis)
  }

  /** Ends the row. */
  end(): void {
    this.#length = 0
    this.#trial = undefined
  }

  isTrial(ticket: number): boolean {
    return ticket === this.#trial
  }

  /** The pause after the last refusal. */
  get pause(): number {
    return firstPause * 2 ** (this.#length - 1)
  }

  isTooLong(now: number): boolean {
    return now - this.#since > longestRow
  }

  /**
   * What was accepted before the row, per millisecond. If less than a minute is known, the time of the row counts as well: a full window
   * accepts nothing more until its end.
   */
  rate(now: number, most: number): number {
    return this.#accepted / Math.max(1, Math.min(most, this.#measured + now - this.#since))
  }

  /**
   * An attempt begins. The first one after a refusal is made alone. Returns when the next one may begin: when this one would have been
   * refused. Then the row is over.
   */
  began(ticket: number, now: number): number {
    if (this.#length === 0) return now
    if (this.#trial !== undefined) {
      this.end()
      return now
    }
    this.#trial = ticket
    return now + this.#took * 2
  }
}
