/** What the bytes of an answer are, by their beginning: labels are often wrong. */

/** JSON, an event stream, or something else. */
export type BodyKind = "json" | "events" | "other"

const field = /^(?:data|event|id|retry|:)/

/** Reads it off the beginning of an answer; `undefined` until that can be said. `label` is its content type. */
export const bodyKindOf = (begin: Uint8Array, label: string): BodyKind | undefined => {
  // Nobody asked for gzip, and nothing is unpacked, so nothing can be a bomb.
  if (begin[0] === 0x1f && begin[1] === 0x8b) return "other"
  let at = begin[0] === 0xef ? 3 : 0
  while (at < begin.length && begin[at]! <= 0x20) at++
  if (at >= begin.length) return undefined
  const first = begin[at]!
  if (first === 0x7b || first === 0x5b) return "json"
  if (!/json|html/i.test(label)) return first === 0x3c ? "other" : "events"
  if (begin.length - at < 6) return undefined
  return field.test(Buffer.from(begin.subarray(at, at + 8)).toString("latin1")) ? "events" : "other"
}
