/**
 * Bodies in UTF-16, which some servers on Windows send: JSON and events have to be UTF-8.
 *
 * https://www.rfc-editor.org/rfc/rfc8259#section-8.1
 */
import { Transform } from "node:stream"

/** The characters with which JSON, events and pages begin. */
const begins = new Set([..."{[<:deir \r\n"].map((char) => char.charCodeAt(0)))

/** A decoder for a body that begins with these bytes; `undefined` if it is not UTF-16. */
export const decoder = (first: Uint8Array): Transform | undefined => {
  const encoding = encodingOf(first)
  if (encoding === undefined) return undefined
  const text = new TextDecoder(encoding)
  return new Transform({
    transform: (part: Uint8Array, _, done) => done(null, text.decode(part, { stream: true })),
    flush: (done) => done(null, text.decode())
  })
}

/** By its mark, or by the zero beside the first character, which no text in UTF-8 has. */
const encodingOf = ([one, two]: Uint8Array): "utf-16le" | "utf-16be" | undefined => {
  if (one === undefined || two === undefined) return undefined
  if ((one === 0xff && two === 0xfe) || (begins.has(one) && two === 0)) return "utf-16le"
  return (one === 0xfe && two === 0xff) || (one === 0 && begins.has(two)) ? "utf-16be" : undefined
}
