/**
 * Recognizes a request that was sent before. Only samples are read, so that a long prompt costs no more than a short one: of a long
 * text its length, its beginning and its end. Two requests that differ elsewhere count as one. The headers of a request are not
 * read: an id of the request in them differs each time.
 */
import * as Hash from "../choice/Hash.ts"

/** The characters of a text that are read, at its beginning and at its end. */
const piece = 128

/** The items of a list that are read, at its beginning and at its end. */
const items = 16

/** The most values that are read. */
const most = 500

/** The deepest value that is read. */
const deepest = 12

/** The hash of a request; `undefined` without a request, or for one that cannot be read. */
export const of = (request: unknown): number | undefined => {
  if (request === undefined || request === null || typeof request === "function") return undefined
  const texts: Array<string> = []
  try {
    read(request, texts, 0)
  } catch {
    return undefined
  }
  return Hash.ofTexts(texts)
}

const read = (value: unknown, into: Array<string>, depth: number): void => {
  if (into.length >= most || typeof value === "function") return
  if (typeof value !== "object" || value === null) into.push(shortened(String(value)), "\n")
  else if (depth >= deepest) return
  else if (ArrayBuffer.isView(value)) readBytes(value, into)
  else if (Array.isArray(value)) readList(value, into, depth)
  else readFields(value, into, depth)
}

const readFields = (record: object, into: Array<string>, depth: number): void => {
  for (const [name, field] of Object.entries(record)) {
    if (into.length >= most) return
    if (depth === 0 && name === "headers") continue
    into.push(name, ":")
    read(field, into, depth + 1)
  }
}

const readList = (list: ReadonlyArray<unknown>, into: Array<string>, depth: number): void => {
  into.push(`[${list.length}]`)
  const last = Math.max(items, list.length - items)
  for (let at = 0; at < list.length; at++) {
    if (at < items || at >= last) read(list[at], into, depth + 1)
    else at = last - 1
  }
}

const readBytes = ({ buffer, byteLength, byteOffset }: ArrayBufferView, into: Array<string>): void => {
  const length = Math.min(piece, byteLength)
  const start = new Uint8Array(buffer, byteOffset, length)
  const end = new Uint8Array(buffer, byteOffset + byteLength - length, length)
  into.push(String(byteLength), start.join(), end.join())
}

const shortened = (text: string): string =>
  text.length <= 2 * piece ? text : `${text.length}\n${text.slice(0, piece)}${text.slice(-piece)}`
