/**
 * Recognises an event that differs from an earlier one only in its text.
 *
 * The events of a running answer are the same JSON over and over with a different text. Once one has been parsed, the
 * next need not be: if all bytes outside certain string values are equal, and the values are JSON strings, then
 * structure and meaning are equal too. Comparing costs a tenth of parsing.
 */

const quote = 0x22
const backslash = 0x5c
const colon = 0x3a
const u = 0x75

/** The characters that may follow a backslash in JSON, except `u`. */
const escapes = new Set([...'"\\/bfnrt'].map((char) => char.charCodeAt(0)))

const nowhere = new DataView(new ArrayBuffer(0))

/** The literal bytes of an event around the string values that may differ. */
export class EventShape {
  /** The literals; one more than there are values. */
  readonly #literals: ReadonlyArray<DataView>
  /** For each value: whether it may be empty. */
  readonly #mayBeEmpty: ReadonlyArray<boolean>

  /** The last bytes compared, and their memory. */
  #bytes: Uint8Array | undefined
  #memory: DataView = nowhere

  private constructor(literals: ReadonlyArray<DataView>, mayBeEmpty: ReadonlyArray<boolean>) {
    this.#literals = literals
    this.#mayBeEmpty = mayBeEmpty
  }

  /**
   * The shape of an event that is valid JSON after `data:`. The values of `texts` may differ but not be empty; those
   * of `padding` may be empty too. Only keys that occur exactly once and have a string value count; without any, the
   * event has no shape.
   */
  static of(
    event: Uint8Array,
    texts: ReadonlyArray<string>,
    padding: ReadonlyArray<string>
  ): EventShape | undefined {
    const text = latin1(event)
    const holes: Array<readonly [start: number, end: number, mayBeEmpty: boolean]> = []
    for (const key of texts) {
      const hole = find(event, text, key)
      if (hole !== undefined && hole[1] > hole[0]) holes.push([...hole, false])
    }
    if (holes.length === 0) return undefined
    for (const key of padding) {
      const hole = find(event, text, key)
      if (hole !== undefined) holes.push([...hole, true])
    }
    holes.sort((a, b) => a[0] - b[0])
    const { buffer } = new Uint8Array(event)
    const literals: Array<DataView> = []
    let from = 0
    for (const [start, end] of holes) {
      literals.push(new DataView(buffer, from, start - from))
      from = end
    }
    literals.push(new DataView(buffer, from))
    return new EventShape(
      literals,
      holes.map((hole) => hole[2])
    )
  }

  /** True if an event has this shape. */
  fits(event: Uint8Array): boolean {
    return this.end(event, 0) === event.length
  }

  /** The end of the event of this shape that begins at `from`; -1 if there is none. */
  end(bytes: Uint8Array, from: number): number {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes
      if (bytes.buffer !== this.#memory.buffer) this.#memory = new DataView(bytes.buffer)
    }
    const { byteOffset, length } = bytes
    const literals = this.#literals
    const last = literals.length - 1
    let at = from
    for (let index = 0; ; index++) {
      const literal = literals[index]!
      if (length - at < literal.byteLength || !stands(literal, this.#memory, byteOffset + at)) return -1
      at += literal.byteLength
      if (index === last) return at
      const close = endOfString(bytes, at)
      if (close === -1 || (close === at && !this.#mayBeEmpty[index])) return -1
      at = close
    }
  }
}

/**
 * Whether the bytes of a literal are at an offset in memory, compared four at a time: half the cost of a native call.
 */
const stands = (literal: DataView, memory: DataView, place: number): boolean => {
  const { byteLength } = literal
  let at = 0
  for (; at + 4 <= byteLength; at += 4) {
    if (memory.getInt32(place + at) !== literal.getInt32(at)) return false
  }
  for (; at < byteLength; at++) if (memory.getUint8(place + at) !== literal.getUint8(at)) return false
  return true
}

/** One character per byte, so that offsets in the text are offsets in the bytes. */
const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1")

/**
 * The range of the string value of a key. In valid JSON a quoted name followed by a colon is always a key, because
 * quotes inside a string are escaped.
 */
const find = (
  bytes: Uint8Array,
  text: string,
  key: string
): readonly [start: number, end: number] | undefined => {
  const at = placeOf(text, key, 0)
  if (at === -1 || placeOf(text, key, at + 1) !== -1) return undefined
  let start = at + key.length + 2
  if (bytes[start] === 0x20) start++
  if (bytes[start] !== quote) return undefined
  const end = endOfString(bytes, start + 1)
  return end === -1 ? undefined : [start + 1, end]
}

/** The offset of a quoted name with a colon after it, from `from` on; -1 if there is none. */
const placeOf = (text: string, key: string, from: number): number => {
  let at = text.indexOf(key, from)
  while (at !== -1) {
    const end = at + key.length
    if (
      text.charCodeAt(at - 1) === quote &&
      text.charCodeAt(end) === quote &&
      text.charCodeAt(end + 1) === colon
    ) {
      return at
    }
    at = text.indexOf(key, at + 1)
  }
  return -1
}

/** The offset of the quote that ends a JSON string; -1 if there is none, or if it is not a valid JSON string. */
const endOfString = (bytes: Uint8Array, from: number): number => {
  for (let at = from; at < bytes.length; at++) {
    const byte = bytes[at]!
    if (byte === quote) return at
    if (byte < 0x20) return -1
    if (byte !== backslash) continue
    const escape = bytes[++at]!
    if (escape === u) {
      for (let digit = 0; digit < 4; digit++) if (!isHex(bytes[++at])) return -1
    } else if (!escapes.has(escape)) return -1
  }
  return -1
}

const isHex = (byte: number | undefined): boolean =>
  byte !== undefined &&
  ((byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66))
