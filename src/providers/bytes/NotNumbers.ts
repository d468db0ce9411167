/**
 * `NaN` and `Infinity`, which Python writes into JSON, and which JSON does not have: they become `null`, as OpenAI writes a
 * probability without a value. https://github.com/sgl-project/sglang/pull/20323
 *
 * One pass over the bytes: a regular expression for strings takes minutes for a megabyte of escaped quotes without an end, and
 * fails for a string of 16 MB.
 */

const quote = 0x22
const backslash = 0x5c
const lineFeed = 0x0a
const carriageReturn = 0x0d
const minus = 0x2d

/** By their first bytes. */
const words = new Map(["NaN", "Infinity"].map((word) => [word.charCodeAt(0), Buffer.from(word)]))

/**
 * The bytes with `null` in place of these words outside strings; `undefined` if there are none. A string ends with its line
 * at the latest.
 */
export const finite = (bytes: Uint8Array): Uint8Array | undefined => {
  const given = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (!given.includes("NaN") && !given.includes("Infinity")) return undefined
  const parts: Array<Uint8Array> = []
  let taken = 0
  let isInString = false
  for (let at = 0; at < given.length; at++) {
    const byte = given[at]!
    if (isInString) {
      if (byte === backslash) at++
      else if (byte === quote || byte === lineFeed || byte === carriageReturn) isInString = false
    } else if (byte === quote) isInString = true
    else {
      const end = endOfWord(given, at)
      if (end === undefined) continue
      parts.push(given.subarray(taken, given[at - 1] === minus ? at - 1 : at), nothing)
      taken = end
      at = end - 1
    }
  }
  return taken === 0 ? undefined : Buffer.concat([...parts, given.subarray(taken)])
}

const nothing = Buffer.from("null")

/** The end of the word that begins at an offset; `undefined` if none does. */
const endOfWord = (given: Buffer, at: number): number | undefined => {
  const word = words.get(given[at]!)
  if (word === undefined || isOfWord(given[at - 1])) return undefined
  const end = at + word.length
  return given.subarray(at, end).equals(word) && !isOfWord(given[end]) ? end : undefined
}

/** Whether a byte is a letter, a digit or `_`. */
const isOfWord = (byte: number | undefined): boolean =>
  byte !== undefined &&
  ((byte >= 0x30 && byte <= 0x39) || byte === 0x5f || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a))
