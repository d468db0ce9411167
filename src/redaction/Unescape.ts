/**
 * Decodes the escapes of JSON, JavaScript, URLs and HTML and keeps the origin of each byte, so that a secret that is
 * escaped in whole or in part is found in the decoded bytes.
 */

import { goesOn, type Unescaped } from "./Wrapped.ts"

const backslash = 0x5c
const percent = 0x25
const ampersand = 0x26

/** Whether there may be an escape that represents a character of a secret. */
export const mayBeEscaped = (bytes: Uint8Array): boolean => {
  if (bytes.length < shortestSearch) return isEscapedBetween(bytes, 0, bytes.length)
  if (indexOf.call(bytes, percent) !== -1 || indexOf.call(bytes, ampersand) !== -1) return true
  // Jumping from one backslash to the next is faster if there are few of them.
  let at = indexOf.call(bytes, backslash)
  for (let hops = 0; at !== -1; at = indexOf.call(bytes, backslash, at + 1)) {
    if (++hops > mostHops) return isEscapedBetween(bytes, at, bytes.length)
    if (isEscapedBetween(bytes, at, at + 1)) return true
  }
  return false
}

const mostHops = 16

/** From this many bytes on, a search by Node is faster than a loop: 16 instead of 36 µs for the redaction of 100 events (2026-11-29). */
const shortestSearch = 64

const isEscapedBetween = (bytes: Uint8Array, from: number, to: number): boolean => {
  for (let at = from; at < to; at++) {
    const byte = bytes[at]!
    if (byte === percent || byte === ampersand) return true
    if (byte !== backslash) continue
    const next = bytes[at + 1]!
    if (next === 0x2f || next === 0x78 || next === 0x75 || next === 0x55 || isOctal(next)) return true
    if ((next === 0x6e || next === 0x72) && goesOn(bytes, at)) return true
  }
  return false
}

const isOctal = (byte: number): boolean => byte >= 0x30 && byte <= 0x37

const indexOf = Buffer.prototype.indexOf as (
  this: Uint8Array,
  value: Uint8Array | number,
  from?: number
) => number

/** Decodes one layer of escapes; `undefined` if there is none. */
export const unescape = (bytes: Uint8Array): Unescaped | undefined => {
  const out = new Uint8Array(bytes.length)
  const places = new Uint32Array(bytes.length + 1)
  let size = 0
  let at = 0
  while (at < bytes.length) {
    const byte = bytes[at]!
    places[size] = at
    if (byte === backslash) at = fromBackslash(bytes, at)
    else if (byte === percent) at = fromPercent(bytes, at)
    else if (byte === ampersand) at = fromEntity(bytes, at)
    else {
      out[size++] = byte
      at++
      continue
    }
    out[size++] = character
  }
  if (size === bytes.length) return undefined
  places[size] = bytes.length
  return { bytes: out.subarray(0, size), places: places.subarray(0, size + 1) }
}

/** The character of the last escape read; the byte itself if it was not an escape. Secrets in headers are ASCII. */
let character = 0

const read = (code: number, end: number, at: number, byte: number): number => {
  if (code >= 0 && code < 0x80) {
    character = code
    return end
  }
  character = byte
  return at + 1
}

/** `%uXXXX` is written by `escape` of JavaScript. */
const fromPercent = (bytes: Uint8Array, at: number): number =>
  bytes[at + 1] === 0x75
    ? read(hex(bytes, at + 2, at + 6), at + 6, at, percent)
    : read(hex(bytes, at + 1, at + 3), at + 3, at, percent)

const simple: Readonly<Record<number, number>> = {
  98: 8, // b
  102: 12, // f
  110: 10, // n
  114: 13, // r
  116: 9 // t
}

const fromBackslash = (bytes: Uint8Array, at: number): number => {
  const kind = bytes[at + 1]
  if (kind === undefined) return read(-1, 0, at, backslash)
  if (kind === 0x78) return read(hex(bytes, at + 2, at + 4), at + 4, at, backslash)
  if (kind === 0x75 && bytes[at + 2] === 0x7b) {
    const end = indexOf.call(bytes.subarray(at, at + 12), Buffer.from("}"))
    return end === -1
      ? read(-1, 0, at, backslash)
      : read(hex(bytes, at + 3, at + end), at + end + 1, at, backslash)
  }
  if (kind === 0x75) return read(hex(bytes, at + 2, at + 6), at + 6, at, backslash)
  if (kind === 0x55) return fromLong(bytes, at)
  if (isOctal(kind)) return fromOctal(bytes, at)
  return read(simple[kind] ?? kind, at + 2, at, backslash)
}

