/**
 * Joins what was broken over several lines: base64 of MIME and PEM, wrapped keys, pretty lists of bytes; and decodes
 * quoted-printable text. Keeps the origin of each byte, so that a secret is found in the original.
 */

/** Bytes with one layer of escapes decoded. */
export interface Unescaped {
  readonly bytes: Uint8Array
  /** The offset of each byte in the original; one more for the end. */
  readonly places: Uint32Array
}

const lineFeed = 0x0a
const carriageReturn = 0x0d
const comma = 0x2c
const equals = 0x3d
const backslash = 0x5c

/** A line may go on in the next one if it ends with as many letters and digits without a space: words are shorter. */
const shortestLine = 20

const isToken = new Uint8Array(256)
for (const character of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-=")
  isToken[character.charCodeAt(0)] = 1

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39

const indexOf = Buffer.prototype.indexOf as (this: Uint8Array, value: number, from?: number) => number

/** Whether a line that ends before `end` may go on in the next one. */
export const goesOn = (bytes: Uint8Array, end: number): boolean => {
  let at = end
  while (at > 0 && bytes[at - 1] === backslash) at--
  if (bytes[at - 1] === comma) return isByteOfList(bytes, at - 1)
  const least = at - shortestLine
  if (least < 0) return false
  while (at > least && isToken[bytes[at - 1]!] === 1) at--
  return at === least
}

/** One to three digits that stand alone. */
const isByteOfList = (bytes: Uint8Array, end: number): boolean => {
  let at = end
  while (at > 0 && end - at < 4 && isDigit(bytes[at - 1])) at--
  const before = bytes[at - 1]
  return at < end && end - at < 4 && before !== 0x2e && before !== 0x2d
}

/** Whether there may be a text that is broken over several lines, or a quoted-printable one. */
export const mayBeWrapped = (bytes: Uint8Array): boolean => {
  let end = bytes.length
  while (end > 0 && bytes[end - 1] === lineFeed) end--
  for (
    let at = indexOf.call(bytes, lineFeed);
    at !== -1 && at < end;
    at = indexOf.call(bytes, lineFeed, at + 1)
  )
    if (goesOn(bytes, endOfLine(bytes, at))) return true
  return mayBeQuoted(bytes)
}

/** The end of the line that `at`, a line feed, ends. */
const endOfLine = (bytes: Uint8Array, at: number): number => (bytes[at - 1] === carriageReturn ? at - 1 : at)

/** The bytes without the line breaks within broken texts; `undefined` if there are none. */
export const joined = (bytes: Uint8Array): Unescaped | undefined => {
  let cuts: Array<readonly [from: number, to: number]> | undefined
  for (let at = indexOf.call(bytes, lineFeed); at !== -1; at = indexOf.call(bytes, lineFeed, at + 1)) {
    let from = endOfLine(bytes, at)
    if (!goesOn(bytes, from)) continue
    // A soft line break: of quoted-printable, or of a shell.
    while (from > 0 && (bytes[from - 1] === backslash || bytes[from - 1] === equals)) from--
    let to = at + 1
    while (bytes[to] === 0x20 || bytes[to] === 0x09) to++
    cuts ??= []
    cuts.push([from, to])
  }
  return cuts === undefined ? undefined : without(bytes, cuts)
}

const without = (bytes: Uint8Array, cuts: ReadonlyArray<readonly [from: number, to: number]>): Unescaped => {
  const out = new Uint8Array(bytes.length)
  const places = new Uint32Array(bytes.length + 1)
  let size = 0
  let at = 0
  const copy = (end: number): void => {
    while (at < end) {
      places[size] = at
      out[size++] = bytes[at++]!
    }
  }
  for (const [from, to] of cuts) {
    copy(from)
    at = to
  }
  copy(bytes.length)
  places[size] = bytes.length
  return { bytes: out.subarray(0, size), places: places.subarray(0, size + 1) }
}

/** Only escapes at most this far apart count as quoted-printable: `width=64` in code is not an escape. */
const nearby = 64

/** Whether there may be quoted-printable text: https://www.rfc-editor.org/rfc/rfc2045#section-6.7 */
export const mayBeQuoted = (bytes: Uint8Array): boolean => {
  let last = Number.NEGATIVE_INFINITY
  for (let at = indexOf.call(bytes, equals); at !== -1; at = indexOf.call(bytes, equals, at + 1)) {
    if (quotedAt(bytes, at) === -1) continue
    if (at - last <= nearby) return true
    last = at
  }
  return false
}

/** Decodes quoted-printable text; `undefined` if there is none. */
export const unquoted = (bytes: Uint8Array): Unescaped | undefined => {
  if (!mayBeQuoted(bytes)) return undefined
  const out = new Uint8Array(bytes.length)
  const places = new Uint32Array(bytes.length + 1)
  let size = 0
  for (let at = 0; at < bytes.length; ) {
    places[size] = at
    const character = bytes[at] === equals ? quotedAt(bytes, at) : -1
    out[size++] = character === -1 ? bytes[at]! : character
    at += character === -1 ? 1 : 3
  }
  places[size] = bytes.length
  return { bytes: out.subarray(0, size), places: places.subarray(0, size + 1) }
}

/** The visible character of an escape at `at`; -1 if there is none. */
const quotedAt = (bytes: Uint8Array, at: number): number => {
  const code = digit(bytes[at + 1]) * 16 + digit(bytes[at + 2])
  return code > 0x20 && code < 0x7f ? code : -1
}

const digit = (byte: number | undefined): number => {
  if (byte === undefined) return Number.NaN
  if (isDigit(byte)) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : Number.NaN
}
