/**
 * Splits bytes into JSON objects: a single one, one per line, or the elements of a list. Anything between them is
 * ignored.
 */
import { ByteChunks } from "../bytes/ByteChunks.ts"

const quote = 0x22
const backslash = 0x5c
const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d

/** A splitter for the bytes of one answer. */
export class JsonValues {
  readonly #max: number
  #depth = 0
  /** The depth of the objects: 1 inside a list, otherwise 0. */
  #base = 0
  #isString = false
  #isEscaped = false
  readonly #kept = new ByteChunks()

  constructor(max: number) {
    this.#max = max
  }

  /** An object has exceeded the limit: nothing more is returned. */
  overflow = false

  /** The objects that are complete with these bytes. */
  push(bytes: Uint8Array): ReadonlyArray<Uint8Array> {
    const values: Array<Uint8Array> = []
    let from = 0
    for (let at = 0; at < bytes.length && !this.overflow; at++) {
      const byte = bytes[at]!
      if (this.#isString) {
        if (this.#isEscaped) this.#isEscaped = false
        else if (byte === backslash) this.#isEscaped = true
        else if (byte === quote) this.#isString = false
        continue
      }
      switch (byte) {
        case quote:
          if (this.#depth > this.#base) this.#isString = true
          break
        case openBracket:
          if (this.#depth === 0) this.#base = 1
          this.#depth++
          break
        case openBrace:
          if (this.#depth === this.#base) from = at
          this.#depth++
          break
        case closeBracket:
        case closeBrace:
          if (this.#depth > 0) this.#depth--
          if (byte === closeBrace && this.#depth === this.#base) {
            this.#keep(bytes.subarray(from, at + 1))
            values.push(this.#kept.join())
            from = at + 1
          } else if (this.#depth === 0) this.#base = 0
      }
    }
    if (this.#depth > this.#base) this.#keep(bytes.subarray(from))
    return values
  }

  #keep(bytes: Uint8Array): void {
    this.overflow = this.#kept.size + bytes.length > this.#max
    if (!this.overflow) this.#kept.push(bytes)
  }
}