/** `\\UXXXXXXXX` of Python and C, or four digits in upper case. */
const fromLong = (bytes: Uint8Array, at: number): number => {
  const long = hex(bytes, at + 2, at + 10)
  return long >= 0 && long < 0x80
    ? read(long, at + 10, at, backslash)
    : read(hex(bytes, at + 2, at + 6), at + 6, at, backslash)
}

/** One to three digits, of a value below 256: https://tc39.es/ecma262/#prod-LegacyOctalEscapeSequence */
const fromOctal = (bytes: Uint8Array, at: number): number => {
  const last = at + (bytes[at + 1]! <= 0x33 ? 4 : 3)
  let value = 0
  let end = at + 1
  while (end < last && isOctal(bytes[end] ?? 0)) value = value * 8 + bytes[end++]! - 0x30
  return read(value, end, at, backslash)
}

/** The value of hexadecimal digits; -1 if any character is not one. */
const hex = (bytes: Uint8Array, from: number, to: number): number => {
  if (to > bytes.length || to <= from || to - from > 8) return -1
  let value = 0
  for (let at = from; at < to; at++) {
    const byte = bytes[at]!
    const digit =
      byte >= 0x30 && byte <= 0x39
        ? byte - 0x30
        : byte >= 0x41 && byte <= 0x46
          ? byte - 0x37
          : byte >= 0x61 && byte <= 0x66
            ? byte - 0x57
            : -1
    if (digit === -1) return -1
    value = value * 16 + digit
  }
  return value
}

/** https://html.spec.whatwg.org/multipage/named-characters.html, those of them that are ASCII. */
const named: ReadonlyMap<string, string> = new Map(
  Object.entries({
    amp: "&",
    AMP: "&",
    lt: "<",
    LT: "<",
    gt: ">",
    GT: ">",
    quot: '"',
    QUOT: '"',
    apos: "'",
    sol: "/",
    bsol: "\\",
    plus: "+",
    equals: "=",
    lowbar: "_",
    UnderBar: "_",
    period: ".",
    comma: ",",
    colon: ":",
    semi: ";",
    commat: "@",
    num: "#",
    dollar: "$",
    percnt: "%",
    excl: "!",
    quest: "?",
    ast: "*",
    midast: "*",
    lpar: "(",
    rpar: ")",
    lsqb: "[",
    lbrack: "[",
    rsqb: "]",
    rbrack: "]",
    lcub: "{",
    lbrace: "{",
    rcub: "}",
    rbrace: "}",
    verbar: "|",
    vert: "|",
    VerticalLine: "|",
    Hat: "^",
    grave: "`",
    DiacriticalGrave: "`",
    NewLine: "\n",
    Tab: "\t"
  })
)

const longestEntity = 20

const fromEntity = (bytes: Uint8Array, at: number): number => {
  let end = at + 1
  while (end < bytes.length && end - at < longestEntity && isPartOfEntity(bytes[end]!)) end++
  const name = Buffer.from(bytes.buffer, bytes.byteOffset + at + 1, end - at - 1).toString("latin1")
  const behind = bytes[end] === 0x3b ? end + 1 : end
  const number = /^#(?:[xX]0*([0-9a-fA-F]{1,8})|0*([0-9]{1,8}))/.exec(name)
  if (number !== null) {
    const code = number[1] === undefined ? Number(number[2]) : Number.parseInt(number[1], 16)
    // Browsers also accept one without its semicolon.
    return read(code, number[0].length === name.length ? behind : at + 1 + number[0].length, at, ampersand)
  }
  return read(named.get(name)?.charCodeAt(0) ?? -1, behind, at, ampersand)
}

const isPartOfEntity = (byte: number): boolean =>
  byte === 0x23 ||
  (byte >= 0x30 && byte <= 0x39) ||
  (byte >= 0x41 && byte <= 0x5a) ||
  (byte >= 0x61 && byte <= 0x7a)
