/**
 * Tells of JSON, before it is parsed, whether parsing it would take too long or nest too deep.
 *
 * A parser holds up everybody else while it works: four million keys for four seconds, while as many bytes of text take it a
 * few milliseconds. So what is bounded is what it has to make: keys, lists, objects and values. The bytes are looked at as they
 * arrive, in pieces of any size; whether they are JSON is left to the parser.
 */

/** How deep objects and lists may stand in each other. */
export const maxDepth = 512

/**
 * What all of it may weigh: a key, an object or a list 80, any further value 10, an escape in a text 1, and each byte outside of
 * texts 1. That is the time they take at most, in some ten nanoseconds. Texts weigh nothing.
 */
export const maxWeight = 10_000_000

/** Nothing smaller can be too much, in bytes. */
export const harmless = 2 * maxDepth

/** Why something is too much. */
export type Excess = "deep" | "many"

const quote = 0x22
const backslash = 0x5c

/** What a byte outside of texts weighs. */
const weights = new Uint8Array(256).fill(1)
for (const char of "{[:") weights[char.charCodeAt(0)] = 80
weights[0x2c] = 10

/** What a byte outside of texts means: 1 a text begins, 2 one level down, 3 one level up. */
const kinds = new Uint8Array(256)
kinds[quote] = 1
for (const char of "{[") kinds[char.charCodeAt(0)] = 2
for (const char of "}]") kinds[char.charCodeAt(0)] = 3

/** Weighs one JSON text. */
export class JsonBounds {
  #depth = 0
  #weight = 0
  #isText = false
  /** The last byte, within a text, was a backslash that takes the next byte with it. */
  #isEscaped = false

  /** Takes the next bytes; says if it is too much with them. */
  feed(bytes: Uint8Array): Excess | undefined {
    const { length } = bytes
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
      else if (weight > maxWeight) return "many"
    }
    this.#isEscaped = at > length
    this.#isText = isText
    this.#weight = weight
    return weight > maxWeight ? "many" : undefined
  }
}

/** Why something whole is too much; `undefined` when it is not. */
export const excessOf = (bytes: Uint8Array): Excess | undefined =>
  bytes.length <= harmless ? undefined : new JsonBounds().feed(bytes)
