/**
 * Parses large JSON without its whole text in between.
 *
 * A large answer is usually one long text in a small frame. A text without escapes is decoded from its bytes, and only
 * the frame goes through the parser, so that parsing takes the answer's size once more, not twice.
 */

import * as Turns from "../../util/Turns.ts"

/** Strings from this size, in bytes, are decoded apart from the rest. */
const large = 256 * 1024

const quote = 0x22
const backslash = 0x5c
const colon = 0x3a

/** Removes a byte order mark, which may be at the beginning only. */
const first = new TextDecoder()
const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

/** The placeholder for a large string, before its index. JSON has one spelling for its first character. */
const placeholder = "\u0000"
const spelling = "\\u0000"

/**
 * The value of a JSON text, as `JSON.parse` gives it. It must not nest too deeply; see `JsonBounds`.
 *
 * @throws SyntaxError if it is not valid JSON
 */
export const parse = (bytes: Uint8Array): unknown => Turns.all(parsing(bytes))

/**
 * The same in steps, each of a few milliseconds except the last one, which parses the frame.
 *
 * @throws SyntaxError if it is not valid JSON
 */
export function* parsing(bytes: Uint8Array): Turns.Steps<unknown> {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const parts: Array<string> = []
  const strings: Array<string> = []
  let from = 0
  for (const [start, end] of largeStrings(all)) {
    if (!(yield* isPlain(all.subarray(start + 1, end - 1)))) continue
    parts.push(textOf(all, from, start))
    strings.push(decoder.decode(all.subarray(start + 1, end - 1)))
    yield
    from = end
  }
  parts.push(textOf(all, from, all.length))
  if (strings.length === 0 || parts.some((part) => part.includes(spelling))) return yield* whole(bytes)
  const frame = parts.map((part, index) => (index === 0 ? part : `"${spelling}${index - 1}"${part}`))
  const filler = new Filler(strings)
  const value = filler.fill(JSON.parse(frame.join("")))
  // A second member of the same name hides the first.
  return filler.found === strings.length ? value : yield* whole(bytes)
}

function* whole(bytes: Uint8Array): Turns.Steps<unknown> {
  const text = first.decode(bytes)
  yield
  return JSON.parse(text)
}

const textOf = (bytes: Buffer, from: number, to: number): string =>
  (from === 0 ? first : decoder).decode(bytes.subarray(from, to))

/** The large string values: where each begins and ends, quotes included. */
function* largeStrings(bytes: Buffer): Iterable<readonly [start: number, end: number]> {
  for (let start = bytes.indexOf(quote); start !== -1; ) {
    const end = endOfString(bytes, start + 1)
    if (end === -1) return
    if (end - start > large && !isKey(bytes, end)) yield [start, end]
    start = bytes.indexOf(quote, end)
  }
}

/** The end of the string whose content begins at `from`: after the first quote that is not escaped. */
const endOfString = (bytes: Buffer, from: number): number => {
  let at = bytes.indexOf(quote, from)
  while (at !== -1 && backslashesBefore(bytes, at, from) % 2 === 1) at = bytes.indexOf(quote, at + 1)
  return at === -1 ? -1 : at + 1
}

const backslashesBefore = (bytes: Buffer, at: number, from: number): number => {
  let begin = at
  while (begin > from && bytes[begin - 1] === backslash) begin--
  return at - begin
}

const isKey = (bytes: Buffer, end: number): boolean => {
  let at = end
  while (at < bytes.length && bytes[at]! <= 0x20) at++
  return bytes[at] === colon
}

/** Whether a string has no escapes, and no control characters, which JSON does not allow. */
function* isPlain(content: Buffer): Turns.Steps<boolean> {
  if (content.includes(backslash)) return false
  for (let from = 0; from < content.length; from += Turns.piece, yield) {
    const to = Math.min(content.length, from + Turns.piece)
    for (let at = from; at < to; at++) if (content[at]! < 0x20) return false
  }
  return true
}

/** Puts the strings in the places of their placeholders. */
class Filler {
  found = 0
  readonly #strings: ReadonlyArray<string>

  constructor(strings: ReadonlyArray<string>) {
    this.#strings = strings
  }

  fill(value: unknown): unknown {
    if (typeof value === "string") {
      if (!value.startsWith(placeholder)) return value
      this.found++
      return this.#strings[Number(value.slice(placeholder.length))]
    }
    if (typeof value !== "object" || value === null) return value
    const members = value as Record<string, unknown>
    for (const key of Object.keys(members)) members[key] = this.fill(members[key])
    return value
  }
}
