/**
 * Checks before parsing whether JSON would take too long to parse or is nested too deeply.
 *
 * A parser blocks the whole process: four million keys take four seconds, while the same number of bytes of text
 * takes a few milliseconds. So the limit is on what the parser has to create: keys, lists, objects and values. The
 * bytes are checked as they arrive, in pieces of any size; whether they are valid JSON is left to the parser.
 */

import * as Turns from "../../util/Turns.ts"

/** The deepest nesting of objects and lists. */
export const maxDepth = 512

/**
 * The largest total weight. A key, an object or a list weighs 80, any other value 10, an escape in a string 1, and
 * each byte outside strings 1; that is the time each takes at most, in units of about ten nanoseconds. Strings weigh
 * nothing.
 */
export const maxWeight = 10_000_000

/** Anything smaller than this, in bytes, cannot exceed the limits. */
export const harmless = 2 * maxDepth

/** Which limit is exceeded. */
export type Excess = "deep" | "many"

const quote = 0x22
const backslash = 0x5c

/** The weight of a byte outside strings. */
const weights = new Uint8Array(256).fill(1)
for (const char of "{[:") weights[char.charCodeAt(0)] = 80
weights[0x2c] = 10

/** The kind of a byte outside strings: 1 begins a string, 2 goes one level down, 3 one level up. */
const kinds = new Uint8Array(256)
kinds[quote] = 1
for (const char of "{[") kinds[char.charCodeAt(0)] = 2
for (const char of "}]") kinds[char.charCodeAt(0)] = 3

/** Weighs one JSON text, or several together. */
export class JsonBounds {
  #depth = 0
  #weight = 0
  #isText = false
  /** The last byte was a backslash inside a string, so the next byte is escaped. */
  #isEscaped = false
  readonly #most: number

  constructor(most: number = maxWeight) {
    this.#most = most
  }

  /** Adds a whole text. Its nesting is counted separately; its weight is added to that of the texts before it. */
  feedWhole(bytes: Uint8Array): Excess | undefined {
    this.#depth = 0
    this.#isText = false
    this.#isEscaped = false
    return this.feed(bytes)
  }

  /** Adds the next bytes; returns the limit that they exceed. */
  feed(bytes: Uint8Array): Excess | undefined {
    const { length } = bytes
    const most = this.#most
    let weight = this.#weight
    let isText = this.#isText
    let at = this.#isEscaped ? 1 : 0
    this.#isEscaped = false
    while (at < length) {
      if (isText) {
        let byte = bytes[at]!
        while (byte !== quote && byte !== backslash && ++at < length) byte = bytes[at]!
        if (at >= length) break
        if (byte === quote) {
          isText = false
          at++
        } else {
          weight++
          at += 2
        }
        continue
      }
      const byte = bytes[at++]!
      weight += weights[byte]!
      const kind = kinds[byte]!
      if (kind === 0) continue
      if (kind === 1) isText = true
      else if (kind === 3) this.#depth--
      else if (++this.#depth > maxDepth) return "deep"
      else if (weight > most) return "many"
    }
    this.#isEscaped = at > length
    this.#isText = isText
    this.#weight = weight
    return weight > most ? "many" : undefined
  }
}

/** The same in steps of a few milliseconds. */
export function* measuring(bytes: Uint8Array): Turns.Steps<Excess | undefined> {
  const bounds = new JsonBounds()
  for (let at = 0; at < bytes.length; at += Turns.piece, yield) {
    const excess = bounds.feed(bytes.subarray(at, at + Turns.piece))
    if (excess !== undefined) return excess
  }
  return undefined
}

/** The limit that a whole text exceeds; `undefined` if none. */
export const excessOf = (bytes: Uint8Array): Excess | undefined =>
  bytes.length <= harmless ? undefined : new JsonBounds().feed(bytes)
